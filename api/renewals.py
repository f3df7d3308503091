"""The night of renewals: what was never judged is judged, then what is due is renewed, the longest due first.

Bounded: so many documents a night, and so many hours. An authority that does not answer several documents in a row is
left alone until the next night; so is one whose certificate is still the old one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic

from api.renewing import SILENT, CarryOut, Outcome, Renewing, Result
from api.services import Services
from archive.catalogue import evidence_rows
from archive.catalogue.evidence_rows import Due
from policies.renewal import rules_of

log = logging.getLogger("antin.renewals")
PAGE = 50
SECONDS = 4 * 3600.0  # half of a night; the rest is for others
IN_VAIN = 8  # documents in a row


@dataclass(slots=True)
class Run:
    """What a night did. `left`: still due, or not judged yet; `silent`: the authority did not answer."""

    judged: int = 0
    unjudged: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    left: bool = False
    silent: bool = False

    @property
    def good(self) -> bool:
        """Whether it did all that it could: a document that cannot be renewed alarms by its date."""
        return not self.silent

    @property
    def told(self) -> dict[str, object]:
        counts = {str(outcome): self.counts[outcome] for outcome in Outcome}
        return {
            "judged": self.judged,
            "unjudged": self.unjudged,
            **counts,
            "left": self.left,
            "silent": self.silent,
        }


class Renewals:
    """`stopping` is asked between pages."""

    def __init__(
        self,
        services: Services,
        stopping: Callable[[], bool] = lambda: False,
        carry_out: CarryOut | None = None,
    ) -> None:
        self.s = services
        self._one = Renewing(services, carry_out)
        self._stopping = stopping
        self._deadline = monotonic() + SECONDS

    def run(self) -> Run:
        """Raises ArchiveUnavailable when the catalogue does not answer, and Stopped."""
        found = Run()
        self._judge_all(found)
        self._renew_due(found)
        return found

    def _over(self) -> bool:
        return self._stopping() or monotonic() > self._deadline

    def _judge_all(self, run: Run) -> None:
        """Documents of earlier releases, and all of them once an end of an algorithm became known."""
        after, rules = "", rules_of(self.s.profiles["agency"])
        while not self._over():
            with self.s.transactions.read() as conn:
                page = evidence_rows.unjudged(conn, rules, after, PAGE)
            for document in page:
                if self._judged(document):
                    run.judged += 1
                else:
                    run.unjudged += 1
            if len(page) < PAGE:
                return
            after = page[-1]
        run.left = True

    def _judged(self, document: str) -> bool:
        try:
            self._one.judge(document)
        except SILENT as exc:
            log.warning("the evidence of %s could not be judged: %s", document, exc)
            return False
        return True

    def _renew_due(self, run: Run) -> None:
        vain: list[Result] = []
        left = self.s.settings.renewals_nightly
        with ThreadPoolExecutor(self.s.settings.tsa_parallel, "renew") as threads:
            for page in self._pages():
                if left <= 0 or self._over():
                    run.left = True
                    return
                for result in threads.map(lambda due: self._one.renew(due.document), page[:left]):
                    run.counts[result.outcome] += 1
                    in_vain = result.authority or result.outcome is Outcome.NO_GAIN
                    vain = [*vain, result] if in_vain else []
                left -= len(page)
                run.silent = any(result.authority for result in vain)
                if len(vain) >= IN_VAIN:
                    run.left = True
                    return

    def _pages(self) -> Iterator[tuple[Due, ...]]:
        """What was due when the night began; as many at a time as the authority is asked."""
        at, size, last = self.s.clock(), self.s.settings.tsa_parallel, None
        while True:
            with self.s.transactions.read() as conn:
                page = evidence_rows.due(conn, at, last, size)
            if not page:
                return
            yield page
            last = page[-1]
