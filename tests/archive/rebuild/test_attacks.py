"""Who writes to the store, and what a rebuild says to it: nothing forged comes in, nothing is left out in silence."""

from __future__ import annotations

import json

import pytest

from archive import openings
from archive.catalogue import documents
from archive.errors import ArchiveDamaged, LogBehind
from archive.fsck import findings as ids
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.note import Ed25519LogKey
from archive.log.tiles import TileId, decode_bundle, encode_bundle
from archive.record import canonical, digest
from archive.storage import keys
from tests.archive.catalogue_fixtures import AT
from tests.archive.fsck.conftest import ORIGIN
from tests.archive.ingest_fixtures import sha256
from tests.archive.rebuild.lost import Archive


@pytest.fixture
def lost(filled, tmp_path):
    archive = filled.lose(tmp_path / "after")
    yield archive
    archive.house.transactions.close()


def record_keys(archive, document):
    prefix = keys.document_prefix(document)
    return [key for key in archive.objects.list(prefix) if key.endswith(".record.json")]


def read(archive, key):
    return json.loads(archive.objects.open(key).read())


def put(archive, key, data):
    archive.objects.put(key, data, sha256=digest(data))


def told(archive):
    return {(finding, place) for finding, place, _ in archive.told()}


def unopened(archive):
    return [what for finding, _, what in archive.told() if finding == ids.LEAF_UNOPENED]


def is_gone(archive, document):
    with archive.house.transactions.read() as conn:
        return documents.find(conn, document) is None or documents.find(conn, document).archived_at is None


# Records


def test_a_forged_record(lost):
    (key,) = record_keys(lost, lost.archived)
    forged = read(lost, key)
    forged["document"]["subject"] = "Về việc khác"
    lost.objects.overwrite(key, canonical(forged))
    lost.rebuild()
    assert (ids.RECORD_DIFFERS, key) in told(lost)
    assert [lost.archived in what for what in unopened(lost)] == [True]
    assert is_gone(lost, lost.archived)
    assert ids.LEAF_UNOPENED in {finding.id for finding in lost.check().findings}


def test_a_forged_record_under_the_name_of_its_own_digest(lost):
    (key,) = record_keys(lost, lost.archived)
    forged = read(lost, key)
    forged["document"]["subject"] = "Về việc khác"
    data = canonical(forged)
    planted = keys.record_key(lost.archived, digest(data))
    put(lost, planted, data)
    lost.rebuild()
    assert told(lost) == {(ids.RECORD_DIFFERS, planted)}
    assert lost.house.document(lost.archived).subject == "Về việc thành lập Tổ công tác"
    assert lost.check().clean


def test_salts_of_two_records_swapped(lost):
    first, second = (record_keys(lost, name)[0] for name in (lost.archived, lost.last))
    one, other = read(lost, first), read(lost, second)
    one["leaf"], other["leaf"] = other["leaf"], one["leaf"]
    lost.objects.overwrite(first, canonical(one))
    lost.objects.overwrite(second, canonical(other))
    lost.rebuild()
    assert {(ids.RECORD_DIFFERS, first), (ids.RECORD_DIFFERS, second)} <= told(lost)
    assert len(unopened(lost)) == 2


@pytest.mark.parametrize("salt", ["content_salt", "record_salt"])
def test_a_changed_salt(lost, salt):
    (key,) = record_keys(lost, lost.archived)
    forged = read(lost, key)
    forged["leaf"][salt] = "00" * 32
    lost.objects.overwrite(key, canonical(forged))
    lost.rebuild()
    assert (ids.RECORD_DIFFERS, key) in told(lost)


def test_a_record_moved_to_another_document(lost):
    (key,) = record_keys(lost, lost.archived)
    data = lost.objects.open(key).read()
    moved = keys.record_key(lost.last, digest(data))
    put(lost, moved, data)
    lost.rebuild()
    assert told(lost) == {(ids.RECORD_DIFFERS, moved)}
    assert lost.check().clean


def test_an_event_under_another_number(lost):
    key = keys.event_key(lost.issued, 1)
    copy = keys.event_key(lost.issued, 2)
    put(lost, copy, lost.objects.open(key).read())
    lost.rebuild()
    assert told(lost) == {(ids.RECORD_DIFFERS, copy)}


