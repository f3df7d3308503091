"""Who waits for an operation to end is told when it does, within this process, and holds no thread meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock

LATELY = 1024  # operations


class Endings:
    """Operations that somebody waits for, and the last that ended. Safe for threads.

    Nothing depends on it: an end that another process brought is seen when the time is over.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: dict[str, list[Future[None]]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    @contextlib.contextmanager
    def watched(self, operation_id: str) -> Iterator[Future[None]]:
        """Done when the operation ends, or did lately. To be opened before the operation is read, or right after it
        was made: no end falls between."""
        future: Future[None] = Future()
        with self._guard:
            if operation_id in self._ended:
                future.set_result(None)
            self._waiting.setdefault(operation_id, []).append(future)
        try:
            yield future
        finally:
            with self._guard:
                others = self._waiting[operation_id]
                others.remove(future)
                if not others:
                    del self._waiting[operation_id]

    def announce(self, operation_id: str) -> None:
        """It ended, and that is committed. Twice is as once, also at the same time."""
        with self._guard:
            self._ended[operation_id] = None
            if len(self._ended) > LATELY:
                self._ended.popitem(last=False)
            for future in self._waiting.get(operation_id, ()):  # guarded: who is told twice takes offence
                if not future.done() and future.set_running_or_notify_cancel():
                    future.set_result(None)


async def within(future: Future[None], seconds: float) -> None:
    """Until it is done, or the time is over."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.wrap_future(future), seconds)
