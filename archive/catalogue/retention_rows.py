"""Until when the rows' objects are kept: what the nightly extension of locks asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from archive.catalogue import Connection


def retain_through(conn: Connection, document_ids: Collection[str]) -> Mapping[str, date | None]:
    """The last day on which each document is to be kept; None: for ever, or until somebody decides."""
    del conn  # nothing is filed yet, so nothing is decided
    return dict.fromkeys(document_ids)
