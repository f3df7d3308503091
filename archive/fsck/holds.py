"""Holds and retention ⇔ objects: what is to be kept is held, and locked for long enough.

Whether a hold is over an object is found here from holds, entries and events, by statements of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from archive.catalogue import Connection, audit_holds, audit_rows
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Report
from policies.dossiers import DossierAct, DossierState
from policies.holds import HOLDING, HoldState
from policies.retention import Filing, Keeping, day_after, keeping, last_day, longest

RowValues = dict[str, Any]
MARGIN = timedelta(days=30)  # a lock that ends sooner than this should have been extended long ago
_STATES = {str(state) for state in HoldState}
_NOT_CONFIRMED = {HoldState.PLACED, HoldState.RELEASE_ASKED}


def check_locks(conn: Connection, at: datetime, report: Report) -> None:
    """No lock ends soon of what is to be kept for longer."""
    for row in audit_holds.ending(conn, at + MARGIN):
        last = last_day(_kept(conn, row))
        if last is None or day_after(last) > row["retain_until"]:
            until = "nobody has decided yet" if last is None else last.isoformat()
            what = f"its lock ends {row['retain_until'].isoformat()}, it is to be kept until {until}"
            report.error(ids.RETENTION_LOCK_ENDS, row["key"], what)


def _kept(conn: Connection, row: RowValues) -> Keeping:
    own = keeping(_filings(conn, row), held=_held(conn, row))
    if row["document"] is not None or row["file"] is not None:
        return own
    things = (
        {"document": one["document"], "file": one["file"], "dossier": None}
        for one in audit_holds.things_in(conn, row["dossier"])
    )
    inside = (keeping(_filings(conn, thing), held=_held(conn, thing)) for thing in things)
    return longest([own, *inside])


def _filings(conn: Connection, row: RowValues) -> Iterator[Filing]:
    for said in audit_holds.filings(conn, row):
        yield Filing(said["years"], said["work_ended"] if said["state"] == DossierState.CLOSED else None)


def _held(conn: Connection, row: RowValues) -> bool:
    return any(hold["state"] in HOLDING for hold in audit_holds.holds_over(conn, row))


def check_flags(conn: Connection, wrong: list[str], report: Report) -> None:
    """In a later snapshot: what is still wrong is not on its way."""
    still = set(wrong) & set(audit_holds.wrong_flags(conn))
    for block in in_blocks(sorted(still)):
        for key, row in audit_rows.by_id(conn, "objects", "key", block).items():
            if row["hold"]:
                report.note(ids.HOLD_UNKNOWN, key, "no hold is over it any more")
            else:
                report.error(ids.HOLD_NOT_ON_ROW, key, "is under a hold, and its row does not say so")


def check_holds(conn: Connection, report: Report) -> None:
    """Each hold ⇔ what the archive has in writing of it: events of its documents, or versions of its dossier."""
    wanted: Counter[tuple[str, str]] = Counter()
    for hold in audit_holds.holds(conn):
        report.read["holds"] += 1
        where = f"hold {hold['id']}"
        if hold["state"] not in _STATES:
            report.error(ids.HOLD_DIFFERS, where, f"has the state {hold['state']}, which does not exist")
        confirmed = hold["state"] not in _NOT_CONFIRMED
        if confirmed and hold["asked_by"] == hold["decided_by"]:
            report.error(ids.HOLD_DIFFERS, where, "one person asked for its release and confirmed it")
        wants = ["held", "released"] if confirmed else ["held"]
        if hold["dossier"] is not None:
            wanted.update((hold["dossier"], act) for act in wants)
        for block in in_blocks(audit_holds.hold_documents(conn, hold["id"])):
            _check_events(conn, hold, block, wants, report)
    told = audit_holds.hold_versions(conn, (DossierAct.HOLD, DossierAct.RELEASE))
    for dossier, act in sorted(wanted.keys() | told.keys()):
        if wanted[dossier, act] != told.get((dossier, act), 0):
            what = (
                f"{wanted[dossier, act]} holds are {act}, its versions tell of {told.get((dossier, act), 0)}"
            )
            report.error(ids.HOLD_DIFFERS, f"dossier {dossier}", what)


def _check_events(
    conn: Connection, hold: RowValues, documents: list[str], wants: list[str], report: Report
) -> None:
    told = audit_holds.hold_events(conn, documents)
    for document in documents:
        kinds = [event["kind"] for event in told[document] if event["facts"].get("hold") == hold["id"]]
        if not set(wants) <= set(
            kinds
        ):  # more than that: a release that a lost catalogue forgot is asked for again
            where = f"hold {hold['id']}, document {document}"
            report.error(
                ids.HOLD_DIFFERS, where, f"is {hold['state']}, and the document's events say {kinds}"
            )


def check_told(conn: Connection, row: RowValues, events: list[RowValues], report: Report) -> None:
    """A document's events that tell of a hold have its row."""
    for event in events:
        hold = event["facts"].get("hold") if event["kind"] in ("held", "released") else None
        if hold is None:
            continue
        if audit_holds.hold(conn, hold) is None or row["id"] not in audit_holds.hold_documents(conn, hold):
            where = f"document {row['id']}, event {event['ordinal']}"
            report.error(ids.HOLD_DIFFERS, where, f"tells of the hold {hold}, which has no row over it")
