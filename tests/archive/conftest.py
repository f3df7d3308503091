"""An archive with a log and two stores."""

from __future__ import annotations

import pytest

from tests.archive.watch_house import open_watch


@pytest.fixture
def watch(tmp_path, database):
    """On either engine."""
    opened = open_watch(tmp_path, database)
    yield opened
    opened.house.transactions.close()


@pytest.fixture
def lite(tmp_path):
    """On SQLite, for what no engine matters to."""
    opened = open_watch(tmp_path)
    yield opened
    opened.house.transactions.close()
