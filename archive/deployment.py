"""Whose archive is in this object store: asked at every start, before anything is written.

Two deployments that are pointed at one bucket would each write into the other's log, and one whose database is new
would number its documents anew beside the old ones. So an archive gets an id when it is begun. It stands in the
catalogue and, written once, in the store; they must be the same, and the log's key the one that it was begun with.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from archive.catalogue import Connection, log_rows
from archive.catalogue.deployment_rows import Deployment, begin, deployment_of
from archive.errors import ArchiveDamaged, ArchiveRefused, ProofRefused, StorageRefused
from archive.log.note import VerifierKey
from archive.log.reader import published_checkpoint
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.readback import put_bytes, read_bounded
from policies.reasons import archiving as reasons
from policies.refusals import Both
from policies.retention import lock_until

SCHEMA = "antin.deployment/1"
MAX_BYTES = 4_096
NEW = Both("mới, chưa có dữ liệu", "none yet: it is new")
UNKNOWN = Both("khác", "another one")

Begin = Callable[[], AbstractContextManager[Connection]]


def encode(found: Deployment) -> bytes:
    """The object's bytes: the same for the same deployment, whoever writes it."""
    row = {
        "schema": SCHEMA,
        "id": found.id,
        "log_key": found.log_key,
        "begun_at": found.begun_at.astimezone(UTC).isoformat(),
    }
    return json.dumps(row, sort_keys=True, separators=(",", ":")).encode()


def decode(data: bytes) -> Deployment:
    """Inverse of `encode`. Raises ArchiveDamaged."""
    try:
        row: dict[str, Any] = json.loads(data)
        if row["schema"] != SCHEMA:
            raise ValueError("schema")
        found = Deployment(str(row["id"]), str(row["log_key"]), datetime.fromisoformat(row["begun_at"]))
        if encode(found) != data:
            raise ValueError("form")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ArchiveDamaged(f"{keys.DEPLOYMENT}: is not what this service wrote") from exc
    return found


def stored(store: ObjectStore) -> Deployment | None:
    """Whose archive the store holds; None for a store in which none was begun.

    Raises ArchiveDamaged, ArchiveUnavailable.
    """
    try:
        return decode(read_bounded(store, keys.DEPLOYMENT, MAX_BYTES))
    except StorageRefused:
        return None


def claim(store: ObjectStore, transaction: Begin, log_key: str, at: datetime) -> Deployment:
    """The deployment whose catalogue and store these are; begun now when both are new. Safe for several at once.

    1. A store that has an id: the catalogue must have the same.
    2. A log that was begun: its key must be this one, and the store must have it.
    3. The catalogue's row, then the store's object. Crash between: the next start writes the object.

    Raises ArchiveRefused OTHER_DEPLOYMENT, OTHER_LOG_KEY, STORE_IS_EMPTY; ArchiveDamaged; ArchiveUnavailable.
    """
    there = stored(store)
    with transaction() as conn:
        here, row = deployment_of(conn), log_rows.current_checkpoint(conn)
    if there is not None and (here is None or here.id != there.id):
        raise ArchiveRefused(
            reasons.OTHER_DEPLOYMENT, found=there.id, expected=here.id if here is not None else NEW
        )
    if here is not None and here.log_key != log_key:
        raise ArchiveRefused(reasons.OTHER_LOG_KEY, found=log_key, expected=here.log_key)
    if there is None:
        _check_log(store, log_key, row.size if row else 0)
    if here is None:
        with transaction() as conn:
            begin(conn, Deployment(str(uuid.uuid4()), log_key, at))
        with transaction() as conn:
            here = deployment_of(conn)
        if (
            here is None or here.log_key != log_key
        ):  # somebody else began it, at the same time, with another key
            raise ArchiveRefused(reasons.OTHER_LOG_KEY, found=log_key, expected=here.log_key if here else "–")
    if there is None:
        _write(store, here, at)
    return here


def _check_log(store: ObjectStore, log_key: str, committed: int) -> None:
    """A store without an id has this log, of an earlier version of this service, or none."""
    try:
        shown = published_checkpoint(store, VerifierKey.parse(log_key))
    except ProofRefused as exc:
        raise ArchiveRefused(reasons.OTHER_DEPLOYMENT, found=UNKNOWN, expected=log_key) from exc
    if shown is None and committed:
        raise ArchiveRefused(reasons.STORE_IS_EMPTY, size=committed)


def _write(store: ObjectStore, here: Deployment, at: datetime) -> None:
    try:
        put_bytes(store, keys.DEPLOYMENT, encode(here), lock_until(at))
    except StorageRefused as exc:  # meanwhile another deployment wrote its own
        raise ArchiveRefused(reasons.OTHER_DEPLOYMENT, found=UNKNOWN, expected=here.id) from exc
