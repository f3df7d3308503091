"""Whether the service can do its work now, and what an operator does where it cannot: no secrets, no addresses, no
texts of errors.

database   a read transaction; an act as well, when the last one failed
store      bytes written to the work area
locks      what the lock canary last found of the store: which attempts did not hold, and what that means; how many
           `warnings` stop nothing: which they are, the command tells to those who may know
log        its sequencer runs, and its shown head can be read
holds      every stored object that is under a legal hold says so; how many do not yet, and since when they should
jobs       workers run; how many operations have not ended
sandbox    a worker answers
tsa        how the authority did when it was last asked: nobody asks it for the sake of this page; how many
           questions are out, and how many wait for their turn
trust      which version of the trust store this process believes, and until when it is to be reviewed
nights, lock_ends, fixity, evidence, retention, deposits, second  what watches over the archive (`api.watch_health`)
processes  where several share the work: each with its role and how long ago its heart beat; also those that stopped
           or were lost within the last hour
clock      where several share the work: whether the clock of this one is about what the others' say
witnesses  how many cosign, of those that the operator chose, and since when none did; `disputed` stops the log
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any

from api import watch_health
from api.processes import AHEAD
from api.services import LastStamp, Services
from api.store import operations
from archive.catalogue import hold_rows, log_rows
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable
from policies.refusals import Reason
from signer.errors import SignerRefused, SignerUnavailable

OK, FAILING, UNKNOWN, SILENT = "ok", "failing", "unknown", "silent"
WORKER = "worker"
FRESH_SECONDS = 5.0
PROBE, ANSWER = ("signer.der:integer", 1), b"\x02\x01\x01"
PROBE_SECONDS = 5.0
MOST_PENDING = 1000
UNHELD = timedelta(minutes=10)  # a hold that the store has not got for so long
PATIENT = frozenset(
    {
        "tsa",
        "processes",
        "holds",
        "nights",
        "lock_ends",
        "fixity",
        "evidence",
        "retention",
        "deposits",
        "second",
        "witnesses",
        "trust",
    }
)
_FAULTS = (ArchiveUnavailable, ArchiveDamaged, ArchiveRefused, SignerUnavailable, SignerRefused)
Part = dict[str, Any]


class Health:
    """Measured at most once in five seconds, however often it is asked for."""

    def __init__(self, services: Services) -> None:
        self.s = services
        self._lock = Lock()
        self._kept: tuple[float, dict[str, Part]] | None = None

    def parts(self) -> dict[str, Part]:
        """Each part with its `state`: ok, failing or unknown."""
        with self._lock:
            at = monotonic()  # not a clock that may be put back by an hour
            if self._kept is None or at - self._kept[0] > FRESH_SECONDS:
                self._kept = (at, self._measure())
            return self._kept[1]

    def _measure(self) -> dict[str, Part]:
        checks = [
            self._database,
            self._store,
            self._locks,
            self._log,
            self._holds,
            self._jobs,
            self._sandbox,
            self._tsa,
            self._witnesses,
            self._trust,
        ]
        if self.s.shared:
            checks += [self._processes, self._clock]
        checks += [self._nights, self._lock_ends, self._fixity, self._evidence, self._retention]
        checks.append(self._deposits)
        if self.s.second is not None:
            checks.append(self._second)
        return {check.__name__[1:]: _safely(check) for check in checks}

    def _database(self) -> Part:
        with self.s.transactions.read() as conn:
            log_rows.current_checkpoint(conn)
        if self.s.transactions.trouble is not None:  # the last act failed: would the next?
            with self.s.transactions.note() as conn:
                log_rows.current_checkpoint(conn)
        return {"state": OK}

    def _store(self) -> Part:
        self.s.work_area.put_work(b"antin health\n")
        return {"state": OK}

    def _locks(self) -> Part:
        gate = self.s.gate.state()
        part: Part = {"state": OK if gate.open else FAILING, "enforced": gate.enforced}
        if gate.at is not None:
            part["at"] = gate.at.isoformat(timespec="seconds")
        if gate.failing:
            part["failing"] = list(gate.failing)
        if gate.warnings:
            part["warnings"] = watch_health.warned(gate.warnings)
        if gate.text.vi:
            part["text"] = {"vi": gate.text.vi, "en": gate.text.en}
        return part

    def _log(self) -> Part:
        self.s.proofs.check_running()
        head = self.s.proofs.shown_head()
        with self.s.transactions.read() as conn:
            pending = len(log_rows.pending(conn, MOST_PENDING))
        waits = self.s.proofs.loop.waits_for is not None
        size = head.size if head else 0
        return {"state": FAILING if waits else OK, "size": size, "pending": pending}

    def _witnesses(self) -> Part:
        rows = self.s.proofs.witness_rows()
        if not rows:
            return {"state": UNKNOWN, "configured": 0}
        cosigning = [
            row.cosigned_at for row in rows if row is not None and row.cosigned_at and not row.failure
        ]
        disputed = any(row is not None and row.disputed for row in rows)
        latest = max(cosigning, default=None)
        return {
            "state": FAILING if disputed or not cosigning else OK,
            "configured": len(rows),
            "cosigning": len(cosigning),
            "disputed": disputed,
            "at": latest.isoformat(timespec="seconds") if latest else None,
        }

    def _holds(self) -> Part:
        """By the rows: who puts the flags on may be another process."""
        with self.s.transactions.read() as conn:
            waiting = hold_rows.to_hold(conn, MOST_PENDING)
            since = hold_rows.since(conn, [row.key for row in waiting])
        late = since is not None and self.s.clock() - since > UNHELD
        told = None if since is None else since.isoformat(timespec="seconds")
        return {"state": FAILING if late else OK, "waiting": len(waiting), "oldest": told}

    def _jobs(self) -> Part:
        with self.s.transactions.read() as conn:
            waiting = len(operations.unfinished(conn))
        good = self.s.jobs.running or not self.s.works  # an API process puts them in line, and that goes
        return {"state": OK if good else FAILING, "unfinished": waiting}

    def _sandbox(self) -> Part:
        answer = self.s.sandbox.call(*PROBE, wall_seconds=PROBE_SECONDS)
        return {"state": OK if answer == ANSWER else FAILING}

    def _tsa(self) -> Part:
        last = self._last_stamp()
        line = {"asking": self.s.asking.taken, "waiting": self.s.asking.waiting}
        if last is None:
            return {"state": UNKNOWN, **line}
        return {
            "state": FAILING if last.failure else OK,
            "at": last.at.isoformat(timespec="seconds"),
            **line,
        }

    def _trust(self) -> Part:
        return watch_health.trust(self.s)

    def _clock(self) -> Part:
        """What this process dates is dated wrongly while it is off."""
        off = self.s.processes.clock_off
        return {"state": FAILING, "off_seconds": round(off)} if off else {"state": OK}

    def _last_stamp(self) -> LastStamp | None:
        """Whichever process asked last."""
        known = [
            LastStamp.of(each.state["stamp"]) for each in self.s.processes.everyone() if "stamp" in each.state
        ]
        known += [self.s.last_stamp] if self.s.last_stamp is not None else []
        return max(known, key=lambda stamp: stamp.at, default=None)

    def _processes(self) -> Part:
        """Who shares the work. Without a worker that lives, documents wait for ever."""
        found = self.s.processes.everyone()
        shown = [
            {
                "name": each.id,
                "role": each.role,
                "state": each.ending or (OK if each.silent < self.s.settings.dead_after / 2 else SILENT),
                "silent_seconds": round(each.silent, 1),
                "clock_ahead_seconds": each.state.get(AHEAD, 0.0),
                "jobs": each.state.get("jobs", 0),
                "log": each.state.get("log", "none"),
            }
            for each in found
        ]
        works = any(each["role"] == WORKER and each["state"] == OK for each in shown)
        return {"state": OK if works else FAILING, "processes": shown}

    def _nights(self) -> Part:
        return watch_health.nights(self.s)

    def _lock_ends(self) -> Part:
        return watch_health.lock_ends(self.s)

    def _fixity(self) -> Part:
        return watch_health.fixity_part(self.s)

    def _evidence(self) -> Part:
        return watch_health.evidence(self.s)

    def _retention(self) -> Part:
        return watch_health.retention(self.s)

    def _deposits(self) -> Part:
        return watch_health.deposits(self.s)

    def _second(self) -> Part:
        return watch_health.second(self.s)


def ready(parts: dict[str, Part]) -> bool:
    """Whether acts can be done. A silent time-stamp authority, or workers that are not there, make documents wait; what
    watches over the archive alarms an operator; a witness that disputes the log has stopped that. None of them stops
    an act: who asks whether to send requests here must not be told to send them nowhere."""
    return all(part["state"] == OK for name, part in parts.items() if name not in PATIENT)


def _safely(check: Callable[[], Part]) -> Part:
    try:
        return check()
    except _FAULTS as exc:
        return {"state": FAILING, **_told(exc.reason if hasattr(exc, "reason") else None)}


def _told(reason: Reason | None) -> Part:
    """Why, and what an operator does, where it is known. A reason's sentences alone: values may say too much."""
    if reason is None or "{" in reason.vi:
        return {}
    return {"reason": reason.id, "text": {"vi": reason.vi, "en": reason.en}}
