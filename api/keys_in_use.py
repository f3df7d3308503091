"""Keys of idempotency whose request is under way: in this process, or in any of those that share the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Protocol

from api.fence import fenced
from api.holdings import Holdings
from api.store import held_rows
from api.store.held_rows import KEY
from api.store.idempotency import Asked

LOOKS = 3


class KeysHeld(Protocol):
    def held(self, asked: Asked) -> AbstractContextManager[Asked]:
        """Whose key it is for the time of the block: the given request's, or that of the one that has it already."""


class KeysInUse:
    """In memory. Safe for threads."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._held: dict[tuple[str, str], Asked] = {}

    @contextmanager
    def held(self, asked: Asked) -> Iterator[Asked]:
        name = asked.account, asked.key
        with self._guard:
            holder = self._held.setdefault(name, asked)
        try:
            yield holder
        finally:
            if holder is asked:
                with self._guard:
                    del self._held[name]


class SharedKeysInUse:
    """As rows. What the request commits, it commits while it has its key: a second request under the same key, after
    this process was held to be dead, is never done beside it."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    @contextmanager
    def held(self, asked: Asked) -> Iterator[Asked]:
        name, token = f"{asked.account} {asked.key}", self._holdings.token()
        me = self._holdings.processes.id
        holder = self._taken(asked, name, token)
        if holder is not asked:
            yield holder
            return
        try:
            with fenced(lambda conn: held_rows.owned(conn, KEY, name, token), me):
                yield asked
        finally:
            self._holdings.release(KEY, name, token)

    def _taken(self, asked: Asked, name: str, token: str) -> Asked:
        for _ in range(LOOKS):
            if self._holdings.take(KEY, name, token, route=asked.route, body_hash=asked.body_hash):
                return asked
            with self._holdings.transactions.look() as conn:
                other = held_rows.holder(conn, KEY, name)
            if other is not None:
                return Asked(asked.account, asked.key, other.route, other.body_hash)
        return Asked(asked.account, asked.key, asked.route, asked.body_hash)  # somebody's, again and again
