"""Documents for the desks and for the public."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, cast

from api.pages import clerk, leader, verified, views
from api.pages.issued import DocumentView
from api.presenters import pages, signatures
from api.services import Services
from api.store import accounts, audit, operations
from api.store.accounts import Account
from api.verification import Verification
from archive.catalogue import Connection, deposit_rows, document_lists, evidence_rows
from archive.catalogue import documents as rows
from archive.catalogue.values import Document, Signer
from policies.holds import ROLES_OF, HoldAct
from policies.issuing import acts_possible
from policies.kinds import BY_CODE
from policies.numbering import civil_date
from policies.vocabulary import FieldRole, Role, State
from policies.words import ACTS

# States that the service itself leaves; when its authority did not answer, somebody asks again.
WAITING = frozenset({State.SIGNED, State.SEALED, State.SEAL_TIMESTAMPED, State.VALIDATED})
LATER = frozenset({"augment", "crosscheck"})  # go on behind a document that waits for nothing
OWN_NAME = "An Tín"
LATE = (timedelta(days=2), timedelta(days=1), timedelta(hours=12), timedelta(hours=2))


def kind_name(document: Document) -> str:
    return BY_CODE[document.kind].name if document.kind in BY_CODE else document.kind


def urgency(document: Document) -> views.Urgency:
    return cast(views.Urgency, min(3, max(0, document.urgency)))


def overdue(document: Document, at: datetime) -> bool:
    """Longer at one desk than its urgency allows."""
    return at - document.updated_at > LATE[urgency(document)]


def desk_image(document: Document, index: int) -> str:
    digest = (document.current_sha256 or "")[:16]
    return f"/api/v1/documents/{document.id}/pages/{index}?dpi={pages.DPI}&v={digest}"


def inbox(services: Services, account: Account) -> tuple[leader.InboxItem, ...]:
    """What waits for this leader, most urgent first."""
    at = services.clock()
    with services.transactions.read() as conn:
        found = document_lists.desk(
            conn, account.agency, [State.PREPARED], waits_for=account.id, limit=200
        ).documents
        mine = {document.id: _own(rows.signers(conn, document.id), account) for document in found}
        busy = {document.id for document in found if _initialling(conn, document, mine[document.id])}
    return tuple(
        leader.InboxItem(
            id=document.id,
            subject=document.subject,
            kind=kind_name(document),
            urgency=urgency(document),
            sender=document.uploader_display,
            since=document.updated_at,
            pages=int(document.metadata.get("pages", 1)),
            capacity=account.title,
            initial=mine[document.id].role is FieldRole.INITIAL,
            overdue=overdue(document, at),
        )
        for document in found
        if document.id not in busy
    )


def _initialling(conn: Connection, document: Document, signer: Signer) -> bool:
    """Initials get their time-stamp in the background; meanwhile the document waits for nobody."""
    if signer.role is not FieldRole.INITIAL:
        return False
    latest = operations.latest(conn, document.id)
    return latest is not None and latest.kind == "initial" and not latest.ended


def _own(signers: tuple[Signer, ...], account: Account) -> Signer:
    waiting = [signer for signer in signers if signer.account == account.id and signer.signed_at is None]
    return waiting[0] if waiting else signers[0]


def review(
    services: Services,
    document: Document,
    account: Account,
    language: str,
    ids: tuple[str, ...] = (),
) -> leader.ReviewView:
    """All pages of one document before its signer, and the digest of the bytes that they show.

    `ids`: what is reviewed in this sitting, in order.
    """
    with services.transactions.read() as conn:
        signer = _own(rows.signers(conn, document.id), account)
        latest = operations.latest(conn, document.id)
    position = ids.index(document.id) + 1 if document.id in ids else 1
    failed = latest.problem["text"][language] if latest is not None and latest.problem else ""
    pictures, count = pages.images(
        services, document.current_sha256 or "", lambda index: desk_image(document, index), shown=2000
    )
    return leader.ReviewView(
        id=document.id,
        digest=document.current_sha256 or "",
        subject=document.subject,
        kind=kind_name(document),
        urgency=urgency(document),
        sender=document.uploader_display,
        since=document.updated_at,
        capacity=account.title,
        signer=account.display,
        recipients="; ".join(document.recipients),
        pages=pictures,
        page_count=count,
        initial=signer.role is FieldRole.INITIAL,
        notes=tuple(note for note in (document.reason, failed) if note),
        position=position,
        total=max(1, len(ids)),
        next_id=ids[position] if position < len(ids) else None,
    )


def work_item(services: Services, document: Document, language: str) -> clerk.WorkItem:
    """A row of the clerk's desk."""
    with services.transactions.read() as conn:
        waiting = [s.display for s in rows.signers(conn, document.id) if s.signed_at is None]
        latest = operations.latest(conn, document.id) if document.state in WAITING else None
    failed = latest.problem["text"][language] if latest is not None and latest.problem else ""
    return clerk.WorkItem(
        id=document.id,
        subject=document.subject,
        kind=kind_name(document),
        number=document.number_text or "",
        state=document.state,
        urgency=urgency(document),
        with_whom=waiting[0] if waiting and document.state is State.PREPARED else "",
        since=document.updated_at,
        overdue=document.issued_at is None and overdue(document, services.clock()),
        note=document.reason or failed,
    )


