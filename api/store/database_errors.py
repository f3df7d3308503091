"""What the database's errors mean to an act: a database that does not answer is `ArchiveUnavailable`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from archive.errors import ArchiveUnavailable

UNANSWERED = ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL")


@contextmanager
def answering() -> Iterator[None]:
    """Inside it, a database that does not answer raises ArchiveUnavailable; other errors pass as they are."""
    try:
        yield
    except PoolTimeout as exc:
        raise ArchiveUnavailable("no connection to the database became free") from exc
    except DBAPIError as exc:
        name = getattr(exc.orig, "sqlite_errorname", "")
        if exc.connection_invalidated or name.startswith(UNANSWERED):
            raise ArchiveUnavailable(f"the database did not answer ({name or exc.orig})") from exc
        raise
    except sqlite3.OperationalError as exc:  # of BEGIN, COMMIT and savepoints, which go around SQLAlchemy
        if exc.sqlite_errorname.startswith(UNANSWERED):
            raise ArchiveUnavailable(f"the database did not answer ({exc.sqlite_errorname})") from exc
        raise
