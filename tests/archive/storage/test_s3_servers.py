"""What was measured about the servers and the SDK, and the adapter relies on. Another version may behave otherwise:
then a line here fails before an archive does, and docs/storage.md has a table to mend."""

from __future__ import annotations

import os
import random
import re
import threading
from base64 import b64encode
from datetime import timedelta
from hashlib import md5, sha256

import pytest
from minio import Minio

from archive.errors import ArchiveDamaged, StorageRefused, StoreUnavailable
from archive.storage.readback import check_object, put_and_read_back, read_bounded
from archive.storage.s3_answers import object_of, page_of, retention_of, until_of
from archive.storage.s3_connection import MIB, S3Connection
from archive.storage.s3_errors import ServerSaid
from archive.storage.s3_upload import Lock, whole_second
from archive.storage.s3_wire import Wire
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import bucket_store, raw_put, real_now

KEY = "documents/0198/a.pdf"
UNTIL = real_now().replace(microsecond=0) + timedelta(days=400)
SEAWEEDFS, RGW = "seaweedfs", "rgw"


@pytest.fixture(params=[SEAWEEDFS, RGW])
def name(request):
    return request.param


@pytest.fixture
def store(request, name):
    return bucket_store(request.getfixturevalue(name), part_bytes=5 * MIB)


def digest(data):
    return sha256(data).hexdigest()


def b64(digest):
    return b64encode(digest).decode()


def ask(store, method, key=None, *, headers=None, body=None, **query):
    """(status or code, headers, body) of a raw request."""
    query = {word.replace("_", "-"): str(value) for word, value in query.items()}
    try:
        answer = store._wire.send(
            method, key, query=query, headers=headers, body=body, deadline=store._wire.deadline()
        )
    except ServerSaid as exc:
        return exc.code, {}, b""
    return answer.status, answer.headers, answer.data


def retention(lock):
    return f"<Retention><Mode>{lock.mode}</Mode><RetainUntilDate>{lock.date}</RetainUntilDate></Retention>".encode()


# Conditions.


def test_conditional_writes(store, name):
    assert store.examine().conditional is (name == SEAWEEDFS)
    first = ask(store, "PUT", KEY, body=b"one", headers={"If-None-Match": "*"})[0]
    again = ask(store, "PUT", KEY, body=b"two", headers={"If-None-Match": "*"})[0]
    assert (first, again) == (200, "PreconditionFailed" if name == SEAWEEDFS else 200)


def test_the_probe_of_conditions_leaves_two_objects_at_most(request, store, name):
    server = request.getfixturevalue(name)
    for _ in range(3):
        bucket_store(server, store._wire.connection.bucket).examine()
    listed = page_of(ask(store, "GET", versions="")[2]).entries
    assert [entry.key for entry in listed] == ["canary/conditional"] * (1 if name == SEAWEEDFS else 2)
    assert list(store.list("")) == [], "it is no content"


def test_racing_puts_agree(store, name):
    """Of eight that write at once, other bytes each, one is told that it succeeded where conditions are kept. Where
    they are not, everybody who was told so was the oldest when they looked, and the object is one of theirs."""
    told = {}

    def go(number):
        data = b"%d" % number
        try:
            told[number] = store.put(KEY, data, sha256=digest(data), retain_until=UNTIL).version
        except StorageRefused as exc:
            refused.append(exc.id)

    refused = []
    store.examine()
    racers = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    kept = read_bounded(store, KEY, 9)
    assert int(kept) in told and store.head(KEY).version == told[int(kept)]
    assert len(told) == 1 and refused == ["archive.object-exists"] * 7


