"""The port with its DBOS: across kills, stops and delays. Each life is a process of its own."""

from __future__ import annotations

import signal

import pytest

from tests.api import jobs_process
from tests.crashes.children import exit_code, forked


def test_killed_its_jobs_are_taken_up_at_the_next_start(jobs_database):
    assert exit_code(forked(jobs_process.dies, jobs_database)) == -signal.SIGKILL
    assert exit_code(forked(jobs_process.comes_after, jobs_database)) == 0


@pytest.mark.parametrize(
    "life", [jobs_process.stops_and_starts, jobs_process.delays, jobs_process.is_known_to_dbos]
)
def test_a_life(jobs_database, life):
    assert exit_code(forked(life, jobs_database)) == 0