def work(services: Services, document: Document, account: Account, language: str) -> clerk.WorkView:
    """A document with everything that happened to it, and what may be done now."""
    with services.transactions.read() as conn:
        signers = rows.signers(conn, document.id)
        latest = operations.latest(conn, document.id)
        trail = audit.of_subject(conn, document.id)
        people = accounts.displays(conn, document.agency)
    pictures, count = pages.images(
        services, document.current_sha256 or "", lambda index: desk_image(document, index), shown=20
    )
    archived = document.archived_at is not None
    running = latest is not None and not latest.ended
    acts = _acts(document, signers, account)
    if document.state in WAITING and not running and Role.CLERK in account.roles:
        acts |= {"proceed"}
    return clerk.WorkView(
        id=document.id,
        kind=kind_name(document),
        subject=document.subject,
        number=document.number_text or "",
        date=document.document_date,
        state=document.state,
        urgency=urgency(document),
        sender=document.uploader_display,
        leaders=tuple(s.display for s in signers if s.role is FieldRole.LEADER),
        pages=pictures,
        page_count=count,
        timeline=_timeline(document, trail, people, latest, language),
        acts=acts,
        signatures=_signatures(services, document, language) if archived else (),
        waiting=running and latest is not None and latest.kind not in LATER,
        code=document.public_code if archived else None,
        pdf_url=f"/api/v1/documents/{document.id}/file",
        receipt_url=f"/api/v1/documents/{document.id}/receipt" if archived else None,
        issued_at=document.issued_at,
        recalled_at=document.recalled_at,
        evidence_until=_evidence_until(services, document),
    )


def _evidence_until(services: Services, document: Document) -> date | None:
    """The day in Vietnam on which what proves it cannot be checked any more, if nobody renewed it."""
    with services.transactions.read() as conn:
        judged = evidence_rows.of(conn, document.id)
    if judged is None or judged.outlook is None:
        return None
    return civil_date(judged.outlook.good_until)


def _acts(document: Document, signers: tuple[Signer, ...], account: Account) -> frozenset[str]:
    """What the state allows this account, less what the signers' order forbids."""
    acts = acts_possible(document.state, account.roles, document.stopped_from)
    possible = {str(act) for act in acts} - {"unfile"}
    waiting = [signer for signer in signers if signer.signed_at is None]
    mine = bool(waiting) and waiting[0].account == account.id
    if not mine:
        possible -= {"sign", "initial"}
    elif waiting[0].role is FieldRole.INITIAL:
        possible -= {"sign"}
    if document.number is not None:
        possible -= {"return"}
    if any(signer.signed_at is not None for signer in signers):
        possible -= {"withdraw"}
    if document.recalled_at is not None:
        possible -= {"recall"}
    if document.archived_at is not None and ROLES_OF[HoldAct.PLACE] & account.roles:
        possible |= {"hold"}
    return frozenset(possible)


