"""Locks, fixity, second copies and repair over a real S3 server: versions, modes and holds as it has them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archive.catalogue import deposit_rows, rebuild_rows
from archive.catalogue.copies import FIRST, SECOND, Shelf
from archive.catalogue.tables import objects
from archive.fsck import findings as ids
from archive.fsck.run import check
from archive.rebuild.chains import REGISTERS
from archive.rebuild.run import Source, Target, rebuild
from archive.storage import keys
from archive.storage.giving import gives
from archive.storage.memory import MemoryStore
from archive.storage.readback import check_object
from archive.storage.work import WorkDirectory
from policies.fixity import UNREAD_MOST
from policies.locks import QUARANTINE
from policies.retention import lock_until
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import open_catalogue
from tests.archive.ingest_fixtures import House
from tests.archive.storage.buckets import bucket_store, raw_put
from tests.archive.watch_house import VKEY, Watch
from tests.engines import seaweedfs as seaweedfs_engine
from tests.service import until

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def watch(seaweedfs, tmp_path):
    house = House(open_catalogue(tmp_path), bucket_store(seaweedfs), WorkDirectory(tmp_path / "work"))
    yield Watch(house, bucket_store(seaweedfs))
    house.transactions.close()


def test_a_document_from_quarantine_to_a_year_of_nights_in_both_stores(watch):
    (document,) = watch.documents(1, NOW)
    assert watch.copy(NOW).complete
    for shelf in (Shelf.DOCUMENTS, Shelf.SECOND):
        assert {copy.lock.mode for copy in watch.copies(document, shelf)} == {LockMode.GOVERNANCE}
    night = NOW + QUARANTINE
    for name in ("first", SECOND):
        run = watch.night(night, name)
        assert (run.good, run.failed, run.hardened) == (True, 0, 2)
    later = night + 40 * DAY
    assert watch.night(later).extended == 4, "content, record, checkpoint and openings"
    for copy in watch.copies(document):
        shown = watch.first.head(copy.key, copy.version)
        assert (shown.retain_until, shown.mode) == (lock_until(later), LockMode.COMPLIANCE)
    assert watch.scan(NOW + DAY).done.objects == 4
    assert watch.scan(NOW + DAY, SECOND).damaged == 0
    assert watch.audit() == []


def test_a_damaged_version_stays_and_the_row_names_the_whole_one(watch):
    """The server was given other bytes with a false digest: what it says of them is what it was told."""
    (document,) = watch.documents(1, NOW)
    watch.copy(NOW)
    copy = watch.copies(document)[0]
    rotten = b"?" * copy.size
    damaged = raw_put(
        watch.first, copy.key, rotten, sha256=copy.sha256, until=copy.lock.until, mode="GOVERNANCE"
    )
    with watch.house.transactions.write() as conn:
        conn.execute(objects.update().where(objects.c.key == copy.key).values(version=damaged.version))
    watch.house.work.remove_work(copy.sha256)
    assert watch.scan(NOW + DAY).damaged == 1
    (mended,) = watch.mend(NOW + DAY)
    assert (mended.error, mended.source) == (None, "the second store")
    now = watch.find(Shelf.DOCUMENTS, copy.key)
    assert now.version not in ("", damaged.version)
    check_object(watch.first, copy.key, sha256=copy.sha256, retain_until=copy.lock.until, version=now.version)
    with watch.first.open(copy.key, damaged.version) as stream:
        assert stream.read() == rotten, "evidence"
    assert watch.sees_repairs().head(copy.key).version == now.version
    assert watch.scan(NOW + 3 * DAY).damaged == 0
    assert watch.night(NOW + QUARANTINE).good
    assert watch.first.head(copy.key, now.version).mode is LockMode.COMPLIANCE


def test_what_the_server_spoiled_when_it_was_put_is_archived_beside_it(watch, tmp_path):
    """The spoiled version stays under its short lock; night, audit and rebuild know that another one is the object."""
    content = b"%PDF-1.7 sealed"
    deposit = watch.house.validated(content, NOW)
    key = keys.pdf_key(deposit.document, deposit.content_sha256)
    spoiled = raw_put(
        watch.first,
        key,
        b"?" * len(content),
        sha256=deposit.content_sha256,
        until=deposit.retain_until,
        mode="GOVERNANCE",
    )
    watch.house.carry_out(deposit, NOW)
    watch.sequence(NOW)
    (copy, _) = watch.copies(watch.house.document(deposit.document))
    assert copy.version not in ("", spoiled.version) and copy.repaired_at == NOW
    assert watch.audit() == []
    night = NOW + QUARANTINE
    assert watch.night(night).hardened == 2
    assert watch.first.head(key, copy.version).mode is LockMode.COMPLIANCE
    left = watch.first.head(key, spoiled.version)
    assert (left.mode, left.retain_until) == (LockMode.GOVERNANCE, deposit.retain_until)
    assert [finding for finding in watch.audit() if finding.severity == "error"] == []
    assert watch.sees_repairs().open(key).read() == content
    (tmp_path / "lost").mkdir()
    lost = open_catalogue(tmp_path / "lost")
    found = rebuild(
        Source(FIRST, watch.first, VKEY, lambda _size: ()),
        Target(lost.write, REGISTERS),
        quick=False,
        clock=lambda: night,
    )
    assert found is not None
    with lost.read() as conn:
        assert rebuild_rows.findings(conn, 9) == []
        row = deposit_rows.object_at(conn, key)
        assert (row.version, row.sha256) == (copy.version, copy.sha256)
    again = check(lost.read, {FIRST: watch.first}, VKEY).findings
    assert [finding for finding in again if finding.id == ids.VERSION_SHADOWS] == []
    lost.close()


def test_a_legal_hold_follows_into_the_second_bucket(watch):
    (document,) = watch.documents(1, NOW)
    watch.copy(NOW)
    copy = watch.copies(document)[0]
    for held in (True, False):
        watch.first.set_hold(copy.key, held, version=copy.version)
        with watch.house.transactions.write() as conn:
            conn.execute(objects.update().where(objects.c.key == copy.key).values(hold=held))
        watch.copy(NOW)
        other = next(each for each in watch.copies(document, Shelf.SECOND) if each.key == copy.key)
        assert watch.second.head(other.key, other.version).hold is held


def test_a_lock_that_an_administrator_took_off_is_set_again_and_told(watch):
    """GOVERNANCE can be lifted by who has the right; the service's own account has not."""
    (document,) = watch.documents(1, NOW)
    copy = watch.copies(document)[0]
    shorter = replace(copy.lock, until=NOW + DAY)
    headers = {"x-amz-bypass-governance-retention": "true", "content-type": "application/xml"}
    body = (
        "<Retention><Mode>GOVERNANCE</Mode>"
        f"<RetainUntilDate>{shorter.until:%Y-%m-%dT%H:%M:%SZ}</RetainUntilDate></Retention>"
    ).encode()
    wire = watch.first._wire
    query = {"retention": "", "versionId": copy.version}
    wire.send("PUT", copy.key, query=query, headers=headers, body=body, deadline=wire.deadline())
    assert watch.first.head(copy.key, copy.version).retain_until == shorter.until
    run = watch.night(NOW + QUARANTINE)
    assert (run.good, run.shortened) == (True, 1)
    shown = watch.first.head(copy.key, copy.version)
    assert (shown.retain_until, shown.mode) == (lock_until(NOW + QUARANTINE), LockMode.COMPLIANCE)


