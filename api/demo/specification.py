"""What a sample document of the demo agency shall be, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from api.demo.agency import DEMO_AGENCY, Agency, Signatory


class Kind(StrEnum):
    DECISION = "decision"  # quyết định
    LETTER = "letter"  # công văn


class Anchors(StrEnum):
    """What the text anchors of a sample look like to whoever searches them."""

    PLAIN = "plain"
    TWO_NUMBERS = "two-numbers"
    TWO_SIGNATURE_BLOCKS = "two-signature-blocks"
    NONE = "none"


class Leak(StrEnum):
    """Graphics state that a page's own content leaves behind."""

    NONE = "none"
    STATE = "state"  # matrix, clip, colour and text state changed at the top level
    UNCLOSED = "unclosed"  # the same, and a `q` that is never closed


@dataclass(frozen=True)
class DecisionSpec:
    """What a sample document shall be. The default is the decision of the demo, one page.

    `pages`: pages of the document proper (at least); `appendix_pages` follow the signature block.
    `rotation`: the page's /Rotate, drawn so that it is displayed upright. `crop`: left, bottom, right, top
    in points by which the media box is larger than the A4 crop box. `origin`: lower left corner of the media
    box. `padding`: bytes of incompressible images, on appendix pages of their own. `scanned`: each page is
    one image, without text. `pictured`: pictures of signature and seal are drawn, and nothing is signed.
    """

    kind: Kind = Kind.DECISION
    subject: str = (
        "Phê duyệt Kế hoạch số hóa và lưu trữ điện tử hồ sơ giải quyết thủ tục hành chính "
        "của tỉnh Sông Hồng năm 2027"
    )
    agency: Agency = DEMO_AGENCY
    leaders: tuple[Signatory, ...] = (DEMO_AGENCY.leaders[0],)
    year: int = 2026
    created: datetime = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    pages: int = 1
    appendix_pages: int = 0
    rotation: int = 0
    crop: tuple[float, float, float, float] | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    anchors: Anchors = Anchors.PLAIN
    leak: Leak = Leak.NONE
    secrecy: str | None = None
    urgency: str | None = None
    padding: int = 0
    scanned: bool = False
    pictured: bool = False


@dataclass(frozen=True)
class ExpectedBox:
    """Where a field belongs on a sample, in default user space of its page: the truth for placement tests.

    `rect` is x0, y0, x1, y1. `role`: "number", "day" and "month" are blanks in the text; "date" is the line
    of place and date; "leader" the room between capacity and name, over the width of the block; "initial"
    (*ký nháy*) the spot after the last word of the text.
    """

    role: str
    page: int
    rect: tuple[float, float, float, float]
