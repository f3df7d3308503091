"""What a witness must never forget: the last head of each log that it cosigned, and forks that it was shown.

One SQLite file. Trusted, and the whole worth of the witness: who sets it back makes the witness sign two histories.
So a key goes with the state that was made with it, and with no other.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from archive.errors import ArchiveDamaged, ArchiveUnavailable

BUSY_SECONDS = 10.0
MOST_FORKS = 100  # of one log; who shows more tells nothing new
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS identity (id INTEGER PRIMARY KEY CHECK (id = 1), vkey TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,"
    " note BLOB NOT NULL, at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS forks (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,"
    " note BLOB NOT NULL, at TEXT NOT NULL, PRIMARY KEY (origin, size, root))",
)
_KEEP = (
    "INSERT INTO heads VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
    " size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at"
)


@dataclass(frozen=True, slots=True)
class Head:
    """A head of the log `origin`. `note`: signed by the log, in `heads` with our cosignature. `at` is aware UTC."""

    origin: str
    size: int
    root: bytes
    note: bytes
    at: datetime


class WitnessState:
    """Safe for threads and for several processes over one file.

    What `swap` returned outlives a power cut (WAL, synchronous=FULL). Raises ArchiveUnavailable when the disk does
    not answer.
    """

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        with _answering():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.close(descriptor)
            self._conn = sqlite3.connect(
                path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            self._conn.execute("PRAGMA journal_mode=WAL")
            self._conn.execute("PRAGMA synchronous=FULL")
            with self._transaction() as conn:
                for statement in _SCHEMA:
                    conn.execute(statement)

    def belongs_to(self) -> str | None:
        """The verifier key that this state was made with; None for a new one."""
        with self._transaction() as conn:
            row = conn.execute("SELECT vkey FROM identity").fetchone()
        return str(row[0]) if row else None

    def give_to(self, vkey: str) -> None:
        """Bind the state to a key. Raises ArchiveDamaged when it has heads of another one."""
        with self._transaction() as conn:
            known = conn.execute("SELECT vkey FROM identity").fetchone()
            heads = conn.execute("SELECT count(*) FROM heads").fetchone()[0]
            if heads and known != (vkey,):
                raise ArchiveDamaged("witness: these heads were cosigned with another key")
            conn.execute("INSERT OR REPLACE INTO identity VALUES (1, ?)", (vkey,))

    def swap(self, origin: str, decide: Callable[[Head | None], Head]) -> Head:
        """`decide` sees the last head of the log and gives the next one, or raises: then nothing changes.

        Nobody else decides on any log meanwhile: it must be quick.
        """
        with self._transaction() as conn:
            head = decide(_head(conn, origin))
            conn.execute(_KEEP, _row(head))
            # Killed here: the old head stands, and nobody was told of the new one.
        # Killed here: the new head stands. Who asked asks again, and is told its size.
        return head

    def head(self, origin: str) -> Head | None:
        """The last head of that log that was cosigned."""
        with self._transaction() as conn:
            return _head(conn, origin)

    def heads(self) -> list[Head]:
        """Of every log, by origin."""
        return self._all("heads")

    def keep_fork(self, head: Head) -> None:
        """A head, signed by its log, that contradicts the one that was cosigned: evidence, kept once."""
        with self._transaction() as conn:
            count = conn.execute("SELECT count(*) FROM forks WHERE origin = ?", (head.origin,)).fetchone()[0]
            if count < MOST_FORKS:
                conn.execute("INSERT OR IGNORE INTO forks VALUES (?, ?, ?, ?, ?)", _row(head))

    def forks(self) -> list[Head]:
        """What `keep_fork` kept."""
        return self._all("forks")

    def close(self) -> None:
        with self._lock:
            self._conn.close()

    def _all(self, table: str) -> list[Head]:
        with self._transaction() as conn:
            rows = conn.execute(f"SELECT * FROM {table} ORDER BY origin, size").fetchall()  # noqa: S608 (ours)
        return [_of_row(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _answering():
            self._conn.execute("BEGIN IMMEDIATE")
            try:
                yield self._conn
                self._conn.execute("COMMIT")
            except BaseException:
                if self._conn.in_transaction:  # also when the disk did not take the commit
                    self._conn.execute("ROLLBACK")
                raise


def _head(conn: sqlite3.Connection, origin: str) -> Head | None:
    row = conn.execute("SELECT * FROM heads WHERE origin = ?", (origin,)).fetchone()
    return _of_row(row) if row else None


def _row(head: Head) -> tuple[str, int, bytes, bytes, str]:
    return head.origin, head.size, head.root, head.note, head.at.isoformat()


def _of_row(row: tuple[str, int, bytes, bytes, str]) -> Head:
    origin, size, root, note, at = row
    return Head(origin, size, root, note, datetime.fromisoformat(at))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as exc:
        raise ArchiveUnavailable(f"witness: its state cannot be read or written: {exc}") from exc
    except sqlite3.DatabaseError as exc:
        raise ArchiveDamaged(f"witness: its state is not a database of ours: {exc}") from exc
