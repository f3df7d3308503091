"""An act that is committed stands: whatever the archive says of its deposit, nobody is told that it was refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from api.archiving import carry_out_event
from api.proofs import Proofs
from archive.errors import (
    ArchiveDamaged,
    ArchiveUnavailable,
    ArchivingStopped,
    RegisterRefused,
    StorageRefused,
)
from policies.reasons import archiving as reasons

DEPOSIT = SimpleNamespace(leaf="leaf", document="document")
TOLD = [
    ArchiveUnavailable("the store does not answer"),
    ArchiveDamaged("the store gave back something else"),
    StorageRefused(reasons.OBJECT_EXISTS, key="documents/1/event-2.json"),
    RegisterRefused(reasons.NOT_ARCHIVED),
    ArchivingStopped(reasons.NOT_ARCHIVED),
]


def proofs(fault):
    def carry_out(_deposit):
        raise fault

    return SimpleNamespace(carry_out=carry_out)


@pytest.mark.parametrize("fault", TOLD, ids=lambda fault: type(fault).__name__)
def test_what_the_archive_does_not_take_now_waits(fault):
    assert Proofs.keep(proofs(fault), [DEPOSIT]) is False
    carry_out_event(SimpleNamespace(proofs=proofs(fault)), DEPOSIT)


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(KeyError):
        Proofs.keep(proofs(KeyError("a mistake")), [DEPOSIT])
