"""The contract of `ObjectStore`, for every store that there is: two of ours, and two real servers.

The clock of ours is moved; that of the servers is this machine's, so what needs time to pass is tested on them by
locks of seconds.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import ArchiveDamaged, StorageRefused
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import MemoryStore
from archive.storage.readback import check_object, put_and_read_back, put_bytes, read_bounded
from archive.storage.s3 import S3Store
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import bucket_store, raw_put, raw_shadow, real_now

DAY = timedelta(days=1)
NOW = real_now().replace(microsecond=0)
UNTIL = NOW + 400 * DAY
LATER = UNTIL + DAY
KEY = "documents/0198/a.pdf"
OURS = ["directory", "memory"]
SERVERS = ["seaweedfs", "rgw"]


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def made(request, name):
    if name in SERVERS:
        return bucket_store(request.getfixturevalue(name))
    clock = request.getfixturevalue("clock")
    if name == "memory":
        return MemoryStore(clock=clock)
    return DirectoryStore(request.getfixturevalue("tmp_path") / "archive", clock=clock)


@pytest.fixture(params=OURS + SERVERS)
def store(request):
    return made(request, request.param)


@pytest.fixture(params=OURS)
def own(request):
    """A store whose clock the test moves."""
    return made(request, request.param)


@pytest.fixture(params=["memory", *SERVERS])
def versioned(request):
    """A store that keeps several versions under a key."""
    return made(request, request.param)


@pytest.fixture(params=SERVERS)
def server(request):
    """A store whose clock nobody moves."""
    return made(request, request.param)


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


def test_a_governance_lock_keeps_as_well(store):
    put(store, until=UNTIL, mode=LockMode.GOVERNANCE)
    assert refused(store.delete, KEY) == "archive.under-retention"


def test_a_legal_hold_outlasts_the_lock(own, clock):
    put(own, until=UNTIL)
    assert own.set_hold(KEY, True).hold and own.head(KEY).hold
    assert own.set_hold(KEY, True).hold
    clock.now = LATER
    assert refused(own.delete, KEY) == "archive.under-hold"
    assert put(own, until=LATER).hold, "a put of the same bytes takes no hold off"
    clock.now = LATER + timedelta(days=1)
    assert not own.set_hold(KEY, False).hold and not own.head(KEY).hold
    own.delete(KEY)
    assert own.head(KEY) is None
    assert refused(own.set_hold, KEY, True) == "archive.object-missing"


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


def test_a_key_that_others_go_on_from_is_found_among_them(store):
    """A full tile and the partial ones before it: where names are directories, these come first."""
    parts = [f"log/tile/0/000.p/{n}" for n in range(1, 13)]
    for key in (*parts, "log/tile/0/000", "log/tile/0/001"):
        assert put(store, key.encode(), key).key == key
    assert content(store, "log/tile/0/000") == b"log/tile/0/000"
    assert sorted(store.list("log/tile/0/000")) == sorted([*parts, "log/tile/0/000"])
    assert len(list(store.inventory("log/"))) == len(parts) + 2


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


def test_nothing_is_deleted_under_its_lock(own, clock):
    put(own, until=UNTIL)
    clock.now = UNTIL - timedelta(microseconds=1)
    assert refused(own.delete, KEY) == "archive.under-retention"
    assert content(own) == b"bytes"
    clock.now = UNTIL
    own.delete(KEY)
    assert own.head(KEY) is None and list(own.list("documents/")) == []
    put(own, b"other")
    assert content(own) == b"other"


def short_lock(store, key, held=False):
    """Puts a lock of seconds; returns its end, of which something is left."""
    seconds = 3
    while True:
        end = real_now().replace(microsecond=0) + timedelta(seconds=seconds)
        put(store, key=f"{key}-{seconds}", until=end)
        if held:
            store.set_hold(f"{key}-{seconds}", True)
        if end - real_now() > timedelta(seconds=1.5):
            return f"{key}-{seconds}", end
        seconds *= 2  # a machine that is this slow needs longer locks


def test_a_server_deletes_nothing_under_its_lock_and_all_after_it(server):
    """The same in real time, which nobody moves: once with a hold and once without."""
    held, _ = short_lock(server, "documents/held", held=True)
    key, end = short_lock(server, "documents/locked")
    assert refused(server.delete, key) == "archive.under-retention"
    assert content(server, key) == b"bytes"
    time.sleep(
        max(0.0, (end - real_now()).total_seconds()) + 1.1
    )  # the server's seconds may be ours or the next
    assert refused(server.delete, held) == "archive.under-hold"
    server.delete(key)
    assert server.head(key) is None and list(server.list("documents/")) == [held]
    put(server, b"other", key)
    assert content(server, key) == b"other"
    assert not server.set_hold(held, False).hold
    server.delete(held)
    assert server.head(held) is None
    assert refused(server.set_hold, held, True) == "archive.object-missing"


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


def spoil(store, key, data):
    """Other bytes than those that were put, behind the contract's back."""
    if isinstance(store, MemoryStore):
        store.overwrite(key, data)
    else:
        path = store._path(key)
        path.chmod(0o644)
        path.write_bytes(data)


