"""What foreign validators say of a case: pyHanko's AdES report with its difference analysis, and pdfsig.

Each answer is "accepts" or "rejects", or the name of the exception with which the tool gave up. pyHanko gets the
answers about revocation that our validation used, must have them, and has no network. `pdfsig` is not asked about
certificates: it has no anchors but its user's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
from contextlib import contextmanager

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import ades, generic_cms
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import (
    SignatureCoverageLevel,
    TimestampSignatureStatus,
)
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from signer.validation.values import Evidence
from tests.attacks.pdf.cases import Made
from tests.attacks.pdf.desk import LATER, Desk
from tests.conftest import need_tool

ACCEPTS, REJECTS = "accepts", "rejects"
_COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


def pyhanko(desk: Desk, made: Made, evidence: Evidence) -> str:
    """pyHanko on every signature and document time-stamp: AdES PASSED, permitted changes, all covered."""
    with _quietly(), desk.write(made).open("rb") as file:
        try:
            return asyncio.run(_pyhanko(desk, made, evidence, PdfFileReader(file, strict=False)))
        except Exception as exc:  # noqa: BLE001 (whatever it raises is its answer)
            return type(exc).__name__


async def _pyhanko(desk: Desk, made: Made, evidence: Evidence, reader: PdfFileReader) -> str:
    if made.password is not None:
        reader.decrypt(made.password)
    spec, timing = _spec(desk, made, evidence), _timing(made)
    words = []
    for embedded in reader.embedded_signatures:
        embedded.compute_integrity_info()
        if embedded.sig_object["/SubFilter"] == "/ETSI.RFC3161":
            words.append(await _time_stamp(embedded, spec, timing))
            continue
        words.append(await _signature(embedded, spec, timing))
    return ACCEPTS if words and all(words) else REJECTS


async def _signature(embedded, spec: SignatureValidationSpec, timing: ValidationTimingInfo) -> bool:
    """With time where there is a time-stamp (pyHanko demands one), and in the past where that is not enough: EN 319
    102-1, 5.5 and 5.6."""
    stamps = generic_cms.extract_tst_data_iter(embedded.signer_info, signed=False)
    if next(iter(stamps), None) is not None:
        digest = embedded.compute_digest()
        found = await ades.ades_with_time_validation(embedded.signed_data, spec, timing, raw_digest=digest)
        if found.ades_subindic is not AdESPassed.OK:
            found = await ades.ades_lta_validation(embedded, PdfSignatureValidationSpec(spec), timing)
    else:
        found = await ades.ades_basic_validation(
            embedded.signed_data,
            spec,
            timing,
            raw_digest=embedded.compute_digest(),
        )
    integrity = embedded.summarise_integrity_info()
    permitted = bool(integrity["docmdp_ok"]) and integrity["coverage"] in _COVERED
    return found.ades_subindic is AdESPassed.OK and permitted


async def _time_stamp(embedded, spec: SignatureValidationSpec, timing: ValidationTimingInfo) -> bool:
    found = await ades.ades_timestamp_validation(
        embedded.signed_data,
        spec,
        lambda _name: embedded.compute_digest(),
        timing,
        status_cls=TimestampSignatureStatus,
    )
    return found.ades_subindic is AdESPassed.OK


def _timing(made: Made) -> ValidationTimingInfo:
    at = made.at or LATER
    return ValidationTimingInfo(at, at, point_in_time_validation=True)


def _spec(desk: Desk, made: Made, evidence: Evidence) -> SignatureValidationSpec:
    trust = made.trust or desk.trust()
    roots = [CertTrustAnchor(x509.Certificate.load(der)) for der in trust.certificates]
    known = LocalKnowledge(
        known_ocsps=[
            each for der in evidence.ocsp for each in OCSPContainer.load_multi(ocsp.OCSPResponse.load(der))
        ],
        known_crls=[CRLContainer(crl.CertificateList.load(der)) for der in evidence.crls],
        known_certs=[x509.Certificate.load(der) for der in (*trust.intermediates, *evidence.certificates)],
    )
    return SignatureValidationSpec(
        CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(extra_trust_roots=roots),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        ),
        RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=known,
    )


@contextmanager
def _quietly():
    """It warns of nearly every case, which is what the cases are for."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def pdfsig(desk: Desk, made: Made) -> str:
    """poppler: every signature is called valid, and there is one. It verifies no document time-stamps."""
    path = desk.write(made)
    for given in _passwords(made.password):
        command = [need_tool("pdfsig"), "-nocert", *given, str(path)]
        found = subprocess.run(command, capture_output=True, timeout=60, check=False)
        if _pdfsig_says(found.stdout.decode("utf-8", "replace")) == ACCEPTS:
            return ACCEPTS
    return REJECTS


def _passwords(password: str | None) -> list[tuple[str | bytes, ...]]:
    """As the user's and the owner's, in the bytes of old and of new encryption."""
    if password is None:
        return [()]
    encoded = (password.encode("latin-1"), password.encode())
    return [(option, each) for each in encoded for option in ("-upw", "-opw")]


def _pdfsig_says(out: str) -> str:
    said = re.findall(r"Signature Validation: (.*?)\s*$", out, re.M)
    words = [word for word in said if word != "Signature has not yet been verified."]
    return ACCEPTS if words and all(word == "Signature is Valid." for word in words) else REJECTS
