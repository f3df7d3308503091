"""C2SP tlog-cosignature: a witness's timestamped Ed25519 signature (type 0x04) on a checkpoint.

    message    "cosignature/v1\\n" "time " <POSIX seconds> "\\n", then the checkpoint's text, extension lines and all
    signature  timestamp (8 bytes, big-endian) || Ed25519 signature of the message (64 bytes)

It says: at that time this was the largest head of the log that the witness had seen, and each one before it was a
part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from archive.errors import ProofRefused
from archive.log.note import (
    Ed25519LogKey,
    NoteSignature,
    SignedNote,
    VerifierKey,
    parse_note,
    parse_signatures,
)
from policies.reasons import archiving as reasons

ED25519_COSIGNATURE = b"\x04"
MAX_ANSWER = 32_768  # bytes of a witness's answer: several keys, post-quantum ones among them
_STAMP = 8
_SIZE = _STAMP + 64
_MAX_TIME = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WitnessKey(VerifierKey):
    """A witness's public key under its name."""

    kind: ClassVar[bytes] = ED25519_COSIGNATURE


class Ed25519WitnessKey(Ed25519LogKey):
    """A witness's key in memory. Never the key of a log: a log's message could be a witness's."""

    verifier: ClassVar[type[VerifierKey]] = WitnessKey


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosignature that was verified. `at`: when the witness says that it signed, to the second."""

    name: str
    at: datetime


def message(text: str, seconds: int) -> bytes:
    """What a witness signs. `text` is the whole text of the note, `seconds` since 1970."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosign(text: str, at: datetime, key: Ed25519WitnessKey) -> NoteSignature:
    """The witness's line for a checkpoint's text. ValueError for a time before 1970."""
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    if seconds <= 0:
        raise ValueError("a cosignature has a time")
    signature = seconds.to_bytes(_STAMP, "big") + key.sign(message(text, seconds))
    return NoteSignature(key.name, WitnessKey.parse(key.vkey).key_id, signature)


def verify_cosignature(text: str, line: NoteSignature, key: WitnessKey) -> Cosigned:
    """The line is this key's cosignature of the text. Raises `ProofRefused`."""
    if (line.name, line.key_id) != (key.name, key.key_id):
        raise ProofRefused(reasons.NOT_WITNESSED, name=key.name)
    seconds = int.from_bytes(line.signature[:_STAMP], "big")
    if len(line.signature) != _SIZE or not 0 < seconds <= _MAX_TIME:
        raise ProofRefused(reasons.COSIGNATURE_MALFORMED, name=key.name)
    key.check(line.signature[_STAMP:], message(text, seconds))
    return Cosigned(key.name, _moment(seconds, key.name))


def _moment(seconds: int, name: str) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError as exc:
        raise ProofRefused(reasons.COSIGNATURE_MALFORMED, name=name) from exc


def cosigned_by(note: SignedNote, keys: Iterable[WitnessKey]) -> tuple[Cosigned, ...]:
    """Which of these witnesses cosigned the note; lines of others are ignored, as the specification asks.

    Raises `ProofRefused` when a line under the name and id of one of the keys is false.
    """
    found = []
    for key in keys:
        lines = [verify_cosignature(note.text, line, key) for line in key.lines_of(note)]
        if lines:
            found.append(max(lines, key=lambda one: one.at))
    return tuple(found)


def read_answer(note: bytes, answer: bytes, key: WitnessKey) -> NoteSignature:
    """The witness's line out of its answer to a submitted note; lines of other keys are dropped.

    Raises `ProofRefused` when the answer is malformed, has no line of this key, or a false one.
    """
    if len(answer) > MAX_ANSWER or not answer.endswith(b"\n"):
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="answer")
    try:
        lines = parse_signatures(answer.decode("utf-8").removesuffix("\n").split("\n"))
    except UnicodeDecodeError as exc:
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="UTF-8") from exc
    text = parse_note(note).text
    own = [line for line in lines if (line.name, line.key_id) == (key.name, key.key_id)]
    if not own:
        raise ProofRefused(reasons.NOT_WITNESSED, name=key.name)
    return max(own, key=lambda line: verify_cosignature(text, line, key).at)


def with_lines(note: bytes, lines: Iterable[NoteSignature]) -> bytes:
    """The note with further signature lines; one that it has already is not repeated."""
    given = parse_note(note)
    added = tuple(line for line in dict.fromkeys(lines) if line not in given.signatures)
    return SignedNote(given.text, given.signatures + added).serialize()
