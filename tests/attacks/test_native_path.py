"""Files that the native path must not read otherwise than the general one does: it signs beside the keys."""

from __future__ import annotations

import re
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from policies.algorithms import DEFAULT, Scheme, SignatureAlgorithm
from policies.layout import NUMBER_FIELD, fills
from signer.creation.fill import DEFAULT_APPEARANCE, codes_of
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.grammar import integers, reals
from signer.creation.native.kept import KeptDigest
from signer.creation.native.reading import taken_apart
from signer.creation.native.unfit import Unfit
from signer.creation.two_step import check_digest, prepare_signature
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, serialize, serialize_indirect
from signer.errors import DocumentRefused, SignerRefused, SigningRefused
from signer.keys import primitives
from signer.stamping.appearance import Appearance
from tests.signer.creation.issuing import DAY, SEAL, SIGNATURE, STAMP, Desk
from tests.signer.creation.test_native import LINES, asked, same
from tests.signer.document import build

LEADER = serialize(build.field("Leader", "Sig", (300, 100, 400, 150)))


def with_bytes(base: bytes, bodies: dict[int, bytes], rows: bytes | None = None) -> bytes:
    """One more revision whose objects, and table, are these bytes."""
    before = PdfFile.of(base)
    out, places = base, {}
    for num, body in sorted(bodies.items()):
        places[num] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (num, body)
    size = max(before.next_object_number, max(bodies) + 1)
    head = b"<</Size %d/Root %b/Prev %d>>" % (size, serialize(before.trailer["Root"]), before.startxref)
    table = b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % (num, at) for num, at in places.items())
    at = len(out)
    return out + (rows or table) + b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (head, at)


def left(tmp_path, data: bytes, request=None, shape: str | None = None) -> None:
    """The native path leaves this file to the general one."""
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with pytest.raises(Unfit) as caught:
        native.prepare(path, request or asked("Leader"), Stamps())
    assert shape in (None, caught.value.shape)


def general(tmp_path, data: bytes, request=None) -> str:
    """What the general path refuses this file for; "" when it signs."""
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    try:
        prepare_signature(path, request or asked("Leader"))
    except SignerRefused as refusal:
        return refusal.id
    return ""


# --- cross-references


def test_rows_that_are_not_twenty_bytes_are_not_looked_up_as_if_they_were(tmp_path):
    """Four short rows, then another subsection within the eighty bytes that four full rows would take."""
    base = build.prepared()
    decoy = b"<</Title (another form)>>"
    data = with_bytes(base, {20: decoy, 21: LEADER.replace(b"300", b"301")})
    first, second = (int(at) for at in re.findall(rb"(\d{10}) 00000 n \n", data[len(base) :]))
    short = b"0 0 f\n" * 3 + b"%010d 00000 n\n" % first
    # By rows of 20 bytes object 10 is where the fourth would be.
    rows = b"xref\n7 4\n" + (short + b"30 1\n").ljust(60, b" ") + b"%010d 00000 n \n" % second
    left(tmp_path, with_bytes(base, {20: decoy, 21: LEADER}, rows), shape="loose-table")


def test_a_key_with_a_vertical_tab_is_read_by_nobody(tmp_path):
    """`/Prev\\v100` is one name (7.2.3), and two to qpdf."""
    base = build.prepared()
    middle = with_bytes(base, {40: b"<<>>"})
    prev = re.findall(rb"/Prev (\d+)", middle)[-1]
    middle = middle[: len(base)] + middle[len(base) :].replace(b"/Prev " + prev, b"/Prev\v%b/Size\v41" % prev)
    assert general(tmp_path, middle) == "document.malformed"
    left(tmp_path, middle)


def test_object_numbers_that_nobody_reads_are_not_given(tmp_path):
    data = with_bytes(build.prepared(), {40: b"<<>>"}).replace(b"/Size 41", b"/Size 9999999")
    assert general(tmp_path, data) == "document.too-many-objects"
    left(tmp_path, data, shape="size")


