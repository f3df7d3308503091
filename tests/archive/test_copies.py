"""The second store and the log's rows: everything arrives, read back, in an order that a crash may cut anywhere."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Engine, event

from archive import ingest, openings, replication
from archive.catalogue import copy_rows, documents
from archive.catalogue.copies import FIRST, SECOND, CopyRole, Shelf
from archive.catalogue.watch_rows import EventType
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.log.edge import Edge, grow
from archive.log.kept import LogKeeper
from archive.log.merkle import leaf_hash
from archive.log.reader import TileReader, highest_checkpoint, published_checkpoint
from archive.log.recovery import load_edge
from archive.log.tiles import TileId, parse_path
from archive.record import digest
from archive.storage import keys
from archive.storage.memory import Fault, MemoryStore
from policies.locks import QUARANTINE
from policies.retention import lock_until
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.watch_house import KEY, VKEY, mute, unmute

DAY = timedelta(days=1)


def everything(store):
    """What a store holds under a lock or shows, without the log's partial tiles."""
    found = {}
    for key in store.list(""):
        tile = parse_path(key.removeprefix(keys.LOG))
        if tile is None or tile.full:
            found[key] = store.open(key).read()
    return found


def lag(watch):
    with watch.house.transactions.read() as conn:
        return replication.lag(conn)


def test_everything_is_in_both_stores_with_the_same_locks(watch):
    watch.documents(3)
    assert lag(watch).objects == 6
    assert lag(watch).oldest == AT
    copied = watch.copy(AT)
    assert copied.complete and copied.objects == 8, "six, the checkpoint, and what opens its leaves"
    assert everything(watch.second) == everything(watch.first)
    assert lag(watch) == replication.Lag(0, None)
    for key in watch.first.list("documents/"):
        one, other = watch.first.head(key), watch.second.head(key)
        assert (one.retain_until, one.mode) == (other.retain_until, other.mode)
        assert watch.find(Shelf.SECOND, key).sha256 == one.sha256
    assert watch.copy(AT).objects == 0


def test_the_second_stores_locks_roll_by_themselves(watch):
    (document,) = watch.documents(1)
    watch.copy(AT)
    over = AT + QUARANTINE
    run = watch.night(over, SECOND)
    assert (run.good, run.hardened, run.store) == (True, 2, SECOND)
    for copy in watch.copies(document, Shelf.SECOND):
        head = watch.second.head(copy.key)
        assert (head.retain_until, head.mode) == (lock_until(over), LockMode.COMPLIANCE)
    assert {copy.lock.mode for copy in watch.copies(document)} == {LockMode.GOVERNANCE}, (
        "each by its own pass"
    )


def test_a_hold_goes_along(watch):
    (document,) = watch.documents(1)
    key = watch.copies(document)[0].key
    watch.first.set_hold(key, True)
    from archive.catalogue.tables import objects

    with watch.house.transactions.write() as conn:
        conn.execute(objects.update().where(objects.c.key == key).values(hold=True))
    watch.copy(AT)
    assert watch.second.head(key).hold and watch.find(Shelf.SECOND, key).lock.hold


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_that_comes_or_goes_later_follows_in_the_second_store(watch, held):
    from archive.catalogue.tables import objects

    one, _ = watch.documents(2)
    if not held:
        flag(watch, objects, one, True)
    watch.copy(AT)
    flag(watch, objects, one, held)
    watch.copy(AT)
    for copy in watch.copies(one, Shelf.SECOND):
        assert watch.second.head(copy.key).hold is held and copy.lock.hold is held


def flag(watch, objects, document, held):
    with watch.house.transactions.write() as conn:
        conn.execute(objects.update().where(objects.c.document == document.id).values(hold=held))


def second_flags(watch, document):
    return {watch.second.head(copy.key).hold for copy in watch.copies(document, Shelf.SECOND)}