def test_a_recall_that_nobody_logged(lost):
    """Whoever writes to the store could take any document out of force."""
    forged = read(lost, keys.event_key(lost.recalled, 2))
    forged |= {"document": lost.issued, "event": 2}
    forged["leaf"] = {"id": "ab" * 16, "content_salt": "00" * 32, "record_salt": "00" * 32}
    key = keys.event_key(lost.issued, 2)
    put(lost, key, canonical(forged))
    lost.rebuild()
    assert told(lost) == {(ids.RECORD_UNLOGGED, key)}
    assert lost.house.document(lost.issued).in_force


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b"not JSON", b'{"schema":"antin.record/1"}\n', b"x" * (2 << 20)]
)
def test_a_record_that_is_none(lost, data):
    (key,) = record_keys(lost, lost.archived)
    lost.objects.overwrite(key, data)
    lost.rebuild()
    assert {finding for finding, place in told(lost) if place == key} <= {
        ids.RECORD_MALFORMED,
        ids.OBJECT_UNREADABLE,
    }
    assert len(unopened(lost)) == 1


# Objects


def test_extra_objects_are_told_and_left_where_they_lie(lost):
    planted = [
        keys.pdf_key(lost.issued, sha256(b"%PDF smuggled")),
        keys.document_prefix(lost.issued) + "note.txt",
        keys.document_prefix("unknown") + "event-1.txt",
    ]
    for key in planted:
        put(lost, key, b"%PDF smuggled")
    lost.rebuild()
    assert told(lost) == {(ids.OBJECT_WITHOUT_ROW, key) for key in planted}
    report = lost.check()
    assert report.clean  # an operator was told once
    assert {f.where for f in report.findings if f.id == ids.OBJECT_WITHOUT_ROW} == set(planted)
    later = keys.pdf_key(lost.issued, sha256(b"%PDF smuggled later"))
    put(lost, later, b"%PDF smuggled later")
    assert [f.where for f in lost.check().findings if f.severity == "error"] == [later]


def test_a_record_that_vanished(lost):
    (key,) = record_keys(lost, lost.archived)
    lost.objects.vanish(key)
    lost.rebuild()
    assert len(unopened(lost)) == 1
    assert lost.archived in unopened(lost)[0]
    assert not lost.check().clean


def test_all_of_a_document_vanished(lost):
    for key in list(lost.objects.list(keys.document_prefix(lost.issued))):
        lost.objects.vanish(key)
    lost.rebuild()
    assert len(unopened(lost)) == 3
    assert all(lost.issued in what for what in unopened(lost))
    assert is_gone(lost, lost.issued)


def test_an_event_that_vanished(lost):
    lost.objects.vanish(keys.event_key(lost.recalled, 2))
    lost.rebuild()
    assert len(unopened(lost)) == 1
    assert not lost.check().clean


@pytest.mark.parametrize("harm", ["vanish", "flip", "truncate"])
def test_contents_gone_or_damaged_are_told_and_keep_their_rows(lost, harm):
    """The rows say what was archived: a repair from the second store needs them."""
    key = keys.pdf_key(lost.archived, sha256(b"%PDF three"))
    {
        "vanish": lambda: lost.objects.vanish(key),
        "flip": lambda: lost.objects.flip(key, 9),
        "truncate": lambda: lost.objects.truncate(key, 3),
    }[harm]()
    lost.rebuild()
    finding = ids.OBJECT_MISSING if harm == "vanish" else ids.OBJECT_CHANGED
    assert told(lost) == {(finding, key)}
    (row,) = [row for row in lost.rows("objects") if row["key"] == key]
    assert row["sha256"] == sha256(b"%PDF three")
    assert {(f.id, f.where) for f in lost.check().findings if f.severity == "error"} == {(finding, key)}


@pytest.mark.parametrize("data", [b"%PDF forged", None], ids=["a version", "a delete marker"])
def test_what_lies_over_an_object_neither_hides_nor_changes_it(lost, data):
    content = keys.pdf_key(lost.archived, sha256(b"%PDF three"))
    for key in (content, *record_keys(lost, lost.archived), keys.event_key(lost.issued, 1)):
        lost.objects.shadow(key, data)
    lost.rebuild()
    assert told(lost) == set()
    (row,) = [row for row in lost.rows("objects") if row["key"] == content]
    assert (row["sha256"], row["version"]) == (sha256(b"%PDF three"), "")
    assert {finding.id for finding in lost.check().findings if finding.severity == "error"} == {
        ids.VERSION_SHADOWS
    }


@pytest.mark.parametrize("which", ["content", "record"])
def test_a_copy_that_was_repaired_is_found_by_its_digest(lost, which):
    (record,) = record_keys(lost, lost.archived)
    key = keys.pdf_key(lost.archived, sha256(b"%PDF three")) if which == "content" else record
    whole = lost.objects.open(key).read()
    lost.objects.flip(key, 9)
    repaired = lost.objects.replace_damaged(key, whole, sha256=digest(whole), retain_until=AT)
    lost.rebuild()
    assert told(lost) == set()
    (row,) = [row for row in lost.rows("objects") if row["key"] == key]
    assert row["version"] == repaired.version != ""


