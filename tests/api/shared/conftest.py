"""Several processes' parts over one PostgreSQL, in one process: what is theirs alone is made anew for each."""

from __future__ import annotations

from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest

from api import migrations, processes
from api.holdings import Holdings
from api.processes import SharedProcesses
from api.transactions import Limits, Transactions

LIMIT = 10.0


class Clock:
    """Seconds, as they pass for one process; frozen while nobody turns it on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Member(SharedProcesses):
    """A process whose heart beats when it is told to, on a clock of its own."""

    def __init__(self, url: str, role: str = "worker") -> None:
        self.wrong = timedelta()
        transactions = Transactions(url, limits=Limits(connections=2))
        super().__init__(transactions, role, LIMIT, lambda: datetime.now(UTC) + self.wrong)
        self.holdings = Holdings(Transactions(url, limits=Limits(connections=4)), self)
        self._register(self.id)

    def close(self) -> None:
        self.holdings.transactions.close()
        self._transactions.close()


@pytest.fixture
def prepared(postgres_database):
    transactions = Transactions(postgres_database)
    migrations.upgrade(transactions.engine)
    transactions.close()
    return postgres_database


@pytest.fixture
def time(monkeypatch):
    """The one clock of all members; `pass_` lets time go by while these beat."""
    clock = Clock()
    monkeypatch.setattr(processes, "_elapsed", clock)

    def pass_(seconds, *beating):
        for _ in range(round(seconds / 2)):
            clock.now += 2
            for member in beating:
                Context().run(member.run_once)  # in a thread of its own, nothing of this one's is asked

    clock.pass_ = pass_
    return clock


@pytest.fixture
def members(prepared, time):
    """Makes processes; all are closed afterwards."""
    made: list[Member] = []

    def make(count: int = 1, role: str = "worker"):
        new = [Member(prepared, role) for _ in range(count)]
        made.extend(new)
        return new if count > 1 else new[0]

    yield make
    for each in made:
        each.close()
