"""The server itself fails: killed, frozen, full, its disk rotten. Nothing is archived meanwhile that is not there
afterwards, and the same store serves again by itself."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from hashlib import sha256

import pytest

from archive.errors import ArchiveUnavailable, StorageRefused, StoreUnavailable
from archive.storage.readback import check_object, put_and_read_back
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import bucket_store, real_now
from tests.conftest import need_tool
from tests.engines import rgw as rgw_engine
from tests.engines import seaweedfs as seaweedfs_engine

KEY = "documents/0198/a.pdf"
DATA = b"the decision" * 1000
DIGEST = sha256(DATA).hexdigest()
UNTIL = real_now().replace(microsecond=0) + timedelta(days=400)


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    """One that these tests kill."""
    with seaweedfs_engine.seaweedfs(tmp_path_factory.mktemp("killed")) as server:
        yield server


@pytest.fixture(scope="module")
def ceph(tmp_path_factory):
    for program in rgw_engine.PROGRAMS:
        need_tool(program)
    with rgw_engine.rgw(tmp_path_factory.mktemp("killed") / "ceph") as server:
        yield server


@pytest.fixture(params=["seaweed", "ceph"])
def server(request):
    return request.getfixturevalue(request.param)


def put(store, key=KEY):
    return put_and_read_back(store, key, DATA, sha256=DIGEST, retain_until=UNTIL)


def unavailable(call):
    with pytest.raises(StoreUnavailable) as caught:
        call()
    return caught.value.reason.id


def eventually(call, seconds=60):
    """What `call` returns when the store serves again; a server that was killed may need a while."""
    end = time.monotonic() + seconds
    while True:
        try:
            return call()
        except ArchiveUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_a_store_that_is_down_is_told_and_comes_back(server):
    store = bucket_store(server, act_seconds=3.0, connect_seconds=1.0)
    put(store)
    server.kill()
    for call in (lambda: put(store, "documents/b"), lambda: store.head(KEY), lambda: list(store.list(""))):
        assert unavailable(call) in ("store.unreachable", "store.silent")
    server.restart()
    eventually(lambda: put(store, "documents/b"))
    check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL, mode=LockMode.COMPLIANCE)
    with pytest.raises(StorageRefused):
        store.delete(KEY)


@pytest.mark.long
def test_killed_in_the_middle_of_puts_the_store_has_each_object_once_or_not(server):
    """Whatever was told as archived is there; the rest is archived by the same calls."""
    store = bucket_store(server, act_seconds=3.0, connect_seconds=1.0, attempts=2)
    told, stop = [], threading.Event()

    def work(worker):
        number = 0
        while not stop.is_set():
            with_number = f"documents/{worker}-{number}"
            try:
                told.append(put(store, with_number))
            except ArchiveUnavailable:
                return
            number += 1

    put(store)
    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    while len(told) < 5:
        time.sleep(0.01)
    server.kill()
    stop.set()
    for worker in workers:
        worker.join()
    server.restart()
    eventually(lambda: store.head(KEY))
    for stored in told:
        assert store.head(stored.key) == stored
        check_object(store, stored.key, sha256=DIGEST, retain_until=UNTIL)
    for number in range(3):
        for last in range(len(told) + 1):
            eventually(lambda key=f"documents/{number}-{last}": put(store, key))
    versions = [entry.key for entry in store.inventory("documents/")]
    assert len(versions) == len(set(versions))


def test_a_store_that_hangs_costs_its_time_and_no_more(server):
    store = bucket_store(server, read_seconds=0.5, act_seconds=1.5, attempts=2)
    put(store)
    server.freeze()
    try:
        start = time.monotonic()
        assert unavailable(lambda: store.put("documents/b", DATA, sha256=DIGEST)) == "store.silent"
        assert unavailable(lambda: store.head(KEY)) == "store.silent"
        assert time.monotonic() - start < 10
    finally:
        server.thaw()
    stored = eventually(lambda: put(store, "documents/b"))
    assert store.head("documents/b") == stored, "what it heard while it hung may be there; it is the same"
    time.sleep(1)
    assert store.head("documents/b") == stored


def test_a_full_store_takes_nothing_more_and_keeps_what_it_has(tmp_path):
    """SeaweedFS calls it an internal error; it can be read, and that is what is told."""
    server = seaweedfs_engine.SeaweedFS(tmp_path, volume_mb=1, volumes=3)
    try:
        server.start()
        store = bucket_store(server)
        kept, reason = [], ""
        for number in range(100):
            data = os.urandom(400_000)
            try:
                found = store.put(
                    f"documents/{number}", data, sha256=sha256(data).hexdigest(), retain_until=UNTIL
                )
            except StoreUnavailable as exc:
                reason = exc.reason.id
                break
            kept.append((found, sha256(data).hexdigest()))
        assert reason == "store.not-writable" and kept
        for found, digest in kept:
            check_object(store, found.key, sha256=digest, retain_until=UNTIL, mode=LockMode.COMPLIANCE)
        assert len(list(store.list("documents/"))) == len(kept)
        server.kill()
        server.volumes = 100
        server.restart()
        assert eventually(lambda: put(store)).retain_until == UNTIL
    finally:
        server.kill()


@pytest.mark.long
def test_bytes_that_rotted_on_the_servers_disk_are_not_given_out(tmp_path):
    """SeaweedFS finds it by its own checksum and answers 500 after 13 s; a repair writes a whole copy beside it."""
    with seaweedfs_engine.seaweedfs(tmp_path) as server:
        store = bucket_store(server, act_seconds=30.0)
        data = b"needle in a volume " + os.urandom(5000)
        first = store.put(KEY, data, sha256=sha256(data).hexdigest(), retain_until=UNTIL)
        server.kill()
        (volume,) = [path for path in (tmp_path / "data").glob("*.dat") if data[:19] in path.read_bytes()]
        rotten = bytearray(volume.read_bytes())
        rotten[rotten.index(data[:19]) + 100] ^= 1
        volume.write_bytes(rotten)
        server.restart()
        eventually(lambda: put(store, "documents/b"))
        assert unavailable(lambda: store.open(KEY).read()) in ("store.busy", "store.silent")
        assert store.head(KEY) == first
        mended = store.replace_damaged(
            KEY, data, sha256=first.sha256, retain_until=UNTIL, version=first.version
        )
        check_object(store, KEY, sha256=first.sha256, retain_until=UNTIL, version=mended.version)
        assert mended.version != first.version
