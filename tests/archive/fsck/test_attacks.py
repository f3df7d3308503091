"""Each way in which an archive is damaged or rewritten, by name, and what the audit says to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from archive import ingest, openings
from archive.catalogue import document_changes
from archive.catalogue.values import Signer
from archive.errors import ArchiveUnavailable, StoreUnavailable
from archive.fsck import findings as ids
from archive.heads import Head, bind
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.leaf import LeafKind
from archive.log.tiles import TileId
from archive.openings import read
from archive.record import canonical
from archive.registers.chain import link
from archive.storage import keys
from policies.issuing import Act, Facts
from policies.reasons import storage
from policies.vocabulary import FieldRole, LockMode
from tests.archive.catalogue_fixtures import AT
from tests.archive.fsck.conftest import KEY, ORIGIN, Audited
from tests.archive.ingest_fixtures import sha256

PDF = sha256(b"%PDF one")


def pdf(archive):
    return keys.pdf_key(archive.issued.id, PDF)


def test_an_untouched_archive_is_clean(archive):
    report = archive.check()
    assert report.findings == []
    assert report.clean
    assert report.read["objects"] == 12
    assert report.read["bytes"] > 0
    assert report.read["leaves"] == report.read["entries"] == 11
    assert report.read["numbers"] == 4


def test_progress_is_told(archive):
    stages = {}
    archive.check(progress=lambda stage, done, total: stages.update({stage: (done, total)}))
    assert set(stages) == {"documents", "objects", "leaves", "numbers", "log"}
    assert all(done == total for done, total in stages.values() if total is not None)


def test_an_empty_archive_is_clean(tmp_path):
    empty = Audited(tmp_path)
    assert empty.check().findings == []
    empty.house.transactions.close()


# Objects


def test_a_flipped_bit_in_a_document(archive):
    archive.objects.flip(pdf(archive), 17)
    assert archive.found() == {ids.OBJECT_CHANGED}
    assert archive.where(ids.OBJECT_CHANGED) == [pdf(archive)]


def test_a_flipped_bit_in_a_record(archive):
    key = archive.ask("SELECT key FROM objects WHERE role = 'record' AND document = ?", archive.issued.id)
    archive.objects.flip(key, 100)
    assert archive.found() >= {ids.OBJECT_CHANGED}


def test_a_vanished_object(archive):
    archive.objects.vanish(pdf(archive))
    assert archive.found() == {ids.OBJECT_MISSING}


class Broken:
    """A stream of which the store gives nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read(self, *_):
        raise StoreUnavailable(storage.BUSY, "HTTP 500", passing=True)


@pytest.fixture
def not_given(archive, monkeypatch):
    """(these keys the store answers with an error, at its question or while they are read); how often it did."""
    real, asked = archive.objects.read, []

    def make(*keys_, late=False, times=1000):
        def read(key, version=""):
            if (not keys_ or key in keys_) and len(asked) < times:
                asked.append(key)
                if not late:
                    raise StoreUnavailable(storage.BUSY, "HTTP 500", passing=True)
                return real(key, version)[0], Broken()
            return real(key, version)

        monkeypatch.setattr(archive.objects, "read", read)
        return asked

    return make


@pytest.mark.parametrize("late", [False, True])
def test_bytes_that_the_store_finds_rotten_itself_are_a_finding_and_no_end(archive, not_given, late):
    """It answers an error for this object alone, and gives all others."""
    key = pdf(archive)
    not_given(key, late=late)
    report = archive.check()
    errors = [(each.id, each.where) for each in report.findings if each.severity == "error"]
    assert errors == [(ids.OBJECT_UNREADABLE, key)]
    assert not report.clean and report.read["objects"] > 5


def test_an_error_that_passes_is_no_finding(archive, not_given):
    asked = not_given(times=1)
    assert archive.check().clean and len(asked) == 1


def test_a_store_that_gives_nothing_ends_the_audit_and_is_no_finding(archive, not_given, monkeypatch):
    def silent(*_):
        raise StoreUnavailable(storage.SILENT, "no answer")

    real = archive.objects.open
    monkeypatch.setattr(archive.objects, "open", lambda key, v="": real(key, v) if not asked else silent())
    asked = not_given()
    with pytest.raises(ArchiveUnavailable):
        archive.check()


def test_a_swapped_object(archive):
    other = keys.pdf_key(archive.last.id, sha256(b"%PDF three"))
    archive.objects.overwrite(pdf(archive), archive.objects.open(other).read())
    assert archive.where(ids.OBJECT_CHANGED) == [pdf(archive)]


