"""Documents through the cluster: upload to issue, by several clients at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock, local
from typing import Any

from tests.cluster.clients import Client, Refused


@dataclass
class Progress:
    """Times at which documents were issued, and what was refused."""

    wanted: int
    ids: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def issued(self, document: str) -> None:
        with self._lock:
            self.ids.append(document)
            self.times.append(time.monotonic())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The seconds of the block count for the step of this name."""
        start = time.monotonic()
        yield
        with self._lock:
            self.steps[name] += time.monotonic() - start  # type: ignore[assignment]

    def failed(self, why: object) -> None:
        with self._lock:
            self.refused.append(str(why))

    @property
    def over(self) -> bool:
        return len(self.ids) + len(self.refused) >= self.wanted

    def longest_pause(self, since: float) -> float:
        """Seconds between two documents, at most, from then on."""
        times = [since, *(at for at in self.times if at >= since)]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def walk(clerk: Client, leader: Client, pdf: bytes, subject: str, progress: Progress) -> str:
    """One document in the legal order. Raises Refused."""
    step = progress.step
    form = {"subject": subject, "kind": "QĐ", "leaders": leader.name}
    with step("upload"):
        document: str = clerk.post(
            "/documents", data=form, files={"file": ("quyet-dinh.pdf", pdf, "application/pdf")}
        )["id"]
    place = f"/documents/{document}"
    with step("prepare"):
        seen = clerk.post(f"{place}/preparation", json={})["sha256"]
    with step("sign"):
        leader.ended(f"{place}/leader-signature", json={"sha256": seen})
    with step("number"):
        clerk.post(f"{place}/number", json={})
    with step("seal"):
        clerk.ended(f"{place}/seal")
    with step("receipt"):
        clerk.get(f"{place}/receipt")
    with step("issue"):
        clerk.post(f"{place}/issue")
    return document


def drive(
    count: int, clients: int, sign_in: Callable[[str], Client], pdf: bytes, progress: Progress
) -> ThreadPoolExecutor:
    """All documents in line, worked off by so many pairs of a clerk and a leader."""
    own = local()

    def one(number: int) -> None:
        try:
            if not hasattr(own, "pair"):
                own.pair = sign_in("van-thu"), sign_in("nguyen-van-an")
            progress.issued(walk(*own.pair, pdf, f"Quyết định thử cụm số {number}", progress))
        except (Refused, AssertionError, KeyError) as exc:
            progress.failed(exc)

    threads = ThreadPoolExecutor(clients, "client")
    for number in range(1, count + 1):
        threads.submit(one, number)
    return threads


def numbers_without_gap(documents: list[dict[str, Any]]) -> bool:
    """1, 2, 3 … each once."""
    return sorted(document["number"] for document in documents) == list(range(1, len(documents) + 1))