def put_damaged(store):
    """An object of which other bytes are there than it should have; a server was given them with a false digest."""
    if isinstance(store, S3Store):
        return raw_put(store, KEY, b"bytez", sha256=digest(b"bytes"), until=UNTIL)
    first = put(store, until=UNTIL)
    spoil(store, KEY, b"bytez")
    return first


def mended(store, data=b"bytes", version="", until=UNTIL, mode=LockMode.COMPLIANCE):
    return store.replace_damaged(
        KEY, data, sha256=digest(data), retain_until=until, mode=mode, version=version
    )


def whole(store, found):
    with store.open(KEY, found.version) as stream:
        return stream.read()


def test_a_whole_copy_is_written_for_a_damaged_one(store):
    first = put_damaged(store)
    found = mended(store, version=first.version)
    assert whole(store, found) == b"bytes"
    shown = store.head(KEY, found.version)
    assert (shown.sha256, shown.size, shown.retain_until, shown.mode) == (
        digest(b"bytes"),
        5,
        UNTIL,
        LockMode.COMPLIANCE,
    )
    assert mended(store, version=first.version) == found, "again: no further copy"
    assert mended(store, version=found.version) == found
    assert mended(store, version=first.version, until=LATER).retain_until == LATER, "its lock is extended"
    assert len(list(store.inventory(KEY))) == (1 if found.version == "" else 2)


def test_a_whole_copy_is_written_for_one_that_is_gone(store):
    first = put(store)
    if isinstance(store, MemoryStore):
        store.vanish(KEY)
    elif isinstance(store, DirectoryStore):
        store._path(KEY).unlink()
    else:
        store.delete(KEY)
    found = mended(store, version=first.version)
    assert whole(store, found) == b"bytes" == content(store)
    assert mended(store, version=first.version) == found


def test_a_repair_takes_a_whole_copy_for_what_it_is(store):
    first = put(store, until=LATER, mode=LockMode.COMPLIANCE)
    assert mended(store, version=first.version, mode=LockMode.COMPLIANCE) == first
    assert len(list(store.inventory(KEY))) == 1


def test_a_damaged_repair_is_repaired_again(store):
    first = put_damaged(store)
    if isinstance(store, S3Store):
        found = raw_put(store, KEY, b"again", sha256=digest(b"bytes"), until=UNTIL)
    else:
        found = mended(store, version=first.version)
    if isinstance(store, MemoryStore):
        store.flip(KEY, version=found.version)
    elif isinstance(store, DirectoryStore):
        spoil(store, KEY, b"again")
    second = mended(store, version=found.version)
    assert whole(store, second) == b"bytes"


def test_a_repair_never_writes_bytes_of_another_digest(store):
    put_damaged(store)
    call = {"sha256": digest(b"bytes"), "retain_until": UNTIL}
    assert refused(store.replace_damaged, KEY, b"other", **call) == "archive.digest-differs"
    with pytest.raises(ArchiveDamaged):
        check_object(store, KEY, sha256=digest(b"bytes"))


def shadow(store, key, data):
    """Somebody who may write to the store does: a newer version, or for None a delete marker on top."""
    if isinstance(store, MemoryStore):
        store.shadow(key, data)
    else:
        raw_shadow(store, key, data)


@pytest.mark.parametrize("writings", [(b"other",), (None,), (b"other", None), (None, b"other"), (None, None)])
def test_what_is_written_over_an_object_neither_changes_nor_hides_it(versioned, writings):
    store, first = versioned, put(versioned, until=UNTIL)
    for data in writings:
        shadow(store, KEY, data)
    assert store.head(KEY) == first and content(store) == b"bytes"
    assert list(store.list("documents/")) == [KEY]
    assert put(store, until=UNTIL).sha256 == digest(b"bytes"), "the object is still the one that was put"
    assert refused(put, store, b"other") == "archive.object-exists"
    assert store.extend_retention(KEY, LATER).retain_until == LATER
    check_object(store, KEY, sha256=digest(b"bytes"), retain_until=LATER)
    listed = [entry for entry in store.inventory("documents/") if entry.key == KEY]
    assert len(listed) > 1 and listed[0].latest and not listed[-1].deleted
    assert listed[-1].version == first.version, "the traces are in the inventory"
    assert any(entry.deleted for entry in listed) or None not in writings


def test_all_that_was_written_under_a_key_is_deleted_with_it(versioned):
    store = versioned
    put(store)
    shadow(store, KEY, b"other")
    shadow(store, KEY, None)
    store.delete(KEY)
    assert store.head(KEY) is None and list(store.inventory("documents/")) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([b"1", b"2"]), st.integers(0, 3)), max_size=8)
)
def test_whatever_is_tried_the_first_bytes_stay_and_locks_grow(store, acts):
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


@pytest.mark.long
def test_a_listing_of_many_pages_leaves_nothing_out(server):
    parts = [f"log/tile/0/000.p/{n}" for n in range(1, 1101)]
    for key in (*parts, "log/tile/0/000", "log/tile/0/001"):
        put(server, b"x", key)
    found = list(server.list("log/"))
    assert sorted(found) == sorted([*parts, "log/tile/0/000", "log/tile/0/001"])
