"""The path over PostgreSQL, and what strangers send to it."""

from __future__ import annotations

import pytest

from tests.on_postgresql import run_on_postgresql

MORE = (
    "tests/path/test_augmented_meanwhile.py",
    "tests/path/test_one_question.py",
    "tests/attacks",
    "tests/api/test_endings.py",
    "tests/api/test_forms_http.py",
    "tests/api/test_lost_answers_http.py",
    "tests/api/test_signing_paths.py",
    "tests/api/test_verify_encrypted.py",
)


def test_the_whole_path(tmp_path):
    run_on_postgresql(tmp_path / "inner", "tests/path/test_whole_path.py")


@pytest.mark.long
def test_beside_the_path(tmp_path):
    run_on_postgresql(tmp_path / "inner", *MORE)
