"""Dossiers and holds are made again out of the store; what was forged, lost or damaged is told, and never believed."""

from __future__ import annotations

from hashlib import sha256

import pytest

from archive.catalogue import dossier_rows, hold_rows, retention_rows
from archive.fsck import findings as ids
from archive.holds import enforce
from archive.record import canonical, parse
from archive.storage import keys
from policies.holds import HoldState
from policies.retention import Open
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT


@pytest.fixture
def lost(filled, tmp_path):
    archive = filled.lose(tmp_path / "after")
    yield archive
    archive.house.transactions.close()


def dossier(filled, notation):
    with filled.house.transactions.read() as conn:
        return dossier_rows.by_code(conn, f"H99.01.2026.{notation}")


def told(archive, *findings):
    return {(finding, place) for finding, place, _ in archive.told() if not findings or finding in findings}


def test_they_stand_where_they_stood_and_keep_what_they_kept(filled, lost):
    lost.rebuild()
    assert told(lost) == set()
    first = dossier(filled, "02.TCCB")
    owners = [filled.filed, filled.both, filled.held, first.id]
    kept = []
    for archive in (filled, lost):
        with archive.house.transactions.read() as conn:
            kept.append(retention_rows.kept(conn, owners))
            assert set(hold_rows.over(conn, owners)) == {filled.both, filled.held}
    assert kept[0] == kept[1]
    assert kept[1][filled.held] is Open.HELD
    assert lost.house.document(filled.filed).state is State.FILED
    assert lost.house.document(filled.lain).state is State.ISSUED  # taken out again
    assert enforce(lost.house.transactions.write, [lost.objects]) == 0
    assert lost.check().clean


def test_a_rewritten_record_is_not_believed(filled, lost):
    first = dossier(filled, "02.TCCB")
    key = keys.dossier_version_key(first.id, 6)
    value = parse(lost.objects.open(key).read(), "antin.dossier/1", key)
    value["dossier"]["retention"]["years"] = 1
    lost.objects.overwrite(key, canonical(value))
    lost.rebuild()
    assert (ids.RECORD_DIFFERS, key) in told(lost)
    assert (ids.DOSSIER_VERSION_MISSING, f"dossier {first.id}") in told(lost)
    with lost.house.transactions.read() as conn:
        kept = dossier_rows.find(conn, first.id).retention
    assert kept.years == 10  # as the later records, of the hold's acts, have it


def test_a_version_that_is_gone_is_told_and_its_entries_come_from_the_list_of_the_closing(filled, lost):
    first = dossier(filled, "02.TCCB")
    lost.objects.vanish(keys.dossier_version_key(first.id, 2))
    lost.rebuild()
    assert (ids.DOSSIER_VERSION_MISSING, f"dossier {first.id}") in told(lost)
    with lost.house.transactions.read() as conn:
        inside = dossier_rows.entries(conn, first.id)
    assert {entry.document.id for entry in inside if entry.document} == {filled.filed}
    assert not lost.check().clean


def test_a_whole_dossier_that_is_gone_is_told_by_its_leaves(filled, lost):
    first = dossier(filled, "02.TCCB")
    for key in list(lost.objects.list(keys.dossier_prefix(first.id))):
        lost.objects.vanish(key)
    lost.rebuild()
    assert len(told(lost, ids.LEAF_UNOPENED)) == first.version
    assert lost.house.document(filled.filed).state is State.ISSUED


def test_a_record_that_no_leaf_speaks_for_is_not_taken_over(filled, lost):
    first = dossier(filled, "02.TCCB")
    key = keys.dossier_version_key(first.id, 1)
    value = parse(lost.objects.open(key).read(), "antin.dossier/1", key)
    value["version"], value["leaf"]["id"] = first.version + 1, "ab" * 16
    data, forged = canonical(value), keys.dossier_version_key(first.id, first.version + 1)
    lost.objects.put(forged, data, sha256=sha256(data).hexdigest())
    lost.rebuild()
    assert told(lost) == {(ids.RECORD_UNLOGGED, forged)}


def test_a_genuine_record_under_another_dossiers_key_is_not_taken_over(filled, lost):
    first, later = dossier(filled, "02.TCCB"), dossier(filled, "01.TCCB")
    data = lost.objects.open(keys.dossier_version_key(first.id, first.version)).read()
    lost.objects.overwrite(keys.dossier_version_key(later.id, later.version), data)
    lost.rebuild()
    assert (ids.RECORD_DIFFERS, keys.dossier_version_key(later.id, later.version)) in told(lost)


@pytest.mark.parametrize("quick", [False, True])
def test_a_file_that_is_gone_or_rotten_is_told(filled, lost, quick):
    later = dossier(filled, "01.TCCB")
    (key,) = lost.objects.list(keys.dossier_prefix(later.id) + "files/")
    lost.objects.flip(key)
    lost.rebuild(quick=quick)
    assert told(lost) == (set() if quick else {(ids.OBJECT_CHANGED, key)})
    assert ids.OBJECT_CHANGED in {finding.id for finding in lost.check().findings}


@pytest.mark.parametrize("data", [b"forged", None], ids=["a version", "a delete marker"])
def test_what_lies_over_an_object_neither_hides_nor_changes_it(filled, lost, data):
    first = dossier(filled, "02.TCCB")
    for key in list(lost.objects.list(keys.DOSSIERS)):
        lost.objects.shadow(key, data)
    lost.rebuild()
    assert told(lost) == set()
    with lost.house.transactions.read() as conn:
        assert dossier_rows.find(conn, first.id) == first
    assert {finding.id for finding in lost.check().findings if finding.severity == "error"} == {
        ids.VERSION_SHADOWS
    }


def test_a_repaired_copy_of_a_file_is_found_by_its_digest(filled, lost):
    later = dossier(filled, "01.TCCB")
    (key,) = lost.objects.list(keys.dossier_prefix(later.id) + "files/")
    whole = lost.objects.open(key).read()
    lost.objects.flip(key)
    digest = sha256(whole).hexdigest()
    repaired = lost.objects.replace_damaged(key, whole, sha256=digest, retain_until=AT)
    lost.rebuild()
    assert told(lost) == set()
    (row,) = [row for row in lost.rows("objects") if row["key"] == key]
    assert row["version"] == repaired.version != ""


def test_a_file_that_nobody_filed_and_a_strange_name_are_told(filled, lost):
    later = dossier(filled, "01.TCCB")
    stray = keys.dossier_file_key(later.id, sha256(b"x").hexdigest())
    odd = keys.dossier_prefix(later.id) + "notes.txt"
    for key in (stray, odd):
        lost.objects.put(key, b"x", sha256=sha256(b"x").hexdigest())
    lost.rebuild()
    assert told(lost) == {(ids.OBJECT_WITHOUT_ROW, stray), (ids.OBJECT_WITHOUT_ROW, odd)}


def test_a_release_that_not_all_documents_tell_of_is_none(filled, lost):
    """The catalogue was lost between the events of one release: the hold stands, and is asked for again."""
    event = keys.event_key(filled.both, 3)
    assert b'"kind":"released"' in lost.objects.open(event).read()
    lost.objects.vanish(event)
    lost.rebuild()
    with lost.house.transactions.read() as conn:
        over = hold_rows.over(conn, [filled.lain])[filled.lain]
    assert [hold.state for hold in over] == [HoldState.PLACED]
    assert set(over[0].documents) == {filled.lain, filled.both}
    assert enforce(lost.house.transactions.write, [lost.objects]) > 0
    key = keys.event_key(filled.lain, 1)
    assert lost.objects.head(key).hold