def packed(extra: int, head: bytes = b"10 0 30 400 ") -> bytes:
    """The leader's field in an object stream, as its member `extra` by the cross-reference stream."""
    base = build.prepared(stream_form=True)
    members = head + LEADER.ljust(400) + b"<<>>"
    value = build.flate(members, Type=Name("ObjStm"), N=2, First=len(head))
    at = len(base)
    out = base + serialize_indirect(Ref(50), value)
    trailer = {"Size": 52, "Root": Ref(1), "Prev": PdfFile.of(base).startxref}
    place = len(out)
    out += build.xref_stream({10: (50, extra), 50: at}, trailer, 51, place)
    return out + b"startxref\n%d\n%%%%EOF\n" % place


def test_an_object_of_a_stream_is_found_by_its_index(tmp_path):
    path = tmp_path / "p.pdf"
    path.write_bytes(packed(0))
    same(path, asked("Leader"))
    assert general(tmp_path, packed(1)) == "document.object-mismatch"
    left(tmp_path, packed(1), shape="object-not-there")


@pytest.mark.parametrize("numbers", [b"[1\x004 1]", b"[" + b"1" * 5000 + b"]", b"[" + b"1" * 36 + b"]"])
def test_numbers_that_python_reads_otherwise_are_unfit(numbers):
    """`bytes.split` keeps the zero byte, `int` refuses 4,301 digits, `float` makes infinity of 400."""
    with pytest.raises(Unfit):
        integers(numbers)
    with pytest.raises(Unfit):
        reals(numbers)


def test_many_small_streams_that_inflate_take_bounded_memory(tmp_path):
    """One field in each of forty sections, whose rows go on with zeros: each is needed, none is large."""
    data = with_bytes(
        build.prepared(), {5: b"<</Fields[%b]>>" % b" ".join(b"%d 0 R" % n for n in range(100, 140))}
    )
    prev = PdfFile.of(data).startxref
    for num in range(100, 140):
        place = len(data)
        data += serialize_indirect(Ref(num), build.field(f"F{num}", "Sig", (0, 0, 0, 0)))
        rows = zlib.compress(b"\1%b\0" % place.to_bytes(4, "big") + bytes(3 << 20), 9)
        at = len(data)
        data += b"200 0 obj\n<</Type/XRef/Size 201/W[1 4 1]/Index[%d 1]/Root 1 0 R/Prev %d" % (num, prev)
        data += b"/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (len(rows), rows)
        prev = at
    data += b"startxref\n%d\n%%%%EOF\n" % prev
    tracemalloc.start()
    left(tmp_path, data, asked("F139"), shape="stream-filter")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


def test_long_dictionaries_are_not_kept():
    long = b"<<%b>>" % b"".join(b"/K%d 1" % n for n in range(1000))
    assert taken_apart(long) == taken_apart(long)
    assert taken_apart(long) is not taken_apart(long)


# --- the form


def test_control_codes_in_names_are_the_letters_that_they_stand_for(tmp_path):
    """0x18 is U+02D8 in PDFDocEncoding: two fields of one name, of which the general path refuses to choose."""
    data = build.append(
        build.prepared(),
        {
            12: build.field("x", "Sig", T=HexString(b"\xfe\xff\x02\xd8")),
            13: build.field("x", "Sig", T=HexString(b"\x18")),
        },
    )
    assert general(tmp_path, data) == "document.form-unsupported"
    left(tmp_path, data, shape="nested-fields")


@pytest.mark.parametrize("kind", [b"/S#69g", b"40 0 R"])
def test_an_earlier_signature_is_one_however_its_type_is_written(tmp_path, kind):
    signature = (
        b"<</Type/Sig/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/All>>>>]/Contents<00>>>"
    )
    signed = serialize(build.field("Seal", "Sig", V=Ref(30))).replace(b"/FT /Sig", b"/FT " + kind)
    data = with_bytes(build.prepared(), {13: signed, 30: signature, 40: b"/Sig"})
    assert general(tmp_path, data) == "signing.breaks-earlier-signature"
    left(tmp_path, data)


@pytest.mark.parametrize("permission", [b"01", b"+1"])
def test_a_permission_is_a_number_however_it_is_written(tmp_path, permission):
    lock = b"<</Action/Include/Fields[(Other)]/P %b>>" % permission
    signature = (
        b"<</Type/Sig/Reference[<</TransformMethod/FieldMDP/TransformParams%b>>]/Contents<00>>>" % lock
    )
    data = with_bytes(build.prepared(), {13: serialize(build.field("Seal", "Sig", V=Ref(30))), 30: signature})
    assert general(tmp_path, data) == "signing.breaks-earlier-signature"
    left(tmp_path, data, shape="lock")


