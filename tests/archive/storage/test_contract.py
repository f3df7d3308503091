"""The contract of `ObjectStore`, for every store that there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import StorageRefused
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import MemoryStore
from archive.storage.readback import check_object, put_and_read_back, put_bytes, read_bounded
from policies.vocabulary import LockMode
from tests.archive.log.house import NOW, UNTIL

LATER = UNTIL + timedelta(days=1)
KEY = "documents/0198/a.pdf"


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["directory", "memory"])
def store(request, tmp_path, clock):
    if request.param == "memory":
        return MemoryStore(clock=clock)
    return DirectoryStore(tmp_path / "archive", clock=clock)


def digest(data):
    return sha256(data).hexdigest()


def put(store, data=b"bytes", key=KEY, until=None, mode=LockMode.COMPLIANCE):
    return store.put(key, data, sha256=digest(data), retain_until=until, mode=mode)


def refused(call, *args, **kwargs):
    with pytest.raises(StorageRefused) as caught:
        call(*args, **kwargs)
    return caught.value.id


def content(store, key=KEY):
    with store.open(key) as stream:
        return stream.read()


def test_what_was_put_is_read_back(store):
    stored = put(store, until=UNTIL)
    assert (stored.key, stored.size, stored.sha256, stored.retain_until) == (KEY, 5, digest(b"bytes"), UNTIL)
    assert store.head(KEY) == stored and content(store) == b"bytes"


def test_a_file_is_taken_as_bytes_are(store, tmp_path):
    data = bytes(range(256)) * 20_000
    (tmp_path / "source").write_bytes(data)
    stored = put_and_read_back(store, KEY, tmp_path / "source", sha256=digest(data), retain_until=UNTIL)
    assert stored.size == len(data) and content(store) == data


def test_nothing_there(store):
    assert store.head(KEY) is None
    assert refused(store.open, KEY) == "archive.object-missing"
    assert refused(store.extend_retention, KEY, UNTIL) == "archive.object-missing"
    store.delete(KEY)
    assert list(store.list("")) == []


def test_the_same_bytes_again_are_a_success(store):
    first = put(store, until=UNTIL)
    assert put(store, until=UNTIL) == first
    assert put(store) == first, "no lock asked for: the lock stays"
    assert put(store, until=NOW) == first, "an earlier end: the lock stays"
    assert put(store, until=LATER).retain_until == LATER
    assert store.head(KEY).retain_until == LATER


def test_a_lock_is_added_to_an_unlocked_object(store):
    put(store)
    assert put(store, until=UNTIL).retain_until == UNTIL == store.head(KEY).retain_until


def test_nothing_is_overwritten(store):
    put(store)
    assert refused(put, store, b"other") == "archive.object-exists"
    assert content(store) == b"bytes" and store.head(KEY).sha256 == digest(b"bytes")


def test_the_stated_digest_must_be_that_of_the_bytes(store):
    assert refused(store.put, KEY, b"bytes", sha256=digest(b"other")) == "archive.digest-differs"
    assert store.head(KEY) is None
    put(store)
    assert refused(store.put, KEY, b"other", sha256=digest(b"bytes")) == "archive.digest-differs"
    assert content(store) == b"bytes"


def test_retention_is_only_extended(store):
    put(store, until=UNTIL)
    assert store.extend_retention(KEY, LATER).retain_until == LATER
    assert store.extend_retention(KEY, LATER).retain_until == LATER
    assert refused(store.extend_retention, KEY, UNTIL) == "archive.retention-shortened"
    assert store.head(KEY).retain_until == LATER


def test_a_lock_is_hardened_and_never_softened(store):
    stored = put(store, until=UNTIL, mode=LockMode.GOVERNANCE)
    assert stored.mode is LockMode.GOVERNANCE and store.head(KEY) == stored
    hard = store.extend_retention(KEY, UNTIL, mode=LockMode.COMPLIANCE)
    assert hard.mode is LockMode.COMPLIANCE and store.head(KEY) == hard
    assert (
        refused(store.extend_retention, KEY, LATER, mode=LockMode.GOVERNANCE) == "archive.retention-shortened"
    )
    assert put(store, until=LATER, mode=LockMode.GOVERNANCE).mode is LockMode.COMPLIANCE
    assert store.head(KEY).mode is LockMode.COMPLIANCE


def test_an_object_without_a_lock_has_no_mode(store):
    assert put(store).mode is None and store.head(KEY).mode is None


def test_a_governance_lock_keeps_as_well(store, clock):
    put(store, until=UNTIL, mode=LockMode.GOVERNANCE)
    assert refused(store.delete, KEY) == "archive.under-retention"


def test_a_legal_hold_outlasts_the_lock(store, clock):
    put(store, until=UNTIL)
    assert store.set_hold(KEY, True).hold and store.head(KEY).hold
    assert store.set_hold(KEY, True).hold
    clock.now = LATER
    assert refused(store.delete, KEY) == "archive.under-hold"
    assert put(store, until=LATER).hold, "a put of the same bytes takes no hold off"
    clock.now = LATER + timedelta(days=1)
    assert not store.set_hold(KEY, False).hold and not store.head(KEY).hold
    store.delete(KEY)
    assert store.head(KEY) is None
    assert refused(store.set_hold, KEY, True) == "archive.object-missing"


def test_the_inventory_tells_every_version(store):
    put(store)
    put(store, b"other", "documents/0199/b.pdf")
    listed = list(store.inventory("documents/"))
    assert [(one.key, one.size) for one in listed] == [(KEY, 5), ("documents/0199/b.pdf", 5)]
    assert all(one.latest and not one.deleted for one in listed)
    assert [one.key for one in store.inventory("documents/", KEY)] == ["documents/0199/b.pdf"]
    assert store.head(KEY, listed[0].version) == store.head(KEY)
    with store.open(KEY, listed[0].version) as stream:
        assert stream.read() == b"bytes"


def test_a_listing_goes_on_after_a_key(store):
    for name in "abc":
        put(store, b"x", f"documents/{name}")
    assert list(store.list("documents/", "documents/a")) == ["documents/b", "documents/c"]
    assert list(store.list("documents/", "documents/c")) == []


def test_a_lock_without_a_zone_is_a_mistake(store):
    with pytest.raises(ValueError):
        put(store, until=datetime(2030, 1, 1))  # noqa: DTZ001
    put(store)
    with pytest.raises(ValueError):
        store.extend_retention(KEY, datetime(2030, 1, 1))  # noqa: DTZ001


def test_nothing_is_deleted_under_its_lock(store, clock):
    put(store, until=UNTIL)
    clock.now = UNTIL - timedelta(microseconds=1)
    assert refused(store.delete, KEY) == "archive.under-retention"
    assert content(store) == b"bytes"
    clock.now = UNTIL
    store.delete(KEY)
    assert store.head(KEY) is None and list(store.list("documents/")) == []
    put(store, b"other")
    assert content(store) == b"other"


def test_an_unlocked_object_can_be_deleted(store):
    put(store)
    store.delete(KEY)
    assert store.head(KEY) is None
    store.delete(KEY)


def test_keys_are_listed_by_prefix_in_order(store):
    names = ["log/tile/0/x001/000", "log/tile/0/000", "log/tile/0/000.p/1", "log/checkpoints/000/000/000/007"]
    for name in [*names, "documents/a/b.pdf", "documents/a-b/c.pdf", "documents/a.b"]:
        put(store, name.encode(), name)
    assert list(store.list("log/")) == sorted(names)
    assert list(store.list("log/tile/0/0")) == ["log/tile/0/000", "log/tile/0/000.p/1"]
    assert list(store.list("documents/a")) == ["documents/a-b/c.pdf", "documents/a.b", "documents/a/b.pdf"]
    assert list(store.list("documents/a/")) == ["documents/a/b.pdf"]
    assert list(store.list("nowhere/")) == []
    assert list(store.list("")) == sorted(
        [*names, "documents/a/b.pdf", "documents/a-b/c.pdf", "documents/a.b"]
    )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "documents/../../outside",
        "documents/./x",
        "documents//x",
        "documents/x/",
        "documents/x.pdf.lock",
        "documents/x\x00",
        "documents/x\n",
        "documents/é",
        "documents\\x",
        ".hidden",
        "documents/" + "x" * 101,
        "x/" * 100 + "x",
    ],
)
def test_keys_that_no_store_should_hold(store, key):
    for call in (lambda: put(store, b"x", key), lambda: store.open(key), lambda: store.head(key)):
        assert refused(call) == "archive.key-not-allowed"
    assert refused(store.delete, key) == "archive.key-not-allowed"


def test_only_the_checkpoint_is_mutable(store):
    store.put_mutable(keys.CHECKPOINT, b"one")
    store.put_mutable(keys.CHECKPOINT, b"two")
    assert content(store, keys.CHECKPOINT) == b"two"
    assert store.head(keys.CHECKPOINT).sha256 == digest(b"two")
    for key in (KEY, "log/checkpoints/000/000/000/001", "log/checkpoint.old", "log/../log/checkpoint"):
        assert refused(store.put_mutable, key, b"x") == "archive.key-not-allowed"


def test_read_back_compares_bytes_and_lock(store):
    put_bytes(store, KEY, b"bytes", UNTIL)
    check_object(store, KEY, sha256=digest(b"bytes"), size=5, retain_until=UNTIL)
    assert read_bounded(store, KEY, 5) == b"bytes"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([b"1", b"2"]), st.integers(0, 3)), max_size=8)
)
def test_whatever_is_tried_the_first_bytes_stay_and_locks_grow(store, clock, acts):
    """A model: per key the first bytes and the latest lock win."""
    base = f"documents/model-{len(list(store.list('documents/')))}-"
    model = {}
    for name, data, days in acts:
        key, until = base + name, NOW + timedelta(days=days) if days else None
        known = model.get(key)
        if known and known[0] != data:
            assert refused(put, store, data, key, until) == "archive.object-exists"
            continue
        put(store, data, key, until)
        ends = [end for end in (known[1] if known else None, until) if end]
        model[key] = (data, max(ends) if ends else None)
    for key, (data, until) in model.items():
        assert content(store, key) == data and store.head(key).retain_until == until
