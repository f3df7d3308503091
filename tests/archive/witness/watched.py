"""A log of known leaves for a witness to watch: heads, proofs and requests as its agency would send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.cosignature import Ed25519WitnessKey
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.submission import Submission
from archive.witness.state import WitnessState
from archive.witness.witness import WatchedLog, Witness
from tests.archive.log.naive import naive_consistency, naive_root

ORIGIN = "demo.antin.example/log"
NAME = "witness.example/w1"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Log:
    """An honest log, or with `forked_at` one that has another leaf there."""

    def __init__(self, key=None, forked_at=None):
        self.key = key or Ed25519LogKey.generate(ORIGIN)
        self.forked_at = forked_at

    @property
    def vkey(self):
        return VerifierKey.parse(self.key.vkey)

    def entries(self, size):
        return [b"another" if i == self.forked_at else b"entry %d" % i for i in range(size)]

    def root(self, size):
        return naive_root(self.entries(size))

    def note(self, size):
        return sign_checkpoint(Checkpoint(self.key.name, size, self.root(size)), self.key)

    def proof(self, old, size):
        return tuple(naive_consistency(old, self.entries(size))) if 0 < old < size else ()

    def request(self, old, size):
        return Submission(old, self.proof(old, size), self.note(size)).serialize()


class Clock:
    """Ticks a second at each look; may be set."""

    def __init__(self, at=NOW):
        self.at = at

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


def witness(folder, *logs, key=None, clock=None):
    """A witness that watches these logs, over the state in the folder."""
    key = key or Ed25519WitnessKey.generate(NAME)
    watched = [WatchedLog(log.key.name, (log.vkey,)) for log in logs]
    return Witness(key, WitnessState(folder / "witness.sqlite3"), watched, clock or Clock())
