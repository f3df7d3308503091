"""How fast a scan may read: so many bytes and objects a second, and less while the service is busy.

A bucket that fills at the allowed rate and holds one second's worth; whoever takes more than there is waits until it
is filled again. While the service is busy it fills at a tenth: the scan steps back and still comes to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition

BUSY_SHARE = 0.1
LONGEST = 1.0  # seconds of one wait: a change of the load, or a stop, is noticed within
SOON = 1e-6  # seconds that nobody waits for
FREE = float("inf")


class Bucket:
    """Allows `rate` units a second; 0 allows any number. `share` (0 to 1) is asked at each look. Safe for threads."""

    def __init__(
        self,
        rate: float,
        share: Callable[[], float] = lambda: 1.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate or FREE
        self._share = share
        self._monotonic, self._sleep = monotonic, sleep
        self._held = self._rate if rate else 0.0
        self._at = monotonic()
        self._lock = Condition()

    def take(self, units: float) -> None:
        """Waits until the units were earned. What is taken ahead of time is paid for by who comes next."""
        while (wait := self._look(units)) > SOON:
            self._sleep(min(wait, LONGEST))
            units = 0.0

    def _look(self, units: float) -> float:
        """Seconds to wait before going on."""
        if self._rate == FREE:
            return 0.0
        with self._lock:
            now, rate = self._monotonic(), self._rate * max(self._share(), 1e-6)
            self._held = min(self._rate, self._held + (now - self._at) * rate) - units
            self._at = now
            return max(0.0, -self._held / rate)


class Pace:
    """Both limits of one scan, and the step back where neither is set.

    `busy` tells whether the service has work now. Without limits of its own a scan that meets a busy service reads
    a tenth of the time.
    """

    def __init__(
        self,
        bytes_a_second: float = 0.0,
        objects_a_second: float = 0.0,
        busy: Callable[[], bool] = lambda: False,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._busy = busy
        self._monotonic, self._sleep = monotonic, sleep
        self._bytes = Bucket(bytes_a_second, self.share, monotonic=monotonic, sleep=sleep)
        self._objects = Bucket(objects_a_second, self.share, monotonic=monotonic, sleep=sleep)

    def share(self) -> float:
        """The part of its rate that the scan has now."""
        return BUSY_SHARE if self._busy() else 1.0

    def begin(self) -> float:
        """Before an object: waits for its turn. Returns a mark for `read`."""
        self._objects.take(1)
        return self._monotonic()

    def read(self, size: int, mark: float) -> float:
        """After a block of `size` bytes that began at `mark`; a new mark."""
        self._bytes.take(size)
        took = self._monotonic() - mark
        if self._busy():
            self._sleep(min(LONGEST, took * (1 / BUSY_SHARE - 1)))
        return self._monotonic()
