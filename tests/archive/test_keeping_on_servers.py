"""Dossiers and legal holds over buckets of real servers, as over our own stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from archive import holds
from archive.catalogue import audit_rows, deposit_rows, hold_rows
from archive.errors import ArchiveUnavailable, StorageRefused
from archive.storage import keys
from policies.holds import HoldState
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode
from tests.archive.dossier_fixtures import Keeping
from tests.archive.ingest_fixtures import open_house
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, raw_shadow, real_now
from tests.engines import faulty_proxy as net

SCAN = b"%PDF-1.7 a scan of a letter that came in"


@pytest.fixture(params=["seaweedfs", "rgw"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def house(tmp_path, server):
    opened = open_house(tmp_path)
    opened.objects = bucket_store(server)
    yield opened
    opened.transactions.close()


def now():
    return real_now().replace(microsecond=0)


def shown(house, prefix):
    """What the server tells of each object below, in the version that the catalogue names."""
    with house.transactions.read() as conn:
        rows = audit_rows.by_id(conn, "objects", "key", list(house.objects.list(prefix)))
    return {key: house.objects.head(key, row["version"]) for key, row in rows.items()}


def refused_to_go(house, key, reason):
    with pytest.raises(StorageRefused) as caught:
        house.objects.delete(key)
    assert caught.value.reason is reason


def test_versions_and_files_of_a_dossier_are_locked_and_read_back(house):
    desk, at = Keeping(house), now()
    dossier = desk.upload(desk.open(at=at), SCAN, at=at)
    dossier = desk.close(dossier, at=at)
    stored = shown(house, keys.dossier_prefix(dossier.id))
    assert len(stored) == 4  # opened, filed, closed; the file
    for head in stored.values():
        assert head.mode is LockMode.GOVERNANCE and not head.hold
        assert head.retain_until > real_now() + timedelta(days=399)
    refused_to_go(house, keys.dossier_version_key(dossier.id, 1), reasons.UNDER_RETENTION)


def test_a_hold_is_on_the_versions_that_the_catalogue_names_and_goes_with_two_people(house):
    desk, at = Keeping(house), now()
    document = house.issued(b"%PDF-1.7 sealed", at).id
    dossier = desk.file(desk.upload(desk.open(at=at), SCAN, at=at), document, at=at)
    raw_shadow(house.objects, keys.dossier_version_key(dossier.id, 1), b"forged")
    hold = desk.hold(dossier=dossier, at=at)
    for prefix in (keys.dossier_prefix(dossier.id), keys.document_prefix(document)):
        stored = shown(house, prefix)
        assert stored and all(head.hold for head in stored.values())
        refused_to_go(house, next(iter(stored)), reasons.UNDER_HOLD)
    assert desk.repair(at) == 0
    desk.release(hold, at)
    assert desk.the_hold(hold).state is HoldState.RELEASED
    for prefix in (keys.dossier_prefix(dossier.id), keys.document_prefix(document)):
        assert not any(head.hold for head in shown(house, prefix).values())


@pytest.mark.parametrize("fault", [net.cut_after, net.cut_before, net.error(503, "SlowDown")])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_hold_that_the_network_stopped_is_put_on_later(tmp_path, seaweedfs, fault, place):
    """Everything is cut from the n-th request on. The hold stands in the catalogue; no row says that it lies on."""
    with net.faulty_proxy(seaweedfs.endpoint) as proxy:
        bucket = new_bucket(seaweedfs)
        house = open_house(tmp_path)
        house.objects = bucket_store(seaweedfs, bucket)
        desk, at = Keeping(house), now()
        document = house.issued(b"%PDF-1.7 sealed", at).id
        slow = Keeping(house, carry_out=False)
        hold = slow.hold(document, at=at)
        near = connection(seaweedfs, bucket, read_seconds=0.5, act_seconds=2.0, attempts=2)
        broken = type(house.objects)(replace(near, endpoint=proxy.endpoint), clock=real_now)
        broken.examine()
        for _ in range(place):
            proxy.meets(lambda turn: turn.answer(turn.deliver()), having="documents")
        proxy.meets(fault, times=net.ALWAYS)
        with pytest.raises(ArchiveUnavailable):
            holds.enforce(house.transactions.write, [broken])
        with house.transactions.read() as conn:
            assert not any(row.hold for row in deposit_rows.objects_of(conn, document))
            assert hold_rows.find(conn, hold.id).state is HoldState.PLACED
        proxy.calm()
        assert desk.repair(at) == 4  # content, record, issued, held
        assert all(head.hold for head in shown(house, keys.document_prefix(document)).values())
        house.transactions.close()
