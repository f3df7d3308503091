"""What the database's errors mean to an act: a database that does not answer is `DatabaseUnavailable`."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from archive.errors import ArchiveRefused, ArchiveUnavailable
from policies.reasons import database as reasons
from policies.refusals import Reason

log = logging.getLogger("antin.database")
# SQLite's names, and the first characters of PostgreSQL's SQLSTATE (Appendix A): the longest that fits counts.
SQLITE = {
    "SQLITE_BUSY": reasons.TOO_SLOW,
    "SQLITE_FULL": reasons.FULL,
    "SQLITE_IOERR": reasons.FAILING,
    "SQLITE_CANTOPEN": reasons.UNREACHABLE,
    "SQLITE_PROTOCOL": reasons.TOO_SLOW,
}
SQLSTATES = {
    "08": reasons.UNREACHABLE,
    "25P03": reasons.TOO_SLOW,  # idle in its transaction
    "40": reasons.CONFLICT,
    "42501": reasons.NO_RIGHT,
    "53": reasons.FULL,
    "53300": reasons.UNREACHABLE,  # it has as many as it takes
    "55P03": reasons.TOO_SLOW,  # a lock was not had in time
    "57": reasons.UNREACHABLE,  # it shuts down, or is not up yet
    "57014": reasons.TOO_SLOW,  # a statement was cancelled
    "58": reasons.FAILING,
}


class DatabaseUnavailable(ArchiveUnavailable):
    """The database did not answer; `reason` says why, and what an operator does."""

    def __init__(self, reason: Reason, detail: object) -> None:
        super().__init__(f"the database did not answer ({detail}): {reason.en}")
        self.reason = reason


@contextmanager
def answering() -> Iterator[None]:
    """Inside it, a database that does not answer raises DatabaseUnavailable, and a value that no column holds
    ArchiveRefused NOT_STORABLE; other errors pass as they are.
    """
    try:
        yield
    except PoolTimeout as exc:
        raise DatabaseUnavailable(reasons.POOL_EXHAUSTED, "no connection became free") from exc
    except (
        DataError,
        OverflowError,
        UnicodeEncodeError,
    ) as exc:  # a null character, a figure or text too long
        log.warning("the database does not hold a value: %s", _name(getattr(exc, "orig", exc)))
        raise ArchiveRefused(reasons.NOT_STORABLE) from exc
    except DBAPIError as exc:
        reason = _reason(exc.orig) or (reasons.UNREACHABLE if exc.connection_invalidated else None)
        if reason is None:
            raise
        raise DatabaseUnavailable(reason, _name(exc.orig)) from exc
    except (
        sqlite3.Error,
        psycopg.Error,
    ) as exc:  # of BEGIN, COMMIT and savepoints, which go around SQLAlchemy
        reason = _reason(exc)
        if reason is None:
            raise
        raise DatabaseUnavailable(reason, _name(exc)) from exc


def _reason(error: BaseException | None) -> Reason | None:
    """Why an error of the driver means that the database did not answer; None when it means something else."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:  # of the driver itself: there is no connection, or none any more
            return reasons.UNREACHABLE if isinstance(error, psycopg.OperationalError) else None
        return _longest(SQLSTATES, error.sqlstate)
    return _longest(SQLITE, getattr(error, "sqlite_errorname", ""))


def _longest(known: dict[str, Reason], name: str) -> Reason | None:
    fitting = [prefix for prefix in known if name.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else None


def _name(error: BaseException | None) -> str:
    """As the driver names it: its text only where none of ours can stand in it, before there was a connection."""
    name = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", "") or type(error).__name__
    return str(error).splitlines()[0] if type(error) is psycopg.OperationalError and str(error) else name