@pytest.mark.long
def test_bytes_that_rotted_on_the_servers_disk(tmp_path):
    """SeaweedFS finds it by its own checksum and answers 500: a finding of the audit, and of the scans in the end."""
    with seaweedfs_engine.seaweedfs(tmp_path / "server") as server:
        store = bucket_store(server, act_seconds=20.0, attempts=1)
        house = House(open_catalogue(tmp_path), store, WorkDirectory(tmp_path / "work"))
        watch = Watch(house, MemoryStore(clock=lambda: NOW))
        content = b"%PDF-1.7 needle in a volume " + os.urandom(5000)
        document = house.archived(content, NOW)
        watch.sequence(NOW)
        server.kill()
        (volume,) = [
            path for path in (tmp_path / "server/data").glob("*.dat") if content in path.read_bytes()
        ]
        rotten = bytearray(volume.read_bytes())
        rotten[rotten.index(content) + 100] ^= 1
        volume.write_bytes(rotten)
        server.restart()
        until(lambda: gives(store), "the server")
        (key,) = [each.key for each in watch.copies(document) if each.key.endswith(".pdf")]
        assert [(each.id, each.where) for each in watch.audit()] == [(ids.OBJECT_UNREADABLE, key)]
        at = NOW + DAY
        runs = []
        for _ in range(UNREAD_MOST):
            runs.append(watch.scan(at))
            at += 2 * DAY
        assert [run.unread for run in runs] == [1] * UNREAD_MOST
        assert [run.damaged for run in runs] == [0] * (UNREAD_MOST - 1) + [1]
        house.transactions.close()
