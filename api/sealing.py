"""Reports under a seal: the one way to have their bytes. Shared by the service and the command line.

    XML    built from the values of the validation, then signed here (`signer.creation.xades`)
    PDF    composed in a worker, signed as any PDF is (`signer.creation.single`), read back whole

Each uses the key once; whatever fails leaves nothing.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from signer.creation import single, two_step, xades
from signer.creation.two_step import SignatureRequest
from signer.keys.checks import subject_of
from signer.ports import SigningKey
from signer.reporting import etsi
from signer.reporting.blocks import Printed
from signer.reporting.values import ReportedFile
from signer.sandbox import Sandbox
from signer.validation.values import DocumentReport

FIELD = "AnTinReport"
REASON = "Báo cáo kiểm tra chữ ký số"


def sealed_xml(report: DocumentReport, file: ReportedFile, key: SigningKey, at: datetime) -> bytes:
    """ETSI TS 119 102-2. Raises DocumentRefused NOTHING_SIGNED before the key is used, and what the key raises."""
    return xades.sign_enveloped(etsi.build(report, file, key.certificate), key, at)


def sealed_pdf(printed: Printed, key: SigningKey, at: datetime, sandbox: Sandbox) -> bytes:
    """The printed report, PAdES B-B. Raises SandboxUnavailable, and what the key raises."""
    composed: bytes = sandbox.call("signer.reporting.pdf:compose", printed, at)
    request = SignatureRequest(
        field=FIELD,
        contents_size=two_step.contents_size(key),
        name=subject_of(key.certificate),
        at=at,
        digest_algorithm=key.algorithm.digest,
        reason=REASON,
    )
    with tempfile.TemporaryDirectory(prefix="antin-report-") as folder:
        plain, out = Path(folder) / "plain.pdf", Path(folder) / "sealed.pdf"
        plain.write_bytes(composed)
        single.sign(plain, out, request, key, single.sandboxed(sandbox), make_field=True)
        return out.read_bytes()