def test_racing_puts_of_the_same_bytes_all_succeed(store):
    done = []

    def go():
        done.append(store.put(KEY, b"same", sha256=digest(b"same"), retain_until=UNTIL))

    store.examine()
    racers = [threading.Thread(target=go) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(done) == 8 and {stored.sha256 for stored in done} == {digest(b"same")}
    check_object(store, KEY, sha256=digest(b"same"), retain_until=UNTIL, mode=LockMode.COMPLIANCE)


def test_several_writers_of_the_checkpoint_leave_one_of_theirs(store):
    def go(number):
        for turn in range(5):
            store.put_mutable("log/checkpoint", b"%d-%d" % (number, turn))
            store.tidy("log/checkpoint")

    store.examine()
    writers = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert re.fullmatch(rb"[0-3]-4", read_bounded(store, "log/checkpoint", 9)), "the last write of somebody"
    store.put_mutable("log/checkpoint", b"end")
    store.tidy("log/checkpoint")
    assert read_bounded(store, "log/checkpoint", 9) == b"end"
    assert len(list(store.inventory("log/"))) == 1


# Checksums.


@pytest.mark.parametrize(
    ("header", "wrong", "refusing"),
    [
        (
            "Content-MD5",
            b64(md5(b"x", usedforsecurity=False).digest()),
            {SEAWEEDFS: "BadDigest", RGW: "BadDigest"},
        ),
        ("x-amz-checksum-sha256", b64(sha256(b"x").digest()), {SEAWEEDFS: "BadDigest", RGW: 200}),
        ("x-amz-content-sha256", digest(b"x"), {SEAWEEDFS: 200, RGW: "XAmzContentSHA256Mismatch"}),
    ],
)
def test_wrong_checksums(store, name, header, wrong, refusing):
    assert ask(store, "PUT", KEY, body=b"bytes", headers={header: wrong})[0] == refusing[name]


def test_a_put_sends_all_three(store, monkeypatch):
    sent = []
    original = Wire.send

    def spy(self, method, key=None, **more):
        sent.append((method, key, dict(more.get("headers") or {})))
        return original(self, method, key, **more)

    monkeypatch.setattr(Wire, "send", spy)
    store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL, mode=LockMode.GOVERNANCE)
    (headers,) = [headers for method, key, headers in sent if (method, key) == ("PUT", KEY)]
    assert headers["Content-MD5"] == b64(md5(b"bytes", usedforsecurity=False).digest())
    assert headers["x-amz-checksum-sha256"] == b64(sha256(b"bytes").digest())
    assert headers["x-amz-content-sha256"] == headers["x-amz-meta-sha256"] == digest(b"bytes")
    assert headers["x-amz-object-lock-mode"] == "GOVERNANCE"
    assert headers["x-amz-object-lock-retain-until-date"] == UNTIL.strftime("%Y-%m-%dT%H:%M:%SZ")


# Parts.


def test_a_large_object_goes_in_parts_and_is_locked(store, tmp_path):
    """Ceph RGW 16.2 drops the lock that was sent along; it is put on afterwards, and read back."""
    data = os.urandom(12 * MIB)
    (tmp_path / "scan").write_bytes(data)
    stored = put_and_read_back(
        store, KEY, tmp_path / "scan", sha256=digest(data), retain_until=UNTIL, mode=LockMode.COMPLIANCE
    )
    assert (stored.size, stored.retain_until, stored.mode) == (len(data), UNTIL, LockMode.COMPLIANCE)
    assert ask(store, "DELETE", KEY, versionId=stored.version)[0] == "AccessDenied"
    assert put_and_read_back(store, KEY, data, sha256=digest(data), retain_until=UNTIL) == stored
    assert len(list(store.inventory("documents/"))) == 1


@pytest.mark.parametrize("size", [5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 0, 1])
def test_sizes_around_the_parts(store, tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "scan").write_bytes(data)
    for key, source in ((KEY, data), (KEY + ".file", tmp_path / "scan")):
        stored = put_and_read_back(store, key, source, sha256=digest(data), retain_until=UNTIL)
        assert stored.size == size


