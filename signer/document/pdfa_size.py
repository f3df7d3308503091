"""How large a PDF/A file may be. An integer of such a file is at most 2,147,483,647 (ISO 19005-2, 6.1.13), and
a signature's /ByteRange, /Prev and `startxref` are integers that count its bytes: 2 GiB less one byte."""

from __future__ import annotations

from signer.document.intake_graph import pdfa_claim
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

MOST_BYTES = 2_147_483_647
_METADATA_BYTES = 4 << 20


def beyond_pdfa(pdf: PdfFile, size: int) -> str:
    """What the metadata claim ("2B") although a file of `size` bytes cannot be PDF/A; "" when it fits, or claims
    nothing that can be read."""
    if size <= MOST_BYTES:
        return ""
    try:
        return pdfa_claim(pdf, _METADATA_BYTES)
    except DocumentRefused:
        return ""
