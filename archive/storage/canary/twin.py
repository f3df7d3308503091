"""The twin of a server with Object Lock: sound, or weak in the ways that it is told.

ProbeTwin(clock=…)                                  every attempt is held
ProbeTwin(clock=…, weak={Weakness.BULK_DELETES})    the bulk deletion does not look at locks
twin.silent["read"] = Trouble.BUSY                  that act gets no verdict
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archive.storage.canary.attempts.doors import FILER, INNER, MASTER, RGW_ADMIN
from archive.storage.canary.port import LockProbe
from archive.storage.canary.values import (
    Answer,
    Flaw,
    Lock,
    LockRule,
    ProbeUnanswered,
    Row,
    Seen,
    Trouble,
    Who,
)
from archive.storage.canary.weaknesses import Weakness
from policies.vocabulary import LockMode

DENIED, GONE, OK, NO_CONTENT = Answer(403, "AccessDenied"), Answer(404, "NoSuchVersion"), 200, 204
RULE = LockRule(LockMode.COMPLIANCE, 7)
# Who may do what about locks without being weak.
_FLAWS = {
    Flaw.MD5: (Weakness.ANY_MD5, "BadDigest"),
    Flaw.CHECKSUM: (Weakness.ANY_CHECKSUM, "BadDigest"),
    Flaw.SIGNED_HASH: (Weakness.ANY_SIGNED_HASH, "XAmzContentSHA256Mismatch"),
}
_DOORS = {
    FILER: Weakness.FILER_OPEN,
    RGW_ADMIN: Weakness.RGW_ADMIN_RIGHTS,
    MASTER: Weakness.MASTER_OPEN,
    INNER: Weakness.INNER_PORTS_OPEN,
}


@dataclass
class _Version:
    id: str
    data: bytes
    lock: Lock | None
    hold: bool
    by: Who
    parts: bool = False
    marker: bool = False


class ProbeTwin:
    """`LockProbe` in memory. `clock` judges locks. The weaker user may write and delete, and bypass nothing."""

    store = "twin/archive"

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        weak: Collection[Weakness] = (),
        weaker: bool = True,
        is_scratch: bool = False,
    ) -> None:
        self.clock = clock
        self.weak = set(weak)
        self.silent: dict[str, Trouble] = {}
        self._identities = frozenset(Who) if weaker else frozenset(Who) - {Who.WEAKER}
        self._keys: dict[str, list[_Version]] = {}
        self._there = True
        self._scratch = None if is_scratch else ProbeTwin(clock=clock, weak=weak, is_scratch=True)
        self._made = 0
        self._versioning = "" if Weakness.NO_VERSIONING in self.weak else "Enabled"
        self._rule: LockRule | None = None if Weakness.NO_OBJECT_LOCK in self.weak else RULE
        if Weakness.NO_DEFAULT_RETENTION in self.weak and self._rule:
            self._rule = LockRule()
        self._lifecycle = False
        self.acts = 0

    def identities(self) -> frozenset[Who]:
        return self._identities

    def server(self) -> tuple[str, datetime]:
        self._answers("server")
        off = timedelta(0)
        if Weakness.CLOCK_SIX_MINUTES_OFF in self.weak:
            off = timedelta(minutes=6)
        if Weakness.CLOCK_AN_HOUR_OFF in self.weak:
            off = timedelta(hours=1)
        return "twin", self.clock() + off

    # Versions.

    def put(
        self,
        key: str,
        data: bytes,
        lock: Lock | None = None,
        *,
        hold: bool = False,
        flaw: Flaw | None = None,
        only_new: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        self._answers("put")
        if flaw and _FLAWS[flaw][0] not in self.weak:
            return Answer(400, _FLAWS[flaw][1])
        if only_new and self._keys.get(key) and Weakness.IGNORES_CONDITIONS not in self.weak:
            return Answer(412, "PreconditionFailed")
        if lock and lock.mode is LockMode.COMPLIANCE and Weakness.DROPS_COMPLIANCE in self.weak:
            lock = None
        if lock and lock.mode is LockMode.GOVERNANCE and Weakness.DROPS_GOVERNANCE in self.weak:
            lock = None
        if lock and Weakness.ROUNDS_LOCKS_UP in self.weak:
            lock = replace(lock, until=lock.until + timedelta(seconds=1))
        hold = hold and Weakness.DROPS_HOLDS not in self.weak
        return self._add(key, _Version("", data, lock, hold, who), Weakness.OVERWRITES)

    def put_parts(self, key: str, data: bytes, lock: Lock | None = None, *, hold: bool = False) -> Answer:
        self._answers("put_parts")
        if self.weak & {Weakness.PARTS_DROP_LOCKS, Weakness.PARTS_STAY_UNLOCKED}:
            lock = None
        hold = hold and Weakness.PARTS_DROP_HOLDS not in self.weak
        made = _Version("", data, lock, hold, Who.SERVICE, parts=True)
        return self._add(key, made, Weakness.PARTS_OVERWRITE)

    def copy(self, source: str, version: str, key: str, lock: Lock | None = None) -> Answer:
        self._answers("copy")
        found = self._find(source, version)
        if found is None:
            return GONE
        if source == key and Weakness.COPY_ONTO_ITSELF_UNLOCKS in self.weak:
            found.lock = None
        if Weakness.COPIES_DROP_LOCKS in self.weak:
            return self._add(key, _Version("", found.data, None, False, Who.SERVICE), None, net=False)
        return self._add(key, _Version("", found.data, lock, False, Who.SERVICE), Weakness.COPIES_OVERWRITE)

    def delete(self, key: str, version: str = "", *, bypass: bool = False, who: Who = Who.SERVICE) -> Answer:
        self._answers("delete")
        if who is Who.NOBODY and Weakness.UNSIGNED_IS_ENOUGH not in self.weak:
            return DENIED
        if who is Who.FORGER and Weakness.ANY_SECRET not in self.weak:
            return Answer(403, "SignatureDoesNotMatch")
        if version:
            return self._delete_version(key, version, bypass=bypass, who=who)
        if Weakness.PLAIN_DELETION_IS_FINAL in self.weak:
            self._keys.pop(key, None)
        self._made += 1
        marker = _Version(f"v{self._made}", b"", None, False, who, marker=True)
        self._keys.setdefault(key, []).append(marker)
        return Answer(NO_CONTENT, "", marker.id)

    def delete_many(self, key: str, version: str, *, bypass: bool = False) -> Answer:
        self._answers("delete_many")
        ignores = Weakness.BULK_BYPASSES if bypass else Weakness.BULK_DELETES
        if ignores in self.weak:
            return self._drop(key, version)
        return self._delete_version(key, version, bypass=bypass, who=Who.SERVICE, bulk=True)

    def read(self, key: str, version: str) -> Seen | None:
        self._answers("read")
        found = self._find(key, version)
        return Seen(found.data, found.lock, found.hold) if found and not found.marker else None

    def readable(self, key: str, version: str, who: Who) -> Answer:
        self._answers("readable")
        if who is Who.NOBODY and Weakness.ANYBODY_READS not in self.weak:
            return DENIED
        return Answer(OK) if self._find(key, version) else GONE

    def set_lock(
        self,
        key: str,
        version: str,
        lock: Lock | None,
        *,
        bypass: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        self._answers("set_lock")
        found = self._find(key, version)
        if found is None:
            return GONE
        if self._may_set(found, lock, bypass, who):
            stuck = found.parts and Weakness.PARTS_STAY_UNLOCKED in self.weak
            same = lock is not None and found.lock is not None and lock.mode is found.lock.mode
            kept = same and not found.parts and Weakness.EXTENDS_NOTHING in self.weak
            if not stuck and not kept:
                found.lock = lock
            return Answer(OK)
        return DENIED

    def set_hold(self, key: str, version: str, held: bool, *, who: Who = Who.SERVICE) -> Answer:
        self._answers("set_hold")
        found = self._find(key, version)
        if found is None:
            return GONE
        if who is not Who.SERVICE and Weakness.WEAKER_RELEASES not in self.weak:
            return DENIED
        found.hold = held
        return Answer(OK)

    def delete_by_altered_url(self, key: str, version: str) -> Answer:
        self._answers("delete_by_altered_url")
        if Weakness.ALTERED_URLS_WORK in self.weak:
            return self._drop(key, version)
        return Answer(403, "SignatureDoesNotMatch")

    def versions(self, prefix: str) -> Iterator[Row]:
        self._answers("versions")
        for key in sorted(self._keys):
            if key.startswith(prefix):
                yield from [Row(key, one.id, one.marker) for one in reversed(self._keys[key])]

    # The bucket.

    def versioning(self) -> str:
        self._answers("versioning")
        return self._versioning

    def set_versioning(self, status: str) -> Answer:
        self._answers("set_versioning")
        if status != "Enabled" and Weakness.VERSIONING_SUSPENDS not in self.weak:
            return Answer(409, "InvalidBucketState")
        self._versioning = status
        return Answer(OK)

    def lock_rule(self) -> LockRule | None:
        self._answers("lock_rule")
        return self._rule

    def set_lock_rule(self, rule: LockRule) -> Answer:
        self._answers("set_lock_rule")
        if self._rule is not None and Weakness.LOCK_RULE_CHANGES not in self.weak:
            return DENIED
        self._rule = rule
        return Answer(OK)

    def disable_lock(self) -> Answer:
        self._answers("disable_lock")
        if Weakness.OBJECT_LOCK_DISABLES not in self.weak:
            return Answer(400, "MalformedXML")
        self._rule = None
        return Answer(OK)

    def repeat_policy(self) -> Answer | None:
        self._answers("repeat_policy")
        return Answer(NO_CONTENT) if Weakness.POLICY_CHANGES in self.weak else DENIED

    def has_lifecycle(self) -> bool | None:
        self._answers("has_lifecycle")
        return self._lifecycle

    def expire(self, prefix: str, days: int) -> Answer:  # noqa: ARG002
        self._answers("expire")
        if Weakness.LIFECYCLE_CHANGES not in self.weak:
            return DENIED
        self._lifecycle = True
        return Answer(OK)

    def forget_expiry(self) -> Answer:
        self._answers("forget_expiry")
        self._lifecycle = False
        return Answer(NO_CONTENT)

    def scratch(self) -> LockProbe | None:
        return self._scratch

    def exists(self) -> bool:
        self._answers("exists")
        return self._there

    def delete_bucket(self) -> Answer:
        self._answers("delete_bucket")
        self._must_be_scratch()
        if Weakness.BUCKET_GOES not in self.weak:
            return Answer(409, "BucketNotEmpty")
        self._there = False
        self._keys.clear()
        return Answer(NO_CONTENT)

    # Doors.

    def doors(self) -> Sequence[str]:
        return tuple(_DOORS)

    def knock(self, door: str, key: str, version: str) -> Answer | None:
        self._answers("knock")
        if door == MASTER:
            self._must_be_scratch()
        if _DOORS[door] not in self.weak:
            return None
        return Answer(OK) if door == INNER else self._drop(key, version)

    def overnight(self) -> None:
        """What a night does to a server whose clean-up looks at no lock."""
        if Weakness.CLEANS_UP_LOCKED in self.weak:
            self._keys.clear()

    # How the twin decides.

    def _answers(self, act: str) -> None:
        self.acts += 1
        if act in self.silent:
            raise ProbeUnanswered(self.silent[act], f"the twin does not answer {act}")

    def _must_be_scratch(self) -> None:
        if self._scratch is not None:
            raise ValueError("never on the archive's own bucket")

    def _add(self, key: str, made: _Version, overwrites: Weakness | None, *, net: bool = True) -> Answer:
        unlocked_parts = made.parts and Weakness.PARTS_STAY_UNLOCKED in self.weak
        if (
            made.lock is None
            and net
            and not unlocked_parts
            and not made.hold
            and self._rule
            and self._rule.mode
        ):
            made.lock = Lock(self._rule.mode, self.clock() + timedelta(days=self._rule.days))
        self._made += 1
        made.id = f"v{self._made}"
        if overwrites in self.weak and self._keys.get(key):
            self._keys[key][-1].data = made.data
        self._keys.setdefault(key, []).append(made)
        return Answer(OK, "", made.id)

    def _find(self, key: str, version: str) -> _Version | None:
        return next((one for one in self._keys.get(key, ()) if one.id == version), None)

    def _drop(self, key: str, version: str) -> Answer:
        self._keys[key] = [one for one in self._keys.get(key, ()) if one.id != version]
        return Answer(NO_CONTENT)

    def _delete_version(
        self, key: str, version: str, *, bypass: bool, who: Who, bulk: bool = False
    ) -> Answer:
        found = self._find(key, version)
        if found is None:
            return GONE
        if self._may_delete(found, bypass, who, bulk):
            return self._drop(key, version)
        return DENIED

    def _may_delete(self, found: _Version, bypass: bool, who: Who, bulk: bool) -> bool:
        if found.hold:
            return Weakness.HOLDS_HOLD_NOTHING in self.weak
        if found.lock is None or found.lock.until <= self.clock():
            return True
        if found.parts and not bulk and Weakness.PARTS_ARE_DELETED in self.weak:
            return True
        if found.lock.mode is LockMode.GOVERNANCE:
            return self._may_bypass(found, bypass, who, bulk)
        if who is Who.WEAKER:
            return Weakness.WEAKER_DELETES in self.weak
        if bulk or who is not Who.SERVICE:
            return False
        ignores = Weakness.COMPLIANCE_BYPASSED if bypass else Weakness.COMPLIANCE_DELETED
        return ignores in self.weak and not found.parts

    def _may_bypass(self, found: _Version, bypass: bool, who: Who, bulk: bool) -> bool:
        if who in (Who.NOBODY, Who.FORGER):
            return True  # reached only by a server that lets them in
        if who is Who.WEAKER:
            own = found.by is Who.WEAKER
            return bypass and (Weakness.OWNERS_BYPASS if own else Weakness.WEAKER_BYPASSES) in self.weak
        if bypass:
            return not bulk and Weakness.SERVICE_BYPASSES in self.weak
        return not bulk and Weakness.GOVERNANCE_DELETED in self.weak

    def _may_set(self, found: _Version, lock: Lock | None, bypass: bool, who: Who) -> bool:
        if found.lock is None or (lock is not None and lock.as_strong_as(found.lock)):
            harder = found.lock is not None and lock is not None and lock.mode is not found.lock.mode
            return who is Who.SERVICE and not (harder and Weakness.NEVER_HARDENS in self.weak)
        return _weakness_of(found.lock, lock, bypass, who) in self.weak


def _weakness_of(before: Lock, after: Lock | None, bypass: bool, who: Who) -> Weakness:
    """By which weakness a lock may become weaker so."""
    compliance = before.mode is LockMode.COMPLIANCE
    if who is not Who.SERVICE:
        return Weakness.WEAKER_SHORTENS if compliance else Weakness.WEAKER_SHORTENS_GOVERNANCE
    if not compliance:
        return Weakness.SERVICE_SHORTENS_GOVERNANCE if bypass else Weakness.GOVERNANCE_SHORTENED
    if after is None:
        return Weakness.COMPLIANCE_REMOVED
    if after.mode is not before.mode:
        return Weakness.COMPLIANCE_SOFTENED
    return Weakness.COMPLIANCE_BYPASSED_SHORTER if bypass else Weakness.COMPLIANCE_SHORTENED
