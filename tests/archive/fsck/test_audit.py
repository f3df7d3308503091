from __future__ import annotations

import subprocess
import sys

import pytest

from archive.catalogue import log_rows
from archive.errors import ArchiveUnavailable, StoreUnavailable
from archive.fsck import findings as ids
from archive.fsck.run import check
from archive.heads import Head, bind
from archive.log.leaf import LeafKind
from archive.log.sequencer import Sequencer
from archive.log.tiles import TileId
from archive.openings import Openings
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import Fault
from policies.reasons import storage
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue
from tests.archive.fsck.conftest import KEY, ORIGIN, VKEY, Audited
from tests.archive.ingest_fixtures import House

WRITERS = (
    "archive.ingest",
    "archive.filing",
    "archive.holds",
    "archive.heads",
    "archive.log.sequencer",
    "archive.registers.numbers",
    "archive.registers.outgoing",
    "archive.registers.journal",
    "archive.registers.dossiers",
    "archive.catalogue.dossier_rows",
    "archive.catalogue.hold_rows",
    "archive.catalogue.retention_rows",
    "archive.catalogue.agency_rows",
    "archive.catalogue.documents",
    "archive.catalogue.document_changes",
    "archive.catalogue.document_lists",
    "archive.catalogue.deposit_rows",
    "archive.catalogue.log_rows",
    "archive.catalogue.register_rows",
    "archive.storage.directory",
    "archive.storage.memory",
)


def test_the_auditor_loads_nothing_that_writes():
    program = "import sys, archive.fsck.run; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & set(WRITERS) == set()


def test_the_service_may_run_meanwhile(archive):
    done = set()

    def meanwhile(stage, _done, _total):
        if stage not in done:
            done.add(stage)
            archive.house.issued(f"%PDF during {stage}".encode(), AT, kind="KH")
            archive.sequence()

    report = archive.check(progress=meanwhile)
    assert len(done) == 5
    assert report.findings == []
    assert archive.check().findings == []


def test_a_batch_committed_and_not_yet_shown_is_told_until_it_is(archive):
    with archive.house.transactions.write() as conn:
        bind(conn, Head(LeafKind.AUDIT_HEAD, AGENCY, 1, "00" * 32), AT)
    archive.objects.fail_at(3, Fault.LOST)
    with pytest.raises(ArchiveUnavailable):
        archive.sequence()
    assert archive.found() == {ids.LOG_CHECKPOINT_OLDER}
    archive.sequence()
    assert archive.found() == set()


def test_deposits_and_pending_leaves_are_remarks(archive):
    deposit = archive.house.validated(b"%PDF on its way", AT, kind="KH")
    archive.objects.put(
        keys.pdf_key(deposit.document, deposit.content_sha256),
        b"%PDF on its way",
        sha256=deposit.content_sha256,
    )
    archive.house.archived(b"%PDF not sequenced", AT, kind="KH")
    report = archive.check()
    assert {finding.id for finding in report.findings} == {ids.DEPOSIT_LEFT, ids.LEAF_PENDING}
    assert report.clean


def test_a_store_that_does_not_answer_is_no_finding(archive, monkeypatch):
    def silent(*_given, **_options):
        raise ArchiveUnavailable("no answer")

    for name in ("head", "open", "read"):
        monkeypatch.setattr(archive.objects, name, silent)
    with pytest.raises(ArchiveUnavailable):
        archive.check()


@pytest.fixture(scope="module")
def long_log(tmp_path_factory):
    opened = Audited(tmp_path_factory.mktemp("long"))
    with opened.house.transactions.write() as conn:
        for ordinal in range(1, 700):
            bind(conn, Head(LeafKind.AUDIT_HEAD, AGENCY, ordinal, f"{ordinal:064x}"), AT)
    opened.sequence()
    yield opened
    opened.house.transactions.close()


def test_a_log_of_many_tiles_is_clean(long_log):
    report = long_log.check()
    assert report.findings == []
    assert report.read["entries"] == 699


