"""The native path: the same revision as the other way writes, or `Unfit`; never a guess, never a refusal of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.layout import INVISIBLE, fills
from signer.creation import append as appending
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.form import OWN_FIELD
from signer.creation.native.grammar import entries
from signer.creation.native.kept import KeptDigest
from signer.creation.native.source import WHOLE, Source
from signer.creation.native.tables import own_table
from signer.creation.native.unfit import Unfit
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import SignatureRequest, prepare_signature
from signer.document import syntax
from signer.document.reader import PdfFile
from signer.document.serializing import serialize
from signer.document.syntax import HexString, Name, Ref, Stream
from signer.errors import DocumentRefused, SigningRefused
from signer.stamping.appearance import Appearance
from tests.signer.creation.issuing import AT, DAY, LEADER, SEAL, SHAPES, SIGNATURE, STAMP, Desk
from tests.signer.creation.test_prepare import leader
from tests.signer.document import build

LINES = ("Người ký: Nguyễn Văn An", "Ủy ban nhân dân tỉnh Sông Hồng")


def asked(field=LEADER, **more):
    values = {"contents_size": 4000, "name": "Nguyễn Văn An", "at": AT, "appearance": Appearance(SIGNATURE)}
    return SignatureRequest(field, **{**values, **more})


def unfit(path, request) -> str:
    with pytest.raises(Unfit) as caught:
        native.prepare(path, request, Stamps())
    return caught.value.shape


def objects(path, tail):
    """What a revision changes, by object number: values with their streams' data."""
    with PdfFile.open(path, tail=tail) as pdf:
        section = pdf.sections[0]
        found = {num: pdf.get(num) for num in section.entries if num != section.number}
        trailer = {k: v for k, v in pdf.trailer.items() if k not in ("ID", "Length", "Index", "W")}
        return {num: plain(pdf, value) for num, value in found.items()}, plain(pdf, trailer), section.kind


def plain(pdf, value):
    if isinstance(value, Stream):
        return plain(pdf, value.dict), hashlib.sha256(pdf.raw_data(value)).hexdigest()
    if isinstance(value, dict):
        skipped = ("ByteRange", "Contents") if value.get("Type") == "Sig" else ()
        return {key: plain(pdf, item) for key, item in value.items() if key not in skipped}
    return [plain(pdf, item) for item in value] if isinstance(value, list) else value


def same(path, request):
    """Both ways append the same objects, sign the bytes that they say, and keep the file's identifier."""
    ours, theirs = native.prepare(path, request, Stamps()), prepare_signature(path, request)
    assert objects(path, ours.tail) == objects(path, theirs.tail)
    assert appending.digest_of(path, ours) == ours.digest
    assert dataclasses.replace(ours, tail=b"", byte_range=(), hole=(), digest=b"") == dataclasses.replace(
        theirs, tail=b"", byte_range=(), hole=(), digest=b""
    )
    with PdfFile.open(path) as before, PdfFile.open(path, tail=ours.tail) as after:
        old, new = before.trailer.get("ID"), after.trailer["ID"]
        assert after.eof == after.size
        assert new[0] == new[1] if old is None else new[0] == old[0] and new[1] != old[1]
    return ours


@pytest.fixture(scope="module")
def files(tmp_path_factory, pki):
    return Desk(tmp_path_factory.mktemp("native"), pki.leader, pki.seal).issued()


