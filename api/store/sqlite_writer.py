"""The one connection with which a process writes to SQLite. Acts that follow each other at once share a commit.

SQLite lets one write at a time, and a commit waits for the disk. So an act that finds others waiting behind it
leaves the commit to the last of them; alone, it commits at once: no timer, no delay. An act that follows another
runs in a savepoint, so one that fails takes back its own rows only. Whoever acts is told when the commit is done,
and not before; when it fails, everyone is told so.

The connection stays open: the way through SQLAlchemy's pool costs more than most acts do.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Condition
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.store.database_errors import DatabaseUnavailable, answering
from archive.errors import ArchiveUnavailable
from policies.reasons import database

MOST = 256  # acts in one commit,
LONGEST = 0.05  # and seconds in which acts may join one: together they bound how long the first waits


class Line:
    """Whose turn it is: one acts, the others wait."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._taken = False
        self.waiting = 0
        self.waiting_for_disk = 0  # of them, those whose rows must survive a power cut

    def come(self, durable: bool, seconds: float) -> None:
        """Wait for the turn. Raises ArchiveUnavailable when it does not come in time."""
        with self._changed:
            self._count(durable, 1)
            try:
                came = self._changed.wait_for(lambda: not self._taken, seconds)
            except BaseException:  # interrupted: perhaps the turn was this one's
                self._changed.notify()
                raise
            finally:
                self._count(durable, -1)
            if not came:
                raise DatabaseUnavailable(database.POOL_EXHAUSTED, "no connection became free")
            self._taken = True

    def _count(self, durable: bool, change: int) -> None:
        self.waiting += change
        self.waiting_for_disk += change * durable

    def hand_on(self) -> bool:
        """Leave the turn to somebody who waits; False when nobody does: then it is still held.

        Under one lock with the waiting, or who gives up waiting could leave a group that nobody ends.
        """
        with self._changed:
            if self.waiting:
                self._free()
            return not self._taken

    def leave(self) -> None:
        with self._changed:
            self._free()

    def take_forsaken(self) -> bool:
        """The turn, when it was handed on to one who went away, and nobody else will take it."""
        with self._changed:
            forsaken = not self._taken and not self.waiting
            self._taken = self._taken or forsaken
            return forsaken

    def _free(self) -> None:
        self._taken = False
        self._changed.notify()


class Group:
    """One open transaction, and the acts that wait for its commit."""

    def __init__(self, conn: Connection, durable: bool) -> None:
        self.conn, self.durable = conn, durable
        self.members = 0
        self.lost = False  # the transaction is gone, or in an unknown state
        self.done: Future[None] = Future()
        raw: Any = conn.connection.dbapi_connection
        self._raw: sqlite3.Connection = raw
        _set_synchronous(conn, self._raw, "FULL" if durable else "NORMAL")
        self._transaction = conn.begin()
        self._since = (
            monotonic()
        )  # not before: while another process writes, those who wait must not wait alone

    @property
    def full(self) -> bool:
        return self.lost or self.members >= MOST or monotonic() - self._since > LONGEST

    @contextmanager
    def act(self) -> Iterator[Connection]:
        """One more act; when it fails, its rows alone are taken back."""
        if not self.members:
            self.lost = True  # unless it goes well: nobody else's rows are in it
            yield self.conn
            self.lost = not self._raw.in_transaction  # an error undid it, which the act has passed over
        else:
            with self._savepoint():
                yield self.conn
        self.members += 1

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self.lost = True
        self._raw.execute("SAVEPOINT act")
        try:
            yield
        except BaseException:
            self._take_back()
            raise
        self._raw.execute("RELEASE act")
        self.lost = False

    def _take_back(self) -> None:
        """Some errors of SQLite (disk full) undo the whole transaction: then all acts in it have failed."""
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK TO act")
            self._raw.execute("RELEASE act")
            self.lost = False

    def end(self) -> bool:
        """Commit, and tell everyone, whatever happens; whether the connection is still good."""
        if self.lost:
            try:
                self._undo()
            finally:
                self.done.set_exception(ArchiveUnavailable("the database took a transaction back"))
            return False
        try:
            with answering():
                self._transaction.commit()
        except BaseException as exc:
            known = isinstance(exc, Exception)
            try:
                self._discard()  # SQLAlchemy takes it for ended; to SQLite it may be open still
            finally:
                self.done.set_exception(exc if known else ArchiveUnavailable("a commit was interrupted"))
            if not known:
                raise
            return False
        self.done.set_result(None)
        return True

    def _undo(self) -> None:
        try:
            self.conn.close()  # with what is left of the transaction
        except (SQLAlchemyError, sqlite3.Error):  # not even that
            self._discard()

    def _discard(self) -> None:
        for give_up in (self.conn.invalidate, self.conn.close):
            with suppress(Exception):
                give_up()


