"""The auditor's pages: the archive's check, the log, the audit trail."""

from __future__ import annotations

import json
from typing import Literal

from api.pages import views
from api.services import Services
from api.store import audit, operations
from api.store.accounts import Account
from archive.catalogue import documents as rows
from policies.vocabulary import Severity, State
from policies.words import ACTS

SHOWN = 100
READ: tuple[Literal["objects", "catalogue", "log", "numbers", "audit"], ...] = (
    "objects",
    "catalogue",
    "log",
    "numbers",
    "audit",
)


def entry(row: audit.Entry, language: str) -> views.TrailEntry:
    column = 1 if language == "en" else 0
    outcome: Literal["intent", "done", "failed"] = "done"
    if row.phase == "intent":
        outcome = "intent"
    if row.phase == "failed":
        outcome = "failed"
    act = ACTS[row.act][column] if row.act in ACTS else row.act
    detail = json.loads(row.detail)
    told = detail.get("number") or detail.get("reason") or row.subject[:13]
    return views.TrailEntry(
        index=row.sequence,
        at=row.at,
        actor=row.actor,
        act=act,
        subject=str(told),
        outcome=outcome,
        digest=row.hash,
        id=row.subject,
    )


def trail(
    services: Services, account: Account, language: str, query: str, after: int | None
) -> views.TrailView:
    """A page of the trail, newest first, and whether the chain holds."""
    with services.transactions.read() as conn:
        found = audit.page(conn, account.agency, after, SHOWN)
        faults = [fault for fault in audit.check(conn) if fault.agency == account.agency]
    words = query.casefold().split()
    entries = tuple(entry(row, language) for row in found)
    matching = tuple(one for one in entries if _matches(one, words))
    older = str(found[-1].sequence) if len(found) == SHOWN else None
    return views.TrailView(matching, query, faults[0].sequence if faults else None, older)


def _matches(one: views.TrailEntry, words: list[str]) -> bool:
    text = f"{one.actor} {one.act} {one.subject} {one.id}".casefold()
    return all(word in text for word in words)


def fsck(services: Services) -> views.FsckView:
    """The last run, or the one under way."""
    with services.transactions.read() as conn:
        last = operations.latest_of_kind(conn, "fsck")
    if last is None:
        return views.FsckView(None, 0.0, False, (), ())
    result = last.result or {}
    found = tuple(
        views.FsckFinding(row["id"], row["where"], row["text"], Severity(row["severity"]))
        for row in result.get("findings", [])
    )
    if last.state == "failed" and last.problem:
        found = (views.FsckFinding(last.problem["id"], "fsck", last.problem["title"]),)
    checked = tuple((name, int(result.get("read", {}).get(name, 0))) for name in READ)
    seconds = (last.updated_at - last.created_at).total_seconds()
    return views.FsckView(last.updated_at if last.ended else None, seconds, not last.ended, checked, found)


def auditor(services: Services, account: Account, language: str, log: views.LogView) -> views.AuditorView:
    """The first page: how things stand."""
    shown = trail(services, account, language, "", None)
    with services.transactions.read() as conn:
        count = rows.count(conn, account.agency)
    kept = (State.ARCHIVED, State.ISSUED, State.FILED)
    return views.AuditorView(
        documents=sum(count.get(state, 0) for state in kept),
        log=log,
        fsck=fsck(services),
        latest=shown.entries[:10],
        chain_holds=shown.broken_at is None,
    )
