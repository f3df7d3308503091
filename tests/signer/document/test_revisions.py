"""Revisions and signatures of files of every shape, ours and those of other signers."""

from __future__ import annotations

import datetime
import io
import subprocess
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields as pyhanko_fields
from pyhanko.sign import signers

from policies.vocabulary import Changes, Coverage
from signer.document.modifications import Modifications
from signer.document.reader import PdfFile
from signer.document.revisions import History, revisions, signatures
from signer.document.syntax import HexString, Name, Ref
from tests.conftest import need_tool
from tests.signer.document import build
from tests.signer.document.build import CONTENT, LEADER, SEAL, append, stream
from tests.signer.document.test_reader import hybrid


def test_revisions_follow_each_other_without_a_gap():
    data = build.with_document_timestamp(build.with_validation_data(build.sealed()))
    found = revisions(PdfFile.of(data))
    assert [r.index for r in found] == list(range(6))
    assert found[0].start == 0 and found[-1].end == len(data)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(data[: r.mark].endswith(b"%%EOF") for r in found)


@pytest.mark.parametrize("end_mark", [b"%%EOF", b"%%EOF\n", b"%%EOF\r", b"%%EOF\r\n"])
def test_every_end_of_line_after_the_end_mark(end_mark):
    base = append(build.prepared(), {CONTENT: stream(b"x")}, end_mark=end_mark)
    glue = b"" if end_mark != b"%%EOF" else b"\n"
    pdf = PdfFile.of(append(base + glue, {CONTENT: stream(b"y")}))
    found = revisions(pdf)
    assert (found[2].end, found[2].mark) == (len(base) + len(glue), len(base) - len(end_mark) + 5)
    assert History(pdf).findings == []


def test_changed_objects_of_each_revision():
    history = History(PdfFile.of(build.sealed()))
    assert history.changed(2) == {LEADER, 20}
    assert {LEADER, 20}.isdisjoint(history.changed(3))
    assert build.PAGE in history.changed(0)


def test_a_full_table_written_again_counts_only_what_moved():
    base = build.prepared()
    offsets = {num: PdfFile.of(base).entry(num).where for num in PdfFile.of(base).numbers()}
    offsets[CONTENT] = len(base)
    body = base + b"4 0 obj\n<</Length 1>>\nstream\nx\nendstream\nendobj\n"
    prev = PdfFile.of(base).startxref
    data = body + build.table(offsets) + b"trailer\n<</Size 14/Root 1 0 R/Prev %d>>\n" % prev
    data += b"startxref\n%d\n%%%%EOF\n" % len(body)
    assert History(PdfFile.of(data)).changed(2) == {CONTENT}


@pytest.mark.parametrize("objects", ["disable", "generate"])
def test_a_linearised_file_is_one_revision_and_takes_more(tmp_path, objects):
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(build.prepared())
    command = [need_tool("qpdf"), "--linearize", f"--object-streams={objects}", source, target]
    subprocess.run(command, check=True)
    base = target.read_bytes()
    history = History(PdfFile.of(base))
    assert (len(history.revisions), len(history.sections(0)), history.findings) == (1, 2, [])
    assert history.revisions[0].end == len(base)
    pdf = PdfFile.of(base)
    leader = next(
        ref.num
        for ref in pdf.dictionary(pdf.catalog["AcroForm"])["Fields"]
        if pdf.get(ref.num)["T"] == b"Leader"
    )
    root = pdf.trailer["Root"].num
    signed = build.signed(base, leader, pdf.next_object_number, root=root, stream_form=objects == "generate")
    found = signatures(PdfFile.of(signed))
    assert [(s.name, s.coverage, s.revision) for s in found] == [("Leader", Coverage.WHOLE, 1)]


def test_a_hybrid_file_is_one_revision_more():
    history = History(PdfFile.of(hybrid()))
    assert (len(history.revisions), history.findings) == (3, [])
    assert {70, 71, 72} <= history.changed(2)


