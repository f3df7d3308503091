"""Any bytes get an answer within 20 seconds and 1 GB: a verdict or a typed refusal, whatever they do to the worker."""

from __future__ import annotations

import pytest

from api.wiring.tools import VERIFY_MEMORY, VERIFY_SECONDS, verification_limits
from signer.errors import DocumentRefused
from signer.sandbox import Sandbox
from tests.service import Site
from tests.signer.test_sandbox import HOSTILE, call


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, verification_limits(), HOSTILE) as pool:
        yield pool


def test_the_limits_are_those_that_are_promised():
    assert (VERIFY_SECONDS, VERIFY_MEMORY) == (20.0, 1 << 30)
    limits = verification_limits(retire_calls=1)
    assert (limits.wall_seconds, limits.address_space, limits.retire_calls) == (20.0, 1 << 30, 1)


@pytest.mark.xdist_group("site")
def test_strangers_files_are_verified_within_them(site: Site):
    limits = site.services.visitors.limits
    assert (limits.wall_seconds, limits.address_space) == (VERIFY_SECONDS, VERIFY_MEMORY)


def test_memory_that_there_is_not_is_a_typed_refusal(sandbox):
    with pytest.raises(DocumentRefused) as refusal:
        call(sandbox, "bomb")
    assert refusal.value.id == "document.parser-killed"
    assert call(sandbox, "echo", 1) == [1]


def test_a_gigabyte_is_more_than_a_worker_gets(sandbox):
    with pytest.raises(DocumentRefused) as refusal:
        call(sandbox, "grow", 1 << 30)
    assert refusal.value.id == "document.parser-killed"


def test_all_rounds_together_have_the_time_of_one():
    """Each round is quick enough by itself; what the first took is not there for the second."""
    with Sandbox(1, verification_limits(), HOSTILE) as pool:
        rounds = pool.together()
        assert rounds.call("signer.hostile:echo", 1) == [1]
        rounds._spent.seconds += VERIFY_SECONDS - 1
        with pytest.raises(DocumentRefused) as refusal:
            rounds.call("signer.hostile:spin")
        assert refusal.value.id == "document.too-slow"
        with pytest.raises(DocumentRefused) as refusal:
            rounds.call("signer.hostile:echo", 1)
        assert refusal.value.id == "document.too-slow"
        assert pool.together().call("signer.hostile:echo", 1) == [1]
