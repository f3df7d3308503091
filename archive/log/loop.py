"""The sequencer in the background: woken by submitters, batching what arrives meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Event, Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict
from archive.log.checkpoint import SignedCheckpoint
from archive.log.sequencer import Batch, Sequencer, Standing

logger = logging.getLogger(__name__)
CROWD = 16  # waiters for whom a run does not wait any longer
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Sequenced:
    """A leaf's place, and a published head that contains it."""

    index: int
    head: SignedCheckpoint


class SequencerLoop(Generic[C]):
    """Runs a sequencer in one thread. Times are in seconds.

    `window`: how long a batch gathers after the first wake. `pause`: how long the next one gathers after a run that
    numbered leaves, unless many wait: a run costs the same for one leaf as for ten. `prompt`: neither goes on once all
    leaves that are expected have been submitted, for then nobody is on the way whom it would be worth waiting for. That
    is for stores behind a network, where a run waits for answers; on a directory it is work of the processor that the
    service itself needs, and runs are to be few. `poll`: how long other
    processes' leaves wait at most, and the pause after a store did not answer. `keep`: how often the tail is kept at
    most: under a default retention each copy stays for days. `ArchiveUnavailable` is retried
    for ever, and `waits_for` says why meanwhile; anything else stops the loop and is kept as `failure`. `numbered` is
    called after each run that numbered leaves, once their head is shown.

    `shared`: other processes have sequencers over the same log. The swap of the row lets one win; who loses stands
    by, and looks with each poll. When the log did not move from one look to the next though there is something to
    do, whoever did it before is dead or frozen, and this one goes on.
    """

    def __init__(
        self,
        sequencer: Sequencer[C],
        *,
        window: float = 0.005,
        pause: float = 0.1,
        poll: float = 1.0,
        keep: float = 60.0,
        prompt: bool = True,
        shared: bool = False,
        numbered: Callable[[], None] = lambda: None,
    ) -> None:
        self._sequencer = sequencer
        self._numbered = numbered
        self._window, self._pause, self._poll = window, pause, poll
        self._shared, self._stands_by, self._prompt = shared, False, prompt
        self._seen: Standing | None = None
        self._keep, self._keep_next = keep, 0.0
        self._wake, self._gathered, self._stopping = Event(), Event(), Event()
        self._expected: dict[str, Future[Sequenced]] = {}
        self._submitted: set[str] = set()  # of those expected
        self._lock = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, name="log-sequencer", daemon=True)
        self.failure: BaseException | None = None
        self.waits_for: str | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the batch at hand. Waiters are cancelled."""
        self._stopping.set()
        self._wake.set()
        self._gathered.set()
        self._thread.join()
        self._sequencer.close()
        self._cancel_all()

    def halt(self, why: BaseException) -> None:
        """No leaf is numbered any more after the run at hand: somebody has seen another log than this one."""
        if self.failure is None:
            self.failure = why
        self._stopping.set()
        self._wake.set()
        self._gathered.set()
        self._cancel_all()

    def wake(self, leaf_id: str = "") -> None:
        """There may be pending leaves; the transaction of `leaf_id`, which is expected, has committed."""
        with self._lock:
            if leaf_id in self._expected:
                self._submitted.add(leaf_id)
                self._weigh()
        self._wake.set()

    def expect(self, leaf_id: str) -> Future[Sequenced]:
        """To be called before the leaf's transaction commits; `wake` after it.

        The future stays open when another process, or a run whose commit was reported lost, sequenced the
        leaf: wait with a time limit, then look the leaf up in the catalogue. `forget` it in the end. Once the
        loop has stopped, it is cancelled.
        """
        with self._lock:
            future = self._expected.setdefault(leaf_id, Future())
            if self._closed:
                future.cancel()
            self._weigh()
            return future

    def forget(self, leaf_id: str) -> None:
        """Nobody waits for this leaf any more."""
        with self._lock:
            self._expected.pop(leaf_id, None)
            self._submitted.discard(leaf_id)
            self._weigh()

    def expected(self) -> frozenset[str]:
        """Leaves whose transaction has committed, and for which somebody here waits."""
        with self._lock:
            return frozenset(self._submitted)

    def found(self, places: Mapping[str, int], head: SignedCheckpoint) -> None:
        """Another process numbered these leaves, and `head`, which contains them, is shown."""
        for future, index in self._taken(places):
            future.set_result(Sequenced(index, head))

    def failed(self, leaves: Iterable[str], why: BaseException) -> None:
        """What another process shows is not to be believed: whoever waits for one of these is told so."""
        for future, _ in self._taken(dict.fromkeys(leaves, 0)):
            future.set_exception(why)

    def _taken(self, places: Mapping[str, int]) -> list[tuple[Future[Sequenced], int]]:
        """Futures of those leaves that wait, each handed out once."""
        with self._lock:
            found = [(self._expected.pop(leaf_id, None), index) for leaf_id, index in places.items()]
            self._submitted -= places.keys()
            self._weigh()
        return [
            (future, index)
            for future, index in found
            if future is not None and future.set_running_or_notify_cancel()
        ]

    def _weigh(self) -> None:
        """Whether a run has nothing to gain from gathering. Under the lock."""
        all_here = self._prompt and 0 < len(self._submitted) == len(self._expected)
        if all_here or len(self._expected) >= CROWD or self._stopping.is_set():
            self._gathered.set()
        else:
            self._gathered.clear()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                numbered = self._is_due() and self._gather()
                self._keep_tail()
                if numbered:
                    self._gathered.wait(self._pause)
        except BaseException as exc:
            self.failure = exc
            self._cancel_all()
            logger.exception("the log's sequencer stopped")
            raise

    def _is_due(self) -> bool:
        """After a wake or a poll: whether to run."""
        if self._stands_by:
            self._stopping.wait(self._poll)
        elif self._wake.wait(self._poll) or not self._shared:
            return True
        try:
            before, self._seen = self._seen, self._sequencer.look()
        except ArchiveUnavailable as exc:
            logger.warning("log: %s; looking again", exc)
            return False
        if self._seen.idle or (self._stands_by and self._seen != before and not self._seen.set_back):
            return False
        self._stands_by = False
        return True

    def _gather(self) -> bool:
        """Wait for those on the way, then as `_drain`."""
        self._wake.clear()
        self._gathered.wait(self._window)
        return self._drain()

    def _keep_tail(self) -> None:
        """A copy for a rebuild: nothing waits for it, and a store that lacks it is no reason to number nothing."""
        if self._stands_by or monotonic() < self._keep_next:
            return
        self._keep_next = monotonic() + self._keep
        try:
            self._sequencer.keep_tail()
        except (ArchiveUnavailable, ArchiveDamaged) as exc:
            logger.warning("log: the last leaves have no second copy: %s", exc)

    def _drain(self) -> bool:
        """Batches until no more than a part of one was pending; who came later wakes the loop again.

        Whether any leaf was numbered.
        """
        numbered = False
        try:
            while not self._stopping.is_set():
                batch = self._sequencer.run_once()
                self.waits_for = None
                self._announce(batch)
                if batch.assigned:
                    numbered = True
                    self._numbered()
                    self._sequencer.tidy()
                if batch.complete:
                    break
        except LogConflict as exc:
            if self._shared:
                logger.info("log: %s; standing by", exc)
                self._stands_by, self._seen = True, None
                return numbered
            self._stopping.wait(self._window)
            self._wake.set()
        except ArchiveUnavailable as exc:
            self.waits_for = str(exc)
            logger.warning("log: %s; trying again", exc)
            self._stopping.wait(self._poll)
            self._wake.set()
        return numbered

    def _announce(self, batch: Batch) -> None:
        if batch.head is not None:
            self.found(batch.assigned, batch.head)

    def _cancel_all(self) -> None:
        with self._lock:
            self._closed = True
            futures, self._expected = list(self._expected.values()), {}
            self._submitted.clear()
        for future in futures:
            future.cancel()