@pytest.mark.parametrize("lines", [(), LINES], ids=["picture", "picture and lines"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_leaders_signature_is_the_same_by_both_ways(tmp_path, pki, shape, lines):
    desk = Desk(tmp_path, pki.leader, pki.seal)
    path = desk.prepared(SHAPES[shape](desk.base()))
    request = asked(appearance=Appearance(SIGNATURE, lines))
    if shape == "hybrid":
        assert unfit(path, request) == "hybrid"
    else:
        same(path, request)


def test_number_date_and_seal_are_the_same_by_both_ways(files):
    same(files[2], asked(STAMP, appearance=Appearance(SEAL), fills=fills("15a", DAY)))


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_turned_pages_with_a_user_unit(tmp_path, pki, rotate):
    desk = Desk(tmp_path, pki.leader, pki.seal)
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        document.pages[0].Rotate = rotate
        document.pages[0].UserUnit = 2
        document.save(base)
    out = tmp_path / "p.pdf"
    appending.append(base, prepare(base, PreparationPlan((leader("L"),))), out)
    same(out, asked("L", appearance=Appearance(SIGNATURE, LINES)))


@pytest.mark.parametrize("stream_form", [False, True], ids=["table", "stream"])
def test_a_file_that_is_not_read_whole(tmp_path, stream_form):
    data = build.append(
        build.prepared(), {90: build.stream(os.urandom(WHOLE + 4096))}, stream_form=stream_form
    )
    path = tmp_path / "large.pdf"
    path.write_bytes(data)
    size = path.stat().st_size
    assert size > WHOLE
    same(path, asked("Leader"))


def test_objects_in_object_streams_are_found(tmp_path):
    """Form and field were packed by another program after they were made."""
    path = tmp_path / "packed.pdf"
    path.write_bytes(build.prepared())
    with pikepdf.Pdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    same(path, asked("Leader"))


def test_a_kept_state_gives_the_same_digest(files):
    data = files[1].read_bytes()
    request = asked()
    kept = KeptDigest.of(data)
    plain_, hashed = (native.prepare(files[1], request, Stamps(), state) for state in (None, kept))
    assert plain_ == hashed
    again = native.prepare(files[1], request, Stamps(), kept)  # the state is never used up
    assert again == hashed
    other = dataclasses.replace(request, digest_algorithm="sha512")
    assert native.prepare(files[1], other, Stamps(), kept) == native.prepare(files[1], other, Stamps())


def test_a_state_over_other_bytes_is_refused(files):
    with pytest.raises(SigningRefused) as caught:
        native.prepare(files[1], asked(), Stamps(), KeptDigest.of(files[1].read_bytes() + b"\n"))
    assert caught.value.id == "signing.base-changed"


def test_a_stamp_is_drawn_once_for_all_documents(files, monkeypatch):
    stamps = Stamps()
    first = native.prepare(files[1], asked(), stamps)
    monkeypatch.setattr("signer.creation.native.drawing._drawn", None)
    assert native.prepare(files[1], asked(), stamps) == first


def test_what_a_rule_forbids_is_left_to_the_way_that_says_which(files):
    """The other way refuses each of these by its id: tests of two_step."""
    assert unfit(files[1], asked("Nowhere")) == "rule"
    assert unfit(files[1], asked("AnTinNumber")) == "rule"
    assert unfit(files[2], asked()) == "rule"  # signed already
    assert unfit(files[2], asked(STAMP, appearance=Appearance(SEAL))) == "rule"  # locked while empty
    assert unfit(files[2], asked(STAMP, fills=fills(" 15", DAY))) == "rule"
    assert unfit(files[3], asked("AnTinNumber2", fills=fills(15, DAY))) == "rule"
    assert unfit(files[1], asked(appearance=None)) == "rule"  # nothing to show in a visible field


def _form(**entries):
    field = build.field("Leader", "Sig", rect=(0, 0, 0, 0), **entries)
    return {build.CATALOG: {"Type": Name("Catalog"), "Pages": Ref(2), "AcroForm": Ref(5)}, 10: field}


UNFIT = {
    "direct-object": lambda: build.append(build.prepared(), _form(V=b"")),
    "nested-fields": lambda: build.append(build.prepared(), _form(Kids=[])),
    "end": lambda: build.prepared() + b"%%EOF\n trailing",
    "header": lambda: b"\n" + build.prepared(),
    "size": lambda: build.append(build.prepared(), {80: {}}, extra={"Size": 7}),
    "encrypted": lambda: build.append(build.prepared(), {}, extra={"Encrypt": Ref(9)}),
    "section-chain": lambda: build.append(build.prepared(), {}, prev=len(build.prepared())),
}


@pytest.mark.parametrize("shape", UNFIT)
def test_shapes_that_go_the_other_way(tmp_path, shape):
    path = tmp_path / "a.pdf"
    path.write_bytes(UNFIT[shape]())
    found = unfit(path, asked("Leader"))
    assert found in (shape, "rule") if shape == "direct-object" else found == shape


def test_a_certified_document_goes_the_other_way(tmp_path):
    signature = {"Type": Name("Sig"), "Contents": HexString(bytes(8)), "ByteRange": [0, 1, 2, 3]}
    signature["Reference"] = [{"TransformMethod": Name("DocMDP"), "TransformParams": {"P": 2}}]
    objects_ = {30: signature, build.SEAL: build.field("Seal", "Sig", V=Ref(30))}
    path = tmp_path / "a.pdf"
    path.write_bytes(build.append(build.prepared(), objects_))
    assert unfit(path, asked("Leader")) == "certified"


@pytest.mark.parametrize("how", ["string", "key", "two"])
def test_a_lock_cannot_hide_behind_contents(tmp_path, how):
    """/Contents is skipped unread: a second one, or one in a string, must not take the lock along."""
    reference = b"/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/All>>>>]"
    body = {
        "string": b"<</Type/Sig/Name(/Contents <)" + reference + b"/X(>)/Contents<00>>>",
        "key": b"<</Type/Sig/A/Contents <00>" + reference + b"/Contents<00>>>",
        "two": b"<</Type/Sig/Contents <00>" + reference + b"/Contents<00>>>",
    }[how]
    base = build.append(
        build.prepared(), {30: {"Here": 1}, build.SEAL: build.field("Seal", "Sig", V=Ref(30))}
    )
    old = serialize({"Here": 1})
    at = base.index(old)
    data = base[:at] + body + base[at + len(old) :]
    shift = len(body) - len(old)
    data = _moved(data, base, at, shift)
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    assert unfit(path, asked("Leader")) in ("rule", "grammar")


def _moved(data: bytes, base: bytes, at: int, shift: int) -> bytes:
    """The last section's offsets behind `at`, moved."""
    old = PdfFile.of(base)
    for num, entry in old.sections[0].entries.items():
        if entry.kind == "n" and entry.where > at:
            data = data.replace(b"%010d 00000 n" % entry.where, b"%010d 00000 n" % (entry.where + shift))
        del num
    return data.replace(b"startxref\n%d\n" % old.startxref, b"startxref\n%d\n" % (old.startxref + shift))


# --- the grammar against the strict parser

atoms = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6),
    st.binary(max_size=12),
    st.binary(max_size=12).map(HexString),
    st.text(st.characters(max_codepoint=255, exclude_characters="\0"), min_size=1, max_size=8).map(Name),
    st.builds(Ref, st.integers(1, 10**7), st.integers(0, 65535)),
)
keys = st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=8)
values = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(keys, values, max_size=8), st.binary(max_size=6))
def test_what_the_grammar_takes_reads_as_the_parser_reads_it(value, behind):
    agrees(serialize(value) + b"\n" + behind)


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(keys, values, min_size=1, max_size=5), st.data())
def test_broken_dictionaries_are_read_alike_or_not_at_all(value, data):
    raw = bytearray(serialize(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b"/", b"<", b">", b"(", b")", b"[", b"]", b" ", b"R", b"0", b"%", b"\\", b"null"]
            )
        )
    agrees(bytes(raw) + b" ")


