"""What the public page of an issued document is given: a plain frozen value, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.pages.proofs import Proof
from api.pages.verified import SignatureView
from api.pages.views import Day, PageImage
from policies.vocabulary import State


@dataclass(frozen=True, slots=True)
class DocumentView:
    """The public face of an issued document."""

    code: str
    kind: str
    number: str
    date: Day
    subject: str
    agency: str
    state: State
    issued_at: datetime
    pages: tuple[PageImage, ...]
    signatures: tuple[SignatureView, ...]
    proof: Proof | None
    pdf_url: str
    receipt_url: str
    size: int
    sha256: str
    recalled_at: datetime | None = None
    recall_reason: str = ""
    replaced_by: str | None = None
    page_count: int = 1
    reports: bool = False  # whether sealed reports are to be had
    evidence_until: Day | None = None  # what proves it can be checked until then, or it is renewed before
