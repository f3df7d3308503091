"""Putting what a deposit promises: bytes that the store spoiled are written once more, beside, before anything is
called archived.

    1 put        locked, and read back
    2 spoiled?   the store took these very bytes, and gives others; or, for long, none, while it gives other objects
    3 unknown?   no row of the catalogue names the key: nothing archived is ever replaced
    4 beside     the whole bytes as a newer version, read back; the spoiled one stays under its short lock, as a trace

A crash after 4 leaves a whole version that no row names: the next attempt finds it in 4, and writes none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from archive.catalogue import Connection, deposit_rows, watch_rows
from archive.catalogue.copies import FIRST
from archive.catalogue.identity import new_id
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore, StoredObject
from archive.storage.giving import given
from archive.storage.readback import put_and_read_back, read_back
from policies.locks import FIRST_MODE
from policies.reasons import archiving as reasons

log = logging.getLogger("antin.archive")
Begin = Callable[[], AbstractContextManager[Connection]]
PATIENCE = timedelta(minutes=10)  # an object that is not given for so long, while others are, was spoiled
MOST = 3  # versions, and one more each day: a store that spoils whatever it is given is not filled


def known_to_all(_key: str) -> bool:
    """Nothing is replaced."""
    return True


@dataclass(slots=True)
class Putting:
    """The puts of one deposit. `known`: whether a row names that key. `waiting`: how long the deposit has.

    `replaced`: keys whose object is a whole version beside a spoiled one. Safe for threads.
    """

    objects: ObjectStore
    known: Callable[[str], bool] = known_to_all
    waiting: timedelta = timedelta(0)
    replaced: list[str] = field(default_factory=list)

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime,
        taken: Callable[[], object] = lambda: None,
    ) -> StoredObject:
        """As `put_and_read_back`, and raises as it does."""

        def put() -> StoredObject:
            return put_and_read_back(
                self.objects,
                key,
                source,
                sha256=sha256,
                retain_until=retain_until,
                mode=FIRST_MODE,
                taken=taken,
            )

        try:
            return given(self.objects, put) if self.waiting > PATIENCE else put()
        except (ArchiveDamaged, StorageRefused) as exc:
            if not self._spoiled(key, sha256, exc):
                if isinstance(exc.__cause__, ArchiveUnavailable):  # it is not there: the store takes nothing
                    raise exc.__cause__ from None
                raise
            log.error("%s: the store spoiled it; it is written once more, beside: %s", key, exc)
        stored = self.objects.replace_damaged(
            key, source, sha256=sha256, retain_until=retain_until, mode=FIRST_MODE
        )
        whole = read_back(self.objects, stored, sha256=sha256, retain_until=retain_until, mode=FIRST_MODE)
        self.replaced.append(key)
        return whole

    def _spoiled(self, key: str, sha256: str, fault: ArchiveDamaged | StorageRefused) -> bool:
        if isinstance(fault, StorageRefused):  # a store that looks at its bytes says that others are there
            shown = self.objects.head(key) if fault.reason is reasons.OBJECT_EXISTS else None
            if shown is None or shown.sha256 != sha256:
                return False
        there = sum(each.key == key and not each.deleted for each in self.objects.inventory(key))
        return 0 < there < MOST + self.waiting.days and not self.known(key)


def putting(objects: ObjectStore, begin: Begin, planned_at: datetime, at: datetime) -> Putting:
    """For a deposit that was planned then."""

    def known(key: str) -> bool:
        with begin() as conn:
            return deposit_rows.object_at(conn, key) is not None

    return Putting(objects, known, at - planned_at)


def tell(conn: Connection, replaced: Collection[str], document: str | None, at: datetime) -> None:
    """In the transaction that enters their rows."""
    for key in replaced:
        detail = "the store spoiled what it was given first; whole bytes lie beside it, read back"
        outcome = EventOutcome.WARNING
        watch_rows.add_event(
            conn, PreservationEvent(new_id(at), EventType.REPAIR, at, outcome, detail, FIRST, key, document)
        )
