"""The log's side of witnessing, against real witnesses in memory, and against ones that lie."""

from __future__ import annotations

import pytest

from archive.errors import ArchiveUnavailable, LogBehind, ProofRefused, StaleSize
from archive.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from archive.log.cosignature import Ed25519WitnessKey, WitnessKey
from archive.log.note import Ed25519LogKey, VerifierKey, parse_note
from archive.storage import keys
from archive.witness.state import WitnessState
from archive.witness.witness import WatchedLog, Witness
from archive.witnessing import Cosigning, Watcher, cosigned_in_store, merged, open_cosigned
from policies.reasons import archiving as reasons
from tests.archive.log.house import KEY, ORIGIN, UNTIL, House
from tests.archive.log.naive import naive_root
from tests.archive.witness.watched import Clock, Log


@pytest.fixture
def house():
    found = House()
    grow(found, 0, 10)
    return found


def grow(house, start, stop):
    house.fill(stop - start, start)
    house.sequencer().run_once()


def cosigning(house):
    return Cosigning(house.store, house.reader(), house.key)


@pytest.fixture
def make(tmp_path):
    """Watchers of real witnesses that watch the house's log."""
    made = []

    def watcher(name="w.example", log=KEY.vkey):
        key = Ed25519WitnessKey.generate(name)
        state = WitnessState(tmp_path / name)
        witness = Witness(key, state, [WatchedLog(ORIGIN, (VerifierKey.parse(log),))], Clock())
        made.append(witness)
        return Watcher(WitnessKey.parse(key.vkey), witness)

    yield watcher
    for witness in made:
        witness.close()


class Lying:
    """A witness that answers as it was told to; `None` hands over to a true one."""

    def __init__(self, answer, head=None, inner=None):
        self.answer, self.shown, self.inner = answer, head, inner
        self.asked = 0

    def add_checkpoint(self, data):
        self.asked += 1
        answer = self.answer(self.asked) if callable(self.answer) else self.answer
        if answer is None:
            return self.inner.add_checkpoint(data)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def head(self, _origin):
        if isinstance(self.shown, Exception):
            raise self.shown
        return self.shown

    def close(self):
        """Nothing is open."""


def lying(*arguments, **named):
    return Watcher(
        WitnessKey.parse(Ed25519WitnessKey.generate("liar.example").vkey), Lying(*arguments, **named)
    )


def test_the_shown_head_is_cosigned_and_goes_on_from_there(house, make):
    watcher, side = make(), cosigning(house)
    first = side.ask(watcher, None)
    assert (first.head.size, first.head.root) == (10, house.head().root)
    assert first.head.note.startswith(house.head().note) and first.by[0].name == "w.example"
    grow(house, 10, 700)
    second = side.ask(watcher, first.head)
    assert second.head.size == 700 and open_checkpoint(second.head.note, house.verifier).others == (
        "w.example",
    )


def test_an_empty_log_asks_nobody(make):
    assert cosigning(House()).ask(make(), None) is None


def test_who_forgot_what_was_cosigned_is_told_and_proves_from_there(house, make):
    watcher, side = make(), cosigning(house)
    side.ask(watcher, None)
    grow(house, 10, 300)
    assert side.ask(watcher, None).head.size == 300
    assert side.ask(watcher, None).head.size == 300


def test_a_larger_head_of_another_process_is_cosigned_instead(house, make):
    """It published and had cosigned a larger head between our look and our question."""
    watcher, side = make(), cosigning(house)
    inner = watcher.witness

    def meanwhile(asked):
        if asked == 1:
            grow(house, 10, 20)
            other = cosigning(house).ask(Watcher(watcher.key, inner), None)
            assert other.head.size == 20

    found = side.ask(Watcher(watcher.key, Lying(meanwhile, inner=inner)), None)
    assert found.head.size == 20


