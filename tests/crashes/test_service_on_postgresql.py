"""Kills, races, faults and slow authorities once more, with the catalogue on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.on_postgresql import run_on_postgresql

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
MODULES = ("kills", "lost_answers", "races", "batches", "faults", "keys", "timestamps", "slow_authority")


@pytest.mark.parametrize("module", MODULES)
def test_as_on_sqlite(tmp_path, module):
    run_on_postgresql(tmp_path / "inner", f"tests/crashes/test_service_{module}.py")


def test_killed_at_every_durable_step(tmp_path):
    run_on_postgresql(tmp_path / "inner", "tests/crashes/test_service_kills.py", marked="long")


def test_killed_before_every_answer(tmp_path):
    run_on_postgresql(tmp_path / "inner", "tests/crashes/test_service_lost_answers.py", marked="long")