def test_headers_of_a_multipart_upload_lock_nothing_on_rgw(store, name):
    """The fault itself, as the canary looks for it."""
    headers = Lock(UNTIL, LockMode.COMPLIANCE).headers
    begun = ask(store, "POST", KEY, headers=headers, uploads="")[2]
    upload = re.search(rb"<UploadId>(.*?)</UploadId>", begun)[1].decode()
    tag = ask(store, "PUT", KEY, body=b"x", partNumber=1, uploadId=upload)[1]["ETag"]
    part = f"<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>"
    whole = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
    version = ask(store, "POST", KEY, body=whole, uploadId=upload)[1]["x-amz-version-id"]
    assert (store.head(KEY, version).mode is LockMode.COMPLIANCE) is (name == SEAWEEDFS)
    assert ask(store, "DELETE", KEY, versionId=version)[0] == ("AccessDenied" if name == SEAWEEDFS else 204)


def test_an_upload_that_fails_is_given_up(store, monkeypatch):
    data = os.urandom(6 * MIB)

    def fail(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(store._uploader, "_complete", fail)
    with pytest.raises(KeyboardInterrupt):
        store.put(KEY, data, sha256=digest(data), retain_until=UNTIL)
    assert b"<UploadId>" not in ask(store, "GET", uploads="")[2]
    assert list(store.list("documents/")) == []


def test_uploads_that_a_crash_left_are_swept_after_a_day(request, store, name):
    ask(store, "POST", KEY, uploads="")
    store.sweep()
    assert b"<UploadId>" in ask(store, "GET", uploads="")[2], "it may be somebody's who is at work"
    tomorrow = bucket_store(request.getfixturevalue(name), store._wire.connection.bucket)
    tomorrow._clock = lambda: real_now() + timedelta(days=1, minutes=1)
    tomorrow.sweep()
    assert b"<UploadId>" not in ask(store, "GET", uploads="")[2]


def test_memory_does_not_grow_with_the_file(store, tmp_path, monkeypatch):
    """Sent and read back in blocks: the largest piece that is ever in memory is one block."""
    largest = []
    original = type(store._wire).send

    def spy(self, method, key=None, **more):
        body = more.get("body")
        if hasattr(body, "read"):
            read = body.read
            body.read = lambda size: largest.append(size) or read(size)
        return original(self, method, key, **more)

    monkeypatch.setattr(type(store._wire), "send", spy)
    (tmp_path / "scan").write_bytes(os.urandom(12 * MIB))
    put_and_read_back(
        store, KEY, tmp_path / "scan", sha256=digest((tmp_path / "scan").read_bytes()), retain_until=UNTIL
    )
    assert largest and max(largest) <= MIB


# Locks.


def test_head_tells_what_the_lock_itself_tells(store):
    """So that reading back takes one request; and a hold."""
    put = store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL, mode=LockMode.GOVERNANCE)
    store.set_hold(KEY, True)
    shown = object_of(KEY, ask(store, "HEAD", KEY, versionId=put.version)[1])
    told = retention_of(ask(store, "GET", KEY, retention="", versionId=put.version)[2])
    assert (told.until, told.mode) == (shown.retain_until, shown.mode) == (UNTIL, LockMode.GOVERNANCE)
    assert shown.hold and shown.sha256 == digest(b"bytes")


def test_governance_is_not_hardened_without_the_right_to_bypass(store):
    put = store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL, mode=LockMode.GOVERNANCE)
    hard = retention(Lock(UNTIL, LockMode.COMPLIANCE))
    query = {"retention": "", "versionId": put.version}
    assert ask(store, "PUT", KEY, body=hard, **query)[0] == "AccessDenied"
    bypass = {"x-amz-bypass-governance-retention": "true"}
    assert ask(store, "PUT", KEY, body=hard, headers=bypass, **query)[0] == 200
    assert store.head(KEY).mode is LockMode.COMPLIANCE


