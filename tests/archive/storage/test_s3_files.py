"""Files whose digests are kept from when they were hashed: sent without being read before."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from datetime import timedelta

import pytest

from archive.errors import StorageRefused
from archive.storage.hashed import Kept
from archive.storage.readback import put_and_read_back
from archive.storage.s3_connection import MIB
from archive.storage.s3_wire import Wire
from archive.storage.s3_work import S3WorkObjects
from archive.storage.work import WorkDirectory
from policies.reasons import archiving as reasons
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, real_now

KEY = "documents/0198/a.pdf"
UNTIL = real_now().replace(microsecond=0) + timedelta(days=400)


@pytest.fixture(params=["seaweedfs", "rgw"])
def store(request):
    return bucket_store(request.getfixturevalue(request.param), part_bytes=5 * MIB)


@pytest.fixture
def work(store, tmp_path):
    return WorkDirectory(tmp_path / "work", hashed=store.hashed)


def sent(monkeypatch):
    """Headers of each PUT from now on."""
    found = []
    original = Wire.send

    def spy(self, method, key=None, **more):
        if method == "PUT":
            found.append(more["headers"])
        return original(self, method, key, **more)

    monkeypatch.setattr(Wire, "send", spy)
    return found


def unread(monkeypatch):
    monkeypatch.setattr("archive.storage.s3_bodies._part", None)


@pytest.mark.parametrize("size", [0, 1, 54_000, 3 * MIB + 1])
def test_they_are_sent_with_all_digests_and_read_only_then(store, work, monkeypatch, size):
    store.examine()
    data = os.urandom(size)
    sha256 = work.extend_work(work.put_work(data[: size // 2]), data[size // 2 :])
    unread(monkeypatch)
    puts = sent(monkeypatch)
    stored = put_and_read_back(store, KEY, work.work_path(sha256), sha256=sha256, retain_until=UNTIL)
    assert (stored.size, stored.sha256, stored.retain_until) == (size, sha256, UNTIL)
    (headers,) = puts
    assert headers["x-amz-content-sha256"] == sha256 == hashlib.sha256(data).hexdigest()
    assert headers["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(sha256)).decode()
    assert headers["Content-MD5"] == b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324


def test_another_process_and_large_files_are_hashed_before(store, work, monkeypatch):
    data = os.urandom(11 * MIB)
    sha256 = work.put_work(data)
    stored = put_and_read_back(store, KEY, work.work_path(sha256), sha256=sha256, retain_until=UNTIL)
    assert stored.size == len(data)
    unread(monkeypatch)
    small = WorkDirectory(work.work_path(sha256).parents[1]).put_work(b"of another process")
    with pytest.raises(TypeError):
        store.put("documents/0198/b.pdf", work.work_path(small), sha256=small)


def test_other_bytes_than_were_hashed_are_refused(store, work, monkeypatch):
    """A disk that changed them beneath: inode, size and times are as they were."""
    data = b"x" * 3 * MIB
    sha256 = work.put_work(data)
    path = work.work_path(sha256)
    path.chmod(0o600)
    for other in (b"?" + data[1:], data[:-1] + b"?"):
        path.write_bytes(other)
        digests = hashlib.sha256(data), hashlib.md5(data)  # noqa: S324
        store.hashed.remember(path, Kept(len(data), digests))
        with pytest.raises(StorageRefused) as refused:
            store.put(KEY, path, sha256=sha256, retain_until=UNTIL)
        assert refused.value.reason is reasons.DIGEST_DIFFERS
        assert store.head(KEY) is None and list(store.inventory("documents/")) == []
    path.write_bytes(data[:MIB])
    monkeypatch.setattr(store.hashed, "of", lambda _: Kept(len(data), digests))
    with pytest.raises(StorageRefused):  # an end that comes early
        store.put(KEY, path, sha256=sha256, retain_until=UNTIL)
    path.write_bytes(data)
    assert put_and_read_back(store, KEY, path, sha256=sha256, retain_until=UNTIL).sha256 == sha256


def test_the_work_bucket_takes_the_same_digests(store, work, seaweedfs, monkeypatch):
    bucket = new_bucket(seaweedfs, locks=False)
    objects = S3WorkObjects(connection(seaweedfs, bucket), clock=real_now, hashed=store.hashed)
    sha256 = work.put_work(b"bytes")
    unread(monkeypatch)
    objects.put(f"ab/{sha256}.20261127", work.work_path(sha256))
    with objects.open(f"ab/{sha256}.20261127") as stream:
        assert stream.read() == b"bytes"
