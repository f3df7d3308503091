"""Where attempts are made: locked versions of this run, and the reading that tells whether they stood it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from archive.storage.canary.port import LockProbe
from archive.storage.canary.values import Answer, Elder, Lock, Outcome, Seen, Verdict, Who
from policies.refusals import Both

PREFIX = "canary/"
HELD = "held-"
ELDER = "elder"
ROUNDED = timedelta(seconds=2)


class NoTarget(Exception):
    """What an attempt needs could not be put there, so nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A version of this run, as it was read before anything was tried on it."""

    key: str
    version: str
    before: Seen


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What checks compare the store with, besides the server's own answers.

    `deployment`: id of this installation; `found_deployment`: the one that the bucket names (empty: none yet).
    `free_bytes`: what is free where documents wait; None when nobody asked.
    """

    at: datetime
    deployment: str = ""
    found_deployment: str = ""
    free_bytes: int | None = None
    elders: tuple[Elder, ...] = ()


@dataclass
class Bench:
    """One run. `lock` is what its versions are locked with, `soft` the same under GOVERNANCE.

    `server_time`: the server's clock when the run began, which judges locks.
    """

    probe: LockProbe
    run: str
    server_time: datetime
    lock: Lock
    soft: Lock
    around: Surroundings
    new_elders: list[Elder] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _holds: list[Target] = field(default_factory=list)

    def scratch(self) -> Bench | None:
        """The same run on the scratch bucket, when there is one."""
        probe = self.probe.scratch()
        return None if probe is None else replace(self, probe=probe)

    def key(self, name: str) -> str:
        return f"{PREFIX}{self.run}/{name}"

    def data(self, name: str) -> bytes:
        return f"an tin canary {self.run} {name}\n".encode()

    def target(
        self,
        name: str,
        lock: Lock | None = None,
        *,
        parts: bool = False,
    ) -> Target:
        """A version under that lock (default: COMPLIANCE). Raises `NoTarget` when the server does not take it."""
        key, data, lock = self.key(name), self.data(name), lock or self.lock
        put = self.probe.put_parts if parts else self.probe.put
        return self.taken(key, put(key, data, lock))

    def held(self, name: str, *, parts: bool = False) -> Target:
        """A version under a legal hold that nobody asked to be locked."""
        key, data = self.key(HELD + name), self.data(name)
        put = self.probe.put_parts if parts else self.probe.put
        target = self.taken(key, put(key, data, hold=True))
        self._holds.append(target)
        return target

    def release_holds(self) -> None:
        """Of this run, so that a later one can remove what was held."""
        for target in self._holds:
            self.probe.set_hold(target.key, target.version, False)

    def taken(self, key: str, answer: Answer) -> Target:
        """What the answer says was put, read."""
        if not answer.accepted:
            raise NoTarget(f"the locked object was not taken: {answer}")
        version = answer.version or self._only_version(key)
        seen = self.probe.read(key, version)
        if seen is None:
            raise NoTarget("the server took an object and does not show it")
        return Target(key, version, seen)

    def _only_version(self, key: str) -> str:
        """RGW does not name the version that a copy made."""
        found = [row.version for row in self.probe.versions(key) if row.key == key and not row.marker]
        if len(found) != 1:
            raise NoTarget("the server does not say which version it took")
        return found[0]

    def still_there(self, target: Target, answer: Answer | None) -> Verdict:
        """Held, if the version has its bytes: whatever the answer was, reading decides."""
        return self._judged(target, answer)[1]

    def unharmed(self, target: Target, answer: Answer) -> Verdict:
        """Held, if the version has its bytes, and a lock and hold as strong as before."""
        seen, verdict = self._judged(target, answer)
        if seen is None or verdict.outcome is not Outcome.HELD:
            return verdict
        before = target.before
        if before.lock is not None and (seen.lock is None or not seen.lock.as_strong_as(before.lock)):
            return Verdict(Outcome.BROKEN, f"{answer}: {_change(before.lock, seen.lock)}")
        if before.hold and not seen.hold:
            return Verdict(Outcome.BROKEN, f"{answer}: the legal hold is gone")
        return verdict

    def _judged(self, target: Target, answer: Answer | None) -> tuple[Seen | None, Verdict]:
        seen = self.probe.read(target.key, target.version)
        said = answer or "no answer"
        if seen is None:
            return None, Verdict(Outcome.BROKEN, f"{said}: the version is gone")
        if seen.data != target.before.data:
            return seen, Verdict(Outcome.BROKEN, f"{said}: the version has other bytes")
        return seen, Verdict(Outcome.HELD, f"{said}")

    def can(self, who: Who) -> bool:
        return who in self.probe.identities()


def _change(before: Lock, after: Lock | None) -> str:
    """What became of a lock, without its date, which is another in each run."""
    if after is None:
        return "the lock is gone"
    if after.mode is not before.mode:
        return f"{before.mode} became {after.mode}"
    return "the lock ends earlier"


def shown(asked: Lock, found: Lock | None) -> Verdict:
    """The lock asked for, not any: the bucket's default, however long, would hide that a lock was dropped."""
    if found is None:
        return Verdict(Outcome.BROKEN, "no lock is shown")
    if found.mode is not asked.mode:
        return Verdict(Outcome.BROKEN, f"{found.mode} is shown for {asked.mode}")
    near = asked.until <= found.until <= asked.until + ROUNDED
    return held_or_broken(near, "shown" if near else "another end is shown")


def is_held(key: str) -> bool:
    """Whether a run put a legal hold there."""
    return key.rpartition("/")[2].startswith(HELD)


def stamp(key: str) -> str:
    """When the run began that a key belongs to, in the form that sorts."""
    parts = key.removeprefix(PREFIX).split("/")
    return parts[1] if parts[0] == ELDER else parts[0]


def held_or_broken(held: bool, detail: str) -> Verdict:
    return Verdict(Outcome.HELD if held else Outcome.BROKEN, detail)


def not_tried(why: Both) -> Verdict:
    return Verdict(Outcome.NOT_TRIED, why=why)
