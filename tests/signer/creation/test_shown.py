"""The register's values are what the file holds and what the page shows, before the seal."""

from __future__ import annotations

import datetime as dt

import pytest

from api.demo.documents import decision
from policies import layout
from policies.layout import PlacementRequest, SealAnchor, SealSpec
from signer.creation.append import append
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.shown import check_shown
from signer.creation.two_step import SignatureRequest, prepare_signature
from signer.errors import SigningRefused
from signer.stamping.appearance import Appearance
from signer.stamping.placement import find_layout

AT = dt.datetime(2026, 3, 5, 7, 0, tzinfo=dt.UTC)
FILLS = layout.fills(15, dt.date(2026, 3, 5))


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    source, out = folder / "a.pdf", folder / "b.pdf"
    source.write_bytes(decision())
    found = find_layout(source, PlacementRequest(seals=(SealAnchor(SealSpec(36.0)),)))
    append(source, prepare(source, PreparationPlan(found.boxes)), out)
    seal = next(box.name for box in found.boxes if box.role == "seal")
    request = SignatureRequest(seal, 8000, "Dấu", AT, Appearance(lines=("x",)), FILLS)
    return out, prepare_signature(out, request).tail


def test_what_was_filled_is_shown(prepared_file):
    check_shown(*prepared_file, FILLS)


def test_the_register_says_something_else(prepared_file):
    for wrong in (layout.fills(51, dt.date(2026, 3, 5)), layout.fills(15, dt.date(2026, 3, 6))):
        with pytest.raises(SigningRefused) as caught:
            check_shown(*prepared_file, wrong)
        assert caught.value.id == "signing.shown-differs"


def test_value_15_drawn_51(prepared_file):
    """The appearance of another number under the same /V: pyHanko, pdfsig and mutool accept it."""
    path, tail = prepared_file
    swapped = tail.replace(b"(15)", b"(51)")
    assert swapped != tail
    for values in (FILLS, layout.fills(51, dt.date(2026, 3, 5))):
        with pytest.raises(SigningRefused):
            check_shown(path, swapped, values)


def test_a_field_that_is_missing(prepared_file):
    with pytest.raises(SigningRefused):
        check_shown(*prepared_file, {**FILLS, "AnTinOther": "1"})