class Writer:
    """Lends the connection to one act after the other. Thread-safe; not for forked processes."""

    def __init__(self, engine: Engine, busy_seconds: float) -> None:
        self._engine = engine
        self._busy_seconds = busy_seconds
        self._closed = False
        self.line = Line()
        self._conn: Connection | None = None
        self._group: Group | None = None
        self._process = os.getpid()

    @contextmanager
    def held(self, *, durable: bool) -> Iterator[Connection]:
        """The block's rows, all or none. Ends when they are committed; `durable`: to survive a power cut as well.

        Raises ArchiveUnavailable when the database does not answer: whether they are committed is then unknown.
        """
        refuse_fork(self._process)
        line = self.line
        try:
            line.come(durable, self._busy_seconds)
        except BaseException:
            self._end_forsaken(line)
            raise
        try:
            with answering():
                group = self._joined(durable)
        except BaseException:
            self._end_open(line)  # the others', where this one was interrupted before it joined
            raise
        joined = group.members > 0
        try:
            with answering(), group.act() as conn:
                yield conn
        except Exception:  # of the act's block: it goes on to whoever acts
            self._pass_on(line, group)
            if joined:  # what it is refused for may be the others' rows: they too must be committed
                group.done.result()
            raise
        except BaseException:
            self._pass_on(line, group)
            raise
        self._pass_on(line, group)
        group.done.result()

    def _joined(self, durable: bool) -> Group:
        """The open group, or a new one. In the turn."""
        if self._group is not None and durable and not self._group.durable:
            self._end(self._group)
        if self._group is None:
            conn, self._conn = self._conn or self._engine.connect(), None
            try:
                self._group = Group(conn, durable or self.line.waiting_for_disk > 0)
            except BaseException:
                conn.close()
                raise
        return self._group

    def _pass_on(self, line: Line, group: Group) -> None:
        """The turn, and with it the commit, to who waits; or commit, and leave."""
        if not group.full and line.hand_on():
            return
        try:
            self._end(group)
        finally:
            line.leave()

    def _end_forsaken(self, line: Line) -> None:
        """Who was interrupted while it waited may have been the one to whom the commit was left."""
        if line.take_forsaken():
            self._end_open(line)

    def _end_open(self, line: Line) -> None:
        """The group that is open, if there is one, and the turn."""
        try:
            if self._group is not None:
                self._end(self._group)
        finally:
            line.leave()

    def _end(self, group: Group) -> None:
        self._group = None
        if group.end():
            self._conn = group.conn
        if self._closed:  # meanwhile
            self.close()

    def close(self) -> None:
        """At once, or when the act that holds the connection ends."""
        self._closed = True
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()


def refuse_fork(opened_by: int) -> None:
    """Raises RuntimeError in a fork of the process that opened the database, whichever connection it would use.

    SQLite takes the parent's locks for the child's own. So the parent, when it closes, finds itself alone and
    removes the log into which the child goes on to commit.
    """
    if opened_by != os.getpid():
        raise RuntimeError("the database was opened before a fork: spawn the process, or use a fork server")


def _set_synchronous(conn: Connection, raw: sqlite3.Connection, wanted: str) -> None:
    if conn.info.get("synchronous", "FULL") != wanted:
        raw.execute(f"PRAGMA synchronous={wanted}")
        conn.info["synchronous"] = wanted
