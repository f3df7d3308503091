"""A whole SQLite database as one snapshot in one file, beside whoever writes it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from archive.errors import ArchiveDamaged, ArchiveUnavailable


def file_of(url: str) -> Path:
    """Where the database of that address lies."""
    return Path(make_url(url).database or "")


def snapshot(url: str, target: Path) -> None:
    """Copy the database as it is in one instant (SQLite's online backup), and check the copy.

    Raises ArchiveUnavailable when it cannot be read, ArchiveDamaged when the copy is not sound.
    """
    source = file_of(url)
    if not source.exists():
        raise ArchiveUnavailable(f"the catalogue {source} is not there")
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)  # all pages in one step: one snapshot, whatever is written meanwhile
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as exc:
        raise ArchiveUnavailable(f"the catalogue {source}: {exc}") from exc
    except sqlite3.DatabaseError as exc:
        raise ArchiveDamaged(f"the catalogue {source}: {exc}") from exc
    if found != "ok":
        raise ArchiveDamaged(f"the catalogue {source}: {found}")


def is_empty(url: str) -> bool:
    """Whether there is no database yet."""
    return not file_of(url).exists()


def beside(path: Path) -> tuple[Path, ...]:
    """What SQLite keeps beside a database that is open, or was left so."""
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))


def make_one_file(path: Path) -> None:
    """Everything that was committed into the file itself, and onto the disk. Raises ArchiveUnavailable."""
    with closing(sqlite3.connect(path)) as conn:
        if conn.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete":
            raise ArchiveUnavailable(f"the catalogue {path} is open elsewhere")
    with path.open("rb") as file:
        os.fsync(file.fileno())
