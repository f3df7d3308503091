"""What is cosigned and what is refused, in the specification's order; what the state keeps; two requests at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused, StaleSize
from archive.log.checkpoint import Checkpoint, parse_extended, sign_checkpoint
from archive.log.cosignature import Ed25519WitnessKey, WitnessKey, cosigned_by, read_answer, with_lines
from archive.log.merkle import EMPTY_ROOT
from archive.log.note import Ed25519LogKey, NoteSignature, parse_note, sign_note
from archive.log.submission import Submission
from archive.witness.state import MOST_FORKS, Head, WitnessState
from archive.witness.witness import WatchedLog, Witness
from tests.archive.witness.watched import NAME, NOW, ORIGIN, Clock, Log, witness


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def watching(tmp_path, log):
    found = witness(tmp_path, log)
    yield found
    found.state.close()


def refused(call, *arguments):
    with pytest.raises(ProofRefused) as caught:
        call(*arguments)
    return caught.value.id


def cosigned(watching, log, old, size):
    answer = watching.add_checkpoint(log.request(old, size))
    note = log.note(size)
    line = read_answer(note, answer, WitnessKey.parse(watching.key.vkey))
    return cosigned_by(parse_note(with_lines(note, [line])), [WitnessKey.parse(watching.key.vkey)])[0]


def test_a_log_that_only_grows_is_cosigned_step_by_step(watching, log):
    times = [cosigned(watching, log, old, size).at for old, size in [(0, 3), (3, 3), (3, 8), (8, 300)]]
    assert times == sorted(times) and len(set(times)) == 4
    head = watching.state.head(ORIGIN)
    assert (head.size, head.root) == (300, log.root(300))
    assert [line.name for line in parse_note(head.note).signatures] == [ORIGIN, NAME]


def test_the_first_head_may_have_any_size_also_none(watching, log):
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), log.key)
    watching.add_checkpoint(Submission(0, (), empty).serialize())
    assert watching.state.head(ORIGIN).size == 0
    assert cosigned(watching, log, 0, 1000).name == NAME


def test_an_empty_log_has_the_empty_root(watching, log):
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), log.key)
    assert refused(watching.add_checkpoint, Submission(0, (), note).serialize()) == "proof.not-consistent"


def test_another_size_than_the_known_one_is_told_what_is_known(watching, log):
    cosigned(watching, log, 0, 8)
    for old, size in [(0, 8), (0, 20), (5, 20), (9, 20), (5, 7)]:
        with pytest.raises(StaleSize) as caught:
            watching.add_checkpoint(log.request(old, size))
        assert caught.value.size == 8
    assert watching.state.head(ORIGIN).size == 8


def test_a_smaller_head_is_never_signed(watching, log):
    cosigned(watching, log, 0, 8)
    request = Submission(8, (), log.note(5)).serialize()
    assert refused(watching.add_checkpoint, request) == "proof.rolled-back"
    assert watching.state.head(ORIGIN).size == 8


def test_a_fork_of_the_same_size_is_refused_and_kept_as_evidence(watching, log):
    cosigned(watching, log, 0, 8)
    fork = Log(log.key, forked_at=3)
    for _ in range(2):
        assert refused(watching.add_checkpoint, fork.request(8, 8)) == "proof.forked"
    kept = watching.state.forks()
    assert [(head.size, head.root) for head in kept] == [(8, fork.root(8))]
    assert parse_note(kept[0].note).text == parse_note(fork.note(8)).text
    assert watching.state.head(ORIGIN).root == log.root(8)


def test_evidence_has_an_end(watching, log):
    cosigned(watching, log, 0, 1)
    for number in range(MOST_FORKS + 5):
        note = sign_checkpoint(Checkpoint(ORIGIN, 1, number.to_bytes(32, "big")), log.key)
        refused(watching.add_checkpoint, Submission(1, (), note).serialize())
    assert len(watching.state.forks()) == MOST_FORKS


def test_a_larger_fork_is_refused(watching, log):
    cosigned(watching, log, 0, 8)
    fork = Log(log.key, forked_at=3)
    assert refused(watching.add_checkpoint, fork.request(8, 20)) == "proof.not-consistent"
    assert watching.state.forks() == []  # anybody may send a true head with a wrong proof
    assert cosigned(watching, log, 8, 20).name == NAME


@pytest.mark.parametrize("proof", ["none", "short", "long", "other", "reversed", "flipped"])
def test_every_wrong_proof_is_refused(watching, log, proof):
    cosigned(watching, log, 0, 6)
    true = log.proof(6, 20)
    given = {
        "none": (),
        "short": true[:-1],
        "long": (*true, bytes(32)),
        "other": log.proof(5, 20),
        "reversed": true[::-1],
        "flipped": (bytes([true[0][0] ^ 1]) + true[0][1:], *true[1:]),
    }[proof]
    request = Submission(6, given, log.note(20)).serialize()
    assert refused(watching.add_checkpoint, request) == "proof.not-consistent"
    assert watching.state.head(ORIGIN).size == 6


def test_a_proof_where_none_belongs_is_refused(watching, log):
    extra = Submission(0, (bytes(32),), log.note(6)).serialize()
    assert refused(watching.add_checkpoint, extra) == "proof.not-consistent"
    cosigned(watching, log, 0, 6)
    extra = Submission(6, (bytes(32),), log.note(6)).serialize()
    assert refused(watching.add_checkpoint, extra) == "proof.not-consistent"


def test_strangers_are_refused(watching, log):
    other = Log(Ed25519LogKey.generate("other.example/log"))
    assert refused(watching.add_checkpoint, other.request(0, 3)) == "proof.unknown-log"
    same_name = Log(Ed25519LogKey.generate(ORIGIN))
    assert refused(watching.add_checkpoint, same_name.request(0, 3)) == "proof.wrong-log-key"
    # Another log's key over a text that names this origin.
    note = sign_note(parse_note(log.note(3)).text, other.key)
    assert refused(watching.add_checkpoint, Submission(0, (), note).serialize()) == "proof.wrong-log-key"
    assert watching.state.heads() == []


def test_a_false_line_under_the_logs_key_is_refused_also_beside_a_true_one(watching, log):
    false = NoteSignature(ORIGIN, log.vkey.key_id, bytes(64))
    note = with_lines(log.note(3), [false])
    assert (
        refused(watching.add_checkpoint, Submission(0, (), note).serialize()) == "proof.note-signature-broken"
    )


def test_lines_of_others_are_neither_needed_nor_kept(watching, log):
    other = NoteSignature("other.example/w", b"othr", bytes(72))
    request = Submission(0, (), with_lines(log.note(3), [other])).serialize()
    assert watching.add_checkpoint(request).count("—".encode()) == 1
    kept = parse_note(watching.state.head(ORIGIN).note)
    assert [line.name for line in kept.signatures] == [ORIGIN, NAME]


def test_extension_lines_are_cosigned_as_they_are(watching, log):
    text = parse_note(log.note(3)).text + "an extension\n"
    note = sign_note(text, log.key)
    watching.add_checkpoint(Submission(0, (), note).serialize())
    assert parse_note(watching.state.head(ORIGIN).note).text == text
    assert parse_extended(text).size == 3


def test_a_log_that_changes_its_key_has_both_for_a_while(tmp_path, log):
    new = Log(Ed25519LogKey.generate(ORIGIN))
    state = WitnessState(tmp_path / "two.sqlite3")
    both = Witness(
        Ed25519WitnessKey.generate(NAME), state, [WatchedLog(ORIGIN, (log.vkey, new.vkey))], Clock()
    )
    both.add_checkpoint(log.request(0, 3))
    both.add_checkpoint(new.request(3, 5))
    assert state.head(ORIGIN).size == 5
    state.close()


def test_the_clock_set_back_makes_no_newer_head_older(tmp_path, log):
    clock = Clock()
    watching = witness(tmp_path, log, clock=clock)
    first = cosigned(watching, log, 0, 3).at
    clock.at = NOW - timedelta(days=1)
    assert cosigned(watching, log, 3, 5).at >= first
    watching.state.close()


# The state.


def test_heads_outlive_the_witness_and_are_read_by_another_process(tmp_path, log):
    first = witness(tmp_path, log)
    cosigned(first, log, 0, 5)
    second = witness(tmp_path, log, key=first.key)
    assert second.state.head(ORIGIN) == first.state.head(ORIGIN)
    cosigned(second, log, 5, 9)
    with pytest.raises(StaleSize) as caught:
        first.add_checkpoint(log.request(5, 7))
    assert caught.value.size == 9
    first.state.close()
    second.state.close()


def test_a_state_goes_with_one_key(tmp_path):
    state = WitnessState(tmp_path / "s")
    state.give_to("one")
    state.give_to("two")  # no head was cosigned by the first
    state.swap(ORIGIN, lambda _: Head(ORIGIN, 1, bytes(32), b"note", NOW))
    state.give_to("two")
    with pytest.raises(ArchiveDamaged, match="another key"):
        state.give_to("one")
    assert state.belongs_to() == "two"
    state.close()


def test_what_decide_refuses_changes_nothing_and_blocks_nobody(tmp_path):
    state = WitnessState(tmp_path / "s")

    def refuse(known):
        raise StaleSize(4)

    for _ in range(3):
        with pytest.raises(StaleSize):
            state.swap(ORIGIN, refuse)
    assert state.head(ORIGIN) is None
    state.close()


def test_a_file_that_is_no_state_is_damage_and_a_missing_folder_is_no_answer(tmp_path):
    (tmp_path / "s").write_bytes(b"x" * 4096)
    with pytest.raises(ArchiveDamaged):
        WitnessState(tmp_path / "s")
    with pytest.raises(ArchiveUnavailable):
        WitnessState(tmp_path / "missing" / "s")


def test_a_full_disk_cosigns_nothing_and_the_next_request_is_answered(watching, log, monkeypatch):
    cosigned(watching, log, 0, 3)
    pages = watching.state._conn.execute("PRAGMA page_count").fetchone()[0]
    watching.state._conn.execute(f"PRAGMA max_page_count={pages}")
    long = log.note(5)
    lines = [NoteSignature(ORIGIN, log.vkey.key_id, parse_note(long).signatures[0].signature)]
    wide = replace(parse_note(long), signatures=tuple(lines) * 30).serialize()
    with pytest.raises(ArchiveUnavailable, match="full"):
        watching.state.swap(ORIGIN, lambda known: replace(known, size=5, note=wide * 2))
    assert watching.state.head(ORIGIN).size == 3
    watching.state._conn.execute("PRAGMA max_page_count=1000000")
    assert cosigned(watching, log, 3, 5).name == NAME


def test_of_many_requests_at_once_each_head_is_cosigned_by_one_and_none_goes_back(tmp_path, log):
    """The race of the specification: N and N+K at once. Two processes' worth of connections, eight threads."""
    first = witness(tmp_path, log)
    second = witness(tmp_path, log, key=first.key)
    requests = {(old, size): log.request(old, size) for size in range(1, 25) for old in range(size)}

    def climb(number):
        found, old = [], 0
        watching = (first, second)[number % 2]
        while old < 24:
            size = min(24, old + 1 + number % 3)
            try:
                watching.add_checkpoint(requests[old, size])
            except StaleSize as exc:
                if exc.size <= old:  # nobody is ever told of a smaller head than before
                    raise
                old = exc.size
            else:
                found.append((old, size))
                old = size
        return found

    with ThreadPoolExecutor(8) as pool:
        steps = sorted(step for found in pool.map(climb, range(8)) for step in found)
    # Each cosigned step begins where another one ended: one line of heads, without a branch.
    assert [old for old, _ in steps] == [0, *(size for _, size in steps[:-1])]
    assert steps[-1][1] == 24
    first.state.close()
    second.state.close()
