"""Buckets that cannot keep records, credentials, certificates and clocks that are wrong: each is told by its name,
nothing is archived meanwhile, and the same store serves when the cause is gone."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from minio.commonconfig import COMPLIANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from archive.errors import StoreUnavailable
from archive.storage import keys
from archive.storage.readback import put_and_read_back, read_bounded
from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_errors import REASONS
from archive.storage.s3_mutable import EVERY
from policies.reasons.catalogue import all_reasons
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, real_now
from tests.engines.certificates import self_signed, tls_listener
from tests.engines.seaweedfs import seaweedfs as start_seaweedfs
from tests.engines.servers import Keys, free_ports

KEY = "documents/0198/a.pdf"
DATA = b"the decision"
DIGEST = sha256(DATA).hexdigest()
UNTIL = real_now().replace(microsecond=0) + timedelta(days=400)


@pytest.fixture(params=["seaweedfs", "rgw"])
def server(request):
    return request.getfixturevalue(request.param)


def put(store):
    return store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def unavailable(call):
    with pytest.raises(StoreUnavailable) as caught:
        call()
    assert "secret" not in str(caught.value).lower()
    return caught.value.reason.id


def every_act(store):
    """All that the port knows."""
    return {
        "examine": store.examine,
        "put": lambda: put(store),
        "head": lambda: store.head(KEY),
        "open": lambda: store.open(KEY),
        "list": lambda: list(store.list("")),
        "inventory": lambda: list(store.inventory("")),
        "extend": lambda: store.extend_retention(KEY, UNTIL),
        "hold": lambda: store.set_hold(KEY, True),
        "delete": lambda: store.delete(KEY),
        "put mutable": lambda: store.put_mutable(keys.CHECKPOINT, b"one"),
        "replace": lambda: store.replace_damaged(KEY, DATA, sha256=DIGEST, retain_until=UNTIL),
    }


def all_refuse(store, reason):
    for name, call in every_act(store).items():
        assert unavailable(call) == reason, name


def test_a_bucket_that_can_keep_records(server):
    found = bucket_store(server).examine()
    assert found.default is None


def test_its_default_retention_is_told(server):
    bucket = new_bucket(server)
    server.client().set_object_lock_config(bucket, ObjectLockConfig(COMPLIANCE, 3, DAYS))
    assert bucket_store(server, bucket).examine().default == (LockMode.COMPLIANCE, "3 days")


def test_under_a_default_retention_the_checkpoint_is_still_written_over(server):
    bucket = new_bucket(server)
    server.client().set_object_lock_config(bucket, ObjectLockConfig(COMPLIANCE, 1, DAYS))
    store = bucket_store(server, bucket)
    for number in range(4):
        store.put_mutable(keys.CHECKPOINT, b"%d" % number)
        store.tidy(keys.CHECKPOINT)
    assert read_bounded(store, keys.CHECKPOINT, 9) == b"3"
    assert len(list(store.inventory("log/"))) == 4, "what is locked stays, and is no fault"
    assert store.put(KEY, DATA, sha256=DIGEST).retain_until is None, "what was asked for"
    assert store.head(KEY).mode is LockMode.COMPLIANCE, "what it is"


def test_without_a_default_the_old_checkpoints_go(server):
    store = bucket_store(server)
    for number in range(4):
        store.put_mutable(keys.CHECKPOINT, b"%d" % number)
        store.tidy(keys.CHECKPOINT)
    assert len(list(store.inventory("log/"))) == 1


def test_a_delete_marker_does_not_hide_the_checkpoint(server):
    store = bucket_store(server)
    store.put_mutable(keys.CHECKPOINT, b"shown")
    server.client().remove_object(store._wire.connection.bucket, keys.CHECKPOINT)
    assert read_bounded(store, keys.CHECKPOINT, 9) == b"shown"


def write(store, number):
    store.put_mutable(keys.CHECKPOINT, b"%d" % number)
    store.tidy(keys.CHECKPOINT)


def test_checkpoints_that_others_left_go_as_well(server):
    """A process removes what it wrote itself, and looks for the rest when it begins and now and then."""
    one = bucket_store(server)
    other = bucket_store(server, one._wire.connection.bucket)
    write(one, 1)
    write(other, 2)  # its first: it looks
    assert len(list(one.inventory("log/"))) == 1
    for number in (3, 4):
        write(one, number)
    assert len(list(one.inventory("log/"))) == 2
    for number in range(EVERY):
        write(one, number)
    assert len(list(one.inventory("log/"))) == 1
    assert read_bounded(other, keys.CHECKPOINT, 9) == b"%d" % (EVERY - 1)


def test_checkpoints_that_were_not_tidied_away_at_once_go_later(server):
    store = bucket_store(server)
    write(store, 0)
    for number in range(3):
        store.put_mutable(keys.CHECKPOINT, b"%d" % number)
    assert len(list(store.inventory("log/"))) == 4
    store.tidy(keys.CHECKPOINT)
    store.tidy(keys.CHECKPOINT)
    assert len(list(store.inventory("log/"))) == 1
    assert read_bounded(store, keys.CHECKPOINT, 9) == b"2"


def test_no_bucket_of_that_name(server):
    """SeaweedFS lists a bucket that is not there as an empty one."""
    store = bucket_store(server, "test-that-is-not-there")
    all_refuse(store, "store.no-bucket")
    server.client().make_bucket("test-that-is-not-there", object_lock=True)
    assert put_and_read_back(store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_a_bucket_without_object_lock(server):
    bucket = new_bucket(server, locks=False)
    assert unavailable(bucket_store(server, bucket).examine) == "store.no-versioning"
    server.client().set_bucket_versioning(bucket, VersioningConfig("Enabled"))
    store = bucket_store(server, bucket)
    all_refuse(store, "store.no-object-lock")
    assert list(server.client().list_objects(bucket, recursive=True)) == [], "nothing was written"


def test_a_bucket_without_versions_any_more(seaweedfs):
    """Suspended behind a running service: noticed by what the PUT answers, before anything counts as archived."""
    bucket = new_bucket(seaweedfs, locks=False)
    client = seaweedfs.client()
    client.set_bucket_versioning(bucket, VersioningConfig("Enabled"))
    store = bucket_store(seaweedfs, bucket)
    with pytest.raises(StoreUnavailable):
        store.examine()
    client.set_bucket_versioning(bucket, VersioningConfig(SUSPENDED))
    store._examination.bucket = lambda _deadline: None  # it was good a moment ago
    assert unavailable(lambda: store._sent(KEY, DATA, *_unlocked(store))) == "store.no-versioning"


def _unlocked(store):
    return store._digests(KEY, DATA, DIGEST), None, {}, store._wire.deadline()


@pytest.mark.parametrize(
    ("keys_of", "reason"),
    [
        (lambda _server: Keys("nobody", "x" * 32), "store.credentials"),
        (lambda server: Keys(server.admin.access, "x" * 32), "store.credentials"),
        (lambda server: server.weak, "store.access-denied"),
    ],
    ids=["unknown key", "wrong secret", "no rights"],
)
def test_credentials(server, keys_of, reason):
    bucket = new_bucket(server)
    store = bucket_store(server, bucket, keys=keys_of(server))
    assert unavailable(store.examine) == reason
    assert unavailable(lambda: put(store)) == reason
    assert unavailable(lambda: store.head(KEY)) == reason
    assert list(bucket_store(server, bucket).list("")) == []


def test_a_new_secret_serves_the_next_store(server):
    """Credentials are values of the connection: the service opens the store anew with the mended settings."""
    bucket = new_bucket(server)
    assert unavailable(bucket_store(server, bucket, keys=Keys(server.admin.access, "x" * 32)).examine)
    assert put(bucket_store(server, bucket))


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_off_by_an_hour(server, hours):
    off = [timedelta(hours=hours)]
    store = bucket_store(server, clock=lambda: real_now() + off[0])
    all_refuse(store, "store.clock-skew")
    off[0] = timedelta(0)
    assert put_and_read_back(store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_a_lock_that_would_end_before_it_begins(server):
    store = bucket_store(server)
    past = real_now() - timedelta(days=1)
    assert unavailable(lambda: store.put(KEY, DATA, sha256=DIGEST, retain_until=past)) == "store.lock-refused"
    assert list(store.list("documents/")) == []


def test_hardening_needs_a_right_that_is_told(server, monkeypatch):
    """As an account to which bypassing GOVERNANCE is denied meets it."""
    store = bucket_store(server)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL, mode=LockMode.GOVERNANCE)
    monkeypatch.setattr("archive.storage.s3._BYPASS", {})
    assert unavailable(lambda: store.extend_retention(KEY, UNTIL)) == "store.hardening-denied"
    later = UNTIL + timedelta(days=1)
    assert store.extend_retention(KEY, later, mode=LockMode.GOVERNANCE).retain_until == later, (
        "longer is free"
    )
    assert store.head(KEY).mode is LockMode.GOVERNANCE


def test_nobody_listens():
    (port,) = free_ports(1)
    near = S3Connection(f"127.0.0.1:{port}", "bucket", "key", "secret", tls=False, act_seconds=3, attempts=2)
    assert unavailable(S3Store(near, clock=real_now).examine) == "store.unreachable"


def test_no_such_host():
    near = S3Connection(
        "store.invalid", "bucket", "key", "secret", tls=False, act_seconds=3, attempts=2, connect_seconds=1
    )
    assert unavailable(S3Store(near, clock=real_now).examine) == "store.unreachable"


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A SeaweedFS with TLS, and its certificate."""
    directory = tmp_path_factory.mktemp("tls")
    good = self_signed(directory / "good")
    with start_seaweedfs(directory / "server", tls=good) as server:
        yield server