def test_prev_that_leads_forward_is_found():
    base = build.new(
        {build.CATALOG: build.catalog(), build.PAGES: {"Kids": [], "Count": 0}}, extra={"Prev": 1_000_000}
    )
    base = base.replace(b"/Prev 1000000", b"/Prev %07d" % len(base))
    at = base.rindex(b"xref\n0 1")
    data = base + b"xref\n0 0\ntrailer\n<</Size 9/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % at
    assert [finding.id for finding in History(PdfFile.of(data)).findings] == ["prev-forward"]


# --- signatures


def test_whole_revision_and_their_places():
    data = build.sealed()
    leader, seal = signatures(PdfFile.of(data))
    assert (leader.coverage, leader.why, leader.revision) == (Coverage.REVISION, "appended", 2)
    assert (seal.coverage, seal.why, seal.revision, seal.signed_end) == (Coverage.WHOLE, None, 3, len(data))
    for found in (leader, seal):
        start, end = found.hole
        assert data[start:end] == b"<" + b"0" * (2 * build.HOLE) + b">"
        assert found.contents == bytes(build.HOLE)
        assert found.subfilter == "ETSI.CAdES.detached" and not found.is_timestamp


@pytest.mark.parametrize("kind", ["DocTimeStamp", "Sig"])
def test_a_document_time_stamp_is_known_by_type_or_subfilter(kind):
    data = build.with_document_timestamp(build.sealed(), kind=kind)
    assert [s.is_timestamp for s in signatures(PdfFile.of(data))] == [False, False, True]


def with_range(template: bytes) -> list:
    data = build.leader_signed()
    a, b, c = signatures(PdfFile.of(data))[0].byte_range[1:]
    old = b"[0 %d %d %d]" % (a, b, c)
    place = data.index(old)
    rest = data[place + len(old) :]
    room = len(old) + len(rest) - len(rest.lstrip(b" "))
    new = template % {b"a": a, b"a-": a - 1, b"b": b, b"b+": b + 1, b"c": c, b"c-": c - 30, b"c+": c + 30}
    assert len(new) <= room
    return signatures(PdfFile.of(data[:place] + new.ljust(room) + data[place + room :]))


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (b"[0 %(a-)d %(b)d %(c)d]", "hole"),
        (b"[0 %(a)d %(b+)d %(c)d]", "hole"),
        (b"[0 %(a)d %(b)d %(c-)d]", "not-an-end"),
        (b"[0 %(a)d %(b)d %(c+)d]", "not-an-end"),
        (b"[1 %(a)d %(b)d %(c)d]", "byte-range"),
        (b"[0 %(a)d]", "byte-range"),
        (b"[0 %(a)d %(b)d -%(c)d]", "byte-range"),
        (b"[0 %(a)d %(b)d /A]", "byte-range"),
        (b"[]", "byte-range"),
        (b"/None", "byte-range"),
    ],
)
def test_a_range_that_leaves_out_more_than_its_hole_is_partial(template, why):
    (found,) = with_range(template)
    assert (found.coverage, found.why) == (Coverage.PARTIAL, why)


def test_contents_that_are_no_plain_hexadecimal_string_are_partial():
    value = {"Type": Name("Sig"), "ByteRange": [0, 10, 20, 30], "Contents": b"abc"}
    leader = {**PdfFile.of(build.prepared()).get(LEADER), "V": Ref(20)}
    (found,) = signatures(PdfFile.of(append(build.prepared(), {LEADER: leader, 20: value})))
    assert (found.coverage, found.why, found.contents) == (Coverage.PARTIAL, "not-plain", b"abc")


def test_a_signature_without_anything_is_still_listed():
    leader = {**PdfFile.of(build.prepared()).get(LEADER), "V": {"Contents": HexString(b"a")}}
    (found,) = signatures(PdfFile.of(append(build.prepared(), {LEADER: leader})))
    assert (found.name, found.type, found.subfilter, found.coverage) == (
        "Leader",
        "Sig",
        "",
        Coverage.PARTIAL,
    )


