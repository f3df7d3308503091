"""A head is believed when it continues those that were seen, and never otherwise."""

from __future__ import annotations

import pytest

from archive.errors import ArchiveDamaged, ProofRefused
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.follower import Follower
from archive.log.note import Ed25519LogKey
from archive.storage import keys
from tests.archive.log.house import ORIGIN, House


@pytest.fixture
def house():
    made = House()
    made.fill(5)
    made.run = made.sequencer()
    made.run.run_once()
    return made


def grow(house, count=300):
    house.fill(count, house.head().size)
    house.run.run_once()


def row(house):
    with house.catalogue.reading() as conn:
        return house.catalogue.current_checkpoint(conn)


def follower(house, own=lambda: None):
    return Follower(house.store, house.verifier, house.reader(), lambda: row(house), own)


def test_a_new_log_has_no_head():
    assert follower(House()).head() is None


def test_each_head_that_continues_the_one_before(house):
    found = follower(house)
    for size in (5, 305, 605):
        assert found.head().size == size
        assert found.head() == found.head()
        grow(house)


def test_a_head_put_back_is_not_believed(house):
    found, old = follower(house), house.head()
    grow(house)
    assert found.head().size == 305
    house.store.overwrite(keys.CHECKPOINT, old.note)
    assert found.head().size == 305
    grow_again = house.head()
    assert grow_again.size == 5, "that is what the store shows"


def test_a_head_taken_away_does_not_become_unseen(house):
    found = follower(house)
    assert found.head().size == 5
    house.store.vanish(keys.CHECKPOINT)
    assert found.head().size == 5


def forged(house, size, root=bytes(32)):
    house.store.overwrite(keys.CHECKPOINT, sign_checkpoint(Checkpoint(ORIGIN, size, root), house.key))


@pytest.mark.parametrize("size", [5, 6, 305])
def test_another_history_by_the_logs_own_key_is_damage(house, size):
    """Whoever stole the key: of the same size, of one that the catalogue has not, of one that it has."""
    found = follower(house)
    assert found.head().size == 5
    if size == 305:
        grow(house)
    forged(house, size)
    with pytest.raises(ArchiveDamaged):
        found.head()


@pytest.mark.parametrize("size", [5, 6])
def test_the_first_head_is_that_of_the_catalogue_or_older(house, size):
    forged(house, size)
    with pytest.raises(ArchiveDamaged, match="the catalogue has"):
        follower(house).head()


def test_a_head_by_another_key_is_refused(house):
    other = Ed25519LogKey.generate(ORIGIN)
    house.store.overwrite(keys.CHECKPOINT, sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), other))
    with pytest.raises(ProofRefused):
        follower(house).head()


def test_tiles_that_do_not_bear_it_out_are_damage(house):
    found = follower(house)
    found.head()
    grow(house)
    house.store.flip("log/tile/0/000")
    with pytest.raises(ArchiveDamaged):
        found.head()


def test_what_this_process_showed_itself_is_not_proved_once_more(house):
    found = follower(house, lambda: house.run.shown)
    found.head()
    grow(house)
    reads = []
    house.store.meets = lambda act, key: reads.append((act, key))
    assert found.head().size == 305
    assert [key for _, key in reads] == [keys.CHECKPOINT] * len(reads)
