"""The canary on real servers: what it finds of each, as it comes and as it is prepared, and why it gets no verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest
from minio.commonconfig import ENABLED
from minio.objectlockconfig import DAYS, GOVERNANCE, ObjectLockConfig
from minio.versioningconfig import VersioningConfig

from archive.errors import StorageRefused, StoreUnavailable
from archive.storage.canary.bench import PREFIX
from archive.storage.canary.run import LOCKED
from archive.storage.canary.values import Conclusion, Lock, Outcome, Trouble, Who
from archive.storage.s3_prepare import BucketMaker
from archive.storage.s3_raw import Keys
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import connection, new_bucket, real_now
from tests.archive.storage.canary.places import as_it_comes, checked, made, prepared, probe
from tests.engines import seaweedfs as weed
from tests.engines.certificates import self_signed
from tests.engines.servers import free_ports
from tests.service import until

SERVERS = ("seaweedfs", "rgw")
UNTOLD = {"deployment", "work-area", "work-area-soon", "overnight", "change-policy"}
# What each server does not do, whoever asks and however it is set up; each is made up for, or said.
KNOWN = {
    "seaweedfs": {"lock-hardens", "wrong-signed-hash", "expire", "door-inner"},
    "rgw": {"lock-hardens", "lock-kept-parts", "hold-kept-parts", "wrong-checksum", "only-new"},
}
TOO_WIDE = {"bypass-governance", "bypass-shorten-governance", "change-lock-rule", "expire"}


@pytest.fixture(params=SERVERS)
def server(request):
    return request.getfixturevalue(request.param)


def ids(findings):
    return {found.id for found in findings}


def outcome(report, name):
    return next(found.outcome for found in report.findings if found.id == name)


@pytest.mark.parametrize("name", SERVERS)
def test_a_prepared_store_keeps_its_locks_and_its_known_gaps_are_told(request, name):
    report = checked(prepared(request.getfixturevalue(name)))
    assert report.conclusion is Conclusion.SOUND, report.failing()
    assert ids(report.warnings()) == KNOWN[name]
    assert {f.id for f in report.findings if f.outcome is Outcome.NOT_TRIED} == UNTOLD
    assert all(found.sentence.vi and found.sentence.en for found in report.warnings())


@pytest.mark.parametrize("name", SERVERS)
def test_rights_that_are_too_wide_are_told(request, name):
    server = request.getfixturevalue(name)
    bucket = new_bucket(server)
    made(server, bucket)
    report = checked(probe(server, bucket))
    assert report.conclusion is Conclusion.SOUND
    assert ids(report.warnings()) >= TOO_WIDE


def test_the_multipart_fault_of_rgw_stops_archiving_unless_the_bucket_has_a_default(rgw):
    bare = checked(as_it_comes(rgw))
    assert bare.conclusion is Conclusion.BROKEN
    assert "delete-parts" in ids(bare.failing())
    assert outcome(bare, "lock-after-parts") is Outcome.HELD, "a lock that is set afterwards holds"
    covered = checked(prepared(rgw))
    assert outcome(covered, "delete-parts") is Outcome.HELD
    assert {"lock-kept-parts", "hold-kept-parts"} <= ids(covered.warnings()), "and it is still told"


@pytest.mark.long
def test_who_may_only_delete_versions_bypasses_governance_at_rgw_until_it_is_denied_by_name(rgw):
    bare, denied = checked(as_it_comes(rgw)), checked(prepared(rgw))
    for name in ("bypass-weaker", "own-bypass-weaker"):
        assert outcome(bare, name) is Outcome.BROKEN
        assert outcome(denied, name) is Outcome.HELD


@pytest.mark.long
def test_the_admin_interface_of_rgw_takes_a_bucket_with_its_locks(rgw):
    found = prepared(rgw)
    rgw.give_caps("least", "buckets=*")
    try:
        report = until(lambda: (run := checked(found)).failing() and run, "the gateway to know of the caps")
        assert ids(report.failing()) == {"door-rgw-admin"}
        assert not found.scratch().exists()
        assert ids(checked(found).failing()) == {"door-rgw-admin", "delete-bucket"}, "it is not forgotten"
    finally:
        rgw.give_caps("least", "buckets=*", take=True)
        until(lambda: not found.knock("rgw-admin", "", "").accepted, "the gateway to forget them")


def test_the_right_to_harden_is_the_right_to_bypass_and_stays_the_services_alone(rgw):
    report = checked(prepared(rgw, may_harden=True))
    assert report.conclusion is Conclusion.SOUND
    assert {"bypass-governance", "bypass-shorten-governance"} <= ids(report.warnings())
    for name in ("bypass-weaker", "own-bypass-weaker"):
        assert outcome(report, name) is Outcome.HELD
    (hardens,) = (found for found in report.findings if found.id == "lock-hardens")
    assert hardens.detail.endswith("which these credentials may")


@pytest.mark.long
def test_the_back_doors_of_seaweedfs_as_it_comes_stop_archiving(tmp_path):
    with weed.seaweedfs(tmp_path / "weed", back_door=True) as server:
        report = checked(as_it_comes(server))
    assert report.conclusion is Conclusion.BROKEN
    assert ids(report.failing()) == {"door-filer", "door-master"}


def test_a_second_run_cleans_what_the_first_left(server):
    bucket = new_bucket(server)
    made(server, bucket, days=1)
    found = probe(server, bucket)
    key = f"{PREFIX}20200101T000000Z-00000000/left"
    soon = Lock(LockMode.COMPLIANCE, real_now().replace(microsecond=0) + LOCKED)
    left = [found.put(key, b"left", Lock(LockMode.GOVERNANCE, soon.until)), found.put(key, b"kept", soon)]
    assert all(answer.accepted for answer in left)
    assert found.delete(key, left[0].version, bypass=True).accepted
    report = checked(found)
    assert report.counts == {"removed": 0, "kept": 1}, "what is locked stays, and is counted"
    assert found.read(key, left[1].version) is not None


def test_how_short_a_lock_may_be(server):
    """Both servers take a lock of a second: what a run leaves is free again as soon as it may be."""
    bucket = new_bucket(server)
    made(server, bucket)
    found = probe(server, bucket)
    until = real_now().replace(microsecond=0) + timedelta(seconds=2)
    answer = found.put(f"{PREFIX}short", b"short", Lock(LockMode.COMPLIANCE, until))
    assert answer.accepted
    seen = found.read(f"{PREFIX}short", answer.version)
    assert seen.lock == Lock(LockMode.COMPLIANCE, until)


def test_a_bucket_without_locks_or_versions_is_unusable_and_left_alone(server):
    bucket = new_bucket(server, locks=False)
    found = probe(server, bucket)
    report = checked(found)
    assert report.conclusion is Conclusion.UNUSABLE
    assert ids(report.failing()) == {"versioning", "object-lock"}
    assert list(found.versions("")) == []
    server.client().set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    assert ids(checked(found).failing()) == {"object-lock"}


def trouble(report):
    assert report.conclusion is Conclusion.NO_ANSWER
    (found,) = report.failing()
    assert found.id == "reach" and found.sentence.vi and found.sentence.en
    return found.detail.partition(":")[0]


def test_no_verdict_is_told_with_its_cause(server):
    bucket = new_bucket(server)
    wrong = Keys(server.admin.access, "wrong")
    unknown = Keys("nobody", "x" * 40)
    assert trouble(checked(probe(server, bucket, (wrong.access, wrong.secret)))) == Trouble.CREDENTIALS
    assert trouble(checked(probe(server, bucket, (unknown.access, unknown.secret)))) == Trouble.CREDENTIALS
    assert trouble(checked(probe(server, "not-there"))) in (Trouble.NO_BUCKET, Trouble.FORBIDDEN)


def test_wrong_weaker_credentials_prove_nothing(server):
    bucket = new_bucket(server)
    made(server, bucket)
    found = probe(server, bucket)
    found._keys[Who.WEAKER] = Keys("nobody", "x" * 40)
    report = checked(found)
    assert report.conclusion is Conclusion.NO_ANSWER
    assert ids(report.failing()) == {name for name in ids(report.findings) if "weaker" in name}


class Elsewhere:
    """A server at another address."""

    def __init__(self, server, endpoint, *, secure=False, ca=None):
        self.endpoint, self.secure, self.ca = endpoint, secure, ca
        self.admin, self.weak, self.region = server.admin, server.weak, server.region


def test_nobody_at_the_address(seaweedfs):
    (port,) = free_ports(1)
    assert trouble(checked(probe(Elsewhere(seaweedfs, f"127.0.0.1:{port}"), "any"))) == Trouble.UNREACHABLE


def test_a_certificate_that_does_not_hold(tmp_path):
    right, other = self_signed(tmp_path / "right"), self_signed(tmp_path / "other")
    with weed.seaweedfs(tmp_path / "weed", tls=right) as server:
        bucket = new_bucket(server)
        made(server, bucket)
        assert checked(probe(server, bucket)).conclusion is Conclusion.SOUND, "over TLS too"
        elsewhere = Elsewhere(server, server.endpoint, secure=True, ca=other.certificate)
        assert trouble(checked(probe(elsewhere, bucket))) == Trouble.CERTIFICATE


@pytest.mark.long
def test_a_frozen_server_is_waited_for_within_bounds(tmp_path):
    with weed.seaweedfs(tmp_path / "weed") as server:
        bucket = new_bucket(server)
        made(server, bucket)
        found = probe(server, bucket, connect_seconds=1.0, read_seconds=1.0)
        server.freeze()
        try:
            report = checked(found)
        finally:
            server.thaw()
        assert trouble(report) == Trouble.UNREACHABLE
        assert report.seconds < 10
        assert checked(found).conclusion is Conclusion.SOUND, "and it comes back by itself"


def test_a_bucket_is_prepared_once_and_left_as_it_is(server):
    bucket = new_bucket(server, locks=False)
    with pytest.raises(StorageRefused) as refused:
        made(server, bucket)
    assert refused.value.id == "store.no-object-lock"
    name = f"{bucket}-kept"
    assert made(server, name) == [
        f"made {name}, with Object Lock",
        f"{name}: default retention COMPLIANCE, 7 days",
    ]
    assert made(server, name) == []
    assert made(server, name, days=30) == [f"{name}: default retention COMPLIANCE, 30 days"]
    assert made(server, name) == [], "a longer one is left"
    server.client().set_object_lock_config(name, ObjectLockConfig(GOVERNANCE, 90, DAYS))
    assert made(server, name) == [f"{name}: default retention COMPLIANCE, 7 days"], "a softer one is not"


def test_preparing_needs_the_administrator(seaweedfs):
    maker = BucketMaker(connection(seaweedfs, "any", seaweedfs.weak))
    with pytest.raises(StoreUnavailable) as refused:
        list(maker.locked("not-mine"))
    assert refused.value.reason.id == "store.access-denied"


def test_the_scratch_bucket_alone_is_ever_deleted(seaweedfs):
    bucket = new_bucket(seaweedfs)
    found = probe(seaweedfs, bucket, scratch=f"{bucket}-canary")
    for act in (found.delete_bucket, lambda: found.knock("master", "", "")):
        with pytest.raises(ValueError, match="never"):
            act()
    with pytest.raises(ValueError, match="another"):
        probe(seaweedfs, bucket, scratch=bucket)
    assert checked(found).conclusion is Conclusion.BROKEN, "one that is configured and missing is told"
