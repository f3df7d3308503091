from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import pikepdf
import pytest

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.layout import INVISIBLE, fills
from signer.creation import cms
from signer.creation.append import append, digest_of
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import (
    SignatureRequest,
    check_digest,
    complete,
    contents_size,
    fill_hole,
    prepare_signature,
    write,
)
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused, SigningRefused
from signer.sandbox import Sandbox
from signer.stamping.appearance import Appearance
from tests import memory
from tests.signer.creation.issuing import AT, DAY, LEADER, SEAL, SIGNATURE, STAMP
from tests.signer.creation.test_prepare import leader

SHOWN = Appearance(SIGNATURE)


def request(field=LEADER, **more):
    values = {"contents_size": 4000, "name": "Nguyễn Văn An", "at": AT, "appearance": SHOWN, **more}
    return SignatureRequest(field, **values)


def refusal(path, asked):
    with pytest.raises((SigningRefused, DocumentRefused)) as caught:
        prepare_signature(path, asked)
    return caught.value.id


@pytest.fixture(scope="module")
def prepared(issued):
    return prepare_signature(issued[1], request())


def test_the_hole_and_the_ranges_are_exact(issued, prepared):
    data = issued[1].read_bytes() + prepared.tail
    start, digits = prepared.hole
    assert digits == 8000 and data[start - 1 : start + digits + 1] == b"<" + b"0" * digits + b">"
    a, b, c, d = prepared.byte_range
    assert (a, b, c, d) == (0, start - 1, start + digits + 1, len(data) - c)
    assert prepared.digest == hashlib.sha256(data[:b] + data[c:]).digest()
    assert b"/ByteRange [0 %10d %10d %10d]" % (b, c, d) in prepared.tail


def test_the_signature_dictionary(issued, pki):
    with pikepdf.Pdf.open(issued[3]) as document:
        fields = {str(field.T): field for field in document.Root.AcroForm.Fields}
        leader, seal = fields[LEADER].V, fields[STAMP].V
        assert leader.Filter == "/Adobe.PPKLite" and leader.SubFilter == "/ETSI.CAdES.detached"
        assert str(leader.M) == "D:20261121100000+07'00'" and str(leader.Name) == "Nguyễn Văn An"
        for value, action in ((leader, "/Exclude"), (seal, "/All")):
            (reference,) = value.Reference
            assert reference.TransformMethod == "/FieldMDP"
            assert reference.TransformParams.P == 2 and reference.TransformParams.Action == action
            assert reference.Data.objgen == document.Root.objgen
        assert len(bytes(seal.Contents)) == contents_size(pki.seal, 6_000)


def test_after_the_leader_only_values_and_appearances_change(issued):
    """The heart: compare every object of the two revisions."""
    with PdfFile.open(issued[2]) as before, PdfFile.open(issued[3]) as after:
        changed = set()
        for num in range(1, before.next_object_number):
            old, new = before.get(num), after.get(num)
            if isinstance(old, dict) and old != new:
                changed.add(bytes(old["T"]).decode())
                assert {key for key in new if old.get(key) != new[key]} == {"V", "AP"}
                assert set(old) <= set(new) and set(new["AP"]) == {"N"}
            elif not isinstance(old, dict):
                assert getattr(old, "start", old) == getattr(new, "start", new)
        assert changed == {"AnTinNumber", "AnTinDay", "AnTinMonth", STAMP}
        assert before.trailer["Root"] == after.trailer["Root"] and before.catalog == after.catalog


def test_what_is_drawn_is_the_value(issued):
    with pikepdf.Pdf.open(issued[3]) as document:
        fields = {str(field.T): field for field in document.Root.AcroForm.Fields}
        for name, value in fills(15, DAY).items():
            if name not in fields:
                continue
            form = fields[name].AP.N
            (font,) = form.Resources.Font.values()
            rows = bytes(font.ToUnicode.read_bytes()).split(b"beginbfchar")[1].split(b"endbfchar")[0]
            pairs = dict(row.strip(b"<>").split(b"> <") for row in rows.split(b"\n") if b"> <" in row)
            codes = form.read_bytes().split(b"<")[1].split(b">")[0]
            letters = [pairs[codes[at : at + 4]] for at in range(0, len(codes), 4)]
            assert b"".join(letters) == value.encode("utf-16-be").hex().upper().encode()
            assert str(fields[name].V) == value


@pytest.mark.parametrize(
    "algorithm",
    [
        SignatureAlgorithm(Scheme.RSA_PKCS1V15, Digest.SHA256),
        SignatureAlgorithm(Scheme.RSA_PSS, Digest.SHA512),
    ],
)
def test_digest_algorithms(issued, pki, tmp_path, algorithm):
    key = pki.identity("leader").signing_key(algorithm)
    name = algorithm.digest.value
    made = prepare_signature(issued[1], request(contents_size=contents_size(key), digest_algorithm=name))
    assert len(made.digest) == hashlib.new(name).digest_size
    tail = complete(made, key)
    start, digits = made.hole
    found = tail[start - made.base_size :][:digits]
    assert bytes.fromhex(found.decode()) == cms.build(made.digest, key) or len(found) == digits