def test_a_swapped_object_with_its_row_rewritten(archive):
    forged = b"%PDF forged"
    archive.objects.overwrite(pdf(archive), forged)
    archive.objects.lie(
        pdf(archive), replace(archive.objects.head(pdf(archive)), sha256=sha256(forged), size=len(forged))
    )
    archive.sql("UPDATE objects SET sha256=?, size=? WHERE key=?", sha256(forged), len(forged), pdf(archive))
    archive.sql("UPDATE leaves SET content_sha256=? WHERE content_sha256=?", sha256(forged), PDF)
    assert ids.LEAF_DIFFERS in archive.found()


def test_an_object_that_nobody_knows(archive):
    key = keys.pdf_key(archive.issued.id, sha256(b"%PDF smuggled"))
    archive.objects.put(key, b"%PDF smuggled", sha256=sha256(b"%PDF smuggled"))
    assert archive.found() == {ids.OBJECT_WITHOUT_ROW}
    assert archive.where(ids.OBJECT_WITHOUT_ROW) == [key]


def test_a_shortened_lock(archive):
    head = archive.objects.head(pdf(archive))
    archive.objects.lie(pdf(archive), replace(head, retain_until=head.retain_until - timedelta(days=1)))
    assert archive.found() == {ids.RETENTION_SHORTENED}


def test_a_dropped_lock(archive):
    archive.objects.lie(pdf(archive), replace(archive.objects.head(pdf(archive)), retain_until=None))
    assert archive.found() == {ids.RETENTION_SHORTENED}


def test_a_lock_shortened_in_store_and_catalogue(archive):
    key = archive.ask("SELECT key FROM objects WHERE role = 'record' AND document = ?", archive.issued.id)
    archive.objects.lie(key, replace(archive.objects.head(key), retain_until=AT))
    archive.sql("UPDATE objects SET retain_until = '2026-03-05 07:05:09.000000' WHERE key = ?", key)
    assert archive.found() == {ids.RECORD_DIFFERS}


def test_a_store_that_lies_about_its_bytes(archive):
    archive.objects.lie(pdf(archive), replace(archive.objects.head(pdf(archive)), sha256="0" * 64))
    assert archive.found() == {ids.OBJECT_HEAD_DIFFERS}


def test_a_lock_made_softer(archive):
    assert archive.objects.head(pdf(archive)).mode is LockMode.GOVERNANCE  # in quarantine
    archive.sql("UPDATE objects SET mode = 'COMPLIANCE' WHERE key = ?", pdf(archive))
    assert archive.found() == {ids.LOCK_SOFTER}


def test_a_hold_taken_off_behind_the_catalogue(archive):
    archive.sql("UPDATE objects SET hold = 1 WHERE key = ?", pdf(archive))
    assert archive.found() == {ids.HOLD_MISSING}
    archive.objects.set_hold(pdf(archive), True)
    assert archive.found() == set()
    archive.sql("UPDATE objects SET hold = 0 WHERE key = ?", pdf(archive))
    report = archive.check()
    assert report.clean
    assert {finding.id for finding in report.findings} == {ids.HOLD_UNKNOWN}


def test_a_hold_that_is_put_on_meanwhile_is_no_finding(archive):
    def meanwhile(stage, _done, _total):
        if stage == "numbers":
            archive.objects.set_hold(pdf(archive), True)
            archive.sql("UPDATE objects SET hold = 1 WHERE key = ?", pdf(archive))

    archive.objects.lie(pdf(archive), replace(archive.objects.head(pdf(archive)), hold=True))
    assert archive.check(progress=meanwhile).findings == []


def test_a_version_over_an_object(archive):
    archive.objects.shadow(pdf(archive), b"%PDF forged")
    assert archive.found() == {ids.VERSION_SHADOWS}
    assert archive.where(ids.VERSION_SHADOWS) == [pdf(archive)]


def test_a_delete_marker_over_an_object(archive):
    archive.objects.shadow(pdf(archive), None)
    assert archive.found() == {ids.VERSION_SHADOWS}
    assert archive.where(ids.VERSION_SHADOWS) == [pdf(archive)]


@pytest.mark.parametrize("data", [b"forged", None])
def test_the_same_over_an_object_of_the_log(archive, data):
    key = next(archive.objects.list(keys.CHECKPOINTS))
    archive.objects.shadow(key, data)
    assert archive.where(ids.VERSION_SHADOWS) == [key]