def test_an_older_head_that_is_shown_for_a_moment_is_no_log_set_back(house, make):
    """Two processes show their heads one over the other: the locked heads tell the truth."""
    watcher, side = make(), cosigning(house)
    older = house.head().note
    grow(house, 10, 20)
    last = side.ask(watcher, None)
    house.store.overwrite(keys.CHECKPOINT, older)
    assert side.ask(watcher, last.head).head.size == 20
    assert side.ask(watcher, None).head.size == 20


def test_cosigned_heads_are_kept_beside_the_checkpoint_for_ever(house, make):
    watcher, side = make(), cosigning(house)
    found = side.ask(watcher, None)
    side.keep(watcher, found, UNTIL)
    again = side.ask(watcher, found.head)
    assert again.by[0].at > found.by[0].at
    side.keep(watcher, again, UNTIL)  # another line for the same size: the first one stays
    key = keys.cosignature_key(watcher.id, 10)
    assert house.store.open(key).read() == found.head.note
    assert house.store.head(key).retain_until == UNTIL
    grow(house, 10, 30)
    side.keep(watcher, side.ask(watcher, again.head), UNTIL)
    seen = cosigned_in_store(house.store, house.verifier, watcher.key, "here")
    assert (seen.size, seen.root) == (30, house.head().root) and "w.example" in seen.where
    assert cosigned_in_store(house.store, house.verifier, make("other").key, "here") is None


def test_a_changed_cosignature_in_the_store_is_found(house, make):
    watcher, side = make(), cosigning(house)
    found = side.ask(watcher, None)
    side.keep(watcher, found, UNTIL)
    key = keys.cosignature_key(watcher.id, 10)
    house.store.overwrite(key, house.head().note)
    with pytest.raises(ProofRefused):
        side.keep(watcher, side.ask(watcher, found.head), UNTIL)
    with pytest.raises(ProofRefused):
        cosigned_in_store(house.store, house.verifier, watcher.key, "here")


def test_heads_of_one_size_are_merged_and_most_witnesses_count_more_than_the_newest(house, make):
    one, two, three = (make(f"w{n}.example") for n in range(3))
    side = cosigning(house)
    heads = [side.ask(each, None) for each in (one, two)]
    grow(house, 10, 20)
    heads.append(side.ask(three, None))
    best = merged(heads)
    assert best.head.size == 10 and [each.name for each in best.by] == ["w0.example", "w1.example"]
    again = open_cosigned(best.head.note, house.verifier, [one.key, two.key, three.key])
    assert again.by == best.by and best.head.others == again.head.others
    assert merged(heads, above=10).head.size == 20
    assert merged(heads, above=20) is None and merged([]) is None


# A log that is not the one that was seen.


def set_back(house, size):
    """The house as it was at that size: rows and store of an older day."""
    older = House(key=house.key)
    grow(older, 0, size)
    return older


def test_a_log_that_was_set_back_is_told_by_the_witness_with_proof(house, make):
    watcher = make()
    grow(house, 10, 40)
    cosigning(house).ask(watcher, None)
    older = set_back(house, 25)
    with pytest.raises(LogBehind, match=r"ends at 25 leaves, 40 were signed \(the witness w.example\)"):
        cosigning(older).ask(watcher, None)


@pytest.mark.parametrize("size", [40, 60])
def test_a_log_with_another_history_is_told_by_the_witness_with_proof(house, make, size):
    watcher = make()
    grow(house, 10, 40)
    cosigning(house).ask(watcher, None)
    other = House(key=house.key)
    other.submit(("another", b"another leaf"))
    other.fill(size - 1, 1)
    other.sequencer().run_once()
    with pytest.raises(LogBehind, match="another history at 40"):
        cosigning(other).ask(watcher, None)


def test_a_log_that_does_not_continue_what_was_cosigned_does_not_even_ask(house, make):
    watcher = make()
    grow(house, 10, 40)
    last = cosigning(house).ask(watcher, None).head
    liar = lying(None)
    with pytest.raises(LogBehind):
        cosigning(set_back(house, 25)).ask(liar, last)
    assert liar.witness.asked == 0


