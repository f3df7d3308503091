"""Archiving and the log over buckets of real servers, as over our own stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from minio.commonconfig import COMPLIANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig

from archive import ingest
from archive.catalogue import deposit_rows, documents
from archive.catalogue.values import ObjectRole
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.storage import keys
from archive.storage.readback import check_object
from archive.storage.versions import borne_out, others
from policies.vocabulary import LockMode, State
from tests.archive.ingest_fixtures import open_house, sha256
from tests.archive.log.house import House
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, raw_shadow, real_now
from tests.engines import faulty_proxy as net

CONTENT = b"%PDF-1.7 sealed"


@pytest.fixture(params=["seaweedfs", "rgw"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def store(server):
    return bucket_store(server)


@pytest.fixture
def house(tmp_path, store):
    opened = open_house(tmp_path)
    opened.objects = store
    yield opened
    opened.transactions.close()


def now():
    """Deposits of today, for a server judges locks by its own clock."""
    return real_now().replace(microsecond=0)


def rows_of(house, document):
    with house.transactions.read() as conn:
        return {row.role: row for row in deposit_rows.objects_of(conn, document.id)}


def test_archived_means_stored_locked_read_back_and_committed(house):
    document = house.archived(CONTENT, now())
    assert document.state is State.ARCHIVED
    rows = rows_of(house, document)
    assert set(rows) == {ObjectRole.CONTENT, ObjectRole.RECORD}
    for row in rows.values():
        assert row.version and row.mode is LockMode.GOVERNANCE and not row.hold
        shown = check_object(
            house.objects,
            row.key,
            sha256=row.sha256,
            size=row.size,
            retain_until=row.retain_until,
            mode=row.mode,
            version=row.version,
        )
        assert shown.retain_until > real_now() + timedelta(days=399)


def test_an_archived_document_is_found_whatever_is_written_over_it(house):
    document = house.archived(CONTENT, now())
    row = rows_of(house, document)[ObjectRole.CONTENT]
    raw_shadow(house.objects, row.key, b"%PDF-1.7 forged")
    raw_shadow(house.objects, row.key, None)
    check_object(house.objects, row.key, sha256=sha256(CONTENT), retain_until=row.retain_until)
    assert house.recover(now()) == ()


def test_repeating_leaves_one_of_each(house):
    deposit = house.validated(CONTENT, now())
    for _ in range(3):
        ingest.store(deposit, house.objects, house.work)
    house.carry_out(deposit, now())
    listed = [entry.key for entry in house.objects.inventory("documents/")]
    assert len(listed) == 2 == len(set(listed))


@pytest.mark.parametrize(
    "fault", [net.cut_after, net.cut_before, net.silent_after, net.error(503, "SlowDown")]
)
@pytest.mark.parametrize("place", range(4))
def test_a_deposit_that_the_network_stopped_is_carried_out_later(tmp_path, seaweedfs, fault, place):
    """Everything is cut from the n-th request on: nothing is archived; recovery is the same call."""
    with net.faulty_proxy(seaweedfs.endpoint) as proxy:
        bucket = new_bucket(seaweedfs)
        near = connection(seaweedfs, bucket, read_seconds=0.5, act_seconds=2.0, attempts=2)
        house = open_house(tmp_path)
        house.objects = bucket_store(seaweedfs, bucket)
        deposit = house.validated(CONTENT, now())
        broken = type(house.objects)(replace(near, endpoint=proxy.endpoint), clock=real_now)
        broken.examine()
        passed = lambda turn: turn.answer(turn.deliver())  # noqa: E731
        for _ in range(place):
            proxy.meets(passed, having="documents")
        proxy.meets(fault, times=net.ALWAYS)
        with pytest.raises(ArchiveUnavailable):
            ingest.carry_out(deposit, broken, house.work, house.transactions.write, now())
        assert house.document(deposit.document).state is State.VALIDATED
        proxy.calm()
        assert ingest.recover(broken, house.work, house.transactions.write, now()) == ()
        assert house.document(deposit.document).state is State.ARCHIVED
        assert len(list(house.objects.inventory("documents/"))) == 2
        house.transactions.close()


def test_a_lie_about_the_lock_is_no_archive(tmp_path, seaweedfs):
    """The server takes the lock and shows none: the deposit stays."""
    with net.faulty_proxy(seaweedfs.endpoint) as proxy:
        house = open_house(tmp_path)
        near = connection(seaweedfs, new_bucket(seaweedfs))
        house.objects = type(bucket_store(seaweedfs))(replace(near, endpoint=proxy.endpoint), clock=real_now)
        deposit = house.validated(CONTENT, now())
        proxy.meets(net.error(404, "NoSuchObjectLockConfiguration"), having="retention", times=net.ALWAYS)
        proxy.meets(net.rewrite(_without_lock), method="GET", having="versionId", times=net.ALWAYS)
        with pytest.raises(ArchiveDamaged, match="not locked"):
            house.carry_out(deposit, now())
        assert house.document(deposit.document).state is State.VALIDATED
        proxy.calm()
        house.carry_out(deposit, now())
        assert house.document(deposit.document).state is State.ARCHIVED
        house.transactions.close()


def _without_lock(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    return b"\r\n".join(line for line in head.split(b"\r\n") if b"lock" not in line.lower()) + end + body


class Log(House):
    """Locks of today, for a server judges them by its own clock."""

    def sequencer(self, **options):
        made = super().sequencer(**options)
        made._retain_until = lambda: real_now() + timedelta(days=400)
        return made


def run(log, **options):
    """As the loop does it."""
    made = log.sequencer(**options)
    while not made.run_once().complete:
        made.tidy()
    made.tidy()
    made.keep_tail()
    made.close()


def test_a_log_over_a_bucket(store):
    """Grows over a full tile, by two sequencers in turn, in parallel writes; every leaf is proved from the bucket."""
    log = Log(store)
    log.fill(200)
    run(log, parallel=True)
    log.fill(100, start=200)
    run(log)
    assert log.head().checkpoint.size == 300
    tiles = list(store.list("log/tile/"))
    assert keys.tile_key("tile/0/000") in tiles
    of_another = "log/tile/entries/000.p/200"  # goes at night
    assert [key for key in tiles if ".p/" in key] == [
        "log/tile/1/000.p/1",
        of_another,
        "log/tile/entries/001.p/44",
    ]
    full = store.head(keys.tile_key("tile/0/000"))
    assert full.mode is LockMode.COMPLIANCE and full.retain_until > real_now()
    receipt = log.receipt("ab" * 32)
    assert receipt and log.head().checkpoint.size == 301
    store.tidy(keys.CHECKPOINT)
    assert len(list(store.inventory(keys.CHECKPOINT))) == 1 + len(list(store.list(keys.CHECKPOINTS)))


def test_a_log_under_a_default_retention(server):
    """What the log would take away, partial tiles and checkpoints of before, stays locked, and the log goes on."""
    bucket = new_bucket(server)
    server.client().set_object_lock_config(bucket, ObjectLockConfig(COMPLIANCE, 1, DAYS))
    log = Log(bucket_store(server, bucket))
    log.fill(200)
    run(log)
    log.fill(100, start=200)
    run(log)
    assert log.head().checkpoint.size == 300
    assert keys.tile_key("tile/entries/000.p/200") in set(log.store.list("log/tile/"))
    run(log)


@pytest.mark.long
def test_a_log_that_the_network_stopped_goes_on(seaweedfs):
    """A new sequencer takes up what one left that was cut off at its n-th request."""
    with net.faulty_proxy(seaweedfs.endpoint) as proxy:
        bucket = new_bucket(seaweedfs)
        near = connection(seaweedfs, bucket, read_seconds=0.5, act_seconds=2.0, attempts=1)
        log = Log(bucket_store(seaweedfs, bucket))
        broken = type(log.store)(replace(near, endpoint=proxy.endpoint), clock=real_now)
        for step in range(1, 12):
            log.fill(30, start=30 * (step - 1))
            log.store, whole = broken, log.store
            broken.examine()
            passed = lambda turn: turn.answer(turn.deliver())  # noqa: E731
            for _ in range(3 * step):
                proxy.meets(passed)
            proxy.meets(net.cut_after, times=net.ALWAYS)
            with pytest.raises(ArchiveUnavailable):
                run(log)
            proxy.calm()
            log.store = whole
            run(log)
            assert log.head().checkpoint.size == 30 * step


def test_a_record_over_what_lies_in_its_way_is_found_among_the_versions(house, store):
    """An event's number was taken, and newer versions were put over the record afterwards."""
    document = house.issued(CONTENT, now())
    key = keys.event_key(document.id, 2)
    stray = b"a stray"
    store.put(key, stray, sha256=sha256(stray))
    with house.transactions.write() as conn:
        deposit = ingest.plan_event(conn, documents.get(conn, document.id), "held", {}, "Văn thư", now())
    for _ in range(2):  # repeatable, as after a crash
        ingest.store(deposit, store, house.work, over=True)
    house.carry_out(deposit, now())
    raw_shadow(store, key, b"forged")
    with house.transactions.read() as conn:
        row = deposit_rows.object_at(conn, key)
    newer = list(others(store, key))
    assert len(newer) == 2 and newer[0] == row.version
    assert store.open(key).read() == stray

    def whole(version):
        data = store.open(key, version).read()
        if data != deposit.record:
            raise ArchiveDamaged(key)
        return version

    assert borne_out(store, key, whole) == row.version
