"""The second path: what pyHanko may write, what is read back, and which refusals stand."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pikepdf
import pytest

from policies.layout import INVISIBLE, Box, fills
from policies.reasons import document as document_reasons
from policies.vocabulary import FieldRole
from signer.creation import choose, cms, fallback, read_back
from signer.creation.append import append
from signer.creation.form import fields, written
from signer.creation.plan import PreparationPlan
from signer.creation.pyhanko_revision import PyhankoRevision
from signer.creation.pyhanko_values import from_pyhanko, to_pyhanko
from signer.creation.read_back import Disagreement
from signer.creation.shapes import Shape, SigningPath, shape_refused
from signer.creation.two_step import SignatureRequest, contents_size, write
from signer.document import reader
from signer.document.pdfa import check
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, Stream
from signer.document.text_strings import text_string
from signer.errors import DocumentRefused, SigningRefused
from signer.sandbox import Sandbox
from signer.stamping.appearance import Appearance
from signer.validation.process import validate
from tests.demo_pki import trust
from tests.factories.encrypted import OWNER, USER, WAYS, encrypted
from tests.profiles import AGENCY
from tests.signer.creation.issuing import AT, DAY, LEADER, SEAL, SHAPES, SIGNATURE, STAMP
from tests.signer.document import build
from tests.signer.validation.office import explain, ids

LINES = Appearance(lines=("An",))
FIELDS = PreparationPlan((Box(FieldRole.SEAL, 0, INVISIBLE, "Field"),))


def request(field=LEADER, **more):
    values = {"contents_size": 4000, "name": "Nguyễn Văn An", "at": AT, "appearance": Appearance(SIGNATURE)}
    return SignatureRequest(field, **{**values, **more})


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(size=1) as made:
        yield made


# --- the same document


@pytest.mark.parametrize("shape", SHAPES)
def test_a_decision_issued_by_pyhanko_alone(desk, pki, shape):
    """Leader, then number, date and seal in one revision; PDF/A in, PDF/A out, the leader undisturbed."""
    source = desk.prepared(SHAPES[shape](desk.base()))
    acts = ((LEADER, pki.leader, SIGNATURE, {}), (STAMP, pki.seal, SEAL, fills(15, DAY)))
    for field, key, image, values in acts:
        wanted = request(field, contents_size=contents_size(key), appearance=Appearance(image), fills=values)
        made = fallback.prepare_signature(source, wanted).made
        out = desk.folder / f"{field}.pdf"
        write(source, made, cms.build(made.digest, key), out)
        source = out
    assert check(source).conforms
    with PdfFile.open(desk.folder / "prepared.pdf") as before, PdfFile.open(source) as after:
        for num in before.numbers():
            old, new = before.get(num), after.get(num)
            if isinstance(old, dict) and old != new:
                assert {key for key in new if old.get(key) != new[key]} == {"V", "AP"}
        assert before.trailer["Root"] == after.trailer["Root"] and before.catalog == after.catalog


def test_the_tail_holds_what_was_put_and_nothing_else(issued):
    """The contract of the hooks into pyHanko: no catalog, no XMP, no /Info, no gap in the numbers."""
    with PdfFile.open(issued[1]) as pdf, PyhankoRevision(issued[1], pdf, None) as revision:
        added = revision.add({"A": [1, 0.5, True, None, b"(\\)", HexString(b"\xff"), Name("a b#/")]})
        revision.put(added, revision.value(added))
        stream = revision.add(Stream({"Filter": Name("FlateDecode")}, data=b"x\x9c\x03\x00\x00\x00\x00\x01"))
        tail = revision.appended().tail
        assert added.num == pdf.next_object_number
    with PdfFile.open(issued[1], tail=tail) as pdf:
        numbers = {num for num, entry in pdf.sections[0].items() if entry.kind != "f"}
        assert numbers == {added.num, stream.num}
        assert pdf.get(added.num) == {"A": [1, 0.5, True, None, b"(\\)", b"\xff", Name("a b#/")]}
        assert b"(\\(\\\\\\))" in tail and b"<ff>" in tail
        assert pdf.stream_data(pdf.get(stream.num)) == b""
        assert b"/Producer" not in tail and b"xmpmeta" not in tail and b"/Type /Catalog" not in tail


def test_values_go_to_pyhanko_and_back():
    value = {"A": [Ref(3), Name("Ch\xe1\xbb\xaf"), b"text", {"B": None, "C": False}], "D": -1.25}
    plain = {"A": [Ref(3), Name("Ch\xe1\xbb\xaf"), b"text", {"C": False}], "D": -1.25}
    assert from_pyhanko(to_pyhanko(value, None)) == plain
    with pytest.raises(TypeError):
        to_pyhanko(Name("\xe1"), None)
    with pytest.raises(TypeError):
        to_pyhanko(object(), None)


# --- shapes


ENDS = {
    "blank lines": (b"\n\r\n\n", Shape.BLANK_END),
    "zeros": (bytes(5_000), Shape.BLANK_END),
    "a web page": (b"<html>" + b"x" * 4_000, Shape.FOREIGN_END),
    "a second mark": (b"%%EOF\n", Shape.FOREIGN_END),
}


@pytest.mark.parametrize("name", ENDS)
def test_bytes_after_the_end_are_signed_by_pyhanko(sandbox, issued, pki, tmp_path, name):
    rest, shape = ENDS[name]
    source, out = tmp_path / "source.pdf", tmp_path / "out.pdf"
    source.write_bytes(issued[1].read_bytes() + rest)
    chosen = choose.prepare_signature(sandbox, source, request(contents_size=contents_size(pki.leader)))
    assert (chosen.path, chosen.shape) == (SigningPath.PYHANKO, shape)
    write(source, chosen.prepared, cms.build(chosen.prepared.digest, pki.leader), out)
    report = validate(out, trust=trust(pki), at=AT, profile=AGENCY)
    (signature,) = report.signatures
    assert (signature.integrity, signature.coverage, signature.changes) == ("intact", "whole", "none")
    assert ids(report) == {"verification.empty-fields"}


@pytest.mark.parametrize(
    "rest",
    [
        b"99 0 obj\n<</Type/Catalog>>\nendobj\n",
        b"trailer\n<<>>\n",
        b"\n12 0 ob",
        b"%PDF-1.7\n",
    ],
)
def test_bytes_that_another_reader_may_show_are_refused_by_the_native_reason(sandbox, issued, tmp_path, rest):
    path = tmp_path / "source.pdf"
    path.write_bytes(issued[1].read_bytes() + rest)
    with pytest.raises(DocumentRefused) as caught:
        choose.prepare_signature(sandbox, path, request())
    assert caught.value.id == "document.malformed"


@pytest.mark.parametrize("way", [way for way in WAYS if WAYS[way]["R"] != 5])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_encrypted_file_is_filled_and_signed(desk, pki, way, packed):
    """Number, date and seal behind a leader's signature, all in an encrypted file; the hole is plain."""
    source = desk.folder / "encrypted.pdf"
    source.write_bytes(encrypted(desk.prepared(desk.base()).read_bytes(), way, packed=packed))
    acts = ((LEADER, pki.leader, SIGNATURE, {}), (STAMP, pki.seal, SEAL, fills(15, DAY)))
    for field, key, image, values in acts:
        wanted = request(field, contents_size=contents_size(key), appearance=Appearance(image), fills=values)
        fallen = fallback.prepare_signature(source, wanted, OWNER)
        assert fallen.shape is Shape.ENCRYPTED
        out = desk.folder / f"{field}.pdf"
        write(source, fallen.made, cms.build(fallen.made.digest, key), out)
        source = out
    report = validate(source, trust=trust(pki), at=AT, profile=AGENCY, password=USER)
    facts = [(s.integrity, s.coverage, s.changes) for s in report.signatures]
    assert facts == [("intact", "revision", "form-fill"), ("intact", "whole", "none")], explain(report)
    name = next(iter(fills(15, DAY).values()))
    with PdfFile.open(source, password=USER) as pdf:
        known = fields(pdf)
        assert {written(field) for field in known.values()} >= {name}
        assert text_string(pdf.dictionary(known[LEADER].value)["Name"]) == "Nguyễn Văn An"
    assert "Nguyễn".encode("utf-16-be") not in source.read_bytes()