# --- another signer: pyHanko rewrites catalog, /Info and XMP in each revision


@pytest.fixture(scope="module")
def signer():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "DEMO")])
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + datetime.timedelta(3650))
        .sign(key, hashes.SHA256())
    )
    raw = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, serialization.NoEncryption())
    return signers.SimpleSigner.load_pkcs12_data(raw, other_certs=[])


def pyhanko_sign(data: bytes, signer, name: str, **options) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    meta = signers.PdfSignatureMetadata(field_name=name, **options)
    out = io.BytesIO()
    signers.sign_pdf(writer, meta, signer=signer, output=out)
    return out.getvalue()


def judged(data: bytes) -> dict:
    pdf = PdfFile.of(data)
    history = History(pdf)
    found = signatures(pdf, history)
    changes = Modifications(history, found)
    return {s.name: (s.coverage, changes.after(s).kind) for s in found}


@pytest.mark.parametrize("shape", [False, True], ids=["table", "stream"])
def test_two_signatures_by_another_signer_in_prepared_fields(signer, shape):
    data = pyhanko_sign(build.prepared(stream_form=shape), signer, "Leader")
    data = pyhanko_sign(data, signer, "Seal")
    assert judged(data) == {
        "Leader": (Coverage.REVISION, Changes.FORM_FILL),
        "Seal": (Coverage.WHOLE, Changes.NONE),
    }


@pytest.mark.parametrize("objects", ["disable", "generate"])
def test_new_visible_fields_by_another_signer(tmp_path, signer, objects):
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(build.prepared())
    subprocess.run([need_tool("qpdf"), f"--object-streams={objects}", source, target], check=True)
    data = target.read_bytes()
    for name, box in (("A", (10, 500, 90, 540)), ("B", (110, 500, 190, 540)), ("C", (210, 500, 290, 540))):
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        pyhanko_fields.append_signature_field(writer, pyhanko_fields.SigFieldSpec(name, box=box))
        out = io.BytesIO()
        signers.sign_pdf(writer, signers.PdfSignatureMetadata(field_name=name), signer=signer, output=out)
        data = out.getvalue()
    assert judged(data) == {
        "A": (Coverage.REVISION, Changes.FORM_FILL),
        "B": (Coverage.REVISION, Changes.FORM_FILL),
        "C": (Coverage.WHOLE, Changes.NONE),
    }


def test_a_certification_by_another_signer_and_a_change_that_it_forbids(signer):
    data = pyhanko_sign(build.prepared(), signer, "Leader", certify=True)
    data = pyhanko_sign(data, signer, "Seal")
    assert judged(data)["Leader"] == (Coverage.REVISION, Changes.FORM_FILL)
    redrawn = append(data, {CONTENT: stream(b"BT ET")})
    assert {kind for _, kind in judged(redrawn).values()} == {Changes.FORBIDDEN}


def test_five_hundred_bookmarks_signed_twice_end_without_recursion(signer):
    """Checkers that follow references recursively give up on such a file."""
    items = {
        100 + i: {
            "Title": b"%d" % i,
            "Parent": Ref(99),
            **({"Prev": Ref(99 + i)} if i else {}),
            **({"Next": Ref(101 + i)} if i < 2_999 else {}),
        }
        for i in range(3_000)
    }
    outline = {99: {"Type": Name("Outlines"), "First": Ref(100), "Last": Ref(3_099), "Count": 3_000}, **items}
    base = append(build.prepared(), {**outline, build.CATALOG: build.catalog(Outlines=Ref(99))})
    data = build.signed(build.signed(base, LEADER, 4_000, mdp=build.LEADER_LOCK), SEAL, 4_001)
    assert judged(data)["Leader"][1] is Changes.FORM_FILL
