"""The twin's faults: each is what it says, and reading back finds those that lie."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.storage.memory import Fault, MemoryStore
from archive.storage.readback import check_object, put_bytes
from policies.vocabulary import LockMode
from tests.archive.log.house import NOW, UNTIL

KEY = "documents/a"
DATA = b"bytes"
DIGEST = sha256(DATA).hexdigest()


@pytest.fixture
def store():
    return MemoryStore(clock=lambda: NOW)


def put(store):
    return store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_lost_and_kept_are_reported_alike(store):
    for fault, there in ((Fault.LOST, False), (Fault.KEPT, True)):
        store.fail_at(1, fault)
        with pytest.raises(ArchiveUnavailable):
            put(store)
        assert (store.head(KEY) is not None) is there
    put(store)


def test_duplicated_writes_are_one(store):
    store.fail_at(1, Fault.DUPLICATED)
    assert put(store).sha256 == DIGEST
    assert list(store.list("")) == [KEY]


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.SWALLOWED])
def test_a_write_that_is_not_seen_is_not_believed(store, fault):
    store.fail_at(1, fault)
    with pytest.raises(ArchiveUnavailable):
        put_bytes(store, KEY, DATA, UNTIL)
    store.settle()
    assert (store.head(KEY) is not None) is (fault is Fault.LATE)
    put_bytes(store, KEY, DATA, UNTIL)


HARMS = {
    "flipped": lambda store: store.flip(KEY, 13),
    "truncated": lambda store: store.truncate(KEY, 4),
    "swapped": lambda store: store.overwrite(KEY, b"other"),
    "lock not kept": lambda store: store.lie(KEY, replace(store.head(KEY), retain_until=None)),
    "lock softened": lambda store: store.lie(KEY, replace(store.head(KEY), mode=LockMode.GOVERNANCE)),
    "lies on digest": lambda store: store.lie(KEY, replace(store.head(KEY), sha256="0" * 64)),
    "lies on size": lambda store: store.lie(KEY, replace(store.head(KEY), size=4)),
    "denies": lambda store: store.lie(KEY, None),
    "vanished": lambda store: store.vanish(KEY),
}


@pytest.mark.parametrize("harm", HARMS)
def test_harm_is_found_by_reading_back(store, harm):
    put(store)
    check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL)
    HARMS[harm](store)
    with pytest.raises(ArchiveDamaged):
        check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL, mode=LockMode.COMPLIANCE)


def test_an_act_waits_or_fails_on_command(store):
    """Reads too; what they met is told by name and key."""
    met = []

    def down(act, key):
        met.append((act, key))
        raise ArchiveUnavailable("the store is down")

    put(store)
    store.meets = down
    for call in (
        lambda: put(store),
        lambda: store.open(KEY),
        lambda: store.head(KEY),
        lambda: list(store.list("documents/")),
        lambda: list(store.inventory("documents/")),
        lambda: store.extend_retention(KEY, UNTIL),
        lambda: store.set_hold(KEY, True),
        lambda: store.delete(KEY),
        lambda: store.put_mutable("log/checkpoint", b"x"),
        lambda: store.replace_damaged(KEY, DATA, sha256=DIGEST, retain_until=UNTIL),
    ):
        with pytest.raises(ArchiveUnavailable):
            call()
    assert [act for act, _ in met] == [
        "put",
        "open",
        "head",
        "list",
        "list",
        "extend_retention",
        "set_hold",
        "delete",
        "put_mutable",
        "replace_damaged",
    ]
    store.meets = lambda _act, _key: None
    assert store.head(KEY).sha256 == DIGEST