def test_a_hold_that_the_second_store_did_not_take_is_owed_until_it_did(watch):
    (one,) = watch.documents(1)
    watch.copy(AT)
    old = [copy.key for copy in watch.copies(one)]
    hold = Keeping(watch.house).hold(one.id, at=AT + DAY)
    mute(watch.second, *old)
    assert not watch.copy(AT + DAY).complete
    assert lag(watch) == replication.Lag(len(old), AT + DAY)
    unmute(watch.second)
    assert watch.copy(AT + DAY).complete
    assert lag(watch) == replication.Lag(0, None)
    assert second_flags(watch, one) == {True}
    Keeping(watch.house).release(hold, at=AT + DAY)
    released = [copy.key for copy in watch.copies(one, Shelf.SECOND)]
    assert lag(watch).objects == len(released) + 1, "and the event of the release"
    watch.copy(AT + DAY)
    assert second_flags(watch, one) == {False}


@pytest.mark.parametrize("held", [True, False])
def test_copies_that_are_gone_keep_no_other_from_its_hold(watch, held, monkeypatch):
    from archive.catalogue.tables import objects

    monkeypatch.setattr(replication, "PAGE", 2)
    made = watch.documents(3)
    for one in () if held else made:
        flag(watch, objects, one, True)
    watch.copy(AT)
    for one in made:
        flag(watch, objects, one, held)
    *gone, last = sorted(made, key=lambda one: one.id)
    for copy in (copy for one in gone for copy in watch.copies(one, Shelf.SECOND)):
        watch.second.vanish(copy.key)
    copied = watch.copy(AT)
    assert (copied.failed, copied.complete) == (4, False)
    assert second_flags(watch, last) == {held}
    assert lag(watch).objects == 4


def test_a_second_store_that_does_not_answer_is_not_asked_for_every_hold(lite, monkeypatch):
    from archive.catalogue.tables import objects

    monkeypatch.setattr(replication, "PAGE", 2)
    made = lite.documents(3)
    lite.copy(AT)
    for one in made:
        flag(lite, objects, one, True)
    asked = []

    def silent(act, _key):
        asked.append(act)
        raise ArchiveUnavailable("no answer")

    lite.second.meets = silent
    with suppress(ArchiveUnavailable):
        lite.copy(AT)
    assert asked.count("set_hold") == 2


