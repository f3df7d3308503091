"""The audit chain: intent before and result after every use of a key, and every act, hash-chained per agency.

Each row's hash covers its own fields and the previous row's hash, so that a changed, dropped or reordered row
shows. The head of the chain becomes a leaf of the transparency log with each archived document.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from api.store.tables import audit
from archive.catalogue.dialects import lock_name
from archive.catalogue.prepared import Prepared

GENESIS = "0" * 64
# Built once: every act runs them.
_INSERT = Prepared(insert(audit))
_HEAD = Prepared(
    select(audit.c.sequence, audit.c.hash)
    .where(audit.c.agency == bindparam("wanted"))
    .order_by(audit.c.sequence.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Entry:
    agency: str
    sequence: int
    at: datetime
    actor: str
    act: str
    phase: str
    subject: str
    detail: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of a chain: how many there are, and what the next one is chained to."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Where the chain does not hold, and why."""

    agency: str
    sequence: int
    what: str


def write(
    conn: Connection,
    agency: str,
    *,
    actor: str,
    act: str,
    phase: str,
    subject: str,
    detail: dict[str, Any],
    at: datetime,
) -> Entry:
    """Append one row in the act's transaction. `detail` holds no secret, no PIN, no document text.

    The chain is this transaction's until it ends, so it is the last thing that an act locks.
    """
    lock_name(conn, f"audit {agency}")
    last = head(conn, agency)
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, GENESIS)
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = _hash(agency, sequence, at, actor, act, phase, subject, text, previous)
    entry = Entry(agency, sequence, at, actor, act, phase, subject, text, previous, digest)
    _INSERT(conn, {name: getattr(entry, name) for name in Entry.__slots__})
    return entry


def head(conn: Connection, agency: str) -> Head | None:
    """The newest row of the agency's chain."""
    row = _HEAD(conn, {"wanted": agency}).first()
    return Head(row.sequence, row.hash) if row else None


def of_subject(conn: Connection, subject: str, limit: int = 200) -> tuple[Entry, ...]:
    """Rows about one document, oldest first."""
    query = select(audit).where(audit.c.subject == subject).order_by(audit.c.sequence).limit(limit)
    return tuple(Entry(**row._mapping) for row in conn.execute(query))


def page(conn: Connection, agency: str, before: int | None, limit: int) -> tuple[Entry, ...]:
    """Newest first, below a sequence number."""
    query = select(audit).where(audit.c.agency == agency).order_by(audit.c.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.sequence < before)
    return tuple(Entry(**row._mapping) for row in conn.execute(query))


def hash_at(conn: Connection, agency: str, sequence: int) -> str | None:
    """The hash of one row, None when it is not there."""
    query = select(audit.c.hash).where(audit.c.agency == agency, audit.c.sequence == sequence)
    return conn.execute(query).scalar_one_or_none()


def count(conn: Connection) -> int:
    """Rows of all chains."""
    return conn.execute(select(func.count()).select_from(audit)).scalar_one()


def check(conn: Connection) -> tuple[ChainFault, ...]:
    """Recompute every chain; the faults, none when all hold."""
    faults: list[ChainFault] = []
    expected: dict[str, tuple[int, str]] = {}
    for row in conn.execute(select(audit).order_by(audit.c.agency, audit.c.sequence)):
        entry = Entry(**row._mapping)
        sequence, previous = expected.get(entry.agency, (0, GENESIS))
        faults.extend(
            ChainFault(entry.agency, entry.sequence, what) for what in _faults(entry, sequence, previous)
        )
        expected[entry.agency] = (entry.sequence, entry.hash)
    return tuple(faults)


def _faults(entry: Entry, sequence: int, previous: str) -> list[str]:
    found = []
    if entry.sequence != sequence + 1:
        found.append(f"rows {sequence + 1} to {entry.sequence - 1} are missing")
    if entry.previous_hash != previous:
        found.append("does not continue the row before")
    fields = (entry.at, entry.actor, entry.act, entry.phase, entry.subject, entry.detail, entry.previous_hash)
    if _hash(entry.agency, entry.sequence, *fields) != entry.hash:
        found.append("was changed")
    return found


def _hash(
    agency: str,
    sequence: int,
    at: datetime,
    actor: str,
    act: str,
    phase: str,
    subject: str,
    detail: str,
    previous: str,
) -> str:
    row = [agency, sequence, at.isoformat(), actor, act, phase, subject, detail, previous]
    return hashlib.sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
