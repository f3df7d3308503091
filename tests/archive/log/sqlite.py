"""The smallest durable log catalogue: two tables in SQLite. For crash tests and the log's own bench."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path

from archive.errors import ArchiveUnavailable, LogConflict
from archive.log.merkle import EMPTY_ROOT
from archive.ports import CheckpointRow

SCHEMA = """
CREATE TABLE IF NOT EXISTS leaves (
    position INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, entry BLOB NOT NULL, log_index INTEGER UNIQUE);
CREATE INDEX IF NOT EXISTS waiting ON leaves (position) WHERE log_index IS NULL;
CREATE TABLE IF NOT EXISTS checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL);
"""


class SqliteLogCatalogue:
    """`LogCatalogue` over one file; a connection per thread."""

    def __init__(self, path: Path):
        self._path = path
        self._local = threading.local()
        with self._lock_free() as conn:
            conn.executescript(SCHEMA)

    @contextmanager
    def _lock_free(self):
        yield self._connection()

    def _connection(self):
        if not hasattr(self._local, "conn"):
            conn = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False)
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("PRAGMA synchronous=FULL")
            self._local.conn = conn
        return self._local.conn

    @contextmanager
    def transaction(self):
        conn = self._connection()
        conn.execute("BEGIN IMMEDIATE")
        try:
            yield conn
        except BaseException:
            conn.execute("ROLLBACK")
            raise
        try:
            conn.execute("COMMIT")
        except sqlite3.OperationalError as exc:
            raise ArchiveUnavailable("the database did not commit") from exc

    @contextmanager
    def reading(self):
        conn = self._connection()
        conn.execute("BEGIN")
        try:
            yield conn
        finally:
            conn.execute("ROLLBACK")

    def add(self, conn, leaf_id, entry):
        conn.execute("INSERT INTO leaves (id, entry) VALUES (?, ?)", (leaf_id, entry))

    def add_random(self, conn, count):
        for _ in range(count):
            self.add(conn, secrets.token_hex(8), secrets.token_bytes(83))

    def pending(self, conn, limit):
        return conn.execute(
            "SELECT id, entry FROM leaves WHERE log_index IS NULL ORDER BY position LIMIT ?", (limit,)
        ).fetchall()

    def assign(self, conn, pairs):
        for leaf_id, index in pairs:
            done = conn.execute(
                "UPDATE leaves SET log_index = ? WHERE id = ? AND log_index IS NULL", (index, leaf_id)
            )
            if done.rowcount != 1:
                raise LogConflict("a leaf has its index already")

    def sequenced(self, conn, start, stop):
        rows = conn.execute(
            "SELECT entry FROM leaves WHERE log_index >= ? AND log_index < ? ORDER BY log_index",
            (start, stop),
        ).fetchall()
        if len(rows) != stop - start:
            raise LogConflict("a leaf is missing")
        return [entry for (entry,) in rows]

    def current_checkpoint(self, conn):
        row = conn.execute("SELECT size, root, note FROM checkpoint").fetchone()
        return CheckpointRow(*row) if row else None

    def swap_checkpoint(self, conn, old_size, old_root, new_size, new_root, note):
        conn.execute("INSERT OR IGNORE INTO checkpoint VALUES (1, 0, ?, x'')", (EMPTY_ROOT,))
        done = conn.execute(
            "UPDATE checkpoint SET size = ?, root = ?, note = ? WHERE size = ? AND root = ?",
            (new_size, new_root, note, old_size, old_root),
        )
        return done.rowcount == 1