def test_holds_that_differ_are_found_without_going_through_all_copies(lite):
    said, engine = [], lite.house.transactions.engine

    def note(_conn, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            said.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with lite.house.transactions.read() as conn:
            copy_rows.count_other_holds(conn, 100)
            for held in (True, False):
                copy_rows.other_holds(conn, "", 100, held=held)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    with engine.connect() as conn:
        raw = conn.connection.dbapi_connection
        steps = [row[3] for each in said for row in raw.execute("EXPLAIN QUERY PLAN " + each[0], each[1])]
    held = [step for step in steps if "_held" in step]
    others = [step for step in steps if " object" in step and "_held" not in step]
    assert len(said) == len(held) == 4, steps
    assert all("key=?" in step or "_held" in step for step in others), others


def test_large_bytes_go_through_a_file(watch, monkeypatch, tmp_path):
    monkeypatch.setattr("archive.spool.SMALL", 4)
    watch.documents(1)
    assert watch.copy(AT).complete
    assert everything(watch.second) == everything(watch.first)


def test_full_tiles_bundles_and_heads_of_the_log_go_along_and_the_tree_holds_there(watch):
    watch.leaves(300)
    watch.leaves(300)
    watch.copy(AT)
    assert everything(watch.second) == everything(watch.first)
    roles = {copy.role for copy in logged(watch)}
    assert roles == {CopyRole.TILE, CopyRole.CHECKPOINT, CopyRole.LOG}
    assert sum(copy.role == CopyRole.TILE for copy in logged(watch)) == 4
    head = published_checkpoint(watch.second, VKEY)
    assert head.size == 600
    with watch.house.transactions.read() as conn:
        from archive.catalogue import log_rows

        load_edge(watch.second, head.checkpoint, lambda a, b: log_rows.sequenced(conn, a, b))


def logged(watch):
    with watch.house.transactions.read() as conn:
        return copy_rows.by_key(conn, Shelf.LOG, "", 1000)


def test_partial_tiles_of_the_older_head_are_removed_and_never_pile_up(watch):
    for _ in range(3):
        watch.leaves(300)
        watch.copy(AT)
    partial = [key for key in watch.second.list("log/tile/") if not parse_path(key.removeprefix("log/")).full]
    assert partial == ["log/tile/1/000.p/3", "log/tile/entries/003.p/132"]


@pytest.mark.parametrize("harm", ["vanish", "flip"])
def test_the_second_store_has_the_tail_also_when_openings_are_damaged(lite, harm):
    lite.leaves(40)
    (key,) = lite.first.list(keys.OPENINGS)
    lite.first.vanish(key) if harm == "vanish" else lite.first.flip(key, 8 * 400)
    lite.copy(AT)
    head = published_checkpoint(lite.second, VKEY)
    leaves = openings.tail(lite.second, VKEY, head.checkpoint)
    assert load_edge(lite.second, head.checkpoint, leaves).size == 40


def test_what_the_log_locks_besides_goes_along(watch):
    watch.leaves(3)
    for name in (
        "log/cosignatures/abc/000/000/000/003",
        "log/cosignatures/abd/000/000/000/003",
        "log/times/1",
    ):
        data = name.encode()
        watch.first.put(name, data, sha256=sha256(data).hexdigest(), retain_until=lock_until(AT))
    keeper = watch.keeper()
    assert keeper.enter_new(AT) == 5
    assert keeper.enter_new(AT) == 0
    later = "log/cosignatures/abc/000/000/000/009"
    watch.first.put(later, b"x", sha256=sha256(b"x").hexdigest(), retain_until=lock_until(AT))
    assert keeper.enter_new(AT) == 1
    watch.copy(AT)
    assert everything(watch.second) == everything(watch.first)


def test_an_object_of_the_log_without_a_lock_gets_one(watch):
    watch.leaves(3)
    watch.first.put("log/times/1", b"x", sha256=sha256(b"x").hexdigest())
    watch.keeper().enter_new(AT)
    assert watch.first.head("log/times/1").retain_until == lock_until(AT)
    assert watch.find(Shelf.LOG, "log/times/1").lock.mode is LockMode.COMPLIANCE


def test_a_listing_finds_what_nobody_derived(watch):
    watch.leaves(300)
    keeper = watch.keeper()
    keeper.enter_new(AT)
    from archive.catalogue.tables import object_copies

    with watch.house.transactions.write() as conn:
        conn.execute(object_copies.delete().where(object_copies.c.role == CopyRole.TILE))
    assert watch.keeper().enter_new(AT) == 0, "derived from the newest checkpoint that has a row"
    assert keeper.enter_all(AT) == 2
    assert keeper.enter_all(AT) == 0


def test_partial_tiles_that_were_outgrown_go_at_night(watch):
    """What a bucket's default retention kept when they were outgrown, and what an earlier version left."""
    watch.leaves(300)
    for tile in (TileId(None, 0, 7), TileId(0, 0, 200), TileId(1, 0, 1), TileId(None, 1, 44)):
        key = keys.tile_key(tile.path)
        if watch.first.head(key) is None:
            watch.first.put(key, b"any", sha256=sha256(b"any").hexdigest())
    watch.keeper().enter_all(AT)
    partial = [key for key in watch.first.list("log/tile/") if not parse_path(key.removeprefix("log/")).full]
    assert partial == ["log/tile/1/000.p/1", "log/tile/entries/001.p/44"]


def test_a_checkpoint_has_no_row_before_all_that_it_covers(watch):
    """Else nobody asks for the rest again, and the second store shows a head that nothing there leads to."""
    watch.leaves(200)
    watch.copy(AT)
    watch.leaves(100)
    lost = f"{keys.TILES}entries/000"

    def meets(act, key):
        if key == lost and act == "head":
            raise ArchiveUnavailable("503")

    watch.first.meets = meets
    with pytest.raises(ArchiveUnavailable):
        watch.keeper().enter_new(AT)
    watch.first.meets = lambda _act, _key: None
    watch.leaves(3)
    watch.copy(AT)
    assert watch.second.head(lost) is not None


def test_a_copy_is_stored_over_what_nobody_archived_there(watch):
    (document,) = watch.documents(1)
    watch.copy(AT)
    with watch.house.transactions.write() as conn:
        deposit = ingest.plan_event(conn, documents.get(conn, document.id), "recalled", {}, "Văn thư", AT)
    key = deposit.record_key
    watch.second.put(key, b"stray", sha256=digest(b"stray"), retain_until=AT + timedelta(days=30))
    watch.house.carry_out(deposit)
    watch.sequence()
    assert watch.copy(AT).complete
    with watch.house.transactions.read() as conn:
        assert replication.lag(conn).objects == 0
    found = [watch.second.open(each.key, each.version).read() for each in watch.second.inventory(key)]
    assert len(found) == 2
    assert b"stray" in found
    wrong = {each.id for each in watch.audit(AT, second=True) if each.severity == "error"}
    assert wrong == {"row.differs"}, "the event was archived without its act, and nothing else is wrong"


def test_a_tile_that_is_not_what_the_leaves_give_is_entered_as_damaged(watch):
    watch.leaves(300)
    watch.first.flip("log/tile/0/000", 77)
    watch.keeper().enter_new(AT)
    row = watch.find(Shelf.LOG, "log/tile/0/000")
    assert row.fixity_state == "damaged"
    assert row.sha256 != sha256(watch.first.open("log/tile/0/000").read()).hexdigest()


def test_a_checkpoint_that_is_not_the_logs_own_is_not_entered(watch):
    watch.leaves(3)
    watch.first.flip("log/checkpoints/000/000/000/003", 300)
    watch.keeper().enter_new(AT)
    assert CopyRole.CHECKPOINT not in {copy.role for copy in logged(watch)}


def test_an_object_of_the_log_that_is_not_answered_for_keeps_no_other_from_its_row(lite):
    lite.leaves(300)
    (openings, *_) = lite.first.list(keys.OPENINGS)
    mute(lite.first, openings)
    keeper = lite.keeper()
    keeper.enter_all(AT)
    assert keeper.failed == 1
    assert {copy.role for copy in logged(lite)} >= {CopyRole.TILE, CopyRole.CHECKPOINT}
    assert lite.find(Shelf.LOG, openings) is None
    unmute(lite.first)
    keeper = lite.keeper()
    assert (keeper.enter_all(AT), keeper.failed) == (1, 0)


def test_a_tile_whose_bytes_are_not_given_is_entered_as_damaged_and_mended(lite):
    lite.leaves(300)
    key = "log/tile/0/000"
    whole = lite.first.open(key).read()
    lite.first.meets = lambda act, met: refuse(met) if (act, met) == ("open", key) else None
    keeper = lite.keeper()
    keeper.enter_all(AT)
    assert keeper.failed == 0
    row = lite.find(Shelf.LOG, key)
    assert (row.fixity_state, row.sha256) == ("damaged", sha256(whole).hexdigest())


def refuse(key):
    raise ArchiveUnavailable(f"{key}: 500 InternalError")


def test_tiles_above_level_0_follow_from_those_below():
    """65,536 leaves: the first tile of level 1, out of 256 tiles of level 0."""
    store = MemoryStore(clock=lambda: AT)
    growth = grow(Edge(), [b"%06d" % n for n in range(1 << 16)])
    for tile, data in growth.tiles.items():
        if tile.level == 0:
            store.put(keys.tile_key(tile.path), data, sha256=sha256(data).hexdigest())
    keeper = LogKeeper(store, None, None, VKEY)
    assert keeper.expected("log/tile/1/000") == growth.tiles[TileId(1, 0)]
    assert TileReader(store).hashes(TileId(0, 0))[0] == leaf_hash(b"000000")
    store.truncate("log/tile/0/007", 31)
    with pytest.raises(ArchiveDamaged):
        keeper.expected("log/tile/1/000")


@pytest.mark.parametrize(
    "tile",
    [
        TileId(0, 0),
        TileId(None, 3),
        TileId(1, 1_234_067),
        TileId(0, 999),
        TileId(63, 5, 7),
        TileId(None, 1000, 1),
    ],
)
def test_a_tiles_path_is_read_back(tile):
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile/0", "tile/0/1", "tile/0/0001", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256"),
        *("tile/0/000.p/257", "tile/0/x000/000", "tile/-1/000", "tile/x/000", "checkpoint"),
        *("tile/00/000", "tile/0/000.p/007"),
    ],
)
def test_what_is_no_tiles_path(path):
    assert parse_path(path) is None