def test_a_strange_object_anywhere(archive):
    for key in ("notes.txt", "elsewhere/x.pdf"):
        archive.objects.put(key, b"x", sha256=sha256(b"x"))
    assert archive.where(ids.OBJECT_WITHOUT_ROW) == ["elsewhere/x.pdf", "notes.txt"]


def test_a_strange_object_in_the_log(archive):
    strange = ("log/notes", "log/tile/0/0", "log/tile/9x/000", "log/checkpoints/12", "log/openings/12.json")
    for key in strange:
        archive.objects.put(key, b"x", sha256=sha256(b"x"))
    assert archive.found() == {ids.OBJECT_WITHOUT_ROW}
    assert archive.where(ids.OBJECT_WITHOUT_ROW) == sorted(strange)


def test_an_object_of_the_log_without_its_lock(archive):
    for key in (next(archive.objects.list(keys.CHECKPOINTS)), next(archive.objects.list(keys.OPENINGS))):
        archive.objects.lie(key, replace(archive.objects.head(key), retain_until=None))
        assert archive.where(ids.RETENTION_SHORTENED) == [key]
        assert archive.found(quick=True) == set()
        archive.objects._lies.clear()


# Openings


def opening(archive):
    return list(archive.objects.list(keys.OPENINGS))


def test_missing_openings(archive):
    first, second = opening(archive)
    archive.objects.vanish(first)
    assert archive.where(ids.OPENINGS_MISSING) == ["leaves 0 to 2"]
    archive.objects.vanish(second)
    assert archive.where(ids.OPENINGS_MISSING) == ["leaves 0 to 10"]


def test_changed_openings(archive):
    first, second = opening(archive)
    value = read(archive.objects, first)
    value["leaves"][0]["at"] = AT.isoformat().replace("2026", "2025")
    archive.objects.overwrite(first, canonical(value))
    archive.objects.overwrite(second, b"garbage")
    assert archive.where(ids.OPENINGS_DIFFER) == [first]
    assert archive.where(ids.OPENINGS_BROKEN) == [second]
    assert {ids.OPENINGS_DIFFER, ids.OPENINGS_BROKEN} <= archive.found()


def test_a_journal_row_with_another_time(archive):
    """`at` is under no hash: what was stored with the log tells it."""
    archive.sql("UPDATE register_journal SET at = '2020-01-01 00:00:00.000000' WHERE ordinal = 2")
    assert archive.found() == {ids.OPENINGS_DIFFER}


def test_quick_reads_no_bytes(archive, monkeypatch):
    opened, real = [], archive.objects.open
    monkeypatch.setattr(
        archive.objects, "open", lambda key, version="": opened.append(key) or real(key, version)
    )
    report = archive.check(quick=True)
    assert report.findings == []
    assert report.read["objects"] == 12
    assert report.read["bytes"] == 0
    assert not [key for key in opened if key.startswith(keys.DOCUMENTS)]
    archive.objects.vanish(pdf(archive))
    head = archive.objects.head(pdf_of_last(archive))
    archive.objects.lie(pdf_of_last(archive), replace(head, size=3))
    assert archive.found(quick=True) == {ids.OBJECT_MISSING, ids.OBJECT_HEAD_DIFFERS}


def pdf_of_last(archive):
    return keys.pdf_key(archive.last.id, sha256(b"%PDF three"))


# Rows


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        ("objects", ids.OBJECT_WITHOUT_ROW),
        ("leaves", ids.LEAF_MISSING),
        ("documents", ids.ROW_DANGLING),
        ("document_versions", ids.ROW_MISSING),
        ("events", ids.ROW_MISSING),
        ("numbers", ids.NUMBER_MISSING),
        ("register_journal", ids.JOURNAL_SHORT),
        ("outgoing_register", ids.REGISTER_DIFFERS),
        ("number_series", ids.SERIES_DIFFERS),
        ("checkpoint", ids.LOG_CHECKPOINT_OLDER),
    ],
)
def test_a_deleted_row(archive, table, finding):
    archive.sql(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")  # noqa: S608
    assert finding in archive.found()


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'Về việc khác'",
        "number_text = '99/QĐ-UBND'",
        "document_date = '2026-01-01'",
        "kind = 'TB'",
        "recipients = '[\"Người khác\"]'",
        "state = 'draft'",
        "archived_at = NULL",
        "issued_at = NULL",
        "current_sha256 = '00'",
    ],
)
def test_a_changed_document_row(archive, change):
    archive.sql(f"UPDATE documents SET {change} WHERE id = ?", archive.issued.id)  # noqa: S608
    assert archive.found()


