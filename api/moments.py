"""Times as the API tells them."""

from __future__ import annotations

from datetime import datetime

from policies.times import in_vietnam


def moment(at: datetime | None) -> str | None:
    """ISO 8601 with Vietnam's offset."""
    return in_vietnam(at).isoformat(timespec="seconds") if at else None