def test_a_trusted_certificate(certified):
    store = bucket_store(certified)
    assert put_and_read_back(store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL).retain_until == UNTIL


def test_a_certificate_that_nobody_vouches_for(certified, tmp_path):
    near = connection(certified, "bucket")
    other = self_signed(tmp_path / "other")
    for ca in (None, other.certificate):
        assert unavailable(S3Store(replace(near, ca=ca), clock=real_now).examine) == "store.certificate"


@pytest.mark.parametrize(
    "bad",
    [{"name": "elsewhere.example", "address": None}, {"days": 2, "ago": 5}],
    ids=["of another name", "expired"],
)
def test_a_certificate_that_does_not_hold(tmp_path, bad):
    """Trusted, and still not good: before any credential was sent."""
    certificate = self_signed(tmp_path, **bad)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    with tls_listener(context) as port:
        near = S3Connection(f"127.0.0.1:{port}", "bucket", "key", "secret", ca=certificate.certificate)
        assert unavailable(S3Store(near, clock=real_now).examine) == "store.certificate"


def test_no_tls_where_tls_is_expected_and_the_other_way_round(seaweedfs, certified):
    plain = replace(connection(seaweedfs, "bucket"), tls=True)
    assert unavailable(S3Store(plain, clock=real_now).examine) == "store.certificate"
    encrypted = replace(connection(certified, "bucket"), tls=False, ca=None)
    assert unavailable(S3Store(encrypted, clock=real_now).examine) == "store.not-s3"


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    near = S3Connection("127.0.0.1:1", "bucket", "key", "secret", ca=path)
    assert unavailable(lambda: S3Store(near, clock=real_now)) == "store.certificate"


def test_secrets_are_not_shown():
    near = S3Connection("host", "bucket", "key", "hidden-word", session_token="hidden-token")
    assert "hidden" not in repr(near) and "hidden" not in near.place


def test_every_reason_tells_what_helps():
    known = all_reasons()
    for reason in REASONS.values():
        assert known[reason.id] == reason
    for reason in (found for name, found in known.items() if name.startswith("store.")):
        assert "{" not in reason.vi + reason.en and reason.vi.count(".") >= 1
