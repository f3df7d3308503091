"""Many small acts, one commit: on SQLite every commit waits for the disk, and only one writer writes.

    with together.write() as conn:   # as `Transactions.write`; the block ends when the act is durable

An act that finds others waiting behind it leaves the commit to the last of them. Alone, it commits at once: no
timer, no delay. Each act runs in a savepoint, so one that fails takes back its own rows only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Lock

from archive.catalogue import Connection

MOST = 256  # acts in one commit: bounds how long the first of them waits


@dataclass
class _Group:
    """One open transaction and the acts that wait for its commit."""

    conn: Connection
    transaction: ExitStack
    members: int = 0
    done: Future[None] = field(default_factory=Future)


class GroupCommit:
    """Shares the transactions that `write` opens. Thread-safe; an act never opens another inside itself.

    `answering` translates the database's errors inside an act, as `write` does around its own block.
    """

    def __init__(
        self,
        write: Callable[[], AbstractContextManager[Connection]],
        answering: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._open = write
        self._answering = answering
        self._turn = Lock()  # held by the act that runs
        self._counting = Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commits with its neighbours. An exception in the block rolls back this act alone.

        When the common commit fails, every act of the group raises that error: none of them was committed,
        or, for `ArchiveUnavailable`, it is not known.
        """
        with self._counting:
            self._waiting += 1
        with self._turn:
            with self._counting:
                self._waiting -= 1
            group = self._current()
            try:
                with self._answering(), _savepoint(group.conn):
                    yield group.conn
                group.members += 1
            finally:
                self._commit_if_last(group)
        group.done.result()

    def _current(self) -> _Group:
        if self._group is None:
            transaction = ExitStack()
            self._group = _Group(transaction.enter_context(self._open()), transaction)
        return self._group

    def _commit_if_last(self, group: _Group) -> None:
        """Under the turn: commits unless somebody waits who will."""
        with self._counting:
            others = self._waiting > 0
        if others and group.members < MOST:
            return
        self._group = None
        try:
            group.transaction.close()
        except BaseException as exc:
            group.done.set_exception(exc)
            raise
        group.done.set_result(None)


@contextmanager
def _savepoint(conn: Connection) -> Iterator[None]:
    conn.exec_driver_sql("SAVEPOINT act")
    try:
        yield
    except BaseException:
        conn.exec_driver_sql("ROLLBACK TO SAVEPOINT act")
        raise
    finally:
        conn.exec_driver_sql("RELEASE SAVEPOINT act")
