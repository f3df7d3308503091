"""Repair: whole bytes or none. Whatever is offered instead is refused, and what was done stands in row, event, leaf."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from archive.catalogue import deposit_rows, log_rows
from archive.catalogue.copies import FIRST, SECOND, Shelf
from archive.catalogue.tables import leaves, object_copies, objects
from archive.catalogue.watch_rows import EventOutcome, EventType
from archive.errors import ArchiveDamaged
from archive.fsck.findings import VERSION_SHADOWS
from archive.log.leaf import LeafKind
from archive.record import EVENT_SCHEMA, parse
from archive.repair import mend_all
from archive.storage import keys
from archive.storage.memory import Fault
from policies.locks import QUARANTINE
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping

DAY = timedelta(days=1)
NEXT = AT + DAY
DAMAGE = ["flipped", "cut", "gone"]


def spoil(store, key, how="flipped"):
    {
        "flipped": lambda: store.flip(key, 9),
        "cut": lambda: store.truncate(key, 3),
        "gone": lambda: store.vanish(key),
    }[how]()


def prepared(watch, count=1, **values):
    """Documents in both stores, and nothing of them in the work area."""
    made = watch.documents(count, **values)
    watch.copy(AT)
    for document in made:
        for copy in watch.copies(document):
            watch.house.work.remove_work(copy.sha256)
    return made


def whole(store, copy):
    with store.open(copy.key, copy.version) as stream:
        return sha256(stream.read()).hexdigest() == copy.sha256


def events_of(watch, document):
    with watch.house.transactions.read() as conn:
        return deposit_rows.events_of(conn, document.id)


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("place", [0, 1], ids=["content", "record"])
def test_the_first_store_is_mended_from_the_second(watch, how, place):
    (document,) = prepared(watch)
    copy = watch.copies(document)[place]
    spoil(watch.first, copy.key, how)
    assert watch.scan(NEXT).damaged == 1
    (mended,) = watch.mend(NEXT)
    assert (mended.error, mended.source) == (None, "the second store")
    now = watch.find(Shelf.DOCUMENTS, copy.key)
    assert whole(watch.first, now)
    assert (now.fixity_state, now.repaired_at, now.lock.until) == ("intact", NEXT, copy.lock.until)
    assert (now.version == "") is (how == "gone"), (
        "the damaged version stays, and the row names the whole one"
    )
    assert watch.audit() == []
    assert watch.mend(NEXT) == []


def test_a_repair_is_an_event_a_leaf_and_a_note(watch):
    (document,) = prepared(watch)
    copy = watch.copies(document)[0]
    spoil(watch.first, copy.key)
    watch.scan(NEXT)
    watch.mend(NEXT)
    (event,) = watch.events(EventType.REPAIR)
    assert (event.outcome, event.key, event.document, event.store) == (
        EventOutcome.SUCCESS,
        copy.key,
        document.id,
        FIRST,
    )
    (told,) = events_of(watch, document)
    assert (told.kind, told.actor, told.at) == ("repaired", "antin", NEXT)
    record = parse(
        watch.first.open(keys.event_key(document.id, 1)).read(), EVENT_SCHEMA, "the event in the store"
    )
    assert record["facts"] == told.facts
    assert told.facts["damaged_version"] == "" and told.facts["version"] == "r1"
    assert told.facts["source"] == "the second store" and told.facts["sha256"] == copy.sha256
    with watch.house.transactions.read() as conn:
        (leaf,) = log_rows.leaves_of(conn, document.id, LeafKind.EVENT)
    assert leaf.log_index is not None
    assert [key for key, _ in watch.notes] == [copy.key]


def shadowed(watch):
    return [(f.severity, f.what.split()[1]) for f in watch.audit() if f.id == VERSION_SHADOWS]


def test_a_forged_version_over_or_under_a_repaired_object_is_found(lite):
    (document,) = prepared(lite)
    key = lite.copies(document)[0].key
    spoil(lite.first, key)
    lite.first.shadow(key, b"%PDF forged before the repair")
    lite.scan(NEXT)
    lite.mend(NEXT)
    assert shadowed(lite) == [("error", "s1")]
    lite.first.shadow(key, b"%PDF forged after it")
    assert shadowed(lite) == [("error", "s3"), ("error", "s1")]


@pytest.mark.parametrize("how", DAMAGE)
def test_the_second_store_is_mended_from_the_first(watch, how):
    (document,) = prepared(watch)
    copy = watch.copies(document, Shelf.SECOND)[0]
    spoil(watch.second, copy.key, how)
    assert watch.scan(NEXT, SECOND).damaged == 1
    (mended,) = watch.mend(NEXT)
    assert (mended.error, mended.source) == (None, "the first store")
    now = watch.find(Shelf.SECOND, copy.key)
    assert whole(watch.second, now) and now.fixity_state == "intact"
    assert watch.scan(NEXT + DAY, SECOND).damaged == 0
    assert events_of(watch, document)[0].facts["store"] == SECOND
    assert watch.audit() == []


def test_a_repaired_copy_keeps_its_lock_and_its_hold_and_rolls_on(watch):
    (document,) = prepared(watch)
    over = AT + QUARANTINE
    watch.night(over)
    copy = watch.copies(document)[0]
    with watch.house.transactions.write() as conn:
        conn.execute(objects.update().where(objects.c.key == copy.key).values(hold=True))
    spoil(watch.first, copy.key)
    watch.scan(over)
    watch.mend(over)
    now = watch.find(Shelf.DOCUMENTS, copy.key)
    head = watch.first.head(now.key, now.version)
    assert (head.retain_until, head.mode, head.hold) == (copy.lock.until, LockMode.COMPLIANCE, True)
    later = over + 30 * DAY
    assert watch.night(later).shortened == 0
    assert watch.first.head(now.key, now.version).retain_until > copy.lock.until


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_that_comes_or_goes_while_a_copy_is_repaired_is_on_the_new_version(watch, held):
    (document,) = prepared(watch)
    desk, meanwhile = Keeping(watch.house), []
    hold = None if held else desk.hold(document.id)
    spoil(watch.first, watch.copies(document)[0].key)
    watch.scan(NEXT)
    replace = watch.first.replace_damaged

    def replaced(*given, **named):
        stored = replace(*given, **named)
        meanwhile or meanwhile.append(desk.hold(document.id) if held else desk.release(hold))
        return stored

    watch.first.replace_damaged = replaced
    assert [mended.error for mended in watch.mend(NEXT)] == [None]
    assert meanwhile
    desk.repair(NEXT)
    copy = watch.copies(document)[0]
    assert copy.version, "the repaired one"
    assert watch.first.head(copy.key, copy.version).hold is copy.lock.hold is held


def test_a_repaired_copy_that_rots_again_is_mended_again(watch):
    (document,) = prepared(watch)
    key = watch.copies(document)[0].key
    spoil(watch.first, key)
    watch.scan(NEXT)
    watch.mend(NEXT)
    watch.first.flip(key, version="r1")
    assert watch.scan(NEXT + DAY).damaged == 1
    watch.mend(NEXT + DAY)
    now = watch.find(Shelf.DOCUMENTS, key)
    assert now.version == "r2" and whole(watch.first, now)
    assert [event.facts["damaged_version"] for event in events_of(watch, document)] == ["", "r1"]
    assert shadowed(watch) == [("info", "r1")], "what the first repair wrote is no forgery"


def test_bytes_that_are_whole_when_they_are_read_again_need_no_other_source(watch):
    """A bad cable, not a bad disk."""
    (document,) = prepared(watch)
    copy = watch.copies(document)[0]
    spoil(watch.first, copy.key)
    watch.scan(NEXT)
    spoil(watch.first, copy.key)  # the same bit: whole again
    (mended,) = watch.mend(NEXT, second=False)
    assert mended.source == "the copy itself"
    assert watch.find(Shelf.DOCUMENTS, copy.key).version == copy.version


def test_without_a_second_store_the_work_area_may_still_have_the_bytes(watch):
    (document,) = watch.documents(1)
    key = keys.pdf_key(document.id, document.current_sha256)
    spoil(watch.first, key)
    watch.scan(NEXT)
    (mended,) = watch.mend(NEXT, second=False)
    assert (mended.error, mended.source) == (None, "the work area")
    assert watch.audit() == []


# Nothing whole is left, or what is offered is not what was archived.


def test_damage_in_both_stores_is_told_and_nothing_is_written(watch, caplog):
    (document,) = prepared(watch)
    key = watch.copies(document)[0].key
    spoil(watch.first, key)
    watch.second.flip(key, 13)
    watch.scan(NEXT)
    watch.scan(NEXT, SECOND)
    writes = watch.first.writes, watch.second.writes
    first, second = mend_all(watch.repair_desk(), NEXT)
    for mended in (first, second):
        assert isinstance(mended.error, ArchiveDamaged) and "no whole copy is left" in str(mended.error)
    assert (watch.first.writes, watch.second.writes) == writes
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"
    assert watch.find(Shelf.SECOND, key).fixity_state == "damaged"
    assert {event.outcome for event in watch.events(EventType.REPAIR)} == {EventOutcome.FAIL}
    assert "NOT repaired" in caplog.text
    watch.mend(NEXT + timedelta(hours=1))
    assert len(watch.events(EventType.REPAIR)) == 2, "told once a day"
    watch.mend(NEXT + DAY)
    assert len(watch.events(EventType.REPAIR)) == 4
    assert events_of(watch, document) == ()


def forge(watch, key, data, *, rows):
    """A second store, and perhaps a catalogue, that agree on other bytes."""
    digest = sha256(data).hexdigest()
    watch.second.overwrite(key, data)
    watch.second.lie(key, None)
    watch.second._lies.clear()
    tables = (object_copies, objects) if rows == "all" else (object_copies,)
    with watch.house.transactions.write() as conn:
        for table in tables if rows else ():
            conn.execute(table.update().where(table.c.key == key).values(sha256=digest, size=len(data)))


@pytest.mark.parametrize("rows", [None, "copies", "all"])
def test_a_second_store_that_offers_other_bytes_repairs_nothing(watch, rows):
    (document,) = prepared(watch)
    key = watch.copies(document)[0].key
    forge(watch, key, b"%PDF-1.7 forged", rows=rows)
    spoil(watch.first, key, "gone")
    watch.scan(NEXT)
    (mended,) = watch.mend(NEXT)
    assert isinstance(mended.error, ArchiveDamaged)
    assert watch.first.head(key) is None
    assert events_of(watch, document) == ()


def test_a_whole_catalogue_that_was_forged_is_refused_by_the_log(watch):
    """Row, leaf, salts and second store agree on a forgery; the signed tree does not."""
    from archive.log import leaf as leaf_format
    from archive.log.leaf import Opening

    (document,) = prepared(watch)
    key, data = watch.copies(document)[0].key, b"%PDF-1.7 forged"
    forge(watch, key, data, rows="all")
    digest = sha256(data).hexdigest()
    with watch.house.transactions.read() as conn:
        (leaf,) = log_rows.archived_versions(conn, document.id)
    pdf, record = Opening(digest, leaf.content_salt), Opening(leaf.record_sha256, leaf.record_salt)
    entry = leaf_format.encode(
        leaf_format.make_leaf(LeafKind.DOCUMENT, bytes.fromhex(leaf.id), pdf, record, None)
    )
    with watch.house.transactions.write() as conn:
        conn.execute(leaves.update().where(leaves.c.id == leaf.id).values(entry=entry, content_sha256=digest))
    spoil(watch.first, key, "gone")
    watch.scan(NEXT)
    (mended,) = mend_all(watch.repair_desk(), NEXT)
    assert isinstance(mended.error, ArchiveDamaged) and "leaf" in str(mended.error)
    assert watch.first.head(key) is None


def test_what_was_disposed_of_is_not_brought_back(watch):
    (document,) = prepared(watch)
    key = watch.copies(document)[0].key
    with watch.house.transactions.write() as conn:
        conn.execute(
            leaves.update()
            .where(leaves.c.document == document.id)
            .values(content_salt=None, record_salt=None)
        )
    spoil(watch.first, key, "gone")
    watch.scan(NEXT)
    (mended,) = watch.mend(NEXT)
    assert mended.error.id == "archive.disposed"
    assert watch.first.head(key) is None


@pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.SPOILED])
def test_a_store_that_lies_about_a_repair_is_not_believed(lite, fault):
    (document,) = prepared(lite)
    key = lite.copies(document)[0].key
    spoil(lite.first, key)
    lite.scan(NEXT)
    lite.first.fail_at(1, fault)
    (mended,) = lite.mend(NEXT)
    assert isinstance(mended.error, ArchiveDamaged)
    assert lite.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"
    (mended,) = lite.mend(NEXT)
    assert mended.error is None and whole(lite.first, lite.find(Shelf.DOCUMENTS, key))


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_a_repair_whose_answer_was_lost_is_done_again_without_a_second_copy(lite, fault):
    (document,) = prepared(lite)
    key = lite.copies(document)[0].key
    spoil(lite.first, key)
    lite.scan(NEXT)
    lite.first.fail_at(1, fault)
    (mended,) = lite.mend(NEXT)
    assert mended.error is not None
    lite.mend(NEXT)
    assert lite.find(Shelf.DOCUMENTS, key).version == "r1"
    assert [listed.version for listed in lite.first.inventory(key)] == ["r1", ""]
    assert lite.audit() == []


# The log's own objects.


@pytest.mark.parametrize("key", ["log/tile/0/000", "log/tile/entries/000"])
@pytest.mark.parametrize("how", DAMAGE)
def test_a_tile_is_mended_from_the_leaves_of_the_catalogue(lite, key, how):
    lite.leaves(300)
    lite.documents(1)
    lite.keeper().enter_new(AT)
    spoil(lite.first, key, how)
    assert lite.scan(NEXT).damaged == 1
    (mended,) = lite.mend(NEXT, second=False)
    assert (mended.error, mended.source) == (None, "the catalogue")
    assert whole(lite.first, lite.find(Shelf.LOG, key))
    assert lite.audit() == [], "readers that know only the key get the whole tile"


def test_a_tile_that_was_damaged_before_it_had_a_row_is_mended(lite):
    lite.leaves(300)
    lite.first.flip("log/tile/0/000", 5)
    lite.keeper().enter_new(AT)
    (mended,) = lite.mend(NEXT, second=False)
    assert mended.error is None and lite.audit() == []


def test_a_checkpoint_is_mended_from_the_second_store_and_from_nowhere_else(lite):
    lite.leaves(2)
    lite.leaves(2)
    lite.copy(AT)
    key = keys.checkpoint_key(2)
    lite.first.flip(key, 99)
    lite.scan(NEXT)
    (mended,) = lite.mend(NEXT, second=False)
    assert isinstance(mended.error, ArchiveDamaged)
    (mended,) = lite.mend(NEXT)
    assert mended.source == "the second store"
    assert lite.audit() == []


def test_the_newest_checkpoint_is_mended_from_the_catalogue_else_the_log_would_not_start(lite):
    lite.leaves(2)
    lite.keeper().enter_new(AT)
    lite.first.flip(keys.checkpoint_key(2), 99)
    lite.scan(NEXT)
    with pytest.raises(ArchiveDamaged):
        lite.sequence()
    (mended,) = lite.mend(NEXT, second=False)
    assert mended.source == "the catalogue"
    lite.leaves(2)
    assert lite.audit() == []


def test_the_log_is_mended_before_what_it_proves(lite):
    """A leaf of a damaged tile cannot be proved: the tile comes first."""
    (document,) = prepared(lite)
    lite.leaves(300)
    lite.copy(AT)
    key = lite.copies(document)[0].key
    for name in (key, "log/tile/0/000", "log/tile/entries/000"):
        spoil(lite.first, name)
    lite.scan(NEXT)
    tried = lite.mend(NEXT)
    assert [mended.copy.key for mended in tried] == ["log/tile/0/000", "log/tile/entries/000", key]


def test_a_damaged_copy_is_named_by_every_question_until_it_is_mended(lite):
    (document,) = prepared(lite)
    key = lite.copies(document)[0].key
    spoil(lite.first, key)
    assert {finding.id for finding in lite.audit()} == {"object.bytes-changed"}
    lite.scan(NEXT)
    lite.mend(NEXT)
    assert lite.audit() == []