@pytest.mark.parametrize(
    "headers", [{}, {"x-amz-bypass-governance-retention": "true"}], ids=["plainly", "bypassing"]
)
def test_compliance_is_neither_shortened_nor_softened_nor_deleted(store, headers):
    put = store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL)
    for lock in (
        Lock(UNTIL - timedelta(days=1), LockMode.COMPLIANCE),
        Lock(UNTIL + timedelta(days=1), LockMode.GOVERNANCE),
    ):
        answer = ask(
            store, "PUT", KEY, body=retention(lock), headers=headers, retention="", versionId=put.version
        )
        assert answer[0] == "AccessDenied"
    assert ask(store, "DELETE", KEY, headers=headers, versionId=put.version)[0] == "AccessDenied"
    assert store.head(KEY) == put


def test_nothing_but_hardening_ever_sends_the_bypass(store, monkeypatch):
    sent = []
    original = Wire.send

    def spy(self, method, key=None, **more):
        sent.append((method, dict(more.get("query") or {}), dict(more.get("headers") or {})))
        return original(self, method, key, **more)

    monkeypatch.setattr(Wire, "send", spy)
    store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL, mode=LockMode.GOVERNANCE)
    store.extend_retention(KEY, UNTIL + timedelta(days=1), mode=LockMode.GOVERNANCE)
    with pytest.raises(StorageRefused):
        store.delete(KEY)
    assert not any("x-amz-bypass-governance-retention" in headers for _, _, headers in sent)
    store.extend_retention(KEY, UNTIL + timedelta(days=1), mode=LockMode.COMPLIANCE)
    bypassing = [
        (method, set(query))
        for method, query, headers in sent
        if len(headers) > 1 and "bypass" in str(headers)
    ]
    assert bypassing == [("PUT", {"retention", "versionId"})]


def test_parts_of_a_second_are_rounded_up(store):
    until = UNTIL + timedelta(microseconds=1)
    stored = store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=until)
    assert stored.retain_until == UNTIL + timedelta(seconds=1) == store.head(KEY).retain_until
    assert whole_second(UNTIL) == UNTIL


def test_dates_of_every_server():
    for date in ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05.678Z", "2030-01-02T03:04:05.999999999Z"):
        assert until_of(date).isoformat() == "2030-01-02T03:04:05+00:00"
    for date in (
        "",
        "2030",
        "2030-01-02T03:04:05",
        "2030-13-02T03:04:05Z",
        "2030-01-02T03:04:05+07:00",
        "٢٠٣٠-01-02T03:04:05Z",
    ):
        with pytest.raises(ArchiveDamaged):
            until_of(date)


# Listings.


# In the order of SeaweedFS's directories, what begins with another key of these comes before it.
COUNTS = {
    "documents/a": 1,
    "documents/b": 3,
    "documents/b-c": 2,
    "documents/b-c/d": 1,
    "documents/b.c": 1,
    "documents/b/c": 2,
    "documents/c": 1,
    "log/tile/0/000": 2,
    "log/tile/0/000.p/1": 1,
    "log/tile/0/000.p/20": 1,
    "log/tile/0/x001/000": 1,
    "log/x": 4,
}


@pytest.mark.parametrize("page", [9, 11, 13, 1000])
def test_pages_leave_nothing_out_and_tell_nothing_twice(filled, page, monkeypatch):
    """All in the same order, wherever a page ends: also among the versions of one key. (A page has room for one key
    and for what stands beside it and begins alike, in production for 1,000.)"""
    store, made = filled
    monkeypatch.setattr("archive.storage.s3_versions.PAGE", page)
    monkeypatch.setattr("archive.storage.s3_versions._FEW", 4)
    assert [(entry.key, entry.version) for entry in store.inventory("")] == made
    assert list(store.list("")) == sorted(COUNTS)
    assert list(store.list("documents/b")) == [key for key in sorted(COUNTS) if key.startswith("documents/b")]
    for key in COUNTS:
        assert list(store.list("", key)) == [name for name in sorted(COUNTS) if name > key]
        assert store.head(key).version == next(name for found, name in reversed(made) if found == key)