def test_a_signer_exchanged(archive):
    with archive.house.transactions.write() as conn:
        document_changes.set_signers(conn, archive.issued.id, [_signer(archive.issued.id)])
    assert archive.found() == {ids.RECORD_DIFFERS}


def _signer(document):
    return Signer(document, 0, FieldRole.LEADER, "account", "Người khác", "Chủ tịch", "leader_1", AT)


def test_an_earlier_version_rewritten(archive):
    archive.sql(
        "UPDATE document_versions SET sha256 = ? WHERE role = 'uploaded' AND document = ?",
        "0" * 64,
        archive.issued.id,
    )
    assert archive.found() == {ids.RECORD_DIFFERS}


def test_a_stopped_document_let_go_on_behind_the_archive(archive):
    with archive.house.transactions.write() as conn:
        document = document_changes.advance(
            conn, archive.house.document(archive.last.id), Act.STOP, AT, facts=Facts(reason="?")
        )
        deposit = ingest.plan_event(conn, document, "stopped", {"reason": "?"}, "An Tín", AT)
    archive.house.carry_out(deposit)
    archive.sequence()
    assert archive.found() == set()
    archive.sql("UPDATE documents SET state = 'issued' WHERE id = ?", archive.last.id)
    assert archive.found() == {ids.ROW_DIFFERS}


def test_a_recalled_document_put_in_force_again(archive):
    archive.sql("UPDATE documents SET recalled_at = NULL WHERE id = ?", archive.recalled.id)
    assert archive.found() == {ids.ROW_DIFFERS}
    archive.sql("DELETE FROM events WHERE kind = 'recalled'")
    assert {ids.ROW_MISSING, ids.RECORD_DIFFERS} <= archive.found()


def test_an_event_with_other_facts(archive):
    archive.sql("UPDATE events SET facts = '{}' WHERE kind = 'recalled'")
    assert archive.found() == {ids.RECORD_DIFFERS}


def test_a_draft_that_claims_to_be_archived(archive):
    archive.sql("UPDATE documents SET state = 'issued' WHERE id = ?", archive.voided.id)
    assert archive.found() == {ids.LEAF_MISSING}


# Leaves


def test_a_changed_salt(archive):
    archive.sql("UPDATE leaves SET content_salt = zeroblob(32) WHERE document = ?", archive.issued.id)
    assert ids.LEAF_DIFFERS in archive.found()


def test_a_changed_entry(archive):
    archive.sql(
        "UPDATE leaves SET entry = (SELECT entry FROM leaves WHERE log_index = 1) WHERE log_index = 0"
    )
    assert ids.LEAF_DIFFERS in archive.found()
    assert "leaf 0" in archive.where(ids.LEAF_DIFFERS)


def test_a_mangled_entry(archive):
    archive.sql("UPDATE leaves SET entry = x'00' WHERE log_index = 0")
    assert {ids.LEAF_MALFORMED, ids.LEAF_DIFFERS} <= archive.found()


def test_two_leaves_that_changed_places(archive):
    for new, old in ((-1, 0), (0, 1), (1, -1)):
        archive.sql("UPDATE leaves SET log_index = ? WHERE log_index = ?", new, old)
    assert archive.found() == {ids.LEAF_DIFFERS, ids.OPENINGS_DIFFER}


def test_a_predecessor_rewritten(archive):
    archive.sql("UPDATE leaves SET predecessor = NULL WHERE predecessor IS NOT NULL")
    assert {ids.LEAF_DIFFERS, ids.RECORD_DIFFERS} <= archive.found()


# Log


def tile(level, width=11):
    return keys.tile_key(TileId(level, 0, width).path)


def test_a_flipped_bit_in_the_kept_tail(archive):
    archive.objects.flip(tile(None), 8 * 40)
    assert archive.where(ids.LOG_TILE_DIFFERS) == [tile(None)]
    assert archive.found() == {ids.LOG_TILE_DIFFERS}


def test_a_truncated_kept_tail(archive):
    archive.objects.truncate(tile(None), 100)
    assert archive.found() == {ids.LOG_TILE_MISSING}


def test_a_kept_tail_that_is_gone_or_of_before_is_no_fault(archive):
    """The leaves are in openings."""
    archive.objects.vanish(tile(None))
    assert archive.found() == set()


