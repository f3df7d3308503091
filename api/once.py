"""An act under a key of idempotency says in its own transaction that it is done, and where what it made lies.

The process may die between the act's commit and the keeping of its answer. The key's row then stands and falls with
the act: a retry that finds it is told what the act made, as that is now, and one that finds none does the act. So
nobody is refused what his own first try has done, and nobody hears yes about what was taken back.

`answer_once` says for which request a thread works; each act calls `done` where its commit is decided. Jobs work for
no request: there `done` does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from api.locations import location
from api.store import idempotency
from api.store.idempotency import Asked
from archive.catalogue import Connection

_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


@contextmanager
def under(asked: Asked) -> Iterator[None]:
    """What this thread does in the block, it does for that request."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def done(conn: Connection, kind: str, made: str, at: datetime) -> None:
    """In the act's own transaction: the resource that it made or changed. The first word under a key stands."""
    asked = _asked.get()
    if asked is not None:
        idempotency.made(conn, asked, location(kind, made), at)