def test_pages_smaller_than_a_key_has_versions_tell_every_key(filled, monkeypatch):
    """SeaweedFS does not tell all versions of such a key, and the listing goes on."""
    store, made = filled
    monkeypatch.setattr("archive.storage.s3_versions.PAGE", 3)
    listed = [(entry.key, entry.version) for entry in store.inventory("log/x")]
    assert len(listed) == len(set(listed)) >= 3 and set(listed) <= set(made)


@pytest.fixture(scope="module", params=[SEAWEEDFS, RGW])
def filled(request):
    """A store with versions of keys that begin alike, and what it should tell of them."""
    store = bucket_store(request.getfixturevalue(request.param))
    made = []
    for key in sorted(COUNTS):
        there = [raw_put(store, key, b"%d" % number).version for number in range(COUNTS[key])]
        made += [(key, version) for version in reversed(there)]
    return store, made


def test_random_keys_are_all_told(request, name, monkeypatch):
    """Names in which one is the beginning of the other, by chance; pages of all sizes."""
    chance = random.Random(7)
    monkeypatch.setattr("archive.storage.s3_versions._FEW", 3)
    store = bucket_store(request.getfixturevalue(name))
    parts = ["a", "b", "a-a", "a.b", "a.z", "aa"]  # a.z would come after a.versions, SeaweedFS's own
    names = {"/".join(chance.choices(parts, k=chance.randint(1, 3))) for _ in range(60)}
    for key in names:
        raw_put(store, key, b"x")
    for page in (5, 8, 13, 21):
        monkeypatch.setattr("archive.storage.s3_versions.PAGE", page)
        assert list(store.list("")) == sorted(names), page


def test_a_key_that_is_written_over_without_end_is_told(store, monkeypatch):
    """What is behind a page of versions cannot be found reliably: nobody is told a wrong object."""
    first = store.put(KEY, b"bytes", sha256=digest(b"bytes"), retain_until=UNTIL)
    monkeypatch.setattr("archive.storage.s3_versions.PAGE", 5)
    monkeypatch.setattr("archive.storage.s3_versions._FEW", 3)
    for number in range(5):
        raw_put(store, KEY, b"%d" % number)
    with pytest.raises(ArchiveDamaged, match="more than 5 versions"):
        store.head(KEY)
    assert store.head(KEY, first.version) == first, "who knows the version finds it"


# The SDK.


def test_what_is_relied_on_of_the_sdk():
    """Names without a promise: `_execute` sends, `_build_headers` dates and digests, `_http` opens connections."""
    assert {"_execute", "_url_open", "_build_headers"} <= set(dir(Minio))
    client = Wire(S3Connection("host", "bucket", "key", "secret", tls=False), clock=real_now)._client
    assert client._http is client.pool
    headers, at = client._build_headers("host", {"a": "b"}, b"body", None)
    assert headers["x-amz-content-sha256"] == digest(b"body") and headers["Content-Length"] == "4"
    assert at.strftime("%Y%m%dT%H%M%SZ") == headers["x-amz-date"]


def test_credentials_of_a_session_are_sent():
    near = S3Connection("host", "bucket", "key", "secret", session_token="token", tls=False)
    client = Wire(near, clock=real_now)._client
    headers, _ = client._build_headers("host", None, None, client._provider.retrieve())
    assert headers["X-Amz-Security-Token"] == "token"


def test_an_answer_in_xml_with_entities_does_not_explode():
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + b"x" * 1000 + b'">'
    bomb += b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%s;" % (b"" if n == 0 else b"%d" % (n - 1)) * 50) for n in range(9)
    )
    bomb += b"]><ListVersionsResult><Name>&a8;</Name></ListVersionsResult>"
    with pytest.raises(StoreUnavailable):
        page_of(bomb)
