"""What watches over the archive, as the health page tells it: quick questions to rows, nothing is counted anew.

nights      each of the night's tasks: when it last ended well; what the last audit found
lock_ends   each store: when its first lock ends, and what the last pass found
fixity      each store: what is due, and when it will be read at the measured pace; damaged copies
evidence    when the first document's evidence ends, how many are due, and how many could not be renewed in time
retention   how many dossiers' periods are over or end before long, as the last night counted: no fault, ever
second      how far the second store is behind, and what the lock canary found of it
trust       until when the store of anchors, and each list taken into it, is good; an alarm a fortnight before
deposits    what was done and is not archived yet: a store that takes nothing, or gives back something else
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from api import keepers
from api.services import Services
from api.store import night_rows
from api.store.night_rows import NightTask
from archive.catalogue import Connection, copy_rows, deposit_rows, evidence_rows, watch_rows
from archive.catalogue.copies import Shelf
from archive.catalogue.watch_rows import FixityRun
from archive.locks import watched
from archive.replication import lag
from policies import fixity, locks, night
from policies.locks import Alarm
from policies.night import HOURS, MISSED, Task
from policies.reasons import watching as reasons
from policies.reasons.storage import HARDENING_DENIED
from policies.refusals import Both, Reason
from policies.times import in_vietnam

OK, FAILING, UNKNOWN = "ok", "failing", "unknown"
BEHIND = timedelta(hours=1)  # a second store that lacks something for so long
REVIEW_NEAR = timedelta(days=14)  # a store of trust that is to be reviewed so soon
UNTAKEN = timedelta(minutes=10)  # an act that the archive did not take for so long
COUNTED = ("ended", "soon", "first")
MOST = 1000  # damaged copies are counted up to here
Part = dict[str, Any]
WARNED = Both(
    "Lần kiểm tra kho gần nhất có cảnh báo không làm dừng lưu trữ. Hãy chạy «antin storage check» (kho thứ hai: thêm "
    "--second) để xem từng cảnh báo và cách xử lý.",
    "The last check of the store has warnings that stop nothing. Run “antin storage check” (of the second store: with "
    "--second) to see each, and what to do.",
)
ALARMS = {
    Alarm.END_NEAR: reasons.LOCK_END_NEAR,
    Alarm.SHORTENED: reasons.LOCK_SHORTENED,
    Alarm.OVERDUE: reasons.LOCK_OVERDUE,
}


def nights(services: Services) -> Part:
    """A task that has not ended well for two days is an alarm; what an audit found is one at once."""
    at = services.clock()
    with services.transactions.read() as conn:
        rows = night_rows.tasks(conn)
    if not rows:
        return {"state": UNKNOWN}
    told = {name: _when(rows[name].good_at) for name in map(str, Task) if name in rows}
    late = [name for name in told if at - (rows[name].good_at or rows[name].since) > MISSED]
    found = [_said(reasons.NO_GOOD_NIGHT, task=name) for name in late] + _audit_found(rows)
    return {"state": FAILING if found else OK, "good": told} | _alarm(found)


def _audit_found(rows: Mapping[str, NightTask]) -> list[Part]:
    """Until an audit comes to its end and finds nothing: one that came to no end takes back nothing."""
    row = rows.get(Task.RECONCILE)
    count = row.told.get("errors", 0) if row is not None and not row.good else 0
    return [_said(reasons.AUDIT_FOUND, count=count)] if count else []


def trust(services: Services) -> Part:
    """A store that nobody reviewed in time finds nothing valid; a list that it took in, none of its signers."""
    at, believed = services.clock(), services.trust
    ends = [believed.good_until, *(each.good_until for each in believed.standings)]
    first = min((end for end in ends if end is not None), default=None)
    part: Part = {"label": believed.label, "anchors": len(believed.certificates)}
    if first is None:
        return {"state": FAILING if believed.stale(at) else OK} | part
    over, near = believed.stale(at) or first < at, first - at < REVIEW_NEAR
    reason = reasons.TRUST_REVIEW_OVER if over else reasons.TRUST_REVIEW_NEAR
    found = [_said(reason, label=believed.label, until=_day(first))] if over or near else []
    return {"state": FAILING if found else OK} | part | {"good_until": _when(first)} | _alarm(found)


def lock_ends(services: Services) -> Part:
    """Nights that extend nothing are seen here long before the first lock ends; those that may not harden, at once."""
    at, found, stores = services.clock(), [], {}
    with services.transactions.read() as conn:
        rows = night_rows.tasks(conn)
        since = min((row.since for row in rows.values()), default=at)
        for name in keepers.stores(services):
            state = watched(conn, name, since)
            alarms = locks.alarms(state, at)
            stores[name] = _locks_of(conn, name, state)
            found += [_locks_said(alarm, name, state) for alarm in alarms if alarm in ALARMS]
        if any(_denied(rows, name) for name in stores):
            found.append(_said(HARDENING_DENIED))
    return {"state": FAILING if found else OK, "stores": stores} | _alarm(found)


def _denied(rows: Mapping[str, NightTask], store: str) -> bool:
    row = rows.get(Task.LOCKS)
    return row is not None and bool(row.told.get(store, {}).get("denied"))


def _locks_of(conn: Connection, name: str, state: locks.Watched) -> Part:
    run = watch_rows.last_lock_run(conn, name)
    told: Part = {"first_end": _when(state.earliest_end), "good": _when(state.last_good)}
    if run is not None:
        told |= {"extended": run.extended, "failed": run.failed, "in_quarantine": run.withheld}
    return told


def _locks_said(alarm: Alarm, name: str, state: locks.Watched) -> Part:
    times = {
        Alarm.END_NEAR: state.earliest_end,
        Alarm.SHORTENED: state.last_shortened,
        Alarm.OVERDUE: state.oldest_due,
    }
    day = _day(times[alarm])
    return _said(ALARMS[alarm], store=name, end=day, at=day)


def fixity_part(services: Services) -> Part:
    """How far the scans are, and whether they keep up."""
    found: list[Part] = []
    with services.transactions.read() as conn:
        damaged = _damaged(conn)
        runs = {name: last_run(conn, name) for name in keepers.stores(services)}
    stores = {name: told_of(run) for name, run in runs.items() if run is not None}
    if damaged:
        found.append(_said(reasons.DAMAGED, count=damaged))
    for name, told in stores.items():
        if told["nights_for_all"] is not None and told["nights_for_all"] > fixity.EVERY.days:
            found.append(_said(reasons.FIXITY_LATE, store=name, days=round(told["nights_for_all"])))
    state = FAILING if found else OK if stores else UNKNOWN
    return {"state": state, "damaged": damaged, "stores": stores} | _alarm(found)


def _damaged(conn: Connection) -> int:
    return sum(copy_rows.count_damaged(conn, shelf, MOST) for shelf in Shelf)


def archive_faults(conn: Connection) -> list[Part]:
    """What is known to be wrong with what is kept: by the last audit, and by copies that were read."""
    damaged = _damaged(conn)
    found = [_said(reasons.DAMAGED, count=damaged)] if damaged else []
    return _audit_found(night_rows.tasks(conn)) + found


def last_run(conn: Connection, store: str) -> FixityRun | None:
    """The run that tells most: the last that read anything, else the last one."""
    return watch_rows.last_fixity_run(conn, store, measured=True) or watch_rows.last_fixity_run(conn, store)


def told_of(run: FixityRun) -> Part:
    """A run's figures, and what follows from its pace."""
    seconds = fixity.forecast(run.left, run.done, run.seconds)
    whole = fixity.forecast(run.everything, run.done, run.seconds)
    return {
        "at": _when(run.updated_at),
        "ended": run.ended_at is not None,
        "read": {"objects": run.done.objects, "bytes": run.done.size},
        "bytes_per_second": round(run.done.size / run.seconds) if run.seconds else 0,
        "objects_per_second": round(run.done.objects / run.seconds, 1) if run.seconds else 0.0,
        "due": {"objects": run.left.objects, "bytes": run.left.size},
        "due_read_in_seconds": None if seconds is None else round(seconds),
        "all": {"objects": run.everything.objects, "bytes": run.everything.size},
        "nights_for_all": None if whole is None else whole / (HOURS * 3600),
    }


