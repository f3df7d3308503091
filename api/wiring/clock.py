"""The clock: the only place that reads it."""

from __future__ import annotations

from datetime import UTC, datetime


def clock() -> datetime:
    """Now, UTC. Everything else in the product takes the time as a parameter."""
    return datetime.now(UTC)
