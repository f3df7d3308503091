"""The agency's own retention codes: read at the start, and a wrong one refuses it by its name."""

from __future__ import annotations

from datetime import date

import pytest

from api.settings import SettingsError
from api.wiring.rules import retention_table
from policies.retention import in_force

TODAY = date(2026, 3, 5)
OWN = """
[[rule]]
code = "07.15"
maintenance = "07"
years = 15
name = "15 năm"
english = "15 years"
basis = "QĐ 12/QĐ-UBND"
since = 2026-01-15
"""


def test_without_a_file_the_shipped_codes_are_in_force():
    assert {row.code for row in in_force(retention_table(), TODAY)} >= {"01", "02", "07.05"}


def test_own_codes_stand_beside_them_from_their_first_day_on(tmp_path):
    file = tmp_path / "thoi-han.toml"
    file.write_text(OWN)
    rows = retention_table(file)
    assert "07.15" in {row.code for row in in_force(rows, TODAY)}
    assert "07.15" not in {row.code for row in in_force(rows, date(2026, 1, 14))}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OWN.replace('"07"', '"09"'), "07.15: maintenance"),
        (OWN.replace("years = 15", "years = 15.5"), "07.15: years"),
        (OWN.replace("since = 2026-01-15", ""), "07.15: since"),
        (OWN + OWN, "07.15 is there twice"),
        ("[rule]\ncode = 1", "only"),
        ("[other]\n", "only"),
        ("not toml", "retention_file"),
    ],
)
def test_a_wrong_file_refuses_the_start_by_code_and_fault(tmp_path, text, told):
    file = tmp_path / "thoi-han.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told) as caught:
        retention_table(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        retention_table(tmp_path / "none.toml")