def evidence(services: Services) -> Part:
    """Renewals that fail are told half a year before the evidence ends (`policies.renewal`)."""
    at = services.clock()
    with services.transactions.read() as conn:
        found = evidence_rows.summary(conn, at, MOST)
    part: Part = {
        "state": FAILING if found.alarms else OK,
        "first_end": _when(found.first_end),
        "due": found.waiting,
        "late": found.alarms,
    }
    alarms = [_said(reasons.EVIDENCE_ENDS, count=found.alarms, document=found.first)] if found.alarms else []
    return part | _alarm(alarms)


def retention(services: Services) -> Part:
    """As the last night counted. A period that ends is no fault: people look into the list, and a council decides."""
    with services.transactions.read() as conn:
        row = night_rows.tasks(conn).get(Task.RETENTION)
    told = {} if row is None else {name: row.told[name] for name in COUNTED if name in row.told}
    return {"state": OK, "counted": _when(row.good_at) if row else None, **told}


def second(services: Services) -> Part:
    """What the second store lacks."""
    at = services.clock()
    with services.transactions.read() as conn:
        behind = lag(conn)
        errand = night_rows.tasks(conn).get(night.Errand.COPIES)
    late = behind.oldest is not None and at - behind.oldest > BEHIND
    part: Part = {"lacks": behind.objects, "oldest": _when(behind.oldest)}
    if errand is not None:
        part["copied"] = _when(errand.good_at)
    gate = services.second_gate.state()
    if gate.failing:
        part["failing"] = list(gate.failing)
    if gate.warnings:
        part["warnings"] = warned(gate.warnings)
    found = [_said(reasons.SECOND_BEHIND, count=behind.objects, at=_when(behind.oldest))] if late else []
    found += [] if gate.open else [_said_of(reasons.SECOND_LOCKS, gate.text)]
    return {"state": FAILING if found else OK} | part | _alarm(found)


