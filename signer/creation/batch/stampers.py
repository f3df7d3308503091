"""The batch's questions to its time-stamp authority: a few at once, one for each signature, over one adapter."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from policies.reasons import signing as reasons
from policies.refusals import Refused
from signer.creation.batch.values import Failure
from signer.creation.batch.worker import failure_of
from signer.creation.single import IMPRINT_DIGEST
from signer.errors import SignerUnavailable
from signer.ports import TimestampAuthority

Deliver = Callable[[bytes | Failure], None]
Wanted = Callable[[], bool]


class Stampers:
    """Threads that ask; as many as questions may be in flight. They hold no exit of the process up."""

    def __init__(self, authority: TimestampAuthority, in_flight: int) -> None:
        self._authority = authority
        self._in_flight = in_flight
        self._questions: queue.SimpleQueue[tuple[bytes, Wanted, Deliver] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        for _ in range(in_flight):
            threading.Thread(target=self._run, daemon=True).start()

    def ask(self, imprint: bytes, wanted: Wanted, deliver: Deliver) -> None:
        """Ask once, if it is still wanted when its turn comes; `deliver` gets the token, or why there is none, in a
        thread of ours."""
        self._questions.put((imprint, wanted, deliver))

    def close(self) -> None:
        """Ask nothing more; what is in flight ends by itself."""
        self._closed.set()
        for _ in range(self._in_flight):
            self._questions.put(None)

    def _run(self) -> None:
        while (question := self._questions.get()) is not None and not self._closed.is_set():
            imprint, wanted, deliver = question
            if wanted():
                deliver(self._answer(imprint))

    def _answer(self, imprint: bytes) -> bytes | Failure:
        try:
            return self._authority.token(imprint, IMPRINT_DIGEST)
        except (Refused, SignerUnavailable, OSError) as exc:
            return failure_of(exc)
        except Exception as exc:  # noqa: BLE001 (border: an adapter's fault is one document's failure)
            return Failure.fault(reasons.SIGNING_FAULT, kind=type(exc).__name__)
