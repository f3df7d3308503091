"""The sequencer on a good day, and its refusals to go on from a log that was tampered with."""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace

import pytest

from archive.errors import ArchiveDamaged, LogBehind, LogConflict
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.merkle import leaf_hash
from archive.log.note import Ed25519LogKey
from archive.log.reader import highest_size
from archive.log.seen import Seen
from archive.log.tiles import TileId
from archive.ports import CheckpointRow
from archive.storage import keys
from tests.archive.log.house import KEY, NOW, ORIGIN, UNTIL, House
from tests.archive.log.naive import naive_root


def test_an_empty_log_stays_empty_and_shows_nothing():
    house = House()
    batch = house.sequencer().run_once()
    assert batch.assigned == {} and batch.head is None
    assert list(house.store.list("")) == []


def test_leaves_get_contiguous_indices_in_order_and_the_head_is_shown():
    house = House()
    house.fill(5)
    batch = house.sequencer().run_once()
    assert batch.assigned == {f"leaf-{i}": i for i in range(5)}
    assert batch.head.size == 5 and batch.head.root == naive_root([b"entry %d" % i for i in range(5)])
    assert house.head() == batch.head
    assert house.store.head(keys.checkpoint_key(5)).retain_until == UNTIL


@pytest.mark.parametrize("sizes", [(255, 1, 1), (256, 1), (1, 255, 256, 512), (300, 700, 40)])
def test_tiles_are_those_of_the_specification_at_every_boundary(sizes):
    house = House()
    sequencer = house.sequencer()
    total = 0
    for size in sizes:
        house.fill(size, total)
        total += size
        sequencer.run_once()
        entries = [b"entry %d" % i for i in range(total)]
        assert house.head().root == naive_root(entries)
        reader = house.reader()
        for index in {0, total // 2, total - 1}:
            assert reader.entry(index, total) == entries[index]
            house.maker().inclusion(index, entries[index])
    full, rest = divmod(total, 256)
    assert house.store.head(keys.tile_key(TileId(0, full - 1).path)).retain_until == UNTIL
    partials = [key for key in house.store.list("log/tile/") if ".p/" in key]
    assert keys.tile_key(TileId(1, 0, full).path) in partials
    assert all(key.startswith("log/tile/1/") for key in partials), "the tail is in no store"
    assert all(house.store.head(key).retain_until is None for key in partials)
    sequencer.keep_tail()
    kept = [key for key in house.store.list("log/tile/entries/") if ".p/" in key]
    assert kept == ([keys.tile_key(TileId(None, full, rest).path)] if rest else [])


def test_tile_contents_are_concatenated_hashes_and_prefixed_entries():
    house = House()
    house.fill(257)
    house.sequencer().run_once()
    hashes = [leaf_hash(b"entry %d" % i) for i in range(257)]
    read = lambda path: house.store.open("log/" + path).read()  # noqa: E731
    assert read("tile/0/000") == b"".join(hashes[:256])
    assert read("tile/1/000.p/1") == merkle.subtree_levels(hashes[:256])[-1][0]
    assert read("tile/entries/000").startswith(b"\x00\x07entry 0\x00\x07entry 1")


def test_partial_tiles_go_when_the_full_one_is_there():
    house = House()
    sequencer = house.sequencer()
    house.fill(200)
    sequencer.run_once()
    house.fill(100, 200)
    sequencer.run_once()
    listed = set(house.store.list("log/tile/"))
    assert "log/tile/0/000" in listed and "log/tile/0/000.p/200" not in listed
    # A reader that still holds the older head finds its hashes in the full tile.
    reader = house.reader()
    assert merkle.root_hash(200, reader.at(200)) == naive_root([b"entry %d" % i for i in range(200)])


def test_a_batch_takes_no_more_than_its_limit_and_the_rest_follows():
    house = House()
    house.fill(25)
    sequencer = house.sequencer(batch=10)
    sizes = [len(sequencer.run_once().assigned) for _ in range(4)]
    assert sizes == [10, 10, 5, 0] and house.head().size == 25


def test_a_catalogue_that_fell_back_under_a_sequencer_is_found_out():
    """A replica that lagged was made the database: what it lacks is shown already."""
    house = House()
    house.fill(2)
    sequencer = house.sequencer()
    sequencer.run_once()
    assert sequencer.look().idle
    older = CheckpointRow(1, b"\7" * 32, b"an older row")
    sequencer._catalogue = SimpleNamespace(
        current_checkpoint=lambda _conn: older, pending=lambda _conn, _limit: [], sequenced=None
    )
    found = sequencer.look()
    assert (found.committed, found.shown, found.idle, found.set_back) == (1, 2, False, True)
    with pytest.raises(LogBehind):
        sequencer.run_once()


def test_a_head_that_came_between_two_questions_is_no_catalogue_that_fell_back():
    house = House()
    house.fill(2)
    sequencer, real = house.sequencer(), house.catalogue
    house.sequencer().run_once()
    seen = [None]  # before that run; what is shown is asked for after it
    sequencer._catalogue = SimpleNamespace(
        current_checkpoint=lambda conn: seen.pop() if seen else real.current_checkpoint(conn),
        pending=real.pending,
    )
    assert not sequencer.look().set_back


def test_a_second_run_with_nothing_pending_writes_nothing():
    house = House()
    house.fill(3)
    sequencer = house.sequencer()
    sequencer.run_once()
    writes = house.store.writes
    assert sequencer.run_once().assigned == {}
    assert house.store.writes == writes


def test_of_two_sequencers_each_continues_where_the_other_stopped():
    house = House()
    first, second = house.sequencer(), house.sequencer()
    house.fill(3)
    first.run_once()
    second.run_once()
    house.fill(4, 3)
    second.run_once()
    house.fill(2, 7)
    with pytest.raises(LogConflict):
        first.run_once()
    assert first.run_once().assigned == {"leaf-7": 7, "leaf-8": 8}
    assert house.head().root == naive_root([b"entry %d" % i for i in range(9)])


def test_a_sequencer_that_slept_does_not_show_its_old_head():
    """It committed, froze, another published and went on: the shown head never goes back."""
    house = House()
    house.fill(3)
    frozen = house.sequencer()
    row_when_frozen = frozen._row

    def thaw_after_others():
        row = row_when_frozen()
        if row.size == 3:
            frozen._row = row_when_frozen
            house.sequencer().run_once()
            house.fill(2, 3)
            house.sequencer().run_once()
        return row

    frozen._row = thaw_after_others
    with pytest.raises(LogConflict):
        frozen.run_once()
    assert house.head().size == 5
    frozen.run_once()
    assert house.head().size == 5


def test_the_highest_checkpoint_is_found_among_many():
    house = House()
    sequencer = house.sequencer()
    for size in range(0, 40, 4):
        house.fill(4, size)
        sequencer.run_once()
    assert highest_size(house.store) == 40
    assert keys.checkpoint_size(keys.checkpoint_key(12345)) == 12345


# Attacks.


def _restart(house, **options):
    return house.sequencer(**options).run_once()


def _grown(count=300):
    house = House()
    house.fill(count)
    house.sequencer().run_once()
    return house


def test_rolled_back_catalogue_is_refused_at_start():
    house = _grown()
    old_rows = house.catalogue._rows
    house.fill(5, 300)
    house.sequencer().run_once()
    house.catalogue._rows = old_rows
    with pytest.raises(ArchiveDamaged, match="ends at"):
        _restart(house)


def test_empty_catalogue_over_a_full_bucket_is_refused():
    house = _grown()
    house.catalogue = type(house.catalogue)()
    with pytest.raises(ArchiveDamaged, match="ends at"):
        _restart(house)


def test_emptied_bucket_under_a_full_catalogue_is_refused():
    house = House()
    sequencer = house.sequencer(batch=4096)
    for start in (0, 4096):
        house.fill(4096, start)
        sequencer.run_once()
    house.store = type(house.store)(clock=lambda: NOW)
    with pytest.raises(ArchiveDamaged, match="bucket ends"):
        _restart(house)


@pytest.mark.parametrize("known", ["ahead", "fork", "older fork", "true", "true older"])
def test_heads_seen_by_a_witness_bind_the_start(known):
    house = _grown(300)
    size = {"ahead": 301, "fork": 300, "older fork": 120, "true": 300, "true older": 120}[known]
    entries = [b"entry %d" % i for i in range(size)]
    if "fork" in known:
        entries[7] = b"something else"
    seen = Seen(ORIGIN, size, naive_root(entries), "a witness")
    if known.startswith("true"):
        _restart(house, known=lambda: [seen])
    else:
        with pytest.raises(LogBehind, match=r"a witness.*antin restore"):
            _restart(house, known=lambda: [seen])


def test_rewritten_checkpoint_in_the_bucket_is_refused():
    house = _grown()
    forged = sign_checkpoint(Checkpoint(ORIGIN, 300, bytes(32)), Ed25519LogKey.generate(ORIGIN))
    house.store.overwrite(keys.CHECKPOINT, forged)
    with pytest.raises(ArchiveDamaged, match="not this log's"):
        _restart(house)


def test_fork_signed_by_the_stolen_key_is_refused():
    house = _grown()
    forged = sign_checkpoint(Checkpoint(ORIGIN, 300, bytes(32)), KEY)
    house.store.overwrite(keys.checkpoint_key(300), forged)
    house.store.overwrite(keys.CHECKPOINT, forged)
    with pytest.raises(ArchiveDamaged):
        _restart(house)


def test_vanished_locked_checkpoint_is_refused():
    house = _grown()
    house.store.vanish(keys.checkpoint_key(300))
    with pytest.raises(ArchiveDamaged):
        _restart(house)


def test_older_checkpoint_shown_is_healed_at_start():
    """The shown head is only a hint: the bucket's locked heads tell the truth."""
    house = _grown()
    old = house.head().note
    house.fill(5, 300)
    house.sequencer().run_once()
    house.store.overwrite(keys.CHECKPOINT, old)
    _restart(house)
    assert house.head().size == 305


@pytest.mark.parametrize("harm", ["flip", "truncate", "vanish"])
def test_harmed_edge_tile_is_refused_at_start(harm):
    house = _grown()
    harms = {"flip": house.store.flip, "truncate": lambda key: house.store.truncate(key, 16)}
    harms.get(harm, house.store.vanish)("log/tile/1/000.p/1")
    with pytest.raises(ArchiveDamaged):
        _restart(house)


def test_swapped_leaf_in_the_catalogue_is_refused():
    house = _grown()
    entries = house.catalogue._rows.entries
    entries["leaf-299"], entries["leaf-298"] = entries["leaf-298"], entries["leaf-299"]
    with pytest.raises(ArchiveDamaged, match="do not give the root"):
        _restart(house)


def test_changed_leaf_between_bucket_and_row_is_refused():
    house = House()
    house.fill(5)
    sequencer = house.sequencer()
    with house.catalogue.transaction():
        pass
    sequencer._publish = lambda edge: edge  # the crash: committed, never published
    sequencer.run_once()
    house.catalogue._rows.entries["leaf-2"] = b"another"
    with pytest.raises(ArchiveDamaged, match="root it signed"):
        _restart(house)


def test_deleted_leaf_row_is_refused():
    house = _grown()
    del house.catalogue._rows.indices[299]
    with pytest.raises(ArchiveDamaged):
        _restart(house)


def test_tile_already_there_with_other_bytes_stops_the_log():
    house = _grown(255)
    data = b"\x00" * 8192
    house.store.put("log/tile/0/000", data, sha256=sha256(data).hexdigest())
    house.fill(1, 255)
    with pytest.raises(ArchiveDamaged, match="other bytes"):
        _restart(house)
