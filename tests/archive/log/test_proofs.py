"""Proofs out of published tiles: right for every leaf and every pair of heads, and never out of harmed tiles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict, ProofRefused
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from archive.log.merkle import verify_consistency
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import LogProof, ProofMaker, parse_proof, verify_proof
from archive.log.reader import TileReader, checkpoint_at
from archive.storage import keys
from tests.archive.log.house import KEY, ORIGIN, House
from tests.archive.log.naive import naive_root

SIZES = (1, 2, 255, 256, 257, 300, 511, 513, 700)


@pytest.fixture
def house():
    house = House()
    sequencer, total = house.sequencer(), 0
    for size in SIZES:
        house.fill(size - total, total)
        total = size
        sequencer.run_once()
    return house


def entry(index):
    return b"entry %d" % index


def test_every_leaf_is_proved_under_every_head(house):
    reader = house.reader()
    for size in SIZES:
        head = checkpoint_at(house.store, size, house.verifier)
        maker = ProofMaker(reader, head)
        for index in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            proof = parse_proof(maker.inclusion(index, entry(index)).serialize())
            assert verify_proof(proof, entry(index), house.verifier) == head


def test_every_head_continues_every_older_one(house):
    heads = [checkpoint_at(house.store, size, house.verifier) for size in SIZES]
    for place, new in enumerate(heads):
        maker = ProofMaker(house.reader(), new)
        for old in heads[: place + 1]:
            verify_consistency(old.size, old.root, new.size, new.root, maker.consistency(old))
        with pytest.raises(ArchiveDamaged):
            maker.consistency(Checkpoint(ORIGIN, min(new.size, 1), bytes(32)))


def test_a_leaf_beyond_the_head_is_a_mistake_of_the_caller(house):
    with pytest.raises(ValueError):
        house.maker().inclusion(700, entry(700))


def test_swapped_leaf(house):
    with pytest.raises(ArchiveDamaged):
        house.maker().inclusion(5, entry(6))
    proof = house.maker().inclusion(5, entry(5))
    with pytest.raises(ProofRefused) as caught:
        verify_proof(proof, entry(6), house.verifier)
    assert caught.value.id == "proof.not-included"
    moved = LogProof(6, proof.path, proof.checkpoint)
    with pytest.raises(ProofRefused):
        verify_proof(moved, entry(5), house.verifier)


@pytest.mark.parametrize("tile", ["tile/0/000", "tile/0/001", "tile/1/000.p/2"])
@pytest.mark.parametrize("harm", ["flip", "truncate", "vanish", "other"])
def test_harmed_tile(house, tile, harm):
    """Any leaf's proof needs the tile, or does without it; none comes out wrong."""
    store, key = house.store, keys.tile_key(tile)
    original = store.open(key).read()
    {
        "flip": lambda: store.flip(key, 100),
        "truncate": lambda: store.truncate(key, len(original) - 32),
        "vanish": lambda: store.vanish(key),
        "other": lambda: store.overwrite(key, original[::-1]),
    }[harm]()
    stopped = 0
    for index in (0, 7, 255, 256, 511, 512, 699):
        try:
            proof = house.maker().inclusion(index, entry(index))
        except ArchiveDamaged:
            stopped += 1
        else:
            verify_proof(proof, entry(index), house.verifier)
    assert stopped


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_harmed_tail(house, harm):
    """Leaves that the catalogue gives are believed no more than tiles."""
    real = house.leaves
    maker = house.maker()

    def leaves(start, stop):
        found = list(real(start, stop))
        if harm == "missing":
            raise LogConflict("gone")
        return [b"another", *found[1:]]

    reader = TileReader(house.store, leaves)
    for index in (0, 513, 699):  # 512 itself is the one that is changed
        with pytest.raises(ArchiveDamaged):
            ProofMaker(reader, house.head()).inclusion(index, entry(index))
        maker.inclusion(index, entry(index))


def test_a_tail_that_was_read_wrong_is_read_anew():
    house = House()
    house.fill(5)
    house.sequencer().run_once()
    wrong = [False, True]

    def leaves(start, stop):
        found = list(house.leaves(start, stop))
        return [b"another", *found[1:]] if wrong and wrong.pop() else found

    reader = TileReader(house.store, leaves)
    with pytest.raises(ArchiveDamaged):
        ProofMaker(reader, house.head()).inclusion(3, b"entry 3")
    house.fill(2, 5)
    house.sequencer().run_once()
    ProofMaker(reader, house.head()).inclusion(3, b"entry 3")


def test_a_tail_that_grew_is_read_from_where_it_ended():
    asked = []
    house, leaves = House(), []
    reader = TileReader(house.store, lambda start, stop: asked.append((start, stop)) or leaves[start:stop])
    for size in (3, 3, 10, 200, 256, 257, 300):
        house.fill(size - len(leaves), len(leaves))
        leaves += [b"entry %d" % i for i in range(len(leaves), size)]
        house.sequencer().run_once()
        for index in (0, size - 1):
            ProofMaker(reader, house.head()).inclusion(index, leaves[index])
    assert asked == [(0, 3), (3, 10), (10, 200), (256, 257), (257, 300)]