@pytest.mark.parametrize("kept", [True, False])
def test_rows_and_openings_of_the_tail_that_differ(archive, kept):
    """The root says who is right."""
    if not kept:
        archive.objects.vanish(tile(None))
    key = list(archive.objects.list(keys.OPENINGS))[-1]
    value = openings.read(archive.objects, key)
    value["leaves"][0]["entry"] = value["leaves"][1]["entry"]
    archive.objects.overwrite(key, canonical(value))
    assert archive.found() == {ids.OPENINGS_DIFFER}


def test_an_older_checkpoint(archive):
    first = next(archive.objects.list(keys.CHECKPOINTS))
    archive.objects.put_mutable(keys.CHECKPOINT, archive.objects.open(first).read())
    assert archive.found() == {ids.LOG_CHECKPOINT_OLDER}


def test_an_older_checkpoint_everywhere_in_the_store(archive):
    first, second = archive.objects.list(keys.CHECKPOINTS)
    archive.objects.put_mutable(keys.CHECKPOINT, archive.objects.open(first).read())
    archive.objects.vanish(second)
    assert archive.found() == {ids.LOG_CHECKPOINT_OLDER}


def test_a_store_and_catalogue_both_set_back_are_found_by_a_witness(archive):
    size = archive.ask("SELECT size FROM checkpoint")
    witnessed = Checkpoint(ORIGIN, size, archive.ask("SELECT root FROM checkpoint"))
    assert archive.found(known=[witnessed]) == set()
    assert archive.found(known=[replace(witnessed, size=size + 1)]) == {ids.LOG_CHECKPOINT_OLDER}
    assert archive.found(known=[replace(witnessed, root=b"\0" * 32)]) == {ids.LOG_ROOT_DIFFERS}


def test_a_missing_checkpoint(archive):
    archive.objects.vanish(keys.CHECKPOINT)
    assert ids.LOG_CHECKPOINT_MISSING in archive.found()


def test_a_checkpoint_that_another_key_signed(archive):
    archive.objects.flip(keys.CHECKPOINT, 8 * 30)
    assert ids.LOG_CHECKPOINT_BROKEN in archive.found()


def test_a_rewritten_checkpoint_under_the_logs_own_key(archive):
    size = archive.ask("SELECT size FROM checkpoint")
    forged = sign_checkpoint(Checkpoint(ORIGIN, size, b"\7" * 32), KEY)
    archive.objects.put_mutable(keys.CHECKPOINT, forged)
    assert archive.found() == {ids.LOG_ROOT_DIFFERS}


def test_a_rewritten_locked_checkpoint(archive):
    first = next(archive.objects.list(keys.CHECKPOINTS))
    forged = sign_checkpoint(Checkpoint(ORIGIN, keys.checkpoint_size(first), b"\7" * 32), KEY)
    archive.objects.overwrite(first, forged)
    assert archive.where(ids.LOG_ROOT_DIFFERS) == [first]


def test_a_locked_checkpoint_under_anothers_name(archive):
    first, second = archive.objects.list(keys.CHECKPOINTS)
    archive.objects.overwrite(first, archive.objects.open(second).read())
    assert archive.where(ids.LOG_CHECKPOINT_REWRITTEN) == [first]


def test_a_catalogue_set_back(archive):
    first = next(archive.objects.list(keys.CHECKPOINTS))
    size = keys.checkpoint_size(first)
    note = archive.objects.open(first).read()
    archive.sql("UPDATE leaves SET log_index = NULL WHERE log_index >= ?", size)
    archive.sql("UPDATE checkpoint SET size = ?, note = ?", size, note)
    assert ids.LOG_CHECKPOINT_OLDER in archive.found()


def test_a_checkpoint_row_that_contradicts_its_note(archive):
    archive.sql("UPDATE checkpoint SET root = zeroblob(32)")
    assert archive.found() == {ids.LOG_CHECKPOINT_REWRITTEN}


# Numbers


def test_a_changed_number_row(archive):
    archive.sql("UPDATE numbers SET text = '07/QĐ-UBND' WHERE document = ?", archive.issued.id)
    assert {ids.NUMBER_CHANGED, ids.REGISTER_DIFFERS} <= archive.found()


def test_a_voided_number_made_good_again(archive):
    archive.sql("UPDATE numbers SET state = 'active', reason = '' WHERE document = ?", archive.voided.id)
    assert archive.found() == {ids.NUMBER_CHANGED, ids.REGISTER_DIFFERS}


