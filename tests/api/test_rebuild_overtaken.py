"""Two rebuilds over one catalogue that know nothing of each other: whoever is overtaken is refused, and harms nothing.

On PostgreSQL the first has lost the connection that kept others away; on SQLite each has a data directory of its own.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from archive.catalogue import rebuild_rows
from archive.errors import ArchiveRefused
from archive.rebuild import run as stages
from policies.reasons import archiving as reasons
from tests.api.rebuild_benches import benches, run
from tests.api.test_witnesses import Agency, emptied
from tests.service import PATIENCE

LEAVES = 300  # more than one stretch of the log, and more than one block


@pytest.fixture
def lost(tmp_path, database, monkeypatch):
    """A store with a log in several stretches, and an empty catalogue."""
    monkeypatch.setattr(stages, "_LEAVES_A_COMMIT", 1)
    agency = Agency(tmp_path, database)
    proofs = agency.proofs()
    for _ in range(3):
        agency.grow(LEAVES // 3, proofs)
    store = agency.store
    emptied(agency)
    yield store, database
    agency.close()


@pytest.fixture
def make_bench(tmp_path, lost):
    with benches(tmp_path, *lost) as make:
        yield make


_END_HOLDERS = text("""
SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND d.datname = current_database()""")


def let_others_in(bench):
    """The server ends the connection that holds the lock, as a network that is cut does."""
    if bench.transactions.engine.dialect.name == "postgresql":
        with bench.transactions.write() as conn:
            assert conn.execute(_END_HOLDERS).scalars().all() == [True]


class Held:
    """A rebuild that waits when it comes to a stage for the n-th time."""

    def __init__(self, bench, stage, turn=1):
        self.bench, self.stage, self.left = bench, stage, turn
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, stage, *_):
        self.left -= stage == self.stage
        if self.left == 0 and not self.go_on.is_set():
            self.reached.set()
            assert self.go_on.wait(PATIENCE)


def rows(bench):
    with bench.transactions.read() as conn:
        return conn.execute(text("SELECT count(*), min(log_index), max(log_index) FROM leaves")).one()


@pytest.mark.parametrize(("stage", "turn"), [("verify", 1), ("log", 1), ("log", 2), ("log", 3)])
def test_one_that_was_overtaken_is_refused(make_bench, stage, turn):
    first, second = make_bench("one"), make_bench("two")
    held = Held(first, stage, turn)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(run, first, held)
        try:
            assert held.reached.wait(PATIENCE)
            let_others_in(first)
            assert run(second).rebuild.size == LEAVES
        finally:
            held.go_on.set()
        with pytest.raises(ArchiveRefused) as refusal:
            working.result(PATIENCE)
    assert refusal.value.reason is reasons.REBUILD_RUNS
    assert rows(second) == (LEAVES, 0, LEAVES - 1)
    with second.transactions.read() as conn:
        assert rebuild_rows.current(conn).finished_at is not None


def test_one_that_comes_between_two_blocks_is_refused_when_the_first_goes_on(make_bench):
    """Both are in the middle: the first that commits goes on to the end."""
    first, second = make_bench("one"), make_bench("two")
    one, two = Held(first, "log"), Held(second, "log")
    with ThreadPoolExecutor(2) as pool:
        try:
            working = pool.submit(run, first, one)
            assert one.reached.wait(PATIENCE)
            let_others_in(first)
            later = pool.submit(run, second, two)
            assert two.reached.wait(PATIENCE)
            two.go_on.set()
            assert later.result(PATIENCE).rebuild.size == LEAVES
        finally:
            one.go_on.set()
            two.go_on.set()
        with pytest.raises(ArchiveRefused) as refusal:
            working.result(PATIENCE)
    assert refusal.value.reason is reasons.REBUILD_RUNS
    assert rows(second) == (LEAVES, 0, LEAVES - 1)


def test_both_at_full_speed(make_bench):
    """Whatever the order of their blocks: the catalogue is whole, and whoever fails is told why."""
    first, second = make_bench("one"), make_bench("two")
    held = Held(first, "verify")
    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(run, first, held)]
        assert held.reached.wait(PATIENCE)
        let_others_in(first)
        working.append(pool.submit(run, second, lambda *_: held.go_on.set()))
        failures = [each.exception(PATIENCE) for each in working]
    told = [each for each in failures if each is not None]
    assert len(told) <= 1, told
    assert [each.reason for each in told] in ([reasons.REBUILD_RUNS], [reasons.CATALOGUE_NOT_EMPTY])
    assert rows(second) == (LEAVES, 0, LEAVES - 1)
