"""The auditor's pages: the archive's check, the log, the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.pages import audited, proofs
from api.services import Services
from api.store import accounts, audit, operations
from api.store.accounts import Account
from api.work import SYSTEM
from archive.catalogue import Connection, document_lists, dossier_rows
from archive.catalogue import documents as rows
from policies.vocabulary import Severity, State
from policies.words import ACTS

SHOWN = 100
Part = Literal["objects", "catalogue", "log", "numbers", "audit"]
# What the page calls a part, and which count of the run's report tells how much of it was read.
READ: dict[Part, str] = {
    "objects": "objects",
    "catalogue": "documents",
    "log": "entries",
    "numbers": "numbers",
    "audit": "audit",
}


@dataclass(frozen=True, slots=True)
class _Names:
    """Names for what rows hold as ids."""

    people: dict[str, str]
    documents: dict[str, str]
    dossiers: dict[str, str]


def _names(conn: Connection, agency: str, found: tuple[audit.Entry, ...]) -> _Names:
    documents, dossiers = {}, {}
    for subject in {row.subject for row in found}:
        document = rows.find(conn, subject)
        if document is not None and document.agency == agency:
            documents[subject] = document.number_text or document.subject
            continue
        dossier = dossier_rows.find(conn, subject)
        if dossier is not None and dossier.agency == agency:
            dossiers[subject] = dossier.code
    return _Names(accounts.displays(conn, agency), documents, dossiers)


def _entry(row: audit.Entry, names: _Names, language: str) -> audited.TrailEntry:
    column = 1 if language == "en" else 0
    outcome: Literal["intent", "done", "failed"] = "done"
    if row.phase == "intent":
        outcome = "intent"
    if row.phase == "failed":
        outcome = "failed"
    known = names.documents.get(row.subject)
    return audited.TrailEntry(
        index=row.sequence,
        at=row.at,
        actor=names.people.get(row.actor, "An Tín" if row.actor == SYSTEM else row.actor),
        act=ACTS[row.act][column] if row.act in ACTS else row.act,
        subject=known or names.dossiers.get(row.subject) or row.subject[:13],
        outcome=outcome,
        digest=row.hash,
        id=row.subject if known else "",
    )


def trail(
    services: Services, account: Account, language: str, query: str, after: int | None
) -> audited.TrailView:
    """A page of the trail, newest first, and whether the chain holds. A query searches the whole trail."""
    words = query.casefold().split()
    entries: list[audited.TrailEntry] = []
    more = True
    with services.transactions.read() as conn:
        faults = [fault for fault in audit.check(conn) if fault.agency == account.agency]
        while more and len(entries) < SHOWN:
            found = audit.page(conn, account.agency, after, SHOWN)
            names = _names(conn, account.agency, found)
            shown = [_entry(row, names, language) for row in found]
            entries += [one for one in shown if _matches(one, words)]
            more = len(found) == SHOWN
            after = found[-1].sequence if found else None
    older = str(after) if more else None
    return audited.TrailView(tuple(entries), query, faults[0].sequence if faults else None, older)


def _matches(one: audited.TrailEntry, words: list[str]) -> bool:
    text = f"{one.actor} {one.act} {one.subject} {one.id}".casefold()
    return all(word in text for word in words)


def fsck(services: Services) -> audited.FsckView:
    """The last run, or the one under way."""
    with services.transactions.read() as conn:
        last = operations.latest_of_kind(conn, "fsck")
    if last is None:
        return audited.FsckView(None, 0.0, False, (), ())
    result = last.result or {}
    found = tuple(
        audited.FsckFinding(row["id"], row["where"], row["text"], Severity(row["severity"]))
        for row in result.get("findings", [])
    )
    errors = int(result.get("errors", 0))
    if last.state == "failed" and last.problem:
        found = (audited.FsckFinding(last.problem["id"], "fsck", last.problem["title"]),)
        errors = 1
    checked = tuple((name, int(result.get("read", {}).get(key, 0))) for name, key in READ.items())
    seconds = (last.updated_at - last.created_at).total_seconds()
    return audited.FsckView(
        last.updated_at if last.ended else None, seconds, not last.ended, checked, found, errors
    )


def auditor(services: Services, account: Account, language: str, log: proofs.LogView) -> audited.AuditorView:
    """The first page: how things stand."""
    shown = trail(services, account, language, "", None)
    with services.transactions.read() as conn:
        count = document_lists.count(conn, account.agency)
    kept = (State.ARCHIVED, State.ISSUED, State.FILED)
    return audited.AuditorView(
        documents=sum(count.get(state, 0) for state in kept),
        log=log,
        fsck=fsck(services),
        latest=shown.entries[:10],
        chain_holds=shown.broken_at is None,
    )