def test_a_number_row_changed_together_with_documents_and_register(archive):
    for table, column in (("numbers", "text"), ("outgoing_register", "number_text")):
        archive.sql(f"UPDATE {table} SET {column} = '07/QĐ-UBND' WHERE document = ?", archive.issued.id)  # noqa: S608
    archive.sql("UPDATE documents SET number_text = '07/QĐ-UBND' WHERE id = ?", archive.issued.id)
    assert archive.found() == {ids.NUMBER_CHANGED, ids.RECORD_DIFFERS}


def test_a_number_row_changed_together_with_its_journal(archive):
    """Even with the whole chain recomputed: heads in the log and records name the old hashes."""
    archive.sql("UPDATE numbers SET allotted_at = '2026-03-04 07:05:09.000000' WHERE number = 3")
    archive.sql("UPDATE register_journal SET entry = replace(entry, '2026-03-07T', '2026-03-04T')")
    previous = "0" * 64
    for ordinal in range(1, archive.ask("SELECT max(ordinal) FROM register_journal") + 1):
        entry = archive.ask("SELECT entry FROM register_journal WHERE ordinal = ?", ordinal)
        digest = link(previous, ordinal, entry)
        archive.sql(
            "UPDATE register_journal SET previous = ?, sha256 = ? WHERE ordinal = ?",
            previous,
            digest,
            ordinal,
        )
        previous = digest
    assert {ids.HEAD_DIFFERS, ids.RECORD_DIFFERS} <= archive.found()
    assert ids.JOURNAL_BROKEN not in archive.found()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("subject", "Về việc khác"),
        ("signer", "Người khác"),
        ("recipients", '["Người khác"]'),
        ("kind_name", "Thông báo"),
        ("copies", 9),
        ("keeper", "Ai đó"),
        ("note", "Ghi thêm"),
    ],
)
def test_a_word_of_the_outgoing_register_is_changed(archive, column, value):
    archive.sql(f"UPDATE outgoing_register SET {column} = ? WHERE document = ?", value, archive.issued.id)  # noqa: S608
    assert archive.found() == {ids.REGISTER_DIFFERS}


def test_a_public_code_changed_in_a_document_that_was_never_archived(archive):
    archive.sql("UPDATE documents SET public_code = 'forged' WHERE id = ?", archive.voided.id)
    assert archive.found() == {ids.REGISTER_DIFFERS}


def test_a_gap_in_the_numbers(archive):
    number = "WHERE kind = 'QĐ' AND number = 2"
    archive.sql(f"DELETE FROM numbers {number}")  # noqa: S608
    assert ids.NUMBER_MISSING in archive.found()
    archive.sql(f"DELETE FROM register_journal {number}")  # noqa: S608
    assert {ids.NUMBER_GAP, ids.JOURNAL_BROKEN} <= archive.found()


def test_a_number_that_nobody_allotted(archive):
    archive.sql(
        "INSERT INTO numbers SELECT agency, kind, year, 4, 'forged', '04/QĐ-UBND', document_date, allotted_at,"
        " state, reason FROM numbers WHERE kind = 'QĐ' AND number = 3"
    )
    assert {ids.NUMBER_CHANGED, ids.SERIES_DIFFERS, ids.ROW_DANGLING} <= archive.found()


def test_a_changed_journal_row(archive):
    archive.sql("UPDATE register_journal SET entry = replace(entry, 'QĐ', 'TB') WHERE ordinal = 1")
    assert ids.JOURNAL_BROKEN in archive.found()


def test_a_number_dated_before_the_one_before_it(archive):
    archive.sql("UPDATE numbers SET document_date = '2026-03-01' WHERE kind = 'QĐ' AND number = 3")
    assert ids.NUMBER_OUT_OF_ORDER in archive.found()


def test_a_series_set_back_to_give_a_number_twice(archive):
    archive.sql("UPDATE number_series SET last_number = last_number - 1")
    assert archive.found() == {ids.SERIES_DIFFERS}


def test_a_foreign_chain_that_does_not_reach_its_head(archive):
    with archive.house.transactions.write() as conn:
        assert bind(conn, Head(LeafKind.AUDIT_HEAD, "H99.01", 3, "ab" * 32), AT)
        assert not bind(conn, Head(LeafKind.AUDIT_HEAD, "H99.01", 3, "ab" * 32), AT)
    for told, expected in (("ab" * 32, set()), ("cd" * 32, {ids.HEAD_DIFFERS}), (None, {ids.JOURNAL_SHORT})):
        chains = {LeafKind.AUDIT_HEAD: lambda _conn, _agency, _ordinal, told=told: told}
        assert archive.found(chains=chains) == expected
