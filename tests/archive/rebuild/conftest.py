"""One filled archive for the tests of a process: each loses a copy of it."""

from __future__ import annotations

import pytest

from tests.archive.rebuild.lost import Archive


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    archive = Archive(tmp_path_factory.mktemp("before"))
    archive.fill()
    yield archive
    archive.house.transactions.close()