def test_records_of_another_deployment(lost, tmp_path):
    (tmp_path / "other").mkdir()
    other = Archive(tmp_path / "other")
    foreign = other.house.issued(b"%PDF of another agency", AT)
    for key in other.objects.list(keys.DOCUMENTS):
        put(lost, key, other.objects.open(key).read())
    lost.rebuild()
    assert {finding for finding, _ in told(lost)} == {ids.RECORD_UNLOGGED, ids.OBJECT_WITHOUT_ROW}
    assert all(foreign.id in place for _, place in told(lost))
    assert lost.check().clean
    other.house.transactions.close()


def test_what_was_committed_and_never_logged_is_told(filled, tmp_path):
    """Archived in the last moment before the loss: nobody had a receipt, and the store alone proves nothing."""
    (tmp_path / "before").mkdir()
    before = Archive(tmp_path / "before")
    before.house.issued(b"%PDF one", AT)
    before.sequence()
    late = before.house.archived(b"%PDF late", AT)
    lost = before.lose(tmp_path / "after")
    lost.rebuild()
    assert {finding for finding, _ in told(lost)} == {ids.RECORD_UNLOGGED, ids.OBJECT_WITHOUT_ROW}
    assert is_gone(lost, late.id)
    assert lost.check().clean
    for archive in (before, lost):
        archive.house.transactions.close()


def test_two_records_that_claim_one_number(tmp_path):
    """Both in the log: a catalogue was changed before the second was archived. The registers decide."""
    (tmp_path / "before").mkdir()
    before = Archive(tmp_path / "before")
    first = before.house.issued(b"%PDF one", AT)
    deposit = before.house.validated(b"%PDF two", AT)
    value = json.loads(deposit.record)
    assert value["document"]["number"] == 2
    forged = before.house.validated
    with pytest.MonkeyPatch.context() as patch:
        from archive import ingest

        real = ingest.version_record

        def claiming(facts):
            told = json.loads(real(facts))
            told["document"] |= {"number": 1, "number_text": "01/QĐ-UBND"}
            return canonical(told)

        patch.setattr(ingest, "version_record", claiming)
        second = forged(b"%PDF three", AT)
    before.house.carry_out(deposit)
    before.house.carry_out(second)
    before.sequence()
    lost = before.lose(tmp_path / "after")
    lost.rebuild()
    # The registers gave 01 to the first and 03 to the one that claims 01.
    with lost.house.transactions.read() as conn:
        owner = conn.exec_driver_sql("SELECT document FROM numbers WHERE number = 1").scalar()
    assert owner == first.id
    assert {f.id for f in lost.check().findings if f.severity == "error"} == {ids.REGISTER_DIFFERS}
    for archive in (before, lost):
        archive.house.transactions.close()


def test_a_document_that_bears_a_number_and_no_register_gave_it_one(tmp_path):
    (tmp_path / "before").mkdir()
    before = Archive(tmp_path / "before")
    before.house.issued(b"%PDF one", AT)
    before.sequence(beside=lambda *_stretch: ())  # nothing tells of the registers
    lost = before.lose(tmp_path / "after")
    lost.rebuild()
    assert {finding for finding, _ in told(lost)} == {ids.OPENINGS_BROKEN, ids.NUMBER_CLAIMED}
    assert not lost.check().clean
    for archive in (before, lost):
        archive.house.transactions.close()


# Openings


def first_openings(archive):
    key = next(iter(archive.objects.list(keys.OPENINGS)))
    return key, openings.read(archive.objects, key)


@pytest.mark.parametrize("what", ["entry", "previous", "dropped"])
def test_a_changed_journal_row(lost, what):
    key, value = first_openings(lost)
    chain = next(chain for chain in value["chains"] if chain["kind"] == "REGISTER_HEAD")
    if what == "entry":
        chain["rows"][0]["entry"] = chain["rows"][0]["entry"].replace("01/QĐ", "77/QĐ")
    elif what == "previous":
        chain["previous"] = "ff" * 32
    else:
        chain["rows"].clear()
    lost.objects.overwrite(key, canonical(value))
    lost.rebuild()
    assert told(lost) & {(ids.HEAD_DIFFERS, p) for _, p in told(lost)} or what == "dropped"
    assert {finding for finding, _ in told(lost)} & {ids.HEAD_DIFFERS, ids.LEAF_UNOPENED}
    assert not [row for row in lost.rows("numbers") if row["text"] == "77/QĐ-UBND"]
    assert not lost.check().clean


