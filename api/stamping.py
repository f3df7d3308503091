"""A token into a signature: the authority is asked once for one signature, by few at a time, most urgent first.

While a question is out, its document holds a place of `Services.asking` and nothing else: no place to work, no
transaction, no worker. So questions leave at the authority's own pace, whatever else documents need.

A token that came is kept until its version is committed. What cannot be kept is the answer to a question that was
out when the process died (or stopped): HTTP has no way to fetch it later (RFC 3161, 3.4), and it is asked again.
"""

from __future__ import annotations

import hashlib
import logging

from api import work
from api.line import Stopped
from api.services import LastStamp, Services
from api.store import tokens
from archive.catalogue.values import Document
from signer.creation import choose, cms
from signer.errors import TimestampRefused, TimestampUnavailable

log = logging.getLogger("antin.stamping")
Rank = tuple[
    int, str
]  # urgency, and the operation, whose id grows with time: what was signed first is asked first
RETRY_PAUSES = (2.0, 4.0)  # seconds between attempts at an authority that could not be asked


class Stamping:
    """Time-stamps one signature of one document."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def stamp(
        self, document: Document, sha256: str, field: str, operation: str, *, batch: bool = False
    ) -> tuple[str, str]:
        """The bytes with a token in the newest signature, and the imprint that the token is kept under.

        Raises TimestampUnavailable, TimestampRefused, and Stopped when the service stops meanwhile.
        """
        rank = work.priority(document, batch=batch), operation
        base = self.s.work_area.work_path(sha256)
        with self.s.working.place(*rank):
            hole = choose.newest_hole(self.s.sandbox, base, field)
        imprint = hashlib.sha256(cms.signature_value(hole.contents)).digest()
        with self.s.turns.of(imprint.hex()):
            token = self.kept_token(imprint, rank)
        with self.s.working.place(*rank):
            return work.stamp(self.s, base, hole, token), imprint.hex()

    def kept_token(self, imprint: bytes, rank: Rank) -> bytes:
        """What an earlier run received is used; else the authority is asked, and its token kept."""
        with self.s.transactions.look() as conn:
            kept = tokens.kept(conn, imprint.hex())
        if kept is not None:
            return kept
        token = self.asked(imprint, "sha256", rank)
        # Crash since the question left: the authority gave a token that nobody has; it is asked a second time.
        with self.s.transactions.note() as conn:
            tokens.keep(conn, imprint.hex(), token, self.s.clock())
        # Crash from here until the version commits: the next run finds the token.
        return token

    def asked(self, imprint: bytes, digest: str, rank: Rank) -> bytes:
        """A token that nobody keeps. Asked again when the authority was not reached or broke off; never while it may
        still be at the first question. A wrong answer is a refusal.
        """
        for pause in RETRY_PAUSES[: self.s.settings.tsa_attempts - 1]:
            try:
                return self._ask(imprint, digest, rank)
            except TimestampUnavailable as exc:
                if exc.late:
                    raise
                log.warning("time-stamp authority: %s; asking again in %s s", exc, pause)
                self.s.pause(pause)
        return self._ask(imprint, digest, rank)

    def _ask(self, imprint: bytes, digest: str, rank: Rank) -> bytes:
        with self.s.asking.place(*rank):
            self.s.processes.lease()
            try:
                token = self.s.tsa.token(imprint, digest)
            except (TimestampUnavailable, TimestampRefused) as exc:
                if self.s.asking.closed:
                    raise Stopped from exc
                self.s.last_stamp = LastStamp(self.s.clock(), type(exc).__name__)
                raise
        self.s.last_stamp = LastStamp(self.s.clock(), None)
        return token
