"""Rebuilds side by side over one catalogue, each from a data directory of its own."""

from __future__ import annotations

from contextlib import contextmanager

from api import rebuilding
from api.rebuilding import Bench
from api.settings import Settings
from api.transactions import Transactions
from tests.api.test_witnesses import KEY, now


@contextmanager
def benches(folder, store, url):
    """What makes the bench of a rebuild that has this name."""
    made = []

    def make(name):
        (folder / name).mkdir()
        made.append(Transactions(url))
        return Bench(Settings(data_dir=folder / name), made[-1], {"first": store}, KEY, now)

    yield make
    for transactions in made:
        transactions.close()


def run(bench, progress=lambda *_: None):
    return rebuilding.run(bench, "first", "test", quick=False, progress=progress)