def test_a_changed_salt_of_a_head(lost):
    key, value = first_openings(lost)
    value["heads"][0]["content_salt"] = "00" * 32
    lost.objects.overwrite(key, canonical(value))
    lost.rebuild()
    assert ids.HEAD_DIFFERS in {finding for finding, _ in told(lost)}


@pytest.mark.parametrize("harm", ["vanish", "garbage", "foreign entries", "no heads"])
def test_openings_gone_or_foreign(lost, harm):
    """The rest comes back: each stretch stands by itself."""
    key, value = first_openings(lost)
    if harm == "vanish":
        lost.objects.vanish(key)
    elif harm == "garbage":
        lost.objects.overwrite(key, b"\x00\x01")
    elif harm == "foreign entries":
        value["leaves"][0]["entry"] = value["leaves"][1]["entry"]
        lost.objects.overwrite(key, canonical(value))
    else:
        del value["heads"]
        lost.objects.overwrite(key, canonical(value))
    lost.rebuild()
    found = {finding for finding, _ in told(lost)}
    assert {ids.OPENINGS_BROKEN, ids.JOURNAL_SHORT} <= found
    assert lost.house.document(lost.issued).number_text == "01/QĐ-UBND"
    assert [row["number"] for row in lost.rows("numbers") if row["kind"] == "QĐ"] == list(range(2, 9))
    assert not lost.check().clean


def test_a_forged_time_is_not_believed_before_the_record(lost):
    """What nothing proves can still not be absurd."""
    for key in lost.objects.list(keys.OPENINGS):
        value = openings.read(lost.objects, key)
        for leaf in value["leaves"]:
            leaf["at"] = "2001-01-01T00:00:00+00:00"
        lost.objects.overwrite(key, canonical(value))
    lost.rebuild()
    assert lost.house.document(lost.issued).archived_at == AT


def test_openings_beyond_the_head_that_the_log_did_not_sign(lost):
    """Planted, to bring leaves into the log."""
    last = list(lost.objects.list(keys.OPENINGS))[-1]
    value = openings.read(lost.objects, last)
    size = value["to"]
    forged = {**value, "from": size, "to": size + 1, "leaves": value["leaves"][:1], "heads": [], "chains": []}
    own = sign_checkpoint(Checkpoint(ORIGIN, size + 1, b"\7" * 32), other_key()).decode()
    for start, note in ((size, value["note"]), (size - 1, own)):
        key = keys.openings_key(start, size + 1)
        put(lost, key, canonical({**forged, "from": start, "note": note}))
    assert lost.rebuild().size == size
    assert told(lost) == set()


def other_key():
    return Ed25519LogKey.generate(ORIGIN)


# Log


def tail_size(lost):
    return keys.checkpoint_size(list(lost.objects.list(keys.CHECKPOINTS))[-1])


def kept_tail(lost):
    return keys.tile_key(TileId(None, 0, tail_size(lost)).path)


def spoil_openings(lost):
    key = list(lost.objects.list(keys.OPENINGS))[-1]
    value = openings.read(lost.objects, key)
    value["leaves"][0]["entry"] = value["leaves"][1]["entry"]
    lost.objects.overwrite(key, canonical(value))
    return key


@pytest.mark.parametrize("harm", ["flip", "truncate", "vanish"])
def test_a_kept_tail_that_is_wrong_harms_nothing(lost, harm):
    harms = {"flip": lambda key: lost.objects.flip(key, 8 * 40), "vanish": lost.objects.vanish}
    harms.get(harm, lambda key: lost.objects.truncate(key, 50))(kept_tail(lost))
    size = lost.rebuild().size
    assert told(lost) == set()
    assert len(lost.rows("leaves")) == size


def test_a_changed_entry_stops_it(lost):
    """Changed wherever it is: nothing leads to the root any more."""
    lost.objects.flip(kept_tail(lost), 8 * 40)
    spoil_openings(lost)
    with pytest.raises(ArchiveDamaged, match="do not lead to the root"):
        lost.rebuild()
    assert lost.rows("documents") == []


@pytest.mark.parametrize("start", [0, 1, -1])
def test_openings_that_somebody_added_are_passed_over(lost, start):
    """With our own note, and entries that do not lead to it."""
    size, last = tail_size(lost), list(lost.objects.list(keys.OPENINGS))[-1]
    value = openings.read(lost.objects, last)
    start = start if start >= 0 else size - 1
    leaves = [value["leaves"][0]] * (size - start)
    put(
        lost,
        keys.openings_key(start, size),
        canonical({**value, "from": start, "leaves": leaves, "heads": []}),
    )
    lost.objects.vanish(kept_tail(lost))
    assert lost.rebuild().size == size