# Bad luck and bad stores.


@pytest.mark.parametrize("write", range(1, 10))
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT, Fault.SWALLOWED, Fault.SPOILED, Fault.DUPLICATED])
def test_every_write_of_the_second_store_may_go_wrong(lite, write, fault):
    """Wrong bytes and lost ones are no copies; the next run, or a repair, makes them good."""
    lite.documents(2)
    lite.leaves(10)
    lite.second.fail_at(write, fault)
    try:
        copied = lite.copy(AT)
    except (ArchiveUnavailable, ArchiveDamaged):
        copied = None
    head = highest_checkpoint(lite.second, VKEY) if fault is not Fault.SPOILED else None
    if head is not None:  # a head in the second store has its tree beside it
        leaves = openings.tail(lite.second, VKEY, head.checkpoint)
        assert load_edge(lite.second, head.checkpoint, leaves).size == head.size
    if fault is Fault.DUPLICATED:
        assert copied.complete
    if fault is Fault.SPOILED:
        return
    for _ in range(2):
        lite.copy(AT)
    assert everything(lite.second) == everything(lite.first)
    assert lag(lite).objects == 0


def test_a_spoiled_copy_is_never_taken_for_one(lite):
    (document,) = lite.documents(1)
    lite.second.fail_at(1, Fault.SPOILED)
    copied = lite.copy(AT)
    assert (copied.complete, copied.failed) == (False, 1)
    spoiled = [copy for copy in lite.copies(document) if copy.copied_at is None]
    assert len(spoiled) == 1
    assert lite.find(Shelf.SECOND, spoiled[0].key) is None
    (event,) = lite.events(EventType.REPLICATION, faults=True)
    assert event.key == spoiled[0].key
    lite.copy(AT)
    assert len(lite.events(EventType.REPLICATION, faults=True)) == 1, "told once a day"