def test_many_who_prove_at_one_moment_read_the_tail_once():
    """A round of the log answers all its waiters together."""
    house, asked, everybody = House(), [], Event()
    house.fill(100)
    house.sequencer().run_once()

    def leaves(start, stop):
        asked.append((start, stop))
        everybody.wait(10)
        return house.leaves(start, stop)

    reader, head = TileReader(house.store, leaves), house.head()
    with ThreadPoolExecutor(32) as pool:
        proofs = [pool.submit(ProofMaker(reader, head).inclusion, index, entry(index)) for index in range(32)]
        while len(asked) == 0:
            sleep(0.01)
        everybody.set()
        for index, proof in enumerate(proofs):
            verify_proof(proof.result(10), entry(index), house.verifier)
    assert asked == [(0, 100)]


def test_a_tail_that_cannot_be_read_is_told_to_all_and_kept_by_nobody():
    house, asked = House(), []
    house.fill(100)
    house.sequencer().run_once()

    def leaves(start, stop):
        asked.append(start)
        if len(asked) == 1:
            sleep(0.3)
            raise ArchiveUnavailable("the catalogue does not answer")
        return house.leaves(start, stop)

    reader, head = TileReader(house.store, leaves), house.head()
    with ThreadPoolExecutor(8) as pool:
        proofs = [pool.submit(ProofMaker(reader, head).inclusion, index, entry(index)) for index in range(8)]
        for proof in proofs:
            with pytest.raises(ArchiveUnavailable):
                proof.result(10)
    ProofMaker(reader, head).inclusion(0, entry(0))
    assert len(asked) == 2


def test_flipped_entry_bundle_is_not_the_logs_entry(house):
    house.store.flip("log/tile/entries/000", 8 * 5)
    found = house.reader().entry(0, 700)
    with pytest.raises(ArchiveDamaged):
        house.maker().inclusion(0, found)


def test_split_view(house):
    """The log's own key signs a second history for one reader; whoever holds the first head notices."""
    forked = House()
    forked.fill(300)
    forked.catalogue._rows.entries["leaf-9"] = b"something else"
    forked.fill(400, 300)
    forked.sequencer().run_once()
    fork_head = forked.head()
    assert fork_head.size == 700 and fork_head.root != house.head().root
    seen = checkpoint_at(house.store, 300, house.verifier)
    with pytest.raises(ArchiveDamaged):
        forked.maker().consistency(seen)
    honest_path = house.maker().consistency(seen)
    with pytest.raises(ProofRefused) as caught:
        verify_consistency(seen.size, seen.root, fork_head.size, fork_head.root, honest_path)
    assert caught.value.id == "proof.not-consistent"


def test_rewritten_head_of_a_stolen_store(house):
    """Who writes the store but has no key cannot move a head."""
    entries = [entry(i) for i in range(699)]
    stranger = Ed25519LogKey.generate(ORIGIN)
    house.store.overwrite(
        keys.CHECKPOINT, sign_checkpoint(Checkpoint(ORIGIN, 699, naive_root(entries)), stranger)
    )
    with pytest.raises(ProofRefused) as caught:
        house.head()
    assert caught.value.id == "proof.wrong-log-key"


def test_rolled_back_head_is_a_true_head_that_who_saw_more_refuses(house):
    older, newest = checkpoint_at(house.store, 300, house.verifier), house.head()
    house.store.overwrite(keys.CHECKPOINT, older.note)
    shown = house.head()
    with pytest.raises(ProofRefused) as caught:
        verify_consistency(newest.size, newest.root, shown.size, shown.root, ())
    assert caught.value.id == "proof.rolled-back"


def test_the_reader_does_not_remember_what_the_store_says_now(house):
    """Audits read without the cache."""
    cached, fresh = house.reader(), house.reader(cached=0)
    root = merkle.root_hash(700, cached.at(700))
    house.store.flip("log/tile/0/000")
    assert merkle.root_hash(700, cached.at(700)) == root
    assert ProofMaker(cached, house.head()).inclusion(0, entry(0))
    with pytest.raises(ArchiveDamaged):
        ProofMaker(fresh, house.head()).inclusion(1, entry(1))


def test_a_proof_costs_a_handful_of_small_reads(house):
    opened = []
    real = house.store.open
    house.store.open = lambda key, version="": opened.append(key) or real(key, version)
    head = SignedCheckpoint(house.head().checkpoint, b"", ())
    opened.clear()
    ProofMaker(house.reader(), head).inclusion(3, entry(3))
    assert len(opened) <= 4 and VerifierKey.parse(KEY.vkey)