def test_openings_that_begin_before_what_is_proved_change_nothing_of_it(lost):
    """The last stretch once more, from an earlier leaf on: its own leaves are right, those before are not."""
    size, last = tail_size(lost), list(lost.objects.list(keys.OPENINGS))[-1]
    value = openings.read(lost.objects, last)
    bad = [value["leaves"][0]] * value["from"]
    put(
        lost,
        keys.openings_key(0, size),
        canonical({**value, "from": 0, "leaves": [*bad, *value["leaves"]], "heads": []}),
    )
    lost.objects.vanish(kept_tail(lost))
    assert lost.rebuild().size == size


def test_an_older_checkpoint_under_a_higher_name_is_refused(lost):
    first = next(lost.objects.list(keys.CHECKPOINTS))
    put(lost, keys.checkpoint_key(999_999_999_999), lost.objects.open(first).read())
    with pytest.raises(ArchiveDamaged, match="in the place of 999999999999"):
        lost.rebuild()


def test_openings_that_are_nested_too_deep_are_passed_over(lost):
    size = tail_size(lost)
    for depth in range(850, 1000, 10):
        data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
        put(lost, keys.openings_key(depth, size + depth), data)
    assert lost.rebuild().size == size


def test_last_leaves_that_are_nowhere_stop_it(lost):
    for key in list(lost.objects.list("log/tile/entries/")):
        lost.objects.vanish(key)
    lost.objects.vanish(next(lost.objects.list(keys.OPENINGS)))
    with pytest.raises(ArchiveDamaged, match="nothing in the store has leaf 0: read the other store"):
        lost.rebuild()


def test_a_tail_that_was_kept_before_the_last_stretch(lost):
    """A service that went in the middle of its work had no time to keep it: what is there is used, with openings."""
    whole = TileId(None, 0, tail_size(lost))
    data = lost.objects.open(keys.tile_key(whole.path)).read()
    lost.objects.vanish(keys.tile_key(whole.path))
    narrow = 6
    early = encode_bundle(decode_bundle(data, whole.width)[:narrow])
    put(lost, keys.tile_key(TileId(None, 0, narrow).path), early)
    lost.objects.vanish(next(lost.objects.list(keys.OPENINGS)))
    lost.rebuild()
    assert len(lost.rows("leaves")) == whole.width
    assert ids.OPENINGS_BROKEN in {finding for finding, _ in told(lost)}


def test_a_log_of_another_key(lost, monkeypatch):
    from tests.archive.rebuild import lost as module

    monkeypatch.setattr(module, "VKEY", module.VKEY.parse(other_key().vkey))
    with pytest.raises(ArchiveDamaged, match="not this log's"):
        lost.rebuild()


def test_a_store_that_was_set_back_is_not_believed_when_more_was_seen(lost):
    checkpoints = list(lost.objects.list(keys.CHECKPOINTS))
    size = keys.checkpoint_size(checkpoints[-1])
    seen = Checkpoint(ORIGIN, size + 5, b"\1" * 32)
    with pytest.raises(LogBehind, match=r"were signed \(seen elsewhere\)"):
        lost.rebuild(known=(seen,))
    with pytest.raises(ArchiveDamaged, match="do not lead to the root"):
        lost.rebuild(known=(Checkpoint(ORIGIN, size - 2, b"\1" * 32),))
    assert lost.rebuild().size == size


def test_a_shown_checkpoint_that_was_set_back_changes_nothing(lost):
    first = next(lost.objects.list(keys.CHECKPOINTS))
    size = keys.checkpoint_size(list(lost.objects.list(keys.CHECKPOINTS))[-1])
    lost.objects.put_mutable(keys.CHECKPOINT, lost.objects.open(first).read())
    assert lost.rebuild().size == size


def test_a_store_that_changes_between_the_proof_and_the_reading(tmp_path, monkeypatch):
    from archive.rebuild import log

    before = Archive(tmp_path)
    for ordinal in range(1, 261):
        before.bind_audit(ordinal)
    before.sequence()
    (tmp_path / "after").mkdir()
    lost = before.lose(tmp_path / "after")
    real = log.verify

    def then_change(*given):
        real(*given)
        lost.objects.flip(keys.tile_key(TileId(None, 0).path), 8 * 40)

    monkeypatch.setattr(log, "verify", then_change)
    with pytest.raises(ArchiveDamaged, match="changed while it was read"):
        lost.rebuild()
    for archive in (before, lost):
        archive.house.transactions.close()
