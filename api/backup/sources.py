"""The catalogue as a backup takes it: one snapshot of it, whichever engine it is on."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from api.backup.container import BLOCK, Writing
from api.store import dump_postgresql, dump_sqlite
from archive.errors import ArchiveUnavailable
from archive.ports import CheckpointRow

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASE = "database.sqlite3"
# Bytes that the object store does not have: of documents that are not archived yet, and of deposits on their way.
_UNDER_WAY = """
SELECT v.sha256 FROM document_versions v JOIN documents d ON d.id = v.document WHERE d.archived_at IS NULL
UNION SELECT content_sha256 FROM deposits"""
_CHECKPOINT = "SELECT size, root, note FROM checkpoint"
_COUNTED = ("documents", "leaves", "objects", "numbers", "accounts", "audit")


class Snapshot(Protocol):
    """The catalogue in one instant."""

    engine: str

    def write(self, out: Writing) -> None:
        """Everything of it, as members of the backup."""

    def revision(self) -> str: ...

    def under_way(self) -> list[str]:
        """Digests of bytes that are only in the work area."""

    def checkpoint(self) -> CheckpointRow | None: ...

    def counts(self) -> dict[str, int]: ...


class _Queried(ABC):
    """What both engines answer to the same questions. `_known`: whether there are deposits of dossiers."""

    _known: str

    @abstractmethod
    def _all(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of it, in that instant."""

    def revision(self) -> str:
        return str(self._all("SELECT version_num FROM alembic_version")[0][0])

    def under_way(self) -> list[str]:
        found = {sha256 for (sha256,) in self._all(_UNDER_WAY)}
        if not self._all(self._known):
            return sorted(found)  # of a release that knew no dossiers
        for (files,) in self._all("SELECT files FROM dossier_deposits"):
            found |= {file["sha256"] for file in (json.loads(files) if isinstance(files, str) else files)}
        return sorted(found)

    def checkpoint(self) -> CheckpointRow | None:
        rows = [row for row in self._all(_CHECKPOINT) if row[2]]
        return CheckpointRow(rows[0][0], bytes(rows[0][1]), bytes(rows[0][2])) if rows else None

    def counts(self) -> dict[str, int]:
        return {table: self._all(f"SELECT count(*) FROM {table}")[0][0] for table in _COUNTED}  # noqa: S608 (ours)


class SqliteSnapshot(_Queried):
    """A copy of the database beside the backup that is being written."""

    engine = SQLITE
    _known = "SELECT 1 FROM sqlite_master WHERE name = 'dossier_deposits'"

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, out: Writing) -> None:
        with self._path.open("rb") as file:
            out.add(DATABASE, iter(lambda: file.read(BLOCK), b""))

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as conn:
                return conn.execute(query).fetchall()
        except sqlite3.OperationalError as exc:
            raise ArchiveUnavailable(f"the catalogue is not one of this release: {exc}") from exc


class PostgresqlSnapshot(_Queried):
    """One transaction that sees one instant."""

    engine = POSTGRESQL
    _known = "SELECT 1 WHERE to_regclass('dossier_deposits') IS NOT NULL"

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn

    def write(self, out: Writing) -> None:
        for table in dump_postgresql.tables(self._conn):
            out.add(table.member, table.blocks)

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return self._conn.execute(query.encode()).fetchall()
        except psycopg.errors.UndefinedTable as exc:
            raise ArchiveUnavailable("the catalogue is not one of this release") from exc


@contextmanager
def snapshot(url: str, beside: Path) -> Iterator[Snapshot]:
    """The catalogue at that address; a copy that is needed on the way lies in the folder `beside`.

    Raises ArchiveUnavailable when it does not answer.
    """
    if url.startswith(SQLITE):
        with tempfile.TemporaryDirectory(prefix=".antin-backup-", dir=beside) as folder:
            copy = Path(folder) / DATABASE
            dump_sqlite.snapshot(url, copy)
            yield SqliteSnapshot(copy)
    else:
        with dump_postgresql.snapshot(url) as conn:
            yield PostgresqlSnapshot(conn)
