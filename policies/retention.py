"""How long stored objects are locked (Luật Lưu trữ 33/2024/QH15).

Locks roll: each is set for a bounded time and extended nightly as long as the record is to be kept. A lock of
70 years on a misfiled secret could never be undone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

ROLLING_LOCK = timedelta(days=400)


def lock_until(at: datetime) -> datetime:
    """Until when an object stored at that time is locked first, to the whole second that stores keep."""
    return (at + ROLLING_LOCK).replace(microsecond=0)
