"""Is the bucket fit to keep records? Asked before the first act, again every minute, and by `antin storage check`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5
from threading import Lock
from time import monotonic
from typing import NamedTuple

from archive.errors import StoreUnavailable
from archive.storage.keys import CONDITIONAL
from archive.storage.s3_answers import mode_of, parse, text
from archive.storage.s3_errors import EXISTS, ServerSaid
from archive.storage.s3_versions import versions_of
from archive.storage.s3_wire import Deadline, Wire
from policies.reasons import storage as reasons
from policies.vocabulary import LockMode

FRESH = 60.0  # seconds that an examination counts
_PROBE = b"antin: does the server honour If-None-Match?\n"


class Bucket(NamedTuple):
    """A bucket with Object Lock and versioning. `default`: the retention that it gives to what comes without one
    (mode and how long, as the server says it). `conditional`: a PUT with `If-None-Match: *` writes nothing over."""

    default: tuple[LockMode, str] | None
    conditional: bool


class BucketExamination:
    """Of one bucket; what was found good is believed for a minute. Safe for threads."""

    def __init__(self, wire: Wire, ticks: Callable[[], float] = monotonic) -> None:
        self._wire, self._ticks = wire, ticks
        self._lock = Lock()
        self._found: Bucket | None = None
        self._at = 0.0
        self._conditional: bool | None = None

    def bucket(self, deadline: Deadline) -> Bucket:
        """Raises StoreUnavailable NO_BUCKET, NO_VERSIONING, NO_OBJECT_LOCK, CREDENTIALS, …"""
        with self._lock:
            if self._found is None or self._ticks() - self._at > FRESH:
                self._found = None
                self._found = self._examined(deadline)
                self._at = self._ticks()
            return self._found

    def forget(self) -> None:
        """Something was refused: look again before the next act."""
        with self._lock:
            self._found = None

    def _examined(self, deadline: Deadline) -> Bucket:
        place = self._wire.connection.place
        self._wire.ask("HEAD", deadline=deadline)
        versioning = text(parse(self._ask("versioning", deadline)), "Status")
        if versioning != "Enabled":
            raise StoreUnavailable(reasons.NO_VERSIONING, f"{place}: {versioning or 'never enabled'}")
        locks = parse(self._ask("object-lock", deadline))
        if text(locks, "ObjectLockEnabled") != "Enabled":
            raise StoreUnavailable(reasons.NO_OBJECT_LOCK, place)
        default = None
        for rule in (child for child in locks.iter() if child.tag.endswith("DefaultRetention")):
            days, years = text(rule, "Days"), text(rule, "Years")
            default = (mode_of(text(rule, "Mode")), f"{days} days" if days else f"{years} years")
        if self._conditional is None:
            self._conditional = self._honours_conditions(deadline)
        return Bucket(default, self._conditional)

    def _ask(self, what: str, deadline: Deadline) -> bytes:
        return self._wire.ask("GET", query={what: ""}, deadline=deadline).data

    def _honours_conditions(self, deadline: Deadline) -> bool:
        """Two objects at most are ever made to find out: a server that ignores conditions has both."""
        there = versions_of(self._wire, CONDITIONAL, deadline)
        for _ in range(len(there), 2):
            try:
                self._probe(deadline)
            except ServerSaid:
                return True
        return False

    def _probe(self, deadline: Deadline) -> None:
        digest = b64encode(md5(_PROBE, usedforsecurity=False).digest()).decode("ascii")
        headers = {"If-None-Match": "*", "Content-MD5": digest}
        self._wire.ask("PUT", CONDITIONAL, headers=headers, body=_PROBE, expected=EXISTS, deadline=deadline)
