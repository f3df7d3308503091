"""The token goes into the hole that the file really has, on a copy made in one pass."""

from __future__ import annotations

import dataclasses
import io
import shutil
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import work
from archive.storage.work import WorkDirectory
from signer.creation import cms
from signer.creation.token import Hole, fill_token, newest_hole
from signer.errors import SigningRefused
from tests.signer.creation.conftest import *  # noqa: F403 (a signed document, its keys and its authority)
from tests.signer.creation.issuing import LEADER, token_over


@given(
    data=st.binary(min_size=1, max_size=300),
    patch=st.binary(max_size=60),
    offset=st.integers(0, 250),
    block=st.integers(1, 70),
)
def test_a_patched_file_reads_as_if_it_had_been_written_over(tmp_path_factory, data, patch, offset, block):
    path = tmp_path_factory.mktemp("patched") / "file"
    path.write_bytes(data)
    patch = patch[: max(0, len(data) - offset)]
    with work.Patched(path, offset, patch) as patched:
        stream = io.BufferedReader(patched, block)
        found = b"".join(iter(lambda: stream.read(block), b""))
    assert found == data[:offset] + patch + data[offset + len(patch) :]
    assert path.read_bytes() == data


@pytest.fixture
def services(tmp_path):
    return SimpleNamespace(work_area=WorkDirectory(tmp_path / "work"))


def test_the_same_bytes_as_filling_the_hole_in_place(issued, pki, services, tmp_path):
    hole = newest_hole(issued[2], LEADER)
    token = token_over(cms.imprint(hole.contents), pki)
    in_place = shutil.copy(issued[2], tmp_path / "in-place.pdf")
    fill_token(in_place, LEADER, token)
    stamped = services.work_area.work_path(work.stamp(services, issued[2], hole, token))
    assert stamped.read_bytes() == in_place.read_bytes()


@pytest.mark.parametrize(
    "lie",
    [
        lambda hole: dataclasses.replace(hole, start=hole.start + 2),
        lambda hole: dataclasses.replace(hole, start=-3),
        lambda hole: dataclasses.replace(hole, start=1 << 40),
        lambda hole: dataclasses.replace(hole, digits=hole.digits - 2),
        lambda hole: Hole(hole.start, hole.digits, hole.contents[:-1] + b"x"),
    ],
)
def test_a_worker_that_lies_about_the_hole_moves_nothing(issued, pki, services, lie):
    hole = newest_hole(issued[2], LEADER)
    token = token_over(cms.imprint(hole.contents), pki)
    with pytest.raises(SigningRefused):
        work.stamp(services, issued[2], lie(hole), token)
