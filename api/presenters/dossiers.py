"""Dossiers for the desks: lists, one dossier, the forms, and what a document's page tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date

from api.filing import Filing
from api.pages import kept, views
from api.presenters import documents as present
from api.presenters import holds as hold_views
from api.services import Services
from api.store.accounts import Account
from archive.catalogue import Connection, document_lists, dossier_rows, hold_rows, retention_rows
from archive.catalogue.keeping_values import Dossier, DossierVersion, Entry
from archive.catalogue.values import Document
from archive.dossier_record import in_order_of_time
from policies.dossiers import ACTS, LANGUAGES, RIGHTS, RULES, DossierAct, DossierState, Fields
from policies.kinds import BY_CODE
from policies.numbering import civil_date
from policies.retention import NOTICE, Keeping, Open, Rule, ending, told_through
from policies.vocabulary import Role, State

LISTED = 50
ENTRIES = 200
YEARS_BACK = 10
_Items = tuple[tuple[kept.DossierItem, ...], str | None]  # a page, and the cursor of the one after


def keeping(found: Keeping) -> kept.KeptView:
    """For the sentence on a page."""
    if isinstance(found, Open):
        return kept.KeptView(found.value)
    return kept.KeptView("period", found)


def codes(found: tuple[Rule, ...], language: str) -> tuple[kept.CodeView, ...]:
    return tuple(
        kept.CodeView(one.code, one.english if language == "en" else one.name, one.basis) for one in found
    )


def listing(
    services: Services,
    account: Account,
    tab: str,
    query: str,
    after: str | None,
    language: str,
    entered: Fields | None = None,
) -> kept.DossiersView:
    """A tab of the list; with `entered`, what stood in the form for a new dossier before a refusal."""
    chosen: kept.DossierTab = next((name for name in kept.DOSSIER_TABS if name == tab), "open")
    with services.transactions.read() as conn:
        counted = dossier_rows.count(conn, account.agency)
        if chosen == "ending":
            items, older = _ending(conn, account.agency, query, after, civil_date(services.clock()))
        else:
            items, older = _in_state(conn, account.agency, DossierState(chosen), query, after)
    clerk = Role.CLERK in account.roles
    return kept.DossiersView(
        tab=chosen,
        counts={
            "open": counted.get(DossierState.OPEN, 0),
            "closed": counted.get(DossierState.CLOSED, 0),
            "ending": None,
        },
        items=items,
        query=query,
        older=older,
        form=form(services, account, language, entered) if clerk else None,
        notice_days=NOTICE.days,
    )


def _in_state(conn: Connection, agency: str, state: DossierState, query: str, after: str | None) -> _Items:
    page = dossier_rows.page(conn, agency, states=[state], words=query.split(), cursor=after, limit=LISTED)
    entries = dossier_rows.entry_counts(conn, [one.id for one in page.dossiers])
    return tuple(item(one, entries[one.id]) for one in page.dossiers), page.next


def _ending(conn: Connection, agency: str, query: str, after: str | None, today: date) -> _Items:
    """Those whose period is over or ends within the notice, the oldest first."""
    through = told_through(today)
    page = retention_rows.ending_page(conn, agency, through, words=query.split(), cursor=after, limit=LISTED)
    entries = dossier_rows.entry_counts(conn, [one.id for one, _ in page.dossiers])
    items = (
        replace(item(one, entries[one.id]), last_day=last, ending=ending(last, today))
        for one, last in page.dossiers
    )
    return tuple(items), page.next


def item(found: Dossier, entries: int = 0) -> kept.DossierItem:
    return kept.DossierItem(
        id=found.id,
        code=found.code,
        title=found.fields.title,
        heading=found.fields.heading,
        state=found.state,
        opened_at=found.opened_at,
        entries=entries,
        retention=found.retention.name if found.retention else "",
    )


def form(
    services: Services,
    account: Account,
    language: str,
    entered: Fields | None = None,
    dossier: Dossier | None = None,
) -> kept.DossierForm:
    """Empty, with what was entered, or with the fields of a dossier."""
    today = civil_date(services.clock())
    said = entered or (dossier.fields if dossier else None)
    shown = kept.DossierFields(today.year, creator=account.display[:30], start_date=today)
    if said is not None:
        shown = kept.DossierFields(**{one.name: getattr(said, one.name) for one in fields_of(Fields)})
    years = range(today.year + 1, today.year - YEARS_BACK, -1)
    return kept.DossierForm(
        fields=shown,
        years=tuple(sorted({*years, shown.catalog_year}, reverse=True)),
        rights=RIGHTS,
        languages=LANGUAGES,
        codes=codes(Filing(services).codes(dossier), language),
        today=today,
        id=dossier.id if dossier else "",
        code=dossier.code if dossier else "",
        version=dossier.version if dossier else 0,
    )


def dossier(
    services: Services, found: Dossier, account: Account, language: str, after: int = 0
) -> kept.DossierView:
    """One dossier with what lies in it, after the first `after` lines; a closed one in the order of its list."""
    with services.transactions.read() as conn:
        entries: Sequence[Entry] = dossier_rows.entries(conn, found.id)
        versions = dossier_rows.versions(conn, found.id)
        until = retention_rows.kept(conn, [found.id])[found.id]
        over = hold_rows.over(conn, [found.id]).get(found.id, ())
    if found.state is DossierState.CLOSED:
        entries = in_order_of_time(entries)
    shown = list(enumerate(entries, 1))[after : after + ENTRIES]
    acts = {str(act) for act in _acts(found, account)}
    if {Role.CLERK, Role.AUDITOR} & account.roles:
        acts.add("hold")
    removable = DossierAct.REMOVE in acts and not over
    decided = found.retention
    planned = [one for one in codes(services.retention, language) if one.code == found.fields.planned_code]
    return kept.DossierView(
        id=found.id,
        version=found.version,
        code=found.code,
        fields=kept.DossierFields(**{one.name: getattr(found.fields, one.name) for one in fields_of(Fields)}),
        state=found.state,
        planned=f"{planned[-1].code} · {planned[-1].name}" if planned else "",
        retention=kept.CodeView(decided.code, decided.name, decided.basis) if decided else None,
        work_ended=decided.work_ended if decided else None,
        kept=keeping(until),
        opened_by=found.opened_by,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
        entries=tuple(_entry(n, one, removable and one.ordinal > found.listed) for n, one in shown),
        total=len(entries),
        next_entry=after + ENTRIES if len(entries) > after + ENTRIES else None,
        acts=frozenset(acts),
        holds=tuple(hold_views.hold(services, one, account) for one in over),
        timeline=tuple(_told(one, language) for one in versions),
        limit=services.settings.upload_limit,
    )


def _acts(found: Dossier, account: Account) -> list[DossierAct]:
    return [act for act, rule in RULES.items() if found.state in rule.before and rule.roles & account.roles]


def _entry(position: int, found: Entry, removable: bool) -> kept.EntryView:
    document, file = found.document, found.file
    return kept.EntryView(
        position=position,
        ordinal=found.ordinal,
        document=document.id if document else "",
        file=file.id if file else "",
        number=document.number_text if document else file.facts.number_text if file else "",
        date=found.date,
        subject=f"{_kind(document.kind)} {found.subject}".strip() if document else found.subject,
        author=document.author if document else file.facts.author if file else "",
        pages=found.pages,
        note=found.note,
        filed_by=found.filed_by,
        filed_at=found.filed_at,
        size=file.size if file else 0,
        removable=removable,
    )


def _kind(code: str) -> str:
    return BY_CODE[code].name if code in BY_CODE else ""


def _told(version: DossierVersion, language: str) -> views.TimelineEntry:
    text = ACTS[DossierAct(version.act)][1 if language == "en" else 0]
    return views.TimelineEntry(at=version.at, actor=version.actor, text=text, note=version.reason)


def add(services: Services, found: Dossier, account: Account, query: str, after: str | None) -> kept.AddView:
    """Issued documents that do not lie in the dossier yet."""
    with services.transactions.read() as conn:
        page = document_lists.fileable(
            conn, account.agency, found.id, words=query.split(), cursor=after, limit=LISTED
        )
    return kept.AddView(
        id=found.id,
        code=found.code,
        title=found.fields.title,
        items=tuple(_fileable(one) for one in page.documents),
        query=query,
        older=page.next,
    )


def _fileable(document: Document) -> kept.FileableItem:
    return kept.FileableItem(
        id=document.id,
        number=document.number_text or "",
        date=document.document_date,
        kind=present.kind_name(document),
        subject=document.subject,
        filed=document.state is State.FILED,
    )


def file(
    services: Services, document: Document, account: Account, query: str, after: str | None
) -> kept.FileView:
    """Open dossiers in which the document does not lie yet."""
    with services.transactions.read() as conn:
        inside = dossier_rows.dossiers_of(conn, document.id)
        page = dossier_rows.page(
            conn,
            account.agency,
            states=[DossierState.OPEN],
            words=query.split(),
            cursor=after,
            limit=LISTED,
        )
    known = {one.id for one in inside}
    return kept.FileView(
        id=document.id,
        subject=document.subject,
        number=document.number_text or "",
        inside=tuple(item(one) for one in inside),
        items=tuple(item(one) for one in page.dossiers if one.id not in known),
        query=query,
        older=page.next,
    )


def close(
    services: Services, found: Dossier, language: str, chosen: str = "", ended: date | None = None
) -> kept.CloseView:
    """What the clerk decides: a code of the table as it was when the dossier was opened, and when the work ended."""
    with services.transactions.read() as conn:
        entries = dossier_rows.entries(conn, found.id)
    today = civil_date(services.clock())
    days = [one.date for one in entries if one.date is not None]
    before = found.retention
    earliest = min(today, max([found.fields.start_date, *days]))
    return kept.CloseView(
        id=found.id,
        version=found.version,
        code=found.code,
        title=found.fields.title,
        total=len(entries),
        codes=codes(Filing(services).codes(found), language),
        chosen=chosen or (before.code if before else found.fields.planned_code),
        earliest=earliest,
        today=today,
        work_ended=ended or (before.work_ended if before else today),
    )


def filed(services: Services, document: Document, account: Account) -> kept.FiledView:
    """What a document's own page tells: where it lies, until when it is kept, what holds it."""
    with services.transactions.read() as conn:
        inside = dossier_rows.dossiers_of(conn, document.id)
        until = retention_rows.kept(conn, [document.id])[document.id]
        over = hold_rows.over(conn, [document.id]).get(document.id, ())
    return kept.FiledView(
        dossiers=tuple(item(one) for one in inside),
        kept=keeping(until),
        holds=tuple(hold_views.hold(services, one, account) for one in over),
    )
