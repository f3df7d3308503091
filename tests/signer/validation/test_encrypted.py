"""Encrypted files signed by pyHanko: with the password they are judged as pyHanko judges them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from api.demo.documents import decision
from policies.validation import PASSED
from policies.vocabulary import Changes, Coverage, Indication, Integrity
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.errors import DocumentRefused
from signer.sandbox import Sandbox
from signer.validation.online import validate_online
from signer.validation.process import validate
from tests.factories.encrypted import OWNER, USER, WAYS, encrypted, leaves_metadata, signed, signer_of
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW
from tests.signer.validation.office import PkiSource, explain, ids

pytestmark = pytest.mark.filterwarnings("ignore:Encryption R=5")
# pyHanko knows no revision 5, which only Acrobat 9 wrote.
SIGNABLE = [way for way in WAYS if WAYS[way]["R"] != 5]


def raw(way: str, password: str) -> str | bytes:
    return password.encode("latin-1") if WAYS[way]["R"] < 5 else password


@pytest.fixture(scope="module")
def made(pki):
    """Signed files by (way, packed); made once."""
    known = {}
    signer = signer_of(pki.identity("leader"), pki.identity("issuing"))

    def make(way: str, *, packed: bool = False) -> bytes:
        if (way, packed) not in known:
            base = encrypted(decision(), way, packed=packed, bare=leaves_metadata(way))
            known[way, packed] = signed(base, raw(way, USER), signer)
        return known[way, packed]

    return make


def judged(pki, office, data: bytes, password: str | None):
    path = office.path()
    path.write_bytes(data)
    source = PkiSource(pki)
    report = validate_online(Inside(), path, office.trust, NOW, AGENCY, source, password)
    return report


class Inside:
    """The task in this process."""

    def call(self, _task, path, trust, at, profile, evidence, password, _digests):
        return validate(path, trust=trust, at=at, profile=profile, evidence=evidence, password=password)


def as_pyhanko_judges(data: bytes, password, root: bytes):
    reader = PdfFileReader(io.BytesIO(data))
    reader.decrypt(password)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root)], moment=NOW, revocation_mode="soft-fail"
    )
    (embedded,) = reader.embedded_regular_signatures
    return asyncio.run(async_validate_pdf_signature(embedded, signer_validation_context=context))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("way", SIGNABLE)
def test_a_genuine_one_passes_as_with_pyhanko(pki, office, made, way, packed):
    data = made(way, packed=packed)
    theirs = as_pyhanko_judges(data, raw(way, USER), pki.root)
    assert theirs.bottom_line
    for password in (USER, OWNER):
        report = judged(pki, office, data, password)
        assert report.verdict == PASSED, explain(report)
        (signature,) = report.signatures
        assert signature.integrity is Integrity.INTACT and signature.coverage is Coverage.WHOLE
        assert signature.field == "Chữ ký 1"


@pytest.mark.parametrize("way", SIGNABLE)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_an_altered_one_fails_as_with_pyhanko(pki, office, made, way, share):
    data = bytearray(made(way))
    signed_until = int(re.findall(rb"/ByteRange ?\[ ?0 (\d+) ", bytes(data))[-1])
    at = data.index(b"stream", int(signed_until * share), signed_until) + 40
    data[at] ^= 1
    try:
        report = judged(pki, office, bytes(data), USER)
    except DocumentRefused:
        return  # what cannot be read is not judged
    assert report.verdict.indication is Indication.TOTAL_FAILED, explain(report)
    assert report.signatures[0].integrity is Integrity.BROKEN
    with contextlib.suppress(PdfError):  # it may not even open, by its other way to the key
        assert not as_pyhanko_judges(bytes(data), raw(way, USER), pki.root).intact


@pytest.mark.parametrize("way", ["rc4-128", "aes-256"])
def test_a_second_signature_and_what_changed_between(pki, office, made, way):
    """The earlier views of the file are read with the same key: only a field and a signature were added."""
    second = signer_of(pki.identity("seal"), pki.identity("issuing"))
    data = signed(made(way), raw(way, OWNER), second, "Dấu", "Ủy ban")
    report = judged(pki, office, data, USER)
    first, last = report.signatures
    assert (first.coverage, last.coverage) == (Coverage.REVISION, Coverage.WHOLE), explain(report)
    assert first.changes is Changes.FORM_FILL and report.verdict == PASSED, explain(report)
    assert all(each.integrity is Integrity.INTACT for each in report.signatures)


@pytest.mark.parametrize("way", ["rc4-40", "rc4-128", "aes-128", "aes-256"])
@pytest.mark.parametrize(
    ("password", "reason"),
    [(None, "document.encrypted"), ("", "document.encrypted"), ("sai", "document.wrong-password")],
)
def test_a_wrong_or_missing_password(pki, office, made, way, password, reason):
    with pytest.raises(DocumentRefused) as refusal:
        judged(pki, office, made(way), password)
    assert refusal.value.reason.id == reason


def test_a_file_that_everybody_may_open_is_judged_without_a_password(pki, office):
    base = encrypted(decision(), "aes-256", user="")
    data = signed(base, OWNER, signer_of(pki.identity("leader"), pki.identity("issuing")))
    report = judged(pki, office, data, None)
    assert report.verdict == PASSED, explain(report)


def test_the_worker_gets_the_password_and_tells_nobody(pki, office, made, capfd, caplog):
    path = office.path()
    path.write_bytes(made("aes-256"))
    with caplog.at_level(logging.DEBUG), Sandbox(1) as sandbox:
        report = validate_online(sandbox, path, office.trust, NOW, AGENCY, PkiSource(pki), USER)
        with pytest.raises(DocumentRefused) as refusal:
            validate_online(sandbox, path, office.trust, NOW, AGENCY, None, "mot-mat-khau-sai")
    assert report.verdict == PASSED, explain(report)
    assert refusal.value.reason.id == "document.wrong-password"
    told = caplog.text + "".join(capfd.readouterr()) + str(refusal.value) + repr(refusal.value)
    assert "mot-mat-khau-sai" not in told and USER not in told
    assert USER not in repr(report)


def test_contents_are_never_decrypted(made):
    data = made("aes-128")
    with PdfFile.of(data, password=USER) as pdf:
        (found,) = signatures(pdf)
    assert found.contents.startswith(b"\x30\x82")
    assert data[found.hole[0] : found.hole[0] + 1] == b"<"


def test_a_revision_that_is_not_encrypted_is_no_revision_of_this_file(pki, office, made):
    """Objects appended in the clear, with a trailer that forgets the encryption: readers would differ."""
    data = made("aes-128")
    with PdfFile.of(data, password=USER) as pdf:
        root, prev = pdf.trailer["Root"].num, pdf.startxref
    at = len(data)
    data += b"xref\n0 0\ntrailer\n<</Size 999/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        root,
        prev,
        at,
    )
    with pytest.raises(DocumentRefused) as refusal:
        judged(pki, office, data, USER)
    assert refusal.value.reason.id == "document.encryption-unsupported"


def test_an_update_of_the_page_is_found_behind_the_encryption(pki, office, made):
    writer = IncrementalPdfFileWriter(io.BytesIO(made("aes-256")))
    writer.encrypt(USER)
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(90)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    report = judged(pki, office, out.getvalue(), USER)
    assert report.verdict.indication is not Indication.TOTAL_PASSED
    assert report.signatures[0].changes is Changes.FORBIDDEN
    assert "verification.changes-forbidden" in ids(report.signatures[0]), explain(report)
