"""The log's own objects: deleted, or with a lock that was cut, in a full audit and in a quick one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.fsck.findings import OBJECT_CHANGED
from archive.storage import keys
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import AT


@pytest.fixture
def entered(lite):
    lite.documents(2)
    lite.documents(1)
    lite.keeper().enter_all(AT)
    return lite


def heads(watch):
    return list(watch.first.list(keys.CHECKPOINTS))


def relock(watch, key, until):
    watch.first.relock(key, until, LockMode.GOVERNANCE)


HARMS = {
    "the highest checkpoint is gone": (lambda w, key: w.first.vanish(key), -1, "object.missing"),
    "an older one is gone": (lambda w, key: w.first.vanish(key), 0, "object.missing"),
    "its lock was cut": (
        lambda w, key: relock(w, key, AT + timedelta(hours=1)),
        -1,
        "retention.shortened",
    ),
    "its lock has ended": (
        lambda w, key: relock(w, key, AT - timedelta(days=365)),
        0,
        "retention.shortened",
    ),
}


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("harm", HARMS)
def test_an_audit_tells_it(entered, harm, quick):
    act, which, finding = HARMS[harm]
    key = heads(entered)[which]
    assert [f for f in entered.audit(AT, quick=quick) if f.severity == "error"] == []
    act(entered, key)
    found = {(f.id, f.where) for f in entered.audit(AT, quick=quick) if f.severity == "error"}
    assert (finding, key) in found


def test_a_bit_of_one_is_told_in_a_full_audit(entered):
    key = next(iter(entered.first.list(keys.OPENINGS)))
    entered.first.flip(key, 80)
    assert (OBJECT_CHANGED, key) in {(f.id, f.where) for f in entered.audit(AT)}
