"""Cosignatures and submissions: against the specification's examples, and a second computation by hand."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ProofRefused
from archive.log.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    parse_extended,
    sign_checkpoint,
)
from archive.log.cosignature import (
    Cosigned,
    Ed25519WitnessKey,
    WitnessKey,
    cosign,
    cosigned_by,
    message,
    read_answer,
    verify_cosignature,
    with_lines,
)
from archive.log.note import Ed25519LogKey, NoteSignature, SignedNote, VerifierKey, parse_note
from archive.log.submission import (
    Submission,
    origin_path,
    parse_size_answer,
    parse_submission,
    size_answer,
)

ORIGIN = "demo.antin.example/log"
LOG = Ed25519LogKey.generate(ORIGIN)
WITNESS = Ed25519WitnessKey.generate("witness.example/w1")
KEY = WitnessKey.parse(WITNESS.vkey)
AT = datetime(2026, 3, 2, 8, 0, 30, 999_999, tzinfo=UTC)
SECONDS = 1_772_438_430
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 7, bytes(range(32))), LOG)
TEXT = parse_note(NOTE).text
LINE = cosign(TEXT, AT, WITNESS)

# The example of tlog-cosignature.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
    "+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xU"
    "e+mbIUBkBIfZ+qnA==\n"
).encode()
# The example request of tlog-witness.
REQUEST = (
    b"old 20852014\n"
    b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    b"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    b"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    b"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    b"\n" + EXAMPLE
)


def refused(call, *arguments):
    with pytest.raises(ProofRefused) as caught:
        call(*arguments)
    return caught.value.id


# Against the specifications.


def test_the_example_of_the_specification_is_read_as_it_says():
    note = parse_note(EXAMPLE)
    assert parse_checkpoint(note.text).size == 20_852_163
    line = note.signatures[1]
    assert line.name == "witness.example.com/w1" and len(line.signature) == 72
    assert int.from_bytes(line.signature[:8], "big") == 1_679_315_147
    assert message(note.text, 1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_the_example_request_is_read_and_written_as_it_is():
    asked = parse_submission(REQUEST)
    assert asked.old == 20_852_014 and len(asked.proof) == 4 and asked.note == EXAMPLE
    assert asked.serialize() == REQUEST


def test_a_line_of_ours_holds_by_hand():
    """Key id, time and message recomputed from the specification's words, with nothing of ours."""
    name, _, encoded = WITNESS.vkey.partition("+")
    hint, _, material = encoded.partition("+")
    raw = base64.b64decode(material)
    assert raw[0] == 4 and len(raw) == 33
    assert hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == hint
    word, shown, blob = LINE.line().rstrip("\n").split(" ")
    data = base64.b64decode(blob)
    assert (word, shown, data[:4].hex()) == ("—", name, hint)
    assert int.from_bytes(data[4:12], "big") == SECONDS
    signed = b"cosignature/v1\ntime %d\n" % SECONDS + NOTE.split(b"\n\n")[0] + b"\n"
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(data[12:], signed)


def test_a_line_made_by_hand_holds_for_us():
    private = Ed25519PrivateKey.generate()
    raw = b"\x04" + private.public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"w.example\n" + raw).digest()[:4]
    vkey = f"w.example+{key_id.hex()}+{base64.b64encode(raw).decode()}"
    signed = f"cosignature/v1\ntime 1\n{TEXT}".encode()
    blob = base64.b64encode(key_id + (1).to_bytes(8, "big") + private.sign(signed)).decode()
    note = parse_note(NOTE + f"— w.example {blob}\n".encode())
    assert cosigned_by(note, [WitnessKey.parse(vkey)]) == (
        Cosigned("w.example", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
    )


def test_extension_lines_are_signed_and_say_nothing_about_the_tree():
    extended = TEXT + "extension\nanother one\n"
    assert parse_extended(extended) == parse_checkpoint(TEXT)
    assert refused(parse_checkpoint, extended) == "proof.checkpoint-malformed"
    line = cosign(extended, AT, WITNESS)
    assert verify_cosignature(extended, line, KEY).at == AT.replace(microsecond=0)
    assert refused(verify_cosignature, TEXT, line, KEY) == "proof.note-signature-broken"


# Keys.


def test_keys_of_logs_and_of_witnesses_are_told_apart():
    assert refused(VerifierKey.parse, WITNESS.vkey) == "proof.verifier-key-malformed"
    assert refused(WitnessKey.parse, LOG.vkey) == "proof.verifier-key-malformed"
    with pytest.raises(ValueError, match="type"):
        Ed25519WitnessKey.parse(LOG.secret())
    kept = Ed25519WitnessKey.parse(WITNESS.secret())
    assert kept.vkey == WITNESS.vkey and str(WitnessKey.parse(kept.vkey)) == kept.vkey


# Refusals.


def test_witnesses_are_found_among_strangers_and_the_log():
    other = Ed25519WitnessKey.generate("other.example/w")
    absent = Ed25519WitnessKey.generate("absent.example/w")
    stranger = NoteSignature(WITNESS.name, b"othr", bytes(72))  # our witness's name, an unknown key
    data = with_lines(NOTE, [stranger, LINE, cosign(TEXT, AT, other)])
    keys = [WitnessKey.parse(key.vkey) for key in (other, absent, WITNESS)]
    assert [one.name for one in cosigned_by(parse_note(data), keys)] == [other.name, WITNESS.name]
    assert open_checkpoint(data, VerifierKey.parse(LOG.vkey)).size == 7


def test_of_two_times_the_later_counts_and_a_line_is_not_repeated():
    later = cosign(TEXT, AT + timedelta(hours=1), WITNESS)
    data = with_lines(with_lines(NOTE, [LINE, LINE]), [LINE, later])
    assert len(parse_note(data).signatures) == 3
    assert cosigned_by(parse_note(data), [KEY])[0].at == (AT + timedelta(hours=1)).replace(microsecond=0)


def test_a_false_line_under_a_known_key_refuses_the_note():
    false = NoteSignature(LINE.name, LINE.key_id, LINE.signature[:-1] + bytes([LINE.signature[-1] ^ 1]))
    assert refused(cosigned_by, parse_note(with_lines(NOTE, [false])), [KEY]) == "proof.note-signature-broken"
    both = with_lines(NOTE, [LINE, false])
    assert refused(cosigned_by, parse_note(both), [KEY]) == "proof.note-signature-broken"


def test_another_time_than_the_signed_one_is_found():
    moved = (SECONDS + 1).to_bytes(8, "big") + LINE.signature[8:]
    line = NoteSignature(LINE.name, LINE.key_id, moved)
    assert refused(verify_cosignature, TEXT, line, KEY) == "proof.note-signature-broken"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(72),
        LINE.signature[:-1],
        LINE.signature + b"\0",
        (2**63).to_bytes(8, "big") + LINE.signature[8:],
        LINE.signature[8:],
    ],
    ids=lambda _: "case",  # keys are made anew in each process
)
def test_malformed_cosignatures(signature):
    line = NoteSignature(LINE.name, LINE.key_id, signature)
    assert refused(verify_cosignature, TEXT, line, KEY) == "proof.cosignature-malformed"