def agrees(raw: bytes) -> None:
    """What both take has the same end, the same keys and the same values."""
    try:
        found, end = entries(raw)
    except Unfit:
        return
    try:
        parsed, its_end = syntax.parse(raw)
    except DocumentRefused:  # inside of an array or a dictionary, which is passed on as it is
        assert any(value[:1] == b"[" or value[:2] == b"<<" for value in found.values())
        return
    assert (its_end, set(parsed)) == (end, {key.decode("latin-1") for key in found})
    for key, value in found.items():
        assert syntax.parse(value + b" ")[0] == parsed[key.decode("latin-1")]


# --- what this software writes itself, by one pattern each


text_strings = st.binary(max_size=12).map(serialize).filter(lambda raw: raw.startswith(b"("))
references = st.builds(Ref, st.integers(1, 10**7), st.integers(0, 65535)).map(serialize)
FIELD_VALUES = {  # in the order of writing
    "Type": st.just(b"/Annot"),
    "Subtype": st.just(b"/Widget"),
    "FT": st.sampled_from([b"/Sig", b"/Tx"]),
    "T": text_strings,
    "F": st.just(b"132"),
    "Rect": st.sampled_from([b"[0 0 0 0]", b"[365.272 139.913 492.831 -196.606]"]),
    "P": references,
    "MK": st.just(b"<</R 90>>"),
    "TU": text_strings,
    "Lock": references,
    "DA": text_strings,
    "Q": st.just(b"1"),
    "V": references | text_strings,
    "AP": references.map(lambda raw: b"<</N %b>>" % raw),
}
fields = st.fixed_dictionaries({}, optional=FIELD_VALUES).map(
    lambda found: (
        b"\n<<%b>>\nendobj\n"
        % b"".join(b"/%b %b" % (k.encode(), found[k]) for k in FIELD_VALUES if k in found)
    )
)