def test_a_second_store_that_does_not_answer_holds_up_nothing_and_catches_up(lite):
    made = lite.documents(3)
    key = lite.copies(made[1])[0].key
    mute(lite.second, key)
    copied = lite.copy(AT)
    assert (copied.complete, copied.failed) == (False, 1)
    assert lag(lite).objects == 1
    unmute(lite.second)
    assert lite.copy(AT).complete
    assert everything(lite.second) == everything(lite.first)


def by_age(watch, count):
    """Documents in the order of their keys, each with two objects."""
    return sorted(watch.documents(count), key=lambda one: one.id)


@pytest.mark.parametrize("store", ["first", "second"])
def test_copies_that_fail_keep_nothing_newer_and_not_the_log_from_the_second_store(lite, store, monkeypatch):
    monkeypatch.setattr(replication, "PAGE", 2)
    lite.leaves(1)
    lite.copy(AT)
    *bad, between, newest = by_age(lite, 6)
    keys_ = [copy.key for one in bad for copy in lite.copies(one)]
    mute(getattr(lite, store), *keys_)
    copied = lite.copy(AT)
    assert not copied.complete
    assert lag(lite).objects == len(keys_)
    for one in (between, newest):
        assert len(lite.copies(one, Shelf.SECOND)) == 2
    assert published_checkpoint(lite.second, VKEY).size == published_checkpoint(lite.first, VKEY).size


