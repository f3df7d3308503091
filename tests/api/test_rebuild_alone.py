"""Two rebuilds over one PostgreSQL, each from a data directory of its own: one of them works."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive.errors import ArchiveRefused
from policies.reasons import archiving as reasons
from tests.api.rebuild_benches import benches, run
from tests.api.test_witnesses import Agency, emptied
from tests.service import PATIENCE


@pytest.fixture
def lost(tmp_path, postgres_database):
    """A store with a log, and an empty catalogue."""
    agency = Agency(tmp_path, postgres_database)
    agency.grow(5, agency.proofs())
    store = agency.store
    emptied(agency)
    yield store, postgres_database
    agency.close()


@pytest.fixture
def make_bench(tmp_path, lost):
    with benches(tmp_path, *lost) as make:
        yield make


@pytest.mark.parametrize("stage", ["verify", "log"])
def test_the_second_is_refused_while_the_first_works(make_bench, stage):
    reached, go_on = threading.Event(), threading.Event()

    def progress(at, *_):
        if at == stage:
            reached.set()
            assert go_on.wait(PATIENCE)

    first, second = make_bench("one"), make_bench("two")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(run, first, progress)
        try:
            assert reached.wait(PATIENCE)
            with pytest.raises(ArchiveRefused) as refusal:
                run(second)
            assert refusal.value.reason is reasons.REBUILD_RUNS
        finally:
            go_on.set()
        assert working.result(PATIENCE).rebuild.size == 5
    with pytest.raises(ArchiveRefused) as refusal:
        run(second)
    assert refusal.value.reason is reasons.CATALOGUE_NOT_EMPTY


def test_one_that_failed_leaves_the_way_free(make_bench):
    def dying(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(make_bench("one"), dying)
    assert run(make_bench("two")).rebuild.size == 5