@settings(max_examples=300, deadline=None)
@given(fields)
def test_a_field_of_our_own_reads_by_its_pattern_as_by_the_grammar(raw):
    assert OWN_FIELD.read(raw, 0) == entries(raw)


@settings(max_examples=1500, deadline=None)
@given(fields, st.data())
def test_a_broken_field_of_our_own_reads_alike_or_not_at_all(whole, data):
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(TOKENS))
    found = OWN_FIELD.read(bytes(raw), 0)
    assert found is None or found == entries(bytes(raw))


ROW = b"%010d 00000 n \n"


@pytest.mark.parametrize(
    ("runs", "shape"),
    [
        ([(10, 1, 2)], "cross-reference"),
        ([(10, 3, 2)], "loose-table"),
        ([(40, 1, 1), (10, 1, 1)], "cross-reference"),
        ([(10, 2, 2), (11, 1, 1)], "cross-reference"),
    ],
    ids=["more rows", "fewer rows", "descending", "overlapping"],
)
def test_a_table_of_our_own_that_lies_is_left_to_the_general_path(tmp_path, runs, shape):
    base = build.prepared()
    made = build.append(base, {10: build.field("Leader", "Sig", rect=(0, 0, 0, 0))})
    table = b"xref\n" + b"".join(
        b"%d %d\n%b" % (first, count, ROW % len(base) * there) for first, count, there in runs
    )
    at = made.rindex(b"xref\n", 0, made.rindex(b"startxref"))
    path = tmp_path / "a.pdf"
    path.write_bytes(made[:at] + table + made[made.index(b"trailer", at) :])
    assert own_table(path.read_bytes(), 0, at, newest=True) is None
    assert unfit(path, asked("Leader", appearance=None)) == shape


@pytest.mark.parametrize("newest", [True, False])
def test_a_table_of_our_own_is_read_by_one_pattern(files, newest):
    data = files[2].read_bytes()
    with PdfFile.open(files[2]) as pdf:
        section = pdf.sections[0]
    runs, trailer, end = own_table(data, 0, section.offset, newest=newest)
    numbers = {num for first, following, _, _ in runs for num in range(first, following)}
    assert numbers == set(section.entries)
    for first, following, _, at in runs:
        for num in range(first, following):
            row = data[at + 20 * (num - first) :][:20]
            assert row == ROW % section.entries[num].where
    found, its_end = entries(data, data.index(b"<<", section.offset))
    assert end == its_end
    assert trailer == (found if newest else {b"Prev": found[b"Prev"]})


