"""Whether anything may be archived now: what the lock canary last found decides, for every process alike.

The verdicts lie in the database, so that all processes stop when one of them sees a lock give way. What stays within a
process is whether its own requests are answered at all. No verdict, an old one, or no answer keeps the gate closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import Any, Protocol

from api.store import check_rows
from api.transactions import Transactions
from archive.errors import ArchivingStopped, StoreUnavailable
from archive.storage.canary.values import Conclusion
from policies.reasons import storage as reasons
from policies.refusals import Both

FRESH = timedelta(hours=30)  # a verdict's life: a night and some hours
CACHED = timedelta(seconds=3)
FIRST_SECONDS = 30.0  # who archives at the start of a process waits so long for its first verdict


@dataclass(frozen=True, slots=True)
class GateState:
    """`failing`: ids of the attempts and checks that did not hold. `text` is for users: our own words alone.
    `warnings`: of those that stop nothing, since the service makes up for them or an operator closes them."""

    open: bool
    conclusion: Conclusion | None
    at: datetime | None
    failing: tuple[str, ...]
    text: Both
    enforced: bool = True
    warnings: tuple[str, ...] = ()


class ArchivingGate(Protocol):
    def require(self) -> None:
        """Raises ArchivingStopped, StoreUnavailable LOCKS_UNKNOWN; returns when archiving may go on."""

    def state(self) -> GateState:
        """For the health page. Raises ArchiveUnavailable when the database does not answer."""


class OpenGate:
    """Of a directory, which can enforce nothing: there is nothing to try, and that is said."""

    def require(self) -> None:
        return

    def state(self) -> GateState:
        told = reasons.DIRECTORY_ENFORCES_NOTHING
        return GateState(True, None, None, (), Both(told.vi, told.en), enforced=False)


class CanaryGate:
    """Of a store with locks. `watches`: whether this process runs the canary itself, and waits for its first run."""

    def __init__(
        self, transactions: Transactions, clock: Callable[[], datetime], store: str, *, watches: bool
    ) -> None:
        self._transactions, self._clock, self._store = transactions, clock, store
        self._watches = watches
        self._first = Event()
        self._own: Conclusion | None = None
        self._guard = Lock()
        self._kept: tuple[datetime, GateState] | None = None

    @property
    def own(self) -> Conclusion | None:
        """What this process last found itself."""
        return self._own

    def found(self, conclusion: Conclusion) -> None:
        """A run of this process has ended, and its report is kept."""
        with self._guard:
            self._own, self._kept = conclusion, None
        self._first.set()

    def require(self) -> None:
        if self._watches and not self._first.wait(FIRST_SECONDS):
            raise StoreUnavailable(reasons.LOCKS_UNKNOWN, "the first run of the lock canary has not ended")
        state = self.state()
        if state.open:
            return
        if state.conclusion in (Conclusion.BROKEN, Conclusion.UNUSABLE):
            raise ArchivingStopped(reasons.ARCHIVING_STOPPED, what=state.text)
        raise StoreUnavailable(reasons.LOCKS_UNKNOWN, ", ".join(state.failing) or "no verdict", passing=True)

    def state(self) -> GateState:
        if self._watches and not self._first.is_set():
            return _unknown(None)
        with self._guard:
            at = self._clock()
            if self._kept is None or not timedelta(0) <= at - self._kept[0] < CACHED:
                self._kept = (at, self._judged(at))
            return self._kept[1]

    def _judged(self, at: datetime) -> GateState:
        with self._transactions.read() as conn:
            decided = check_rows.latest(conn, self._store, besides=Conclusion.NO_ANSWER)
            newest = check_rows.latest(conn, self._store)
        if decided is None or abs(at - decided.at) > FRESH:
            return _unknown(newest)
        if decided.conclusion == Conclusion.SOUND and self._own is Conclusion.NO_ANSWER:
            return _unknown(newest)
        sound = decided.conclusion == Conclusion.SOUND
        failing = () if sound else _failing(decided)
        text = Both("", "") if sound else _sentence(decided)
        warned = tuple(found["id"] for found in _found(decided, "warning"))
        return GateState(sound, Conclusion(decided.conclusion), decided.at, failing, text, warnings=warned)


def _unknown(newest: check_rows.Check | None) -> GateState:
    told = reasons.LOCKS_UNKNOWN
    text, failing = Both(told.vi, told.en), tuple[str, ...]()
    if newest is not None and newest.conclusion == Conclusion.NO_ANSWER:
        text, failing = _sentence(newest), _failing(newest)
    return GateState(False, Conclusion.NO_ANSWER, newest.at if newest else None, failing, text)


def _failing(check: check_rows.Check) -> tuple[str, ...]:
    return tuple(found["id"] for found in _found(check, "fatal"))


def _sentence(check: check_rows.Check) -> Both:
    """Of what weighs most: the first that is broken, else the first that is not known."""
    found = min(_found(check, "fatal"), key=lambda one: one["outcome"] != "broken", default=None)
    return Both(**(found["text"] if found else check.report["text"]))


def _found(check: check_rows.Check, weight: str) -> list[dict[str, Any]]:
    """What of that weight did not hold."""
    return [
        found
        for found in check.report["findings"]
        if found["weight"] == weight and found["outcome"] in ("broken", "no-answer")
    ]