def test_references_cannot_hide_between_two_equal_contents(tmp_path):
    """The first `/Contents <` is in a string; a comment closes it again once the rest is skipped."""
    reference = b"[<</TransformMethod/FieldMDP/TransformParams<</Action/All>>>>]"
    signature = b"<</Type/Sig/Name (/Contents <)/Reference 50 0 R/Contents <> %)\n/Contents <>>>"
    bodies = {13: serialize(build.field("Seal", "Sig", V=Ref(30))), 30: signature, 50: reference}
    data = with_bytes(build.prepared(), bodies)
    assert general(tmp_path, data) == "signing.breaks-earlier-signature"
    left(tmp_path, data, shape="grammar")


def test_a_signature_that_looks_like_ours_does_not_speak_for_its_fields_lock(tmp_path, pki):
    desk = Desk(tmp_path, pki.leader, pki.seal)
    leader = desk.issued()[2].read_bytes()
    found = PdfFile.of(leader)
    field = next(f for f in _fields(found) if f["T"] == b"AnTinLeader1")
    num = next(n for n in found.numbers() if found.get(n) == field)
    lock = {"Type": Name("SigFieldLock"), "Action": Name("All")}
    locked = with_bytes(leader, {num: serialize({**field, "Lock": lock})})
    request = asked(STAMP, appearance=Appearance(SEAL), fills=fills(15, DAY))
    assert general(tmp_path, locked, request) == "signing.breaks-earlier-signature"
    left(tmp_path, locked, request, shape="rule")


def _fields(pdf: PdfFile) -> list[dict]:
    return [pdf.dictionary(ref) for ref in pdf.array(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"])]


@pytest.mark.parametrize(
    "lock",
    [
        b"<<>>",
        b"<</Fields[(x)]>>",
        b"<</Action/All/Fields(x)>>",
        b"<</Action/All/Fields 40 0 R>>",
        b"<</Action/Include/Fields[(x) y]>>",
        b"<</Action/All/P 4>>",
        b"<</Action/#41ll>>",
    ],
)
def test_a_lock_that_would_be_copied_wrongly_is_not_copied(tmp_path, lock):
    """Without /Action the signature dictionary would not even be one."""
    body = LEADER[:-2] + b"/Lock %b>>" % lock
    left(
        tmp_path,
        with_bytes(build.prepared(), {10: body, 40: b"[(x)]"}),
        shape="lock" if b"#" in lock else None,
    )


@pytest.mark.parametrize("value", [b"()", b"<>", b"<FEFF>"])
def test_an_empty_value_is_no_number_before_the_seal(tmp_path, value):
    number = serialize(build.field(NUMBER_FIELD, "Tx"))[:-2] + b"/V %b>>" % value
    body = LEADER[:-2] + b"/Lock<</Action/All>>>>"
    data = with_bytes(build.prepared(), {10: body, 11: number})
    assert general(tmp_path, data) == "signing.field-left-empty"
    left(tmp_path, data, shape="rule")


# --- what is drawn


PAGE = serialize(build.page([10, 11, 12, 13]))[:-2]


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        (b"/UserUnit -2", True),
        (b"/UserUnit 2", True),
        (b"/X(endobj)/UserUnit 2", False),
        (b"/User#55nit 2", False),
        (b"/X/a%endobj\n/UserUnit 2", False),
    ],
)
def test_the_user_unit_is_the_pages(tmp_path, more, taken):
    data = with_bytes(build.prepared(), {3: PAGE + more + b">>"})
    request = asked("Leader", appearance=Appearance(SIGNATURE, LINES))
    assert general(tmp_path, data, request) == ""
    if taken:
        same(tmp_path / "a.pdf", request)
    else:
        left(tmp_path, data, request)


@pytest.mark.parametrize(("kind", "colours"), [(b"/GTS_PDFA#31", b"3"), (b"/GTS_PDFA1", b"03")])
def test_the_output_intent_is_one_however_it_is_written(tmp_path, kind, colours):
    catalog = serialize(build.catalog())[:-2] + b"/OutputIntents[<</S %b/DestOutputProfile 50 0 R>>]>>" % kind
    profile = b"<</N %b/Length 4>>\nstream\nabcd\nendstream" % colours
    data = with_bytes(build.prepared(), {1: catalog, 50: profile})
    assert general(tmp_path, data) == ""
    left(tmp_path, data, shape="grammar")