@pytest.mark.parametrize("tile", [TileId(0, 1), TileId(None, 1), TileId(1, 0, 2), TileId(None, 2, 187)])
def test_a_flipped_bit_in_any_tile(long_log, tile):
    key = keys.tile_key(tile.path)
    long_log.objects.flip(key, 8 * 20)
    assert [finding.where for finding in long_log.check().findings] == [key]
    long_log.objects.flip(key, 8 * 20)
    assert long_log.check().findings == []


@pytest.mark.parametrize("tile", [TileId(0, 1), TileId(None, 1), TileId(1, 0, 2)])
def test_a_tile_that_is_cut(long_log, tile):
    key = keys.tile_key(tile.path)
    data = long_log.objects.open(key).read()
    for kept in (data[:31], b""):
        long_log.objects.overwrite(key, kept)
        found = [(finding.id, finding.where) for finding in long_log.check().findings]
        assert found == [(ids.LOG_TILE_MISSING, key)]
    long_log.objects.overwrite(key, data)


def erring(monkeypatch, store, key):
    """This key is answered with an error, all others are given."""
    for name in ("open", "read", "head"):
        real = getattr(store, name)

        def fails(asked, *given, real=real, **options):
            if asked == key:
                raise StoreUnavailable(storage.BUSY, "HTTP 500", passing=True)
            return real(asked, *given, **options)

        monkeypatch.setattr(store, name, fails)


OF_THE_LOG = {
    "tile": (keys.tile_key(TileId(0, 1).path), {ids.LOG_TILE_MISSING, ids.RETENTION_SHORTENED}),
    "bundle": (keys.tile_key(TileId(None, 1).path), {ids.LOG_TILE_MISSING, ids.RETENTION_SHORTENED}),
    "tile above": (keys.tile_key(TileId(1, 0, 2).path), {ids.LOG_TILE_MISSING}),
    "kept tail": (keys.tile_key(TileId(None, 2, 187).path), {ids.LOG_TILE_MISSING}),
    "checkpoint": (keys.checkpoint_key(699), {ids.LOG_CHECKPOINT_BROKEN, ids.RETENTION_SHORTENED}),
    "openings": (keys.openings_key(0, 699), {ids.OPENINGS_BROKEN, ids.RETENTION_SHORTENED}),
}


@pytest.mark.parametrize(("key", "expected"), OF_THE_LOG.values(), ids=OF_THE_LOG)
def test_an_object_of_the_log_that_the_store_does_not_give_is_a_finding(long_log, monkeypatch, key, expected):
    """SeaweedFS answers so where it finds rotten bytes by a checksum of its own."""
    erring(monkeypatch, long_log.objects, key)
    report = long_log.check()
    assert {(each.id, each.where) for each in report.findings} == {(found, key) for found in expected}


def test_a_flipped_bit_on_a_real_disk(tmp_path):
    store = DirectoryStore(tmp_path / "store", clock=lambda: AT)
    house = House(open_catalogue(tmp_path), store, store)
    document = house.issued(b"%PDF on disk", AT)
    sequencer = Sequencer(
        store=store,
        catalogue=log_rows,
        transaction=house.transactions.write,
        signer=KEY,
        retain_until=lambda: lock_until(AT),
        beside=Openings(house.transactions.read, ORIGIN),
    )
    sequencer.run_once()
    sequencer.close()
    assert check(house.transactions.read, {"first": store}, VKEY).findings == []
    (path,) = (tmp_path / "store").rglob(f"{document.current_sha256}.pdf")
    path.chmod(0o600)
    path.write_bytes(b"%PDF on disc")
    (finding,) = check(house.transactions.read, {"first": store}, VKEY).findings
    assert (finding.id, finding.where) == (
        ids.OBJECT_CHANGED,
        keys.pdf_key(document.id, document.current_sha256),
    )
    path.unlink()
    findings = check(house.transactions.read, {"first": store}, VKEY).findings
    assert {finding.id for finding in findings} <= {ids.OBJECT_MISSING, ids.OBJECT_UNREADABLE}
    assert findings
    house.transactions.close()