def test_most_dictionaries_of_our_own_are_taken():
    for value in (
        {"A": [1, 2.5, -3]},
        {"B": {"C": [{"D": [b"x"]}]}},
        {"E": Ref(1, 0), "F": HexString(b"ab")},
    ):
        found, _ = entries(serialize(value))
        assert set(found) == {key.encode() for key in value}


def _locking() -> bytes:
    """A file with all that the native path looks at: a lock, a turned widget, a user unit, an output intent."""
    lock = {"Type": Name("SigFieldLock"), "Action": Name("Include"), "Fields": [b"Number"], "P": 2}
    changed = {
        build.LEADER: build.field("Leader", "Sig", (300, 100, 400, 150), Lock=lock, MK={"R": 90}),
        build.PAGE: build.page([10, 11, 12, 13], UserUnit=2),
        build.CATALOG: build.catalog(OutputIntents=[{"S": Name("GTS_PDFA1"), "DestOutputProfile": Ref(50)}]),
        50: build.stream(b"abcd", N=3),
    }
    return build.append(build.prepared(), changed)


BREAKABLE = {
    "table": (build.prepared, "Leader"),
    "stream": (lambda: build.prepared(stream_form=True), "Leader"),
    "lock": (_locking, "Leader"),
    "signed": (lambda: build.signed(build.prepared(), 10, 20, mdp=build.lock("Include", ["Number"])), "Seal"),
    "locked": (build.leader_signed, "Seal"),
}
_WORDS = (
    b"( ) < > << >> [ ] / # % \\ 0 1 9 - + . R null endobj stream endstream obj xref trailer /V /Lock /Kids /Parent "
    b"/Sig /P 01 /FT /Prev /Size /Contents< /Fields[ /Action/All () #41 /Type true /SV<<>> /UserUnit"
)
TOKENS = (*_WORDS.split(), b"\0", b"\v", b"\r", b"\n", b" ", b"\xfe\xff")


@pytest.mark.parametrize("kind", BREAKABLE)
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_broken_files_are_unfit_or_signed_alike(tmp_path_factory, kind, data):
    made, field = BREAKABLE[kind]
    raw = bytearray(made())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        new = data.draw(st.sampled_from(TOKENS) | st.binary(max_size=3))
        raw[at : at + data.draw(st.sampled_from((len(new), len(new), 0, 1)))] = new
    path = tmp_path_factory.getbasetemp() / "broken.pdf"
    path.write_bytes(bytes(raw))
    request = asked(field, appearance=Appearance(SIGNATURE, LINES))
    try:
        ours = native.prepare(path, request, Stamps())
    except Unfit:
        return
    theirs = None
    with contextlib.suppress(DocumentRefused):  # damage that the native path has no need to look at
        theirs = prepare_signature(path, request)
    if theirs is not None:
        assert objects(path, ours.tail) == objects(path, theirs.tail)


def test_a_file_that_shrinks_meanwhile_is_unfit(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(build.append(build.prepared(), {90: build.stream(bytes(WHOLE))}))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        source = Source(descriptor)
        os.truncate(path, 1000)
        with pytest.raises(Unfit):
            source.hash_into(hashlib.sha256())
    finally:
        os.close(descriptor)


def test_an_invisible_field_gets_no_appearance(tmp_path, pki):
    desk = Desk(tmp_path, pki.leader, pki.seal)
    base = desk.base()
    out = tmp_path / "p.pdf"
    appending.append(base, prepare(base, PreparationPlan((leader("L", INVISIBLE),))), out)
    made = same(out, asked("L", appearance=None))
    assert b"/AP" not in made.tail