@pytest.mark.parametrize("change", ["reference", "range", "zero byte"])
def test_widths_are_the_fonts(tmp_path, pki, change):
    """The value's place, and whether it fits, hang on them."""
    data = Desk(tmp_path, pki.leader, pki.seal).issued()[2].read_bytes()
    pdf = PdfFile.of(data)
    form = pdf.dictionary(pdf.catalog["AcroForm"])
    fonts = pdf.dictionary(pdf.dictionary(form["DR"])["Font"])
    bodies = {}
    free = pdf.next_object_number
    for reference in fonts.values():
        below = pdf.array(pdf.dictionary(reference)["DescendantFonts"])[0]
        font = dict(pdf.dictionary(below))
        widths = serialize(font.pop("W"))
        if change == "reference":
            bodies[free], value = widths, b"%d 0 R" % free
            free += 1
        elif change == "range":
            value = b"[1 3 500 " + widths[1:]
        else:
            value = widths.replace(b" ", b"\0", 1).replace(b" ", b"\0", 1)
        bodies[below.num] = serialize(font)[:-2] + b"/W " + value + b">>"
    request = asked(STAMP, appearance=Appearance(SEAL), fills=fills(15, DAY))
    left(tmp_path, with_bytes(data, bodies), request, shape="foreign-font")


def test_a_map_of_half_letters_is_refused_and_not_a_fault():
    for broken in (b"<0001> <D800>", b"<0001> <00410>"):
        with pytest.raises(DocumentRefused):
            codes_of(broken)


def test_a_default_appearance_is_read_in_linear_time_or_not_at_all():
    assert DEFAULT_APPEARANCE.search(b"/F1 1.2.3 Tf") is None
    assert DEFAULT_APPEARANCE.search(b"/F1 " + b"9" * 400 + b" Tf") is None
    assert DEFAULT_APPEARANCE.search(b"/" * 15_000 + b"F1 12 Tf 0 g")[1] == b"F1"


# --- the kept state


def test_with_another_digest_the_bytes_are_still_those_that_were_hashed(tmp_path):
    """The state is of SHA-256; a key that signs SHA-512 has the file read again, and it may have rotted."""
    path = tmp_path / "a.pdf"
    data = build.prepared()
    kept = KeptDigest.of(data)
    path.write_bytes(data.replace(b"Quyet dinh", b"Quyet djnh"))
    request = replace(asked("Leader"), digest_algorithm="sha512")
    with pytest.raises(SigningRefused) as caught:
        native.prepare(path, request, Stamps(), kept)
    assert caught.value.id == "signing.digest-changed"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_general_path_signs_no_other_bytes_either(tmp_path, algorithm):
    """The worker and whoever hashes after it read the same rotten disk, and would agree about it."""
    path = tmp_path / "a.pdf"
    data = build.prepared()
    path.write_bytes(data)
    request = replace(asked("Leader"), digest_algorithm=algorithm)
    check_digest(path, prepare_signature(path, request), KeptDigest.of(data))
    path.write_bytes(data.replace(b"Quyet dinh", b"Quyet djnh"))
    rotten = prepare_signature(path, request)
    check_digest(path, rotten)
    with pytest.raises(SigningRefused) as caught:
        check_digest(path, rotten, KeptDigest.of(data))
    assert caught.value.id == "signing.digest-changed"


# --- the key


@pytest.mark.parametrize("value", ["dmp1", "dmq1", "iqmp"])
def test_openssl_gives_no_value_that_a_fault_in_the_crt_made(value):
    """What `proves` rests on: a wrong value would betray the factors to who divides (Boneh, DeMillo, Lipton)."""
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    given = {
        name: getattr(numbers, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp", "public_numbers")
    }
    given[value] ^= 4
    faulty = rsa.RSAPrivateNumbers(**given).private_key(unsafe_skip_rsa_key_validation=True)
    for algorithm in (DEFAULT, SignatureAlgorithm(Scheme.RSA_PSS)):
        made = primitives.sign(faulty, algorithm, bytes(32))
        assert primitives.verifies(faulty.public_key(), algorithm, made, bytes(32))
