"""The tests of the running service once more, over PostgreSQL. In a process of their own: jobs run once in each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = ("tests/path/test_whole_path.py",)
MORE = (
    "tests/path/test_augmented_meanwhile.py",
    "tests/path/test_one_question.py",
    "tests/attacks",
    "tests/api/test_endings.py",
    "tests/api/test_forms_http.py",
    "tests/api/test_signing_paths.py",
    "tests/api/test_verify_encrypted.py",
)


def run(folder, *tests):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "not long and not browser"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", f"--basetemp={folder}", *tests],
        cwd=ROOT,
        env={**environment, "TEST_ENGINE": "postgresql"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("tests", [PATH, pytest.param(MORE, marks=pytest.mark.long)], ids=["path", "more"])
def test_on_postgresql(tmp_path, tests):
    result = run(tmp_path / "inner", *tests)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