def warned(warnings: Collection[str]) -> Part:
    """Without saying which: the page is open to everybody, and a store's weak places are not."""
    return {"count": len(warnings), "text": {"vi": WARNED.vi, "en": WARNED.en}}


def deposits(services: Services) -> Part:
    """Upkeep tries each of them twice a minute: one that is there for long was refused many times."""
    with services.transactions.read() as conn:
        count, oldest = deposit_rows.waiting(conn)
    late = oldest is not None and services.clock() - oldest > UNTAKEN
    part: Part = {"state": FAILING if late else OK, "waiting": count, "oldest": _when(oldest)}
    return part | _alarm([_said(reasons.NOT_ARCHIVED, count=count, at=_when(oldest))] if late else [])


def parts(services: Services) -> Mapping[str, Part]:
    """All of them. Raises ArchiveUnavailable when the catalogue does not answer."""
    found = {
        "nights": nights(services),
        "lock_ends": lock_ends(services),
        "fixity": fixity_part(services),
        "evidence": evidence(services),
        "retention": retention(services),
        "deposits": deposits(services),
    }
    if services.second is not None:
        found["second"] = second(services)
    return found


def _said(reason: Reason, **values: object) -> Part:
    return {
        "reason": reason.id,
        "text": {"vi": reason.vi.format(**values), "en": reason.en.format(**values)},
    }


def _said_of(reason: Reason, what: Both) -> Part:
    text = {"vi": reason.vi.format(what=what.vi), "en": reason.en.format(what=what.en)}
    return {"reason": reason.id, "text": text}


def _alarm(found: list[Part]) -> Part:
    return {"alarms": found} if found else {}


def _when(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _day(at: datetime | None) -> str:
    return "–" if at is None else f"{in_vietnam(at):%d/%m/%Y}"
