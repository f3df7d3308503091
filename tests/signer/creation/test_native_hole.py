"""The newest hole by raw bytes: the one that the general path finds, or `Unfit`."""

from __future__ import annotations

import contextlib
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.creation import choose
from signer.creation.native.hole import newest_hole
from signer.creation.native.unfit import Unfit
from signer.creation.token import newest_hole as general
from signer.errors import SignerRefused, SigningRefused
from signer.sandbox import Sandbox
from tests.signer.creation.issuing import LEADER, SHAPES, STAMP, Desk


def test_it_is_the_hole_that_the_general_path_finds(issued):
    _, _, leader, sealed = issued
    assert newest_hole(leader, LEADER) == general(leader, LEADER)
    assert newest_hole(sealed, STAMP) == general(sealed, STAMP)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_of_any_shape_has_one_hole(shape, tmp_path, pki):
    desk = Desk(tmp_path, pki.leader, pki.seal)
    signed = desk.signed(desk.prepared(SHAPES[shape](desk.base())))
    try:
        assert newest_hole(signed, LEADER) == general(signed, LEADER)
    except Unfit:
        assert shape == "hybrid"


def test_what_is_not_the_newest_signature_is_left_to_the_general_path(issued, tmp_path):
    base, prepared, leader, sealed = issued
    followed = shutil.copy(leader, tmp_path / "followed.pdf")
    followed.write_bytes(leader.read_bytes() + b"\n\n")
    for path, field in (
        (base, LEADER), (prepared, LEADER), (leader, STAMP), (leader, "AnTinNumber"), (leader, "Nobody"),
        (sealed, LEADER), (followed, LEADER),
    ):  # fmt: skip
        with pytest.raises(Unfit):
            newest_hole(path, field)
        with pytest.raises(SigningRefused):
            general(path, field)


def test_the_general_path_answers_where_the_native_one_does_not(issued):
    with Sandbox(1) as sandbox:
        assert choose.newest_hole(sandbox, issued[2], LEADER) == general(issued[2], LEADER)
        assert not [worker for worker in sandbox._idle.queue if worker], "nobody was asked"
        with pytest.raises(SigningRefused) as refused:
            choose.newest_hole(sandbox, issued[3], LEADER)
    assert refused.value.id == "signing.not-newest-signature"


@given(st.data())
def test_a_byte_that_is_altered_moves_no_hole(issued, tmp_path_factory, data):
    """What is found covers the file apart from itself, and the general path finds no other."""
    altered = bytearray(issued[3].read_bytes())
    hole = general(issued[3], STAMP)
    behind = st.integers(hole.start + hole.digits - 2, len(altered) - 1)
    position = data.draw(st.integers(issued[2].stat().st_size, hole.start + 4) | behind)
    altered[position] = data.draw(st.sampled_from(b"0123456789 <>[]()/R\nendobj"))
    path = tmp_path_factory.mktemp("altered") / "a.pdf"
    path.write_bytes(altered)
    with contextlib.suppress(Unfit):
        found = newest_hole(path, STAMP)
        after = found.start + found.digits + 1
        assert altered[found.start - 1 : after] == b"<%b>" % found.contents.hex().encode()
        stated = b"/ByteRange [0 %10d %10d %10d]/Contents <"
        assert altered[: found.start].endswith(stated % (found.start - 1, after, len(altered) - after))
        with contextlib.suppress(SignerRefused):
            assert found == general(path, STAMP)