def test_an_encryption_that_pyhanko_does_not_know(sandbox, desk):
    with pytest.warns(UserWarning, match="R=5"):
        data = encrypted(desk.prepared(desk.base()).read_bytes(), "aes-256-r5")
    path = desk.folder / "encrypted.pdf"
    path.write_bytes(data)
    with pytest.raises(DocumentRefused) as caught:
        choose.prepare_signature(sandbox, path, request(), USER)
    assert caught.value.id == "document.encryption-unsupported"


def test_passwords(sandbox, desk):
    path = desk.folder / "encrypted.pdf"
    path.write_bytes(encrypted(desk.prepared(desk.base()).read_bytes(), "aes-256"))
    for password, reason in (
        (None, "document.encrypted"),
        ("", "document.encrypted"),
        ("x", "document.wrong-password"),
    ):
        with pytest.raises(DocumentRefused) as caught:
            choose.prepare_signature(sandbox, path, request(), password)
        assert caught.value.id == reason
    assert choose.prepare_signature(sandbox, path, request(), USER).shape is Shape.ENCRYPTED


def protected(desk, **allowed) -> object:
    """A file that opens without a password, and permits only this."""
    path = desk.folder / "protected.pdf"
    permissions = pikepdf.Permissions(modify_other=False, **allowed)
    with pikepdf.Pdf.open(desk.prepared(desk.base())) as document:
        document.save(path, encryption=pikepdf.Encryption(user="", owner=OWNER, allow=permissions))
    return path