def test_same_request_same_bytes(issued, prepared):
    assert prepare_signature(issued[1], request()) == prepared


def test_runs_in_the_sandbox(issued, prepared):
    with Sandbox(size=1) as sandbox:
        found = sandbox.call("signer.creation.two_step:prepare_signature", issued[1], request())
        assert found == prepared
        with pytest.raises(SigningRefused):
            sandbox.call("signer.creation.two_step:prepare_signature", issued[1], request("Nobody"))


def test_refused_fields(issued):
    assert refusal(issued[1], request("Nobody")) == "signing.field-missing"
    assert refusal(issued[1], request("AnTinNumber")) == "signing.field-wrong-kind"
    assert refusal(issued[2], request(LEADER)) == "signing.field-signed"
    assert refusal(issued[3], request(STAMP)) == "signing.field-signed"


def test_refused_without_a_picture_for_a_visible_field(issued):
    assert refusal(issued[1], request(appearance=None)) == "signing.nothing-to-show"


def test_refused_seal_while_number_and_date_are_empty(issued):
    assert refusal(issued[2], request(STAMP)) == "signing.field-left-empty"
    partly = {"AnTinNumber": "15", "AnTinDay": "21"}
    assert refusal(issued[2], request(STAMP, fills=partly)) == "signing.field-left-empty"


def test_refused_fills(issued):
    good = fills(15, DAY)
    assert refusal(issued[2], request(STAMP, fills={**good, "Nothing": "1"})) == "signing.field-missing"
    assert refusal(issued[1], request(STAMP, fills={**good, LEADER: "1"})) == "signing.field-wrong-kind"
    assert (
        refusal(issued[2], request(STAMP, fills={**good, "AnTinNumber": "15ệ"})) == "signing.letter-missing"
    )
    assert (
        refusal(issued[2], request(STAMP, fills={**good, "AnTinNumber": "1" * 9})) == "signing.value-too-wide"
    )
    assert (
        refusal(issued[2], request(STAMP, fills={**good, "AnTinNumber": " "})) == "signing.field-left-empty"
    )
    assert refusal(issued[3], request(STAMP, fills=good)) == "signing.field-signed"


def test_four_digits_still_fit(desk):
    sealed = desk.sealed(desk.signed(desk.prepared(desk.base())), number=1234)
    with pikepdf.Pdf.open(sealed) as document:
        assert str(document.Root.AcroForm.Fields[1].V) == "1234"


@pytest.mark.parametrize("name", ["An\u202egnp", "An\u200bB", "An\nB", "An\x00"])
def test_refused_names_that_mislead(issued, name):
    assert refusal(issued[1], request(name=name)) == "signing.bad-signer-name"


def test_refused_beyond_the_string_limit_of_pdf_a(issued, pki):
    assert prepare_signature(issued[1], request(contents_size=32_767)).hole[1] == 65_534
    assert refusal(issued[1], request(contents_size=32_768)) == "signing.contents-too-large"
    with pytest.raises(SigningRefused):
        contents_size(pki.leader, 40_000)


def test_refused_when_an_earlier_signature_locks_the_field(desk):
    """A foreign field, signed with a lock on ours, closes it."""
    base = desk.base()
    plan = PreparationPlan((leader("First"), leader("Second")))
    append(base, prepare(base, plan), desk.folder / "p.pdf")
    data = (desk.folder / "p.pdf").read_bytes()
    assert data.count(b"Exclude") == 1
    (desk.folder / "p.pdf").write_bytes(data.replace(b"Exclude", b"Include"))
    signed = desk.signed(desk.folder / "p.pdf", "First")
    assert refusal(signed, request("Second")) == "signing.breaks-earlier-signature"


@pytest.mark.parametrize("place", ["Lock", "DocMDP"])
def test_refused_when_an_earlier_signature_allows_nothing(desk, place):
    base = desk.base()
    plan = PreparationPlan((leader("First"), leader("Second")))
    append(base, prepare(base, plan), desk.folder / "p.pdf")
    data = (desk.folder / "p.pdf").read_bytes()
    if place == "Lock":
        (desk.folder / "p.pdf").write_bytes(data.replace(b"/P 2>>", b"/P 1>>", 1))
        signed = desk.signed(desk.folder / "p.pdf", "First")
        assert refusal(signed, request("Second")) == "signing.breaks-earlier-signature"
    else:
        signed = desk.signed(desk.folder / "p.pdf", "First")
        certified = (
            signed.read_bytes().replace(b"/FieldMDP", b"/DocMDP  ").replace(b"/P 2>>/Data", b"/P 1>>/Data")
        )
        signed.write_bytes(certified)
        assert refusal(signed, request("Second")) == "document.certified"


