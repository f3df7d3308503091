"""The whole chain under other people's eyes: pdfsig, mutool, qpdf, pyHanko."""

from __future__ import annotations

import io
import subprocess

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import Leak
from policies.layout import LeaderAnchor, Rect, SealAnchor, SealSpec
from policies.vocabulary import Changes
from signer.creation import cms
from signer.creation.plan import QrPlan
from signer.creation.token import fill_token, newest_hole
from signer.document.modifications import classify
from signer.document.reader import PdfFile
from signer.document.signature_fields import signatures
from tests.conftest import need_tool
from tests.signer.creation.issuing import AT, LEADER, SEAL, SHAPES, STAMP, token_over


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def verdicts(path, pki):
    reader = PdfFileReader(io.BytesIO(path.read_bytes()))
    found = {}
    for signature in reader.embedded_regular_signatures:
        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(pki.root)], moment=AT, allow_fetching=False
        )
        found[signature.field_name] = validate_pdf_signature(signature, context)
    return found


def with_validation_data(path, out, pki):
    """A DSS and two document time-stamps, appended by pyHanko."""
    stream = io.BytesIO(path.read_bytes())
    chain = [asn1_x509.Certificate.load(der) for der in pki.leader.chain]
    DocumentSecurityStore.add_dss(stream, None, certs=chain)
    tsa = pki.identity("tsa")
    key = tsa.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    store = SimpleCertificateStore()
    for der in tsa.chain:
        store.register(asn1_x509.Certificate.load(der))
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(tsa.der),
        asn1_keys.PrivateKeyInfo.load(key),
        certs_to_embed=store,
        fixed_dt=AT,
    )
    for index in range(2):
        writer = IncrementalPdfFileWriter(stream)
        PdfTimeStamper(stamper, field_name=f"Stamp{index}").timestamp_pdf(
            writer, "sha256", None, in_place=True
        )
    out.write_bytes(stream.getvalue())
    return out


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "hybrid"])
def test_pyhanko_accepts_every_shape(desk, pki, shape):
    base = SHAPES[shape](desk.base())
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    found = verdicts(sealed, pki)
    leader, seal = found[LEADER], found[STAMP]
    assert leader.intact and leader.valid and leader.trusted and leader.bottom_line
    assert leader.coverage is SignatureCoverageLevel.ENTIRE_REVISION
    assert leader.modification_level is ModificationLevel.FORM_FILLING and leader.docmdp_ok
    assert seal.bottom_line and seal.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_still_so_after_validation_data_and_two_document_time_stamps(issued, pki, tmp_path):
    long_term = with_validation_data(issued[3], tmp_path / "lta.pdf", pki)
    found = verdicts(long_term, pki)
    assert found[LEADER].bottom_line and found[LEADER].modification_level is ModificationLevel.FORM_FILLING
    assert found[STAMP].bottom_line and found[STAMP].modification_level is ModificationLevel.LTA_UPDATES
    assert run(need_tool("qpdf"), "--check", str(long_term))[0] == 0
    _, text = run(need_tool("pdfsig"), str(long_term))
    assert text.count("Signature is Valid") == 2


@pytest.mark.parametrize("shape", SHAPES)
def test_foreign_tools_accept_every_shape(desk, shape):
    base = SHAPES[shape](desk.base())
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    assert run(need_tool("qpdf"), "--check", str(sealed))[0] == 0
    _, text = run(need_tool("pdfsig"), str(sealed))
    assert text.count("Signature is Valid") == 2
    assert text.index("Not total document signed") < text.index("- Total document signed")
    _, text = run(need_tool("mutool"), "sign", "-v", str(sealed))
    assert "The signature is valid but there have been edits since signing." in text
    assert "The document is unchanged since signing." in text


def test_tokens_before_the_next_act_leave_all_signatures_whole(desk, pki):
    leader = desk.signed(desk.prepared(desk.base()))
    stamp(leader, LEADER, pki)
    sealed = desk.sealed(leader)
    stamp(sealed, STAMP, pki)
    found = verdicts(sealed, pki)
    for verdict in found.values():
        assert verdict.bottom_line and verdict.timestamp_validity.valid


def stamp(path, field, pki):
    """What the path does between two acts: one token over the newest signature's value."""
    hole = newest_hole(path, field)
    fill_token(path, field, token_over(cms.imprint(hole.contents), pki))


def test_a_qr_is_page_content_and_breaks_nothing(desk, pki):
    qr = QrPlan("https://vb.example.vn/v/ABC", "vb.example.vn", Rect(85, 30, 225, 83), "ABC")
    sealed = desk.sealed(desk.signed(desk.prepared(desk.base(leak=Leak.UNCLOSED), qr)))
    assert all(verdict.bottom_line for verdict in verdicts(sealed, pki).values())
    with pikepdf.Pdf.open(sealed) as document:
        kinds = {str(field.FT) for field in document.Root.AcroForm.Fields}
        assert kinds == {"/Sig", "/Tx"} and "/AnTinQr1" in document.pages[0].Resources.XObject


def test_two_initials_two_leaders_two_seals(desk, pki):
    """Six signatures in legal order; each leaves open what comes after it, and stays whole at the end."""
    base = desk.base(leaders=DEMO_AGENCY.leaders[:2])
    seals = (SealAnchor(SealSpec(36), 0), SealAnchor(SealSpec(36), 1))
    path = desk.prepared(base, leaders=(LeaderAnchor(), LeaderAnchor()), initials=2, seals=seals)
    for name in ("AnTinInitial1", "AnTinInitial2", "AnTinLeader1", "AnTinLeader2"):
        path = desk.signed(path, name)
    path = desk.signed(desk.sealed(path), "AnTinSeal2", desk.seal_key, SEAL)
    long_term = with_validation_data(path, desk.folder / "lta.pdf", pki)
    assert all(verdict.bottom_line and verdict.docmdp_ok for verdict in verdicts(path, pki).values())
    # pyHanko 0.38 then takes the number, drawn one revision before the second seal, for a locked change:
    # its check of appearances asks "last changed in this revision" where "by this revision" is right.
    found = verdicts(long_term, pki)
    assert [name for name, verdict in found.items() if not verdict.bottom_line] == ["AnTinSeal2"]
    with PdfFile.open(long_term) as pdf:
        kinds = {one.name: classify(pdf, one.revision).kind for one in signatures(pdf)}
    assert kinds["AnTinSeal2"] is Changes.LONG_TERM_DATA and kinds["AnTinLeader1"] is Changes.FORM_FILL
    _, text = run(need_tool("pdfsig"), str(path))
    assert text.count("Signature is Valid") == 6