def _timeline(
    document: Document,
    trail: tuple[audit.Entry, ...],
    people: dict[str, str],
    latest: operations.Operation | None,
    language: str,
) -> tuple[views.TimelineEntry, ...]:
    """Every act with who did it, and what is under way or failed last."""
    column = 1 if language == "en" else 0
    outcomes: dict[str, Literal["done", "waiting", "failed"]] = {"failed": "failed"}
    entries = [
        views.TimelineEntry(
            at=entry.at,
            actor=people.get(entry.actor, OWN_NAME),
            text=ACTS[entry.act][column] if entry.act in ACTS else entry.act,
            outcome=outcomes.get(entry.phase, "done"),
        )
        for entry in trail
        if entry.phase in ("event", "failed", "result")
    ]
    if document.archived_at is not None:
        entries.append(views.TimelineEntry(document.archived_at, OWN_NAME, ACTS["archive"][column]))
        entries.sort(key=lambda one: one.at)
    if latest is not None and latest.state != "succeeded":
        entries.append(_operation(latest, language))
    return tuple(entries)


def _operation(latest: operations.Operation, language: str) -> views.TimelineEntry:
    column = 1 if language == "en" else 0
    note = latest.problem["text"][language] if latest.problem else ""
    return views.TimelineEntry(
        at=latest.updated_at,
        actor=OWN_NAME,
        text=ACTS[latest.kind][column] if latest.kind in ACTS else latest.kind,
        outcome="failed" if latest.state == "failed" else "waiting",
        note=note,
    )


def _recall_reason(services: Services, document: Document) -> str:
    """As its event tells: the row's reason is that of the last act, of whatever kind."""
    if document.recalled_at is None:
        return ""
    with services.transactions.look() as conn:
        events = deposit_rows.events_of(conn, document.id)
    told = [event.facts.get("reason", "") for event in events if event.kind == "recalled"]
    return str(told[-1]) if told else document.reason


def _signatures(services: Services, document: Document, language: str) -> tuple[verified.SignatureView, ...]:
    report = Verification(services).kept_report(document.current_sha256 or "")
    in_time = sorted(report.signatures, key=lambda one: one.revision)
    return tuple(signatures.signature(one, language) for one in in_time)


def public(services: Services, document: Document, language: str) -> DocumentView:
    """The public face of an issued document: it shows, and asks to compare."""
    code = document.public_code
    leaf = services.proofs.leaf_of(document)
    sha256 = (leaf.content_sha256 if leaf else None) or document.current_sha256 or ""
    shown, count = pages.images(
        services, sha256, lambda index: f"/v/{code}/pages/{index}?v={sha256[:16]}", shown=50
    )
    issued, day = document.issued_at, document.document_date
    if issued is None or day is None:
        raise ValueError("only an issued document has a public page")
    return DocumentView(
        code=code,
        kind=kind_name(document),
        number=document.number_text or "",
        date=day,
        subject=document.subject,
        agency=services.settings.agency_name,
        state=document.state,
        issued_at=issued,
        pages=shown,
        signatures=_signatures(services, document, language),
        proof=signatures.proof(services, document),
        pdf_url=f"/v/{code}/file",
        receipt_url=f"/v/{code}/receipt",
        size=services.work_area.work_path(sha256).stat().st_size,
        sha256=sha256,
        recalled_at=document.recalled_at,
        recall_reason=_recall_reason(services, document),
        replaced_by=document.replaced_by,
        page_count=count,
        reports=services.keys.reports,
        evidence_until=_evidence_until(services, document),
    )
