"""Times as the API tells them."""

from __future__ import annotations

from datetime import datetime

from policies.numbering import VIETNAM


def moment(at: datetime | None) -> str | None:
    """ISO 8601 with Vietnam's offset."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds") if at else None