def test_permissions_bind_whoever_is_not_the_owner(sandbox, desk):
    """ISO 32000-2, table 22: bit 6 or 9 to fill and sign, bit 6 to create fields."""
    filling = protected(desk, modify_annotation=False, modify_form=True)
    assert choose.prepare_signature(sandbox, filling, request(), "").path is SigningPath.PYHANKO
    assert refused(choose.prepare_fields, sandbox, filling, FIELDS, "") == "signing.permission-withheld"
    nothing = protected(desk, modify_annotation=False, modify_form=False)
    assert refused(choose.prepare_signature, sandbox, nothing, request(), "") == "signing.permission-withheld"
    assert choose.prepare_signature(sandbox, nothing, request(), OWNER).path is SigningPath.PYHANKO


def refused(act, *arguments) -> str:
    with pytest.raises((SigningRefused, DocumentRefused)) as caught:
        act(*arguments)
    return caught.value.id


def small() -> dict[int, object]:
    return {
        build.CATALOG: build.catalog(),
        build.PAGES: {"Type": Name("Pages"), "Kids": [Ref(build.PAGE)], "Count": 1},
        build.PAGE: build.page([build.LEADER]),
        build.CONTENT: build.stream(b""),
        build.FONT_REF: build.FONT,
        build.INFO: {"Producer": b"test"},
        build.FORM: build.form([build.LEADER]),
        build.LEADER: build.field("Leader", "Sig", (300, 100, 400, 150)),
    }


def _twice(data: bytes) -> bytes:
    at = data.rindex(b"trailer")
    return data[:at] + b"10 1\n0000000015 00000 n\r\n" + data[at:]


REFUSED = {
    "something before the header": (lambda: b"x\n" + build.new(small()), Shape.DAMAGED),
    "an object twice in one section": (lambda: _twice(build.new(small())), Shape.DAMAGED),
    "no endobj": (lambda: build.new(small()).replace(b"endobj", b"      "), Shape.DAMAGED),
    "/Prev 0": (lambda: build.new(small(), extra={"Prev": 0}), Shape.DAMAGED),
    "an object number too high": (lambda: build.new({**small(), 9_000_000: {}}), Shape.BEYOND_LIMITS),
}


@pytest.mark.parametrize("name", REFUSED)
def test_shapes_that_nobody_signs(sandbox, tmp_path, name):
    make, shape = REFUSED[name]
    path = tmp_path / "source.pdf"
    path.write_bytes(make())
    with pytest.raises(DocumentRefused) as caught:
        choose.prepare_signature(sandbox, path, request("Leader"))
    assert shape_refused(caught.value.id) is shape and shape.path is SigningPath.REFUSED


@pytest.mark.parametrize("between", [b"hello\n", b"77 0 obj\n<<>>\nendobj\n"])
def test_a_revision_without_an_end_is_not_signed_by_pyhanko(tmp_path, between):
    """Our validation would suspect the signed file."""
    path = tmp_path / "source.pdf"
    data = build.new(small())
    at = data.rindex(b"startxref")
    path.write_bytes(data[:at] + between + data[at:])
    with pytest.raises(Disagreement):
        fallback.prepare_signature(path, request("Leader"))


def test_what_the_native_path_stumbles_over_is_signed_by_pyhanko(sandbox, issued):
    """Its fault is no fault of the document."""

    class Stumbling:
        def call(self, task, *arguments):
            if "two_step" in task:
                raise DocumentRefused(document_reasons.PARSER_FAILED, kind="IndexError")
            return sandbox.call(task, *arguments)

    chosen = choose.prepare_signature(Stumbling(), issued[1], request())
    assert (chosen.path, chosen.shape) == (SigningPath.PYHANKO, Shape.UNFORESEEN)


# --- rules


def test_a_rule_stands_on_both_paths(sandbox, issued, desk):
    """The second path checks all rules again: bytes at the end must not be a way around one."""
    _, prepared, leader, sealed = issued
    cases = [
        (prepared, request("Nobody"), "signing.field-missing"),
        (prepared, request("AnTinNumber"), "signing.field-wrong-kind"),
        (leader, request(LEADER), "signing.field-signed"),
        (prepared, request(appearance=None), "signing.nothing-to-show"),
        (leader, request(STAMP), "signing.field-left-empty"),
        (sealed, request(LEADER), "signing.field-signed"),
        (prepared, request(name="An\u202e"), "signing.bad-signer-name"),
        (prepared, request(contents_size=40_000), "signing.contents-too-large"),
        (leader, request(STAMP, fills={**fills(15, DAY), "AnTinNumber": "\u0e01"}), "signing.letter-missing"),
    ]
    for number, (source, wanted, reason) in enumerate(cases):
        for rest in (b"", b"\n\n"):
            path = desk.folder / f"{number}.pdf"
            path.write_bytes(source.read_bytes() + rest)
            assert refused(choose.prepare_signature, sandbox, path, wanted) == reason


