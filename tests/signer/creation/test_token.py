from __future__ import annotations

import shutil

import pytest

from signer.creation import cms
from signer.creation.token import fill_token, newest_hole
from signer.errors import SigningRefused
from tests.signer.creation.issuing import LEADER, STAMP, token_over


@pytest.fixture
def leader(issued, tmp_path):
    return shutil.copy(issued[2], tmp_path / "leader.pdf")


def token(path, field, pki):
    return token_over(cms.imprint(newest_hole(path, field).contents), pki)


def test_only_the_hole_changes(leader, pki):
    before = leader.read_bytes()
    hole = newest_hole(leader, LEADER)
    fill_token(leader, LEADER, token(leader, LEADER, pki))
    after = leader.read_bytes()
    assert len(after) == len(before)
    changed = [index for index, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert hole.start <= changed[0] and changed[-1] < hole.start + hole.digits


def test_refused_when_something_is_appended(issued, tmp_path, pki):
    """A token put into the leader's hole after the seal would break the seal."""
    sealed = shutil.copy(issued[3], tmp_path / "sealed.pdf")
    before = sealed.read_bytes()
    with pytest.raises(SigningRefused) as caught:
        fill_token(sealed, LEADER, b"\x30\x00")
    assert caught.value.id == "signing.not-newest-signature" and sealed.read_bytes() == before


def test_refused_when_bytes_follow_the_end(leader, pki):
    made = token(leader, LEADER, pki)
    leader.write_bytes(leader.read_bytes() + b"\n")
    with pytest.raises(SigningRefused):
        fill_token(leader, LEADER, made)


def test_refused_twice(leader, pki):
    made = token(leader, LEADER, pki)
    fill_token(leader, LEADER, made)
    before = leader.read_bytes()
    with pytest.raises(SigningRefused) as caught:
        fill_token(leader, LEADER, made)
    assert caught.value.id == "signing.already-timestamped" and leader.read_bytes() == before


def test_refused_when_it_does_not_fit(desk, pki, monkeypatch):
    monkeypatch.setattr("tests.signer.creation.issuing.RESERVE", 500)
    path = desk.signed(desk.prepared(desk.base()))
    before = path.read_bytes()
    with pytest.raises(SigningRefused) as caught:
        fill_token(path, LEADER, token(path, LEADER, pki))
    assert caught.value.id == "signing.contents-do-not-fit" and path.read_bytes() == before


def test_refused_when_unsigned_or_unknown(issued, tmp_path):
    for field in (STAMP, "Nobody", "AnTinNumber"):
        with pytest.raises(SigningRefused) as caught:
            newest_hole(issued[2], field)
        assert caught.value.id == "signing.field-missing"
