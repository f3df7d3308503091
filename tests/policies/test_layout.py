from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.layout import Rect, SealSpec, date_fills, fills, number_text, seal_rect


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 5), ("05", "3", "2026")),
        (date(2026, 1, 31), ("31", "01", "2026")),
        (date(2026, 2, 1), ("01", "02", "2026")),
        (date(2026, 12, 31), ("31", "12", "2026")),
    ],
)
def test_leading_zeros_as_the_decree_has_them(day, expected):
    assert tuple(date_fills(day).values()) == expected


def test_numbers():
    assert [number_text(value) for value in (1, 9, 10, 1234)] == ["01", "09", "10", "1234"]
    with pytest.raises(ValueError):
        number_text(0)
    assert fills("15a", date(2026, 3, 5))["AnTinNumber"] == "15a"


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.floats(5, 80),
    st.floats(0.5, 4),
    st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(20, 200), st.floats(20, 200)),
)
def test_a_seal_is_a_true_square_over_a_third(rotation, diameter, unit, given_rect):
    x, y, width, height = given_rect
    signature = Rect(x, y, x + width, y + height)
    seal = seal_rect(signature, SealSpec(diameter), rotation, unit)
    assert seal.width == pytest.approx(diameter * 72 / 25.4 / unit) == pytest.approx(seal.height)
    along = {
        0: (seal.x1 - signature.x0) / width,
        90: (seal.y1 - signature.y0) / height,
        180: (signature.x1 - seal.x0) / width,
        270: (signature.y1 - seal.y0) / height,
    }[rotation]
    assert along == pytest.approx(1 / 3)
    across = 1 if rotation in (0, 180) else 0
    assert seal.centre[across] == pytest.approx(signature.centre[across])