def test_the_log_comes_to_a_new_second_store_whatever_documents_it_refuses(lite, monkeypatch):
    monkeypatch.setattr(replication, "PAGE", 2)
    mute(lite.second, *(copy.key for one in by_age(lite, 4) for copy in lite.copies(one)))
    assert not lite.copy(AT).complete
    assert published_checkpoint(lite.second, VKEY).size == published_checkpoint(lite.first, VKEY).size


def test_a_first_store_that_gives_nothing_is_not_asked_for_everything(lite, monkeypatch):
    monkeypatch.setattr(replication, "PAGE", 2)
    by_age(lite, 4)
    asked = silence(lite.first, "open", "read", "head")
    with suppress(ArchiveUnavailable):
        assert not lite.copy(AT).complete
    assert len([key for key in asked if key.startswith(keys.DOCUMENTS)]) <= 2


def test_a_second_store_that_takes_nothing_is_not_offered_everything(lite, monkeypatch):
    """Its disk is full: it gives what it has, and each offer costs the reading of an object."""
    monkeypatch.setattr(replication, "PAGE", 2)
    lite.leaves(1)
    lite.copy(AT)
    by_age(lite, 4)
    asked = silence(lite.second, "put", "put_mutable")
    with suppress(ArchiveUnavailable):
        assert not lite.copy(AT).complete
    assert len([key for key in asked if key.startswith(keys.DOCUMENTS)]) <= 2


def silence(store, *acts):
    """The store does none of these, of whatever key; for which it was asked."""
    asked = []

    def meets(act, key):
        if act in acts:
            asked.append(key)
            raise ArchiveUnavailable("no answer")

    store.meets = meets
    return asked


def test_a_first_copy_that_is_damaged_is_not_copied_but_told(lite):
    one, _ = lite.documents(2)
    key = lite.copies(one)[0].key
    lite.first.flip(key)
    copied = lite.copy(AT)
    assert (copied.failed, copied.complete) == (1, False)
    assert lite.second.head(key) is None
    assert lite.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"


def test_other_bytes_under_a_key_of_the_second_store_are_told(lite):
    (document,) = lite.documents(1)
    key = lite.copies(document)[0].key
    lite.second.put(key, b"other", sha256=sha256(b"other").hexdigest())
    assert lite.copy(AT).failed == 1
    (event,) = lite.events(EventType.REPLICATION, faults=True)
    assert (event.key, event.store) == (key, SECOND) and "already stored" in event.detail


def test_a_first_store_that_was_set_back_does_not_overwrite_the_second(lite):
    lite.leaves(5)
    shown = lite.first.open(keys.CHECKPOINT).read()
    lite.leaves(5)
    lite.copy(AT)
    lite.first.put_mutable(keys.CHECKPOINT, shown)
    with pytest.raises(ArchiveDamaged, match="set back"):
        lite.copy(AT)
    assert published_checkpoint(lite.second, VKEY).size == 10


def test_the_names_of_the_logs_keys_are_what_the_stores_hold():
    assert KEY.vkey.startswith("log.example.vn/antin+")
    assert (FIRST, SECOND) == ("first", "second")


def test_a_head_that_came_while_the_log_was_entered_waits_for_its_tiles(lite):
    """Its row would say that all before it is entered, and the second store could not be rebuilt from."""
    lite.leaves(200)
    keeper = lite.keeper()
    listed, once = lite.first.list, []

    def meanwhile(prefix, after=""):
        if prefix == keys.CHECKPOINTS and not once:
            once.append(True)
            lite.leaves(100)
        return listed(prefix, after)

    lite.first.list = meanwhile
    keeper.enter_new(AT)
    lite.first.list = listed
    keeper.enter_new(AT)
    with lite.house.transactions.read() as conn:
        known = {copy.key for copy in copy_rows.by_key(conn, Shelf.LOG, "", 100)}
    assert {"log/tile/0/000", "log/tile/entries/000"} <= known