def test_refused_seed_values(desk):
    base = desk.base()
    append(base, prepare(base, PreparationPlan((leader("First"),))), desk.folder / "p.pdf")
    with pikepdf.Pdf.open(desk.folder / "p.pdf") as document:
        document.Root.AcroForm.Fields[0].SV = pikepdf.Dictionary(Ff=1)
        document.save(desk.folder / "sv.pdf")
    assert refusal(desk.folder / "sv.pdf", request("First")) == "signing.seed-values"


def test_the_digest_is_compared_before_the_key_is_used(issued, prepared):
    """Attack: a worker that a hostile file took over hands over another digest, ranges or hole."""
    check_digest(issued[1], prepared)
    start, digits = prepared.hole
    spoiled = [
        dataclasses.replace(prepared, digest=bytes(32)),
        dataclasses.replace(prepared, byte_range=(0, start - 1, start + digits + 1, 10)),
        dataclasses.replace(prepared, hole=(start + 2, digits - 2)),
        dataclasses.replace(prepared, tail=prepared.tail[:-1]),
        dataclasses.replace(prepared, base_size=prepared.base_size - 1),
    ]
    for one in spoiled:
        with pytest.raises(SigningRefused):
            check_digest(issued[1], one)


def test_the_base_must_be_the_one_that_was_prepared(issued, prepared, pki, tmp_path):
    other = tmp_path / "other.pdf"
    other.write_bytes(issued[1].read_bytes() + b"x")
    with pytest.raises(SigningRefused) as caught:
        write(other, prepared, cms.build(prepared.digest, pki.leader), tmp_path / "out.pdf")
    assert caught.value.id == "signing.base-changed"
    other.write_bytes(b"y" + issued[1].read_bytes()[1:])
    with pytest.raises(SigningRefused) as caught:
        check_digest(other, prepared)
    assert caught.value.id == "signing.digest-changed"


def test_a_signature_that_does_not_fit_is_refused_and_nothing_is_written(issued, prepared, tmp_path):
    with pytest.raises(SigningRefused) as caught:
        write(issued[1], prepared, bytes(4001), tmp_path / "out.pdf")
    assert caught.value.id == "signing.contents-do-not-fit" and not (tmp_path / "out.pdf").exists()
    assert fill_hole(prepared, b"\x30" * 4000).count(b"30") >= 4000


def test_text_is_drawn_with_an_embedded_font(desk):
    lines = ("Số: 15/QĐ-UBND; 05/03/2026; 14:05:09+07:00", "Ủy ban nhân dân tỉnh Sông Hồng")
    signed = desk.signed(desk.prepared(desk.base()), appearance=Appearance(SEAL, lines))
    with pikepdf.Pdf.open(signed) as document:
        form = document.Root.AcroForm.Fields[0].AP.N
        assert "/FontFile2" in form.Resources.Font.F.DescendantFonts[0].FontDescriptor


BIG = (
    memory.SOURCE
    + """
import sys
from pathlib import Path
from signer.creation.two_step import SignatureRequest, prepare_signature, check_digest, write
from datetime import datetime, UTC
base, out = Path(sys.argv[1]), Path(sys.argv[2])
before = peak_kilobytes()
made = prepare_signature(base, SignatureRequest("L", 4000, "A", datetime(2026, 1, 1, tzinfo=UTC)))
check_digest(base, made)
write(base, made, bytes(10), out)
print(peak_kilobytes() - before)
"""
)


@pytest.mark.long
def test_one_gigabyte_needs_no_memory(desk):
    base = desk.base()
    append(base, prepare(base, PreparationPlan((leader("L", INVISIBLE),))), desk.folder / "p.pdf")
    _grow(desk.folder / "p.pdf", 1 << 30)
    command = [sys.executable, "-c", BIG, str(desk.folder / "p.pdf"), str(desk.folder / "out.pdf")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16 << 10, "kilobytes"
    assert (desk.folder / "out.pdf").stat().st_size > 1 << 30


def _grow(path, size):
    """One incremental revision with an unused stream of `size` zero bytes, as a sparse file."""
    with PdfFile.open(path) as pdf:
        number, prev, at = pdf.next_object_number, pdf.startxref, pdf.size
        root = pdf.trailer["Root"].num
    with path.open("r+b") as file:
        file.seek(at)
        head = b"%d 0 obj\n<</Length %d>>\nstream\n" % (number, size)
        file.write(head)
        file.seek(size, 1)
        file.write(b"\nendstream\nendobj\n")
        section = file.tell()
        file.write(b"xref\n%d 1\n%010d 00000 n \n" % (number, at))
        file.write(b"trailer\n<</Size %d /Root %d 0 R /Prev %d>>\n" % (number + 1, root, prev))
        file.write(b"startxref\n%d\n%%%%EOF\n" % section)


def test_digest_of_reads_in_blocks(issued, prepared):
    assert digest_of(issued[1], prepared) == prepared.digest
