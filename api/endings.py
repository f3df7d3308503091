"""Who waits for an operation to end is told when it does, wherever that is, and holds no thread meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from threading import Lock
from typing import TypeVar

from api.messages import ENDED, Messages

T = TypeVar("T")

LATELY = 1024  # operations
LOOK_SECONDS = 2.0  # a word of another process may be lost: so often who waits looks for himself


class Endings:
    """Operations that somebody waits for, and the last that ended. Safe for threads.

    Nothing depends on it: an end that nobody told of is seen at the next look.
    """

    def __init__(self, messages: Messages | None = None) -> None:
        self._messages = messages
        self._closed = False
        self._guard = Lock()
        self._waiting: dict[str, list[Future[None]]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        if messages is not None:
            messages.hear(ENDED, self._note)

    @property
    def look_seconds(self) -> float | None:
        """How long to rely on being told; None: as long as one likes."""
        return LOOK_SECONDS if self._messages is not None else None

    @contextlib.contextmanager
    def watched(self, operation_id: str) -> Iterator[Future[None]]:
        """Done when the operation ends, or did lately. To be opened before the operation is read, or right after it
        was made: no end falls between."""
        future: Future[None] = Future()
        with self._guard:
            if operation_id in self._ended or self._closed:
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
        self._note(operation_id)
        if self._messages is not None:
            self._messages.tell(ENDED, operation_id)

    def close(self) -> None:
        """Nobody waits any longer: the process stops, and who asks again is answered by another."""
        with self._guard:
            self._closed = True
            for waiting in self._waiting.values():
                _tell(waiting)

    def _note(self, operation_id: str) -> None:
        with self._guard:
            self._ended[operation_id] = None
            if len(self._ended) > LATELY:
                self._ended.popitem(last=False)
            _tell(self._waiting.get(operation_id, ()))


def _tell(futures: Iterable[Future[None]]) -> None:
    """Under the guard: who is told twice takes offence."""
    for future in futures:
        if not future.done() and future.set_running_or_notify_cancel():
            future.set_result(None)


async def within(future: Future[None], seconds: float) -> None:
    """Until it is done, or the time is over; it can be waited for again."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), seconds)


async def awaited(
    endings: Endings,
    ending: Future[None],
    seconds: float,
    look: Callable[[], Awaitable[T]],
    ended: Callable[[T], bool],
) -> T:
    """What `look` finds when it has `ended`, or when the time is over."""
    left = seconds
    while True:
        slice_ = left if endings.look_seconds is None else min(left, endings.look_seconds)
        await within(ending, slice_)
        found = await look()
        left -= slice_
        if ended(found) or left <= 0 or ending.done():
            return found
