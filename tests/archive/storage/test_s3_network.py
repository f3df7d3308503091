"""What networks do between us and a real S3 server: each act ends in the truth or in a typed error, and comes back.

Every fault is put into every act of a whole life of an object: put, read back, extended, held, listed, deleted.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from hashlib import sha256

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused, StoreUnavailable
from archive.storage import keys
from archive.storage.readback import check_object, put_and_read_back, read_bounded
from archive.storage.s3 import S3Store
from policies.vocabulary import LockMode
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, real_now
from tests.engines import faulty_proxy as net

KEY = "documents/0198/a.pdf"
DATA = b"the decision" * 1000
DIGEST = sha256(DATA).hexdigest()
UNTIL = real_now().replace(microsecond=0) + timedelta(days=400)
SLOW = {"read_seconds": 0.6, "act_seconds": 20.0}


@pytest.fixture(params=["seaweedfs", "rgw"])
def engine(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def lane(seaweedfs):
    """A proxy, a store that goes through it, and one that goes straight."""
    with net.faulty_proxy(seaweedfs.endpoint) as proxy:
        yield Lane(seaweedfs, proxy)


@pytest.fixture
def lanes(engine):
    """The same on both servers."""
    with net.faulty_proxy(engine.endpoint) as proxy:
        yield Lane(engine, proxy)


class Lane:
    def __init__(self, server, proxy):
        self.proxy, self.server = proxy, server
        self.bucket = new_bucket(server)
        self.straight = bucket_store(server, self.bucket)
        self.store = self.through()
        self.store.examine()
        proxy.seen.clear()

    def through(self, **more):
        near = connection(self.server, self.bucket, **{**SLOW, **more})
        return S3Store(
            type(near)(**{**{f: getattr(near, f) for f in near.__slots__}, "endpoint": self.proxy.endpoint}),
            clock=real_now,
        )


def put(store, data=DATA, key=KEY, until=UNTIL):
    return store.put(key, data, sha256=sha256(data).hexdigest(), retain_until=until)


def unavailable(call, *args, **kwargs):
    with pytest.raises(StoreUnavailable) as caught:
        call(*args, **kwargs)
    assert caught.value.reason.vi and caught.value.reason.en
    return caught.value.reason.id


def versions(lane, key=KEY):
    return [entry for entry in lane.straight.inventory("") if entry.key == key]


PASSING = {
    "cut before": net.cut_before,
    "cut after": net.cut_after,
    "silent": net.silent,
    "silent after": net.silent_after,
    "busy": net.error(503, "SlowDown"),
    "busy without words": net.error(503),
    "internal error": net.error(500, "InternalError"),
    "bad gateway": net.reply(502, b"<html>nginx</html>"),
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize(("method", "having"), [("PUT", KEY), ("GET", "versions")])
def test_a_fault_in_sending_is_not_felt(lanes, method, having, fault):
    """The object is there, whole and locked, and once: what looks first finds what was not heard of."""
    if having == "versions" and lanes.store.examine().conditional:
        return  # who keeps the condition is not asked whether the oldest version is the one sent
    lanes.proxy.meets(PASSING[fault], method=method, having=having)
    stored = put_and_read_back(lanes.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert stored.retain_until == UNTIL and stored.mode is LockMode.COMPLIANCE
    there = versions(lanes)
    assert there[-1].version == stored.version
    # A server that ignores conditions may have two, when a PUT took longer than we waited for it.
    assert len(there) == 1 or not lanes.store.examine().conditional
    assert all(rule.left == 0 for rule in lanes.proxy._rules), "the fault was met"


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("method", ["GET"])
def test_a_fault_in_reading_back_is_not_felt(lane, method, fault):
    lane.proxy.meets(PASSING[fault], method=method, having=f"{KEY}?versionId")
    stored = put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert [entry.version for entry in versions(lane)] == [stored.version]
    assert all(rule.left == 0 for rule in lane.proxy._rules), "the fault was met"


@pytest.mark.long
@pytest.mark.parametrize("fault", PASSING)
def test_later_acts_pass_over_a_fault_as_well(lane, fault):
    put(lane.straight)
    later = UNTIL + timedelta(days=1)
    for method, having, call in (
        ("PUT", "retention", lambda: lane.store.extend_retention(KEY, later).retain_until == later),
        ("PUT", "legal-hold", lambda: lane.store.set_hold(KEY, True).hold),
        ("GET", "legal-hold", lambda: not lane.store.set_hold(KEY, False).hold),
        ("GET", "versions", lambda: list(lane.store.list("documents/")) == [KEY]),
        ("PUT", keys.CHECKPOINT, lambda: lane.store.put_mutable(keys.CHECKPOINT, b"one") is None),
    ):
        lane.proxy.meets(PASSING[fault], method=method, having=having)
        assert call()
        assert all(rule.left == 0 for rule in lane.proxy._rules)
    assert read_bounded(lane.store, keys.CHECKPOINT, 9) == b"one"


LASTING = {
    "store.silent": net.cut_before,
    "store.busy": net.error(503, "SlowDown"),
}


@pytest.mark.parametrize("reason", LASTING)
def test_a_storm_ends_in_an_error_that_tells_and_passes_by_itself(lane, reason):
    store = lane.through(act_seconds=4.0, attempts=3)
    store.examine()
    lane.proxy.seen.clear()
    lane.proxy.meets(LASTING[reason], times=net.ALWAYS)
    for call in (
        lambda: put(store),
        lambda: store.head(KEY),
        lambda: store.open(KEY),
        lambda: list(store.list("")),
        lambda: store.extend_retention(KEY, UNTIL),
        lambda: store.delete(KEY),
        lambda: store.put_mutable(keys.CHECKPOINT, b"one"),
    ):
        assert unavailable(call) == reason
    lane.proxy.calm()
    lane.proxy.meets(LASTING[reason], method="PUT", times=net.ALWAYS)
    assert unavailable(lambda: put(store)) in (reason, "store.not-writable"), "the rest is answered"
    assert len(lane.proxy.seen) <= 1 + 7 * 3 + 8, "a storm is not fed: one PUT, and what looks after it"
    assert versions(lane) == [] or reason == "store.silent"
    lane.proxy.calm()
    assert put(store).retain_until == UNTIL and read_bounded(store, KEY, len(DATA)) == DATA


def test_waiting_for_an_overloaded_store_is_what_it_asks_for(lane):
    for method in ("PUT", "HEAD"):
        lane.proxy.meets(net.error(503, "SlowDown", headers="Retry-After: 1\r\n"), method=method)
        start = time.monotonic()
        put(lane.store) if method == "PUT" else lane.store.head(KEY)
        assert time.monotonic() - start >= 1


def test_a_half_open_connection_costs_its_time_and_no_more(lane):
    store = lane.through(read_seconds=0.5, act_seconds=2.0)
    store.examine()
    lane.proxy.meets(net.silent, times=net.ALWAYS)
    start = time.monotonic()
    assert unavailable(store.head, KEY) == "store.silent"
    assert time.monotonic() - start < 6
    lane.proxy.calm()
    assert store.head(KEY) is None


def test_an_answer_that_drips_ends(lane):
    """Each byte comes in time, all of them never would."""
    put(lane.straight)
    store = lane.through(read_seconds=1.0, act_seconds=2.0, attempts=2)
    store.examine()
    lane.proxy.meets(net.drip(0.3), times=net.ALWAYS)
    start = time.monotonic()
    assert unavailable(lambda: list(store.list(""))) == "store.silent"
    assert unavailable(lambda: store.open(KEY, "1").read()) == "store.silent"
    assert time.monotonic() - start < 15


def test_an_answer_without_end_is_not_read(lane, monkeypatch):
    monkeypatch.setattr("archive.storage.s3_wire.MAX_ANSWER", 10_000)
    store = lane.through(attempts=1)
    lane.proxy.meets(net.reply(200, b"<a>" * 10_000, "Content-Type: application/xml\r\n"), having="versions")
    assert unavailable(lambda: list(store.list(""))) == "store.silent"


def test_an_unknown_outcome_is_found_out(lanes):
    """The PUT happened, nobody heard of it, and all that looks afterwards is cut: unknown. The next put finds it."""
    store = lanes.through(attempts=2)
    store.examine()

    def and_then_darkness(turn):
        turn.deliver()
        turn.proxy.meets(net.cut_before, times=net.ALWAYS)

    lanes.proxy.meets(and_then_darkness, method="PUT")
    with pytest.raises(ArchiveUnavailable):
        put(store)
    lanes.proxy.calm()
    assert len(versions(lanes)) == 1
    put_and_read_back(store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert len(versions(lanes)) == 1


def test_what_arrives_late_or_twice_changes_nothing(lanes):
    """A second version of the same bytes, where the server ignores conditions; the oldest is the object."""
    lanes.proxy.meets(net.late(0.8), method="PUT", having=KEY)
    first = put_and_read_back(lanes.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    lanes.proxy.settle()
    conditional = lanes.store.examine().conditional
    assert len(versions(lanes)) == (1 if conditional else 2)
    assert lanes.store.head(KEY) == first and versions(lanes)[-1].version == first.version
    lanes.proxy.meets(net.twice, method="PUT", having="b.pdf")
    second = put_and_read_back(lanes.store, "documents/b.pdf", DATA, sha256=DIGEST, retain_until=UNTIL)
    assert lanes.store.head("documents/b.pdf") == second
    assert len(versions(lanes, "documents/b.pdf")) == (1 if conditional else 2)


def test_bytes_spoiled_underway_are_sent_again(lanes):
    lanes.proxy.meets(net.spoil_request, method="PUT", having=KEY)
    put_and_read_back(lanes.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert len(versions(lanes)) == 1, "the spoiled bytes were not taken"
    assert [method for method, target in lanes.proxy.seen if KEY in target].count("PUT") == 2


def test_bytes_that_are_always_spoiled_are_never_stored(lanes):
    lanes.proxy.meets(net.spoil_request, method="PUT", having=KEY, times=net.ALWAYS)
    assert unavailable(put, lanes.store) == "store.spoiled-underway"
    assert versions(lanes) == []


def test_a_read_back_that_differs_is_no_archive(lane):
    lane.proxy.meets(net.spoil_answer, method="GET", having=f"{KEY}?versionId")
    with pytest.raises(ArchiveDamaged, match="expected"):
        put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_reading_goes_on_where_it_broke(lanes):
    data = bytes(range(256)) * 4000
    put(lanes.straight, data)
    lanes.proxy.meets(net.cut_answer(300_000), method="GET", having=f"{KEY}?versionId")
    lanes.proxy.meets(net.cut_answer(100_000), method="GET", having=f"{KEY}?versionId")
    check_object(lanes.store, KEY, sha256=sha256(data).hexdigest(), retain_until=UNTIL)
    gets = [target for method, target in lanes.proxy.seen if method == "GET" and f"{KEY}?versionId" in target]
    assert len(gets) == 3


def test_the_beginning_of_an_object_is_never_all_of_it(lane):
    put(lane.straight)
    lane.proxy.meets(net.cut_answer(5000), method="GET", having=f"{KEY}?versionId")
    lane.proxy.meets(net.cut_before, method="GET", having=f"{KEY}?versionId", times=net.ALWAYS)
    with lane.store.open(KEY) as stream:
        assert unavailable(stream.read) == "store.silent"


def test_other_bytes_in_the_middle_are_found(lane):
    """A server that starts again from the beginning, or has other bytes now, when asked for the rest."""
    put(lane.straight)
    lane.proxy.meets(net.cut_answer(5000), method="GET", having=f"{KEY}?versionId")
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 7000\r\nConnection: close\r\n\r\n" + DATA[:7000]
    lane.proxy.meets(net.rewrite(lambda _: whole), method="GET", having=f"{KEY}?versionId")
    with lane.store.open(KEY) as stream, pytest.raises(ArchiveDamaged, match="asked from byte"):
        stream.read()
    lane.proxy.meets(net.cut_answer(5000), method="GET", having=f"{KEY}?versionId")
    lane.proxy.meets(net.error(412, "PreconditionFailed"), method="GET", having=f"{KEY}?versionId")
    with lane.store.open(KEY) as stream, pytest.raises(ArchiveDamaged, match="changed while it was read"):
        stream.read()
    lane.proxy.meets(net.cut_answer(5000), method="GET", having=f"{KEY}?versionId")
    lane.proxy.meets(net.error(404, "NoSuchVersion"), method="GET", having=f"{KEY}?versionId")
    with lane.store.open(KEY) as stream, pytest.raises(ArchiveDamaged, match="went away while it was read"):
        stream.read()


def no_lock(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if b"lock" not in line.lower()]
    return b"\r\n".join(kept) + end + body


def test_a_lock_that_the_server_does_not_show_is_none(lane):
    """Dropped silently, as Ceph RGW 16.2 does after a multipart upload: neither GET nor ?retention tells one."""
    lane.proxy.meets(net.error(404, "NoSuchObjectLockConfiguration"), having="retention", times=net.ALWAYS)
    lane.proxy.meets(net.rewrite(no_lock), method="GET", having=f"{KEY}?versionId", times=net.ALWAYS)
    with pytest.raises(ArchiveDamaged, match="not locked"):
        put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_a_lock_that_get_does_not_show_is_asked_for(lane):
    lane.proxy.meets(net.rewrite(no_lock), method="GET", having=f"{KEY}?versionId", times=net.ALWAYS)
    stored = put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert stored.retain_until == UNTIL and stored.mode is LockMode.COMPLIANCE


def test_a_shorter_or_softer_lock_than_asked_for_is_none(lane):
    put(lane.straight)
    for old, new in ((b"COMPLIANCE", b"GOVERNANCE"), (UNTIL.strftime("%Y").encode(), b"2020")):
        lie = net.rewrite(lambda answer, old=old, new=new: answer.replace(old, new))
        lane.proxy.meets(lie, method="GET", having=f"{KEY}?versionId")
        with pytest.raises(ArchiveDamaged, match="expected COMPLIANCE"):
            check_object(lane.store, KEY, sha256=DIGEST, retain_until=UNTIL, mode=LockMode.COMPLIANCE)


def test_a_lock_that_was_taken_and_is_not_there_is_damage(lane):
    """The server says 200 to a longer lock, or a hold, and keeps neither."""
    put(lane.straight)
    lane.proxy.meets(net.reply(200, b""), method="PUT", having="retention")
    with pytest.raises(ArchiveDamaged, match="took a lock"):
        lane.store.extend_retention(KEY, UNTIL + timedelta(days=1))
    lane.proxy.meets(net.reply(200, b""), method="PUT", having="legal-hold")
    with pytest.raises(ArchiveDamaged, match="took the legal hold"):
        lane.store.set_hold(KEY, True)


def test_another_version_than_asked_for_is_damage(lane):
    first = put(lane.straight)
    other = net.rewrite(lambda answer: answer.replace(first.version.encode(), b"f" * len(first.version)))
    lane.proxy.meets(other, method="HEAD")
    with pytest.raises(ArchiveDamaged, match="asked for version"):
        lane.store.head(KEY, first.version)


def test_a_put_that_left_nothing_is_not_believed(lane):
    head = b"HTTP/1.1 200 OK\r\nx-amz-version-id: 0123456789abcdef\r\nContent-Length: 0\r\n\r\n"
    lane.proxy.meets(net.rewrite(lambda _: head), method="PUT", having=KEY)
    with pytest.raises(ArchiveUnavailable, match="does not show it yet"):
        put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"<html><body>Welcome</body></html>", b"not xml", b"\xff\xfe", b"<Error/>", b"<a><b></a>"],
)
def test_what_does_not_speak_s3_is_told_so(lane, garbage):
    lane.proxy.meets(net.reply(200, garbage), having="versions", times=net.ALWAYS)
    assert unavailable(lambda: list(lane.store.list(""))) == "store.not-s3"
    lane.proxy.calm()
    lane.proxy.meets(net.reply(404, garbage), having="versions", times=net.ALWAYS)
    assert unavailable(lambda: list(lane.store.list(""))) in ("store.not-s3", "store.unexpected")


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "ExpiredToken", "store.credentials"),
        (403, "UserSuspended", "store.credentials"),
        (403, "RequestTimeTooSkewed", "store.clock-skew"),
        (301, "PermanentRedirect", "store.region"),
        (400, "AuthorizationHeaderMalformed", "store.region"),
        (404, "NoSuchBucket", "store.no-bucket"),
        (409, "InvalidBucketState", "store.no-object-lock"),
        (507, "", "store.full"),
        (507, "XMinioStorageFull", "store.full"),
        (403, "QuotaExceeded", "store.full"),
        (501, "NotImplemented", "store.lacks"),
        (418, "SomethingNew", "store.unexpected"),
        (200, "InternalError", "store.not-s3"),
    ],
)
def test_answers_that_nothing_repeats(lane, status, code, reason):
    """Said once, told once, and gone when the cause is."""
    lane.proxy.meets(net.error(status, code), method="PUT", times=net.ALWAYS)
    lane.proxy.meets(net.error(status, code), having="versions", times=net.ALWAYS)
    before = len(lane.proxy.seen)
    if status != 200:
        assert unavailable(put, lane.store) == reason
    assert unavailable(lambda: list(lane.store.list(""))) == reason
    assert len(lane.proxy.seen) - before <= 6
    lane.proxy.calm()
    put_and_read_back(lane.store, KEY, DATA, sha256=DIGEST, retain_until=UNTIL)


def test_connections_are_bounded_and_their_lack_is_told(lane):
    store = lane.through(connections=1, read_seconds=1.0, act_seconds=3.0, attempts=1)
    put(store)
    with store.open(KEY) as held:
        assert held.read(1)
        assert unavailable(store.head, KEY) == "store.connections"
    assert store.head(KEY).sha256 == DIGEST


def test_many_threads_share_few_connections(lane):
    store = lane.through(connections=2, read_seconds=20.0, act_seconds=60.0)
    failures = []

    def work(number):
        try:
            put_and_read_back(store, f"documents/{number}", DATA, sha256=DIGEST, retain_until=UNTIL)
        except Exception as exc:  # noqa: BLE001 (asserted on below)
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and len(list(store.list("documents/"))) == 12


def test_a_delete_that_was_not_heard_of_is_done_again(lanes):
    put(lanes.straight, until=None)
    lanes.proxy.meets(net.cut_after, method="DELETE")
    lanes.store.delete(KEY)
    assert versions(lanes) == []


def test_a_delete_is_refused_by_the_server_too(lane):
    """Our clock, or a lie of the server, says that the lock has ended."""
    put(lane.straight)
    past = net.rewrite(lambda answer: answer.replace(UNTIL.strftime("%Y").encode(), b"2020"))
    lane.proxy.meets(past, method="HEAD", having=KEY)
    with pytest.raises(StorageRefused) as caught:
        lane.store.delete(KEY)
    assert caught.value.id == "archive.under-retention" and len(versions(lane)) == 1