def test_a_certification_stands_on_the_second_path(sandbox, tmp_path):
    data = build.signed(build.prepared(), build.LEADER, 20, mdp=build.certification(1))
    for rest in (b"", b"\n\n"):
        path = tmp_path / "certified.pdf"
        path.write_bytes(data + rest)
        assert refused(choose.prepare_signature, sandbox, path, request("Seal")) == "document.certified"
        assert refused(choose.prepare_fields, sandbox, path, FIELDS) == "document.already-signed"


RULES = {"document.wrong-password", "document.no-such-page", "document.no-pages"}


def test_every_reason_of_the_reader_is_a_shape_or_known_to_be_a_rule():
    """One that is in neither list would be taken for a rule, and pyHanko would not be asked."""
    folder = Path(reader.__file__).parent
    modules = ("reader", "sections", "xref", "syntax", "pages", "filters", "decryption", "fields")
    source = "".join((folder / f"{name}.py").read_text("utf-8") for name in modules)
    used = {getattr(document_reasons, name).id for name in re.findall(r"\breasons\.([A-Z_]+)", source)}
    assert len(used) > 10
    assert {name for name in used if shape_refused(name) is None} <= RULES


# --- what is read back


def test_what_a_false_revision_would_change_is_found(issued, pki):
    """Tails that pyHanko might write one day: each is read back and dropped before a key is used."""
    _, _, leader, _ = issued
    good = fallback.prepare_signature(leader, request(STAMP, fills=fills(15, DAY))).made
    with PdfFile.open(leader) as pdf:
        known = fields(pdf)
    touched = tuple(known[name] for name in (STAMP, "AnTinNumber", "AnTinDay", "AnTinMonth"))
    read_back.check_signature(leader, good, touched, None)
    lies = [
        dataclasses.replace(good, hole=(good.hole[0] + 2, good.hole[1])),
        dataclasses.replace(good, byte_range=(0, 1, 2, 3)),
        dataclasses.replace(good, field=LEADER),
        dataclasses.replace(good, tail=good.tail + b"\n"),
        dataclasses.replace(good, tail=good.tail.replace(b"/F 132", b"/F 133", 1)),
    ]
    for lie in lies:
        with pytest.raises(Disagreement):
            read_back.check_signature(leader, lie, touched, None)
    with pytest.raises(Disagreement, match="objects"):
        read_back.check_signature(leader, good, touched[:1], None)


def test_a_revision_that_touches_the_catalog_breaks_the_earlier_signature(issued):
    _, _, leader, _ = issued
    with PdfFile.open(leader) as pdf, PyhankoRevision(leader, pdf, None) as revision:
        root = pdf.trailer["Root"]
        revision.put(root, {**pdf.catalog, "Lang": b"vi"})
        made = revision.appended()
    with pytest.raises(Disagreement, match=LEADER):
        read_back.check_appended(leader, made, None)


def test_two_readers_that_see_two_objects(issued):
    _, prepared, _, _ = issued
    with PdfFile.open(prepared) as pdf:
        pdf.catalog["PageLayout"] = Name("OneColumn")  # what our reader would have seen
        with pytest.raises(Disagreement):
            PyhankoRevision(prepared, pdf, None)


def test_a_worker_that_dies_on_the_second_path_yields_the_native_reason(issued, tmp_path):
    """The document's refusal is the one that says what is wrong with it, not that a process died."""

    class Dying:
        def call(self, task, *_):
            if "fallback" in task:
                raise DocumentRefused(document_reasons.PARSER_KILLED)
            raise DocumentRefused(document_reasons.MALFORMED, what="x", offset=1)

    assert refused(choose.prepare_signature, Dying(), issued[1], request()) == "document.malformed"


def test_fields_are_created_behind_an_encrypted_file(sandbox, desk, pki):
    path, made, out = (desk.folder / name for name in ("e.pdf", "fields.pdf", "out.pdf"))
    path.write_bytes(encrypted(desk.base().read_bytes(), "aes-256"))
    append(path, choose.prepare_fields(sandbox, path, FIELDS, OWNER), made)
    wanted = request("Field", contents_size=contents_size(pki.leader), appearance=None)
    chosen = choose.prepare_signature(sandbox, made, wanted, OWNER)
    write(made, chosen.prepared, cms.build(chosen.prepared.digest, pki.leader), out)
    (signature,) = validate(out, trust=trust(pki), at=AT, profile=AGENCY, password=USER).signatures
    assert (signature.integrity, signature.coverage) == ("intact", "whole")