@pytest.mark.parametrize("claim", [StaleSize(11), ProofRefused(reasons.FORKED, origin="", size=10)])
def test_who_claims_without_a_head_stops_the_log_too_and_says_what_to_do(house, claim):
    for shown in (
        None,
        b"no note",
        sign_checkpoint(Checkpoint(ORIGIN, 99, bytes(32)), Ed25519LogKey.generate(ORIGIN)),
    ):
        with pytest.raises(
            LogBehind, match=r"without showing a head .*ask its operator.*take it out of `witnesses`"
        ):
            cosigning(house).ask(lying(claim, head=shown), None)


def test_who_refuses_and_shows_a_head_that_is_part_of_our_log_is_wrong_itself(house):
    shown = house.head().note
    grow(house, 10, 20)
    for claim in (StaleSize(21), ProofRefused(reasons.NOT_CONSISTENT, old=1, new=2)):
        with pytest.raises(ArchiveUnavailable, match="part of our log"):
            cosigning(house).ask(lying(claim, head=shown), None)


def test_other_refusals_stop_nothing(house):
    for reason in (reasons.WITNESS_REFUSES, reasons.UNKNOWN_LOG):
        with pytest.raises(ProofRefused):
            cosigning(house).ask(lying(ProofRefused(reason, name="w", status=404, origin="")), None)
    with pytest.raises(ArchiveUnavailable):
        cosigning(house).ask(lying(ArchiveUnavailable("silent")), None)


def test_answers_are_verified(house):
    for answer in (b"", b"x", "— liar.example AAAAAAAA\n".encode(), house.head().note):
        with pytest.raises(ProofRefused):
            cosigning(house).ask(lying(answer), None)


def test_a_size_that_is_never_right_is_given_up(house):
    liar = lying(lambda asked: StaleSize(asked))
    with pytest.raises(ArchiveUnavailable, match="changes faster"):
        cosigning(house).ask(liar, None)
    assert liar.witness.asked == 4


# At start.


def test_a_witness_tells_what_it_saw_at_start(house, make):
    watcher, side = make(), cosigning(house)
    side.ask(watcher, None)
    seen = side.probe(watcher, lambda: 10)
    assert (seen.size, seen.root, seen.where) == (10, house.head().root, "the witness w.example")


def test_one_that_shows_no_heads_is_asked_by_an_empty_proof(house, make):
    watcher, side = make(), cosigning(house)
    mute = Watcher(watcher.key, Lying(None, inner=watcher.witness))
    assert side.probe(mute, lambda: 10) is None
    assert side.probe(mute, lambda: 10) is None  # it knows ten leaves by now
    with pytest.raises(LogBehind, match="10 leaves, 9 are here"):
        side.probe(mute, lambda: 9)


def test_a_log_of_which_nothing_is_left_asks_with_an_empty_head(house, make):
    watcher = make()
    cosigning(house).ask(watcher, None)
    mute = Watcher(watcher.key, Lying(None, inner=watcher.witness))
    with pytest.raises(LogBehind, match="10 leaves, 0 are here"):
        cosigning(House(key=house.key)).probe(mute, lambda: 0)


def test_heads_that_our_key_did_not_sign_are_no_evidence_at_start(house):
    forged = sign_checkpoint(Checkpoint(ORIGIN, 99, bytes(32)), Ed25519LogKey.generate(ORIGIN))
    liar = lying(ProofRefused(reasons.WITNESS_REFUSES, name="w", status=400), head=forged)
    with pytest.raises(ProofRefused):
        cosigning(house).probe(liar, lambda: 10)


def test_an_honest_log_of_the_other_tests_is_this_one(house):
    """The two makers of logs agree, so that what the witness saw and what the house has can be compared."""
    assert Log(house.key).root(10) == naive_root([b"entry %d" % i for i in range(10)]) == house.head().root
    assert parse_note(Log(house.key).note(10)).text == parse_note(house.head().note).text
