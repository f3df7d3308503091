"""Tests of the running service once more, over PostgreSQL. In a process of their own: jobs run once in each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_on_postgresql(folder: Path, *tests: str, marked: str = "not long and not browser") -> None:
    """All of them pass."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", marked, "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, f"--basetemp={folder}", *tests],
        cwd=ROOT,
        env={**environment, "TEST_ENGINE": "postgresql"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
