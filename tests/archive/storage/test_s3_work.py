"""The work bucket of a real server: bytes of any size, found, listed, removed; and what happens when it is away."""

from __future__ import annotations

import hashlib
import io
import os
import random
from datetime import UTC, datetime

import pytest

from archive.errors import ArchiveUnavailable, StorageRefused
from archive.storage.disk import CacheDisk
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_work import S3WorkObjects
from archive.storage.shared_work import SharedWork
from archive.storage.work import WorkDirectory
from tests.archive.storage.buckets import connection, new_bucket, real_now
from tests.engines.ports import free_port

MIB = 1 << 20


@pytest.fixture(params=["plain", "versioned"])
def objects(request, seaweedfs):
    bucket = new_bucket(seaweedfs, locks=request.param == "versioned")
    return S3WorkObjects(connection(seaweedfs, bucket, part_bytes=5 * MIB), clock=real_now)


def written(tmp_path, data):
    path = tmp_path / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [0, 1, 54_000, 5 * MIB, 11 * MIB])
def test_what_was_put_is_found(objects, tmp_path, size):
    data = random.Random(size).randbytes(size)
    path = written(tmp_path, data)
    for _ in range(2):  # the same bytes over it
        objects.put(f"ab/{path.name}.20261127", path)
    with objects.open(f"ab/{path.name}.20261127") as stream:
        assert stream.read() == data


def test_names_come_in_order_and_removed_ones_are_gone(objects, tmp_path):
    names = [f"{shard}/{n:064x}.2026112{n}" for shard in ("aa", "ab") for n in range(3)]
    for name in reversed(names):
        objects.put(name, written(tmp_path, name.encode()))
    objects.put(names[0], written(tmp_path, names[0].encode()))
    assert list(objects.names("")) == names
    assert list(objects.names("ab/")) == names[3:]
    objects.remove(names[3])
    objects.remove(names[3])
    objects.remove("ab/never")
    assert list(objects.names("ab/")) == names[4:]
    with pytest.raises(StorageRefused):
        objects.open(names[3])
    objects.sweep()


def test_two_machines_over_one_bucket(objects, tmp_path):
    a, b = (SharedWork(WorkDirectory(tmp_path / name, CacheDisk()), objects, clock=real_now) for name in "ab")
    data = os.urandom(300_000)
    sha256 = a.put_work(io.BytesIO(data))
    longer = b.extend_work(sha256, b"tail")
    assert a.work_path(longer).read_bytes() == data + b"tail"
    assert list(a.old_work(datetime.now(UTC))) == []
    assert sorted(a.old_work(datetime(2099, 1, 1, tzinfo=UTC))) == sorted([sha256, longer])
    a.clear_work(sha256, datetime(2099, 1, 1, tzinfo=UTC))
    third = SharedWork(WorkDirectory(tmp_path / "c", CacheDisk()), objects, clock=real_now)
    with pytest.raises(StorageRefused):
        third.work_path(sha256)
    assert third.work_path(longer).exists()


def test_a_server_that_is_away_is_unavailable(tmp_path):
    nowhere = S3Connection(f"127.0.0.1:{free_port()}", "work", "access", "secret", tls=False, act_seconds=2.0)
    objects = S3WorkObjects(nowhere, clock=real_now)
    with pytest.raises(ArchiveUnavailable):
        objects.put("ab/x.20261127", written(tmp_path, b"x"))
    with pytest.raises(ArchiveUnavailable):
        list(objects.names(""))
