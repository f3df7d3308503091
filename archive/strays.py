"""What lies in the way: under the key that an act needs, and no row of the catalogue speaks for it.

Events and versions of dossiers are numbered. A rebuild or a restore goes back behind the last ones, of which the store
may have objects that the log had not shown yet; and anybody who may write there can take a number. None of that may
keep an act from being archived: its record is stored over it, and the row names the version, as after a repair. A
rebuild finds it by its leaf.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from archive.catalogue import Connection, deposit_rows, watch_rows
from archive.catalogue.copies import FIRST
from archive.catalogue.identity import new_id
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent
from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import ObjectStore, StoredObject
from archive.record import digest
from archive.storage.readback import read_back, read_bounded
from archive.storage.versions import borne_out, room
from policies.locks import FIRST_MODE
from policies.reasons import archiving as reasons

log = logging.getLogger("antin.archive")
TRIES = (
    8  # versions over a key, and one more each day: a store that spoils whatever it is given is not filled
)
MAX_STRAY = 64 << 20  # bytes


def in_the_way(conn: Connection, refused: StorageRefused, key: str) -> bool:
    """Whether the store refused `key` for bytes of which the catalogue knows nothing."""
    taken = refused.reason is reasons.OBJECT_EXISTS and refused.values.get("key") == key
    return taken and deposit_rows.object_at(conn, key) is None


def put_over(
    store: ObjectStore, key: str, data: bytes, retain_until: datetime, waiting: timedelta = timedelta(0)
) -> StoredObject:
    """The record as a version over what lies there, read back. Repeatable. `waiting`: for how long the act has.

    Raises as `ObjectStore.put` does; StorageRefused OBJECT_EXISTS also where so many versions lie there that a rebuild
    would not come to this one, or that the store seems to spoil whatever it is given.
    """
    sha256 = digest(data)
    if not room(store, key, TRIES + waiting.days) and not _lies_there(store, key, sha256):
        raise StorageRefused(reasons.OBJECT_EXISTS, key=key)
    stored = store.replace_damaged(key, data, sha256=sha256, retain_until=retain_until, mode=FIRST_MODE)
    return read_back(store, stored, sha256=sha256, retain_until=retain_until, mode=FIRST_MODE)


def _lies_there(store: ObjectStore, key: str, sha256: str) -> bool:
    def read(version: str) -> bool:
        if digest(read_bounded(store, key, MAX_STRAY, version)) != sha256:
            raise ArchiveDamaged(f"{key}: other bytes")
        return True

    try:
        return borne_out(store, key, read)
    except (ArchiveDamaged, StorageRefused):
        return False


def enter(conn: Connection, stored: StoredObject, document: str | None, at: datetime) -> None:
    """After its row was inserted: readers that know only keys are to find this version."""
    deposit_rows.mark_laid_over(conn, stored.key, at)
    detail = f"version {stored.version} was stored over an object for which nothing in the catalogue speaks"
    log.warning("%s: %s", stored.key, detail)
    event = PreservationEvent(
        new_id(at), EventType.REPAIR, at, EventOutcome.SUCCESS, detail, FIRST, stored.key, document
    )
    watch_rows.add_event(conn, event)
