"""Whether to cosign: the checks of C2SP tlog-witness in their order.

    1 the request is well formed                     proof.submission-malformed, note-, checkpoint-malformed
    2 the log is one that we watch                   proof.unknown-log
    3 one of its keys signed the checkpoint          proof.wrong-log-key, proof.note-signature-broken
    4 the old size is not above the new one          proof.rolled-back
    5 the old size is that of the head we know       proof.stale-size, with ours
    6 of equal size, it is the same head             proof.forked
    7 the new head continues the old one             proof.not-consistent
    8 the head is on disk before the line is given

5 to 8 are one transaction: of two requests at once, the second sees what the first one left.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from archive.errors import ProofRefused, StaleSize
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, parse_extended
from archive.log.cosignature import Ed25519WitnessKey, cosign
from archive.log.note import SignedNote, VerifierKey, parse_note
from archive.log.submission import Submission, parse_submission
from archive.witness.state import Head, WitnessState
from policies.reasons import archiving as reasons

log = logging.getLogger("antin.witness")


@dataclass(frozen=True, slots=True)
class WatchedLog:
    """A log by its origin, with the keys that may sign for it (more than one while a log changes its key)."""

    origin: str
    keys: tuple[VerifierKey, ...]


class Witness:
    """One key, its state, and the logs that it watches (`archive.ports.CheckpointWitness`). Safe for threads."""

    def __init__(
        self,
        key: Ed25519WitnessKey,
        state: WitnessState,
        logs: Iterable[WatchedLog],
        clock: Callable[[], datetime],
    ) -> None:
        self.key = key
        self.state = state
        self.logs = {one.origin: one for one in logs}
        self._clock = clock

    def add_checkpoint(self, data: bytes) -> bytes:
        """Our signature line for the checkpoint in the request. Raises `ProofRefused`; nothing is changed then."""
        asked = parse_submission(data)
        note = parse_note(asked.note)
        new = parse_extended(note.text)
        signed = self._signed_by_its_log(note, new)
        if asked.old > new.size:
            raise ProofRefused(reasons.ROLLED_BACK, size=new.size, known=asked.old)
        try:
            head = self.state.swap(new.origin, lambda known: self._next(known, asked, new, signed))
        except ProofRefused as exc:
            self._keep_evidence(exc, new, signed)
            raise
        return parse_note(head.note).signatures[-1].line().encode("utf-8")

    def head(self, origin: str) -> bytes | None:
        """The last head of a watched log that we cosigned, with the log's line and ours."""
        head = self.state.head(origin) if origin in self.logs else None
        return head.note if head else None

    def close(self) -> None:
        """Give the state back."""
        self.state.close()

    def _signed_by_its_log(self, note: SignedNote, new: Checkpoint) -> SignedNote:
        """The note with the lines of the log's own keys, each of them verified, and no others."""
        watched = self.logs.get(new.origin)
        if watched is None:
            raise ProofRefused(reasons.UNKNOWN_LOG, origin=new.origin[:200])
        lines = tuple(line for key in watched.keys for line in key.lines_of(note))
        for key in watched.keys:
            for line in key.lines_of(note):
                key.check(line.signature, note.text.encode("utf-8"))
        if not lines:
            raise ProofRefused(reasons.WRONG_LOG_KEY, name=new.origin[:200])
        return replace(note, signatures=lines)

    def _next(self, known: Head | None, asked: Submission, new: Checkpoint, signed: SignedNote) -> Head:
        size, root = (known.size, known.root) if known else (0, merkle.EMPTY_ROOT)
        if asked.old != size:
            raise StaleSize(size)
        if known is not None and new.size == size and not hmac.compare_digest(new.root, root):
            raise ProofRefused(reasons.FORKED, origin=new.origin, size=size)
        merkle.verify_consistency(size, root, new.size, new.root, asked.proof)
        at = self._time(known)
        line = cosign(signed.text, at, self.key)
        cosigned = replace(signed, signatures=(*signed.signatures, line)).serialize()
        return Head(new.origin, new.size, new.root, cosigned, at)

    def _time(self, known: Head | None) -> datetime:
        """Now, and never before the last head of the log: a clock that was set back makes no newer head older."""
        now = self._clock()
        return max(now, known.at) if known else now

    def _keep_evidence(self, refusal: ProofRefused, new: Checkpoint, signed: SignedNote) -> None:
        """Two heads of one size, both signed by the log, are a proof that it forked. A bad proof alone is none."""
        if refusal.reason is reasons.FORKED:
            log.error("the log %s signed two heads of size %d", new.origin, new.size)
            self.state.keep_fork(Head(new.origin, new.size, new.root, signed.serialize(), self._clock()))
        elif refusal.reason is reasons.NOT_CONSISTENT:
            log.warning("the log %s did not prove that %d leaves continue ours", new.origin, new.size)