def test_a_time_beyond_every_calendar_is_malformed_and_no_fault():
    private = Ed25519WitnessKey.generate("far.example")
    seconds = 2**62
    signature = seconds.to_bytes(8, "big") + private.sign(message(TEXT, seconds))
    key = WitnessKey.parse(private.vkey)
    line = NoteSignature(key.name, key.key_id, signature)
    assert refused(verify_cosignature, TEXT, line, key) == "proof.cosignature-malformed"


def test_a_time_before_1970_is_not_signed():
    with pytest.raises(ValueError, match="time"):
        cosign(TEXT, datetime(1969, 1, 1, tzinfo=UTC), WITNESS)


@given(st.integers(0, len(with_lines(NOTE, [LINE])) - 1), st.integers(0, 7))
def test_every_flipped_bit_of_a_cosigned_checkpoint_loses_the_witness(at, bit):
    changed = bytearray(with_lines(NOTE, [LINE]))
    changed[at] ^= 1 << bit
    try:
        note = parse_note(bytes(changed))
        found = cosigned_by(note, [KEY])
    except ProofRefused:
        return
    # A line that names another key is a stranger's; the log's own line is not the witness's business.
    assert found == () or note.text == TEXT


# Answers.


def test_the_line_of_the_asked_key_is_taken_out_of_an_answer():
    other = cosign(TEXT, AT, Ed25519WitnessKey.generate("other.example/w"))
    answer = (other.line() + LINE.line()).encode()
    assert read_answer(NOTE, answer, KEY) == LINE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "proof.note-malformed"),
        (LINE.line().encode()[:-1], "proof.note-malformed"),
        (b"\xff\n", "proof.note-malformed"),
        (LINE.line().encode() + b"\n", "proof.note-malformed"),
        (LINE.line().encode() * 33, "proof.note-malformed"),
        (b"x" * 40_000 + b"\n", "proof.note-malformed"),
        ("— other.example AAAAAAAA\n".encode(), "proof.not-witnessed"),
        (cosign(TEXT + "x\n", AT, WITNESS).line().encode(), "proof.note-signature-broken"),
    ],
    ids=lambda _: "case",  # keys are made anew in each process
)
def test_answers_that_are_no_cosignature(answer, reason):
    assert refused(read_answer, NOTE, answer, KEY) == reason


# Requests.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"\n\n" + NOTE,
        b"old\n\n" + NOTE,
        b"old 00\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old 9223372036854775808\n\n" + NOTE,
        b"old 1 \n\n" + NOTE,
        b"size 1\n\n" + NOTE,
        b"old 1\nAAAA\n\n" + NOTE,
        b"old 1\n" + base64.b64encode(bytes(31)) + b"\n\n" + NOTE,
        b"old 1\n" + base64.b64encode(bytes(32))[:-2] + b"B=\n\n" + NOTE,
        b"old 1\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n" + NOTE,
        b"old 1\n\xff\n\n" + NOTE,
        b"old 1\n\n" + b"x" * 105_000,
    ],
    ids=lambda _: "case",  # keys are made anew in each process
)
def test_malformed_requests(data):
    assert refused(parse_submission, data) == "proof.submission-malformed"


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_requests_round_trip(old, proof):
    asked = Submission(old, tuple(proof), NOTE)
    assert parse_submission(asked.serialize()) == asked


def test_no_more_hashes_are_sent_than_a_witness_must_take():
    with pytest.raises(ValueError, match="63"):
        Submission(1, (bytes(32),) * 64, NOTE).serialize()


@pytest.mark.parametrize("body", [b"", b"7", b"07\n", b"-7\n", b"7\n\n", b"\xff\n", "٣\n".encode()])
def test_malformed_sizes(body):
    assert refused(parse_size_answer, body) == "proof.submission-malformed"


def test_sizes_round_trip():
    assert size_answer(0) == b"0\n" and parse_size_answer(size_answer(20_852_163)) == 20_852_163


def test_a_witness_shows_a_log_under_the_digest_of_its_origin():
    assert origin_path("a") == f"{hashlib.sha256(b'a').hexdigest()}/checkpoint"


def test_a_note_without_further_lines_stays_as_it_is():
    assert with_lines(NOTE, []) == NOTE
    assert SignedNote(TEXT, parse_note(NOTE).signatures).serialize() == NOTE
