"""Until when the evidence of each archived document is good, when it is renewed, and what stood in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, or_, select, tuple_, update

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import documents, evidence_ends
from policies.renewal import AGAIN, RENEWED, Cause, Outlook, Renewal, of_told, spread_of

PATIENCE = timedelta(
    days=14
)  # what was not found good for so long is an alarm: an authority may be silent for days
_C = evidence_ends.c
_STATES = sorted(map(str, RENEWED))
_OF = Prepared(select(evidence_ends).where(_C.document == bindparam("wanted")))


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """`outlook` None: the evidence was not found to be good. `rules` and `sha256`: what was judged, under which rules.

    `failure`: why the last renewal came to nothing, tried at `tried_at`; empty for none.
    """

    document: str
    sha256: str
    outlook: Outlook | None
    alarm_from: datetime
    due: datetime
    rules: str
    judged_at: datetime
    tried_at: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class Due:
    """A document that is due; its place in the order of pages."""

    due: datetime
    document: str


@dataclass(frozen=True, slots=True)
class Summary:
    """`first_end`: the earliest end of evidence that is good still; `alarms`: documents whose alarm is over, `first`
    one of them; `waiting`: those that are due. Counted up to a limit."""

    first_end: datetime | None
    alarms: int
    first: str
    waiting: int


def values(
    document: str,
    sha256: str,
    outlook: Outlook | None,
    rules: str,
    at: datetime,
    alarm_from: datetime | None = None,
) -> dict[str, Any]:
    """The columns of a row judged at `at`. `alarm_from`: of what is not good, since when it is not."""
    good: dict[str, Any] = {"good_until": None, "since": None, "cause": "", "kind": ""}
    due, alarm = at + AGAIN, alarm_from or at + PATIENCE
    if outlook is not None:
        good = {name: getattr(outlook, name) for name in good}
        due, alarm = outlook.due(spread_of(document)), outlook.alarm_from
    standing = {
        "alarm_from": alarm,
        "due": due,
        "rules": rules,
        "judged_at": at,
        "tried_at": None,
        "failure": "",
    }
    return {"document": document, "sha256": sha256, **good, **standing}


def of_record(document: str, sha256: str, facts: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    """The row that a version's record tells; None when it tells none."""
    told = of_told(facts.get("evidence"))
    return None if told is None else values(document, sha256, *told, at)


@cache
def _change(names: tuple[str, ...]) -> Prepared:
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return Prepared(update(evidence_ends).where(_C.document == bindparam("wanted")).values(new))


def put(conn: Connection, row: Mapping[str, Any]) -> None:
    """The row of its document, in place of the one that is there."""
    names = tuple(sorted(row.keys() - {"document"}))
    new = {"wanted": row["document"], **{f"new_{name}": row[name] for name in names}}
    if _change(names)(conn, new).rowcount == 0:
        insert_missing(conn, evidence_ends, dict(row))


def of(conn: Connection, document: str) -> EvidenceRow | None:
    """What is known of the document; None while it was never judged."""
    row = _OF(conn, {"wanted": document}).first()
    if row is None:
        return None
    outlook = None
    if row.good_until is not None and row.since is not None:
        outlook = Outlook(row.good_until, row.since, Cause(row.cause), Renewal(row.kind))
    return EvidenceRow(
        row.document,
        row.sha256,
        outlook,
        row.alarm_from,
        row.due,
        row.rules,
        row.judged_at,
        row.tried_at,
        row.failure,
    )


def postpone(conn: Connection, document: str, failure: str, due: datetime, at: datetime) -> None:
    """A renewal came to nothing; it is tried again at `due`."""
    changed = {"failure": failure[:64], "due": due, "tried_at": at}
    conn.execute(update(evidence_ends).where(_C.document == document).values(**changed))


def due(conn: Connection, at: datetime, after: Due | None, limit: int) -> tuple[Due, ...]:
    """Kept documents that are due at `at`, the longest due first; the page behind `after`."""
    query = select(_C.due, _C.document).join(documents, documents.c.id == _C.document)
    query = query.where(_C.due <= at, documents.c.state.in_(_STATES))
    if after is not None:
        query = query.where(tuple_(_C.due, _C.document) > tuple_(after.due, after.document))
    rows = conn.execute(query.order_by(_C.due, _C.document).limit(limit))
    return tuple(Due(row.due, row.document) for row in rows)


def unjudged(conn: Connection, rules: str, after: str, limit: int) -> tuple[str, ...]:
    """Kept documents behind that id that were never judged, or another version of them, or under other rules."""
    here = documents.c
    stale = or_(_C.document.is_(None), _C.sha256 != here.current_sha256, _C.rules != rules)
    query = select(here.id).outerjoin_from(documents, evidence_ends, _C.document == here.id)
    query = query.where(here.id > after, here.archived_at.is_not(None), here.state.in_(_STATES), stale)
    return tuple(conn.execute(query.order_by(here.id).limit(limit)).scalars())


def summary(conn: Connection, at: datetime, most: int) -> Summary:
    """For the health page: nothing here grows with the archive."""
    first_end = conn.execute(
        select(_C.good_until).where(_C.good_until >= at).order_by(_C.good_until).limit(1)
    ).scalar_one_or_none()
    late = select(_C.document).join(documents, documents.c.id == _C.document)
    late = late.where(_C.alarm_from <= at, documents.c.state.in_(_STATES)).order_by(
        _C.alarm_from, _C.document
    )
    alarms = list(conn.execute(late.limit(most)).scalars())
    waiting = select(_C.document).where(_C.due <= at).limit(most).subquery()
    count = conn.execute(select(func.count()).select_from(waiting)).scalar_one()
    return Summary(first_end, len(alarms), alarms[0] if alarms else "", count)
