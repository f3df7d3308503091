"""The clerk's desk: lists, upload, fields to place, number to confirm, register."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from api.pages import clerk, views
from api.presenters import documents as present
from api.presenters import pages, placing
from api.receiving import Draft
from api.services import Services
from api.store import accounts
from api.store.accounts import Account
from archive.catalogue import document_lists, register_rows
from archive.catalogue import documents as rows
from archive.catalogue.values import Document
from archive.registers import outgoing
from policies import numbering
from policies.geometry import PageFrame, from_page, to_page
from policies.kinds import BY_CODE
from policies.layout import DAY_FIELD, MONTH_FIELD, YEAR_FIELD, Box
from policies.numbering import Series, civil_date
from policies.reasons import access as reasons
from policies.refusals import Both, Refused
from policies.vocabulary import FieldRole, Role, State
from signer.errors import DocumentRefused, PlacementRefused
from signer.keys.checks import subject_of

TAB_STATES: dict[clerk.Tab, tuple[State, ...]] = {
    "draft": (State.DRAFT, State.RETURNED),
    "circulating": (State.PREPARED,),
    "timestamp": (State.SIGNED, State.SEALED, State.SEAL_TIMESTAMPED, State.VALIDATED, State.STOPPED),
    "number": (State.LEADER_TIMESTAMPED,),
    "issue": (State.ARCHIVED,),
    "issued": (State.ISSUED, State.FILED, State.VOIDED),
}
LABELS: dict[str, dict[FieldRole, str]] = {
    "vi": {
        FieldRole.LEADER: "Chữ ký",
        FieldRole.INITIAL: "Ký nháy",
        FieldRole.NUMBER: "Số",
        FieldRole.DATE: "Ngày tháng",
        FieldRole.SEAL: "Dấu cơ quan",
    },
    "en": {
        FieldRole.LEADER: "Signature",
        FieldRole.INITIAL: "Initials",
        FieldRole.NUMBER: "Number",
        FieldRole.DATE: "Date",
        FieldRole.SEAL: "Seal",
    },
}
PARTS_OF_DATE: dict[str, dict[str, str]] = {
    "vi": {DAY_FIELD: "Ngày", MONTH_FIELD: "Tháng", YEAR_FIELD: "Năm"},
    "en": {DAY_FIELD: "Day", MONTH_FIELD: "Month", YEAR_FIELD: "Year"},
}
LISTED = 50
ROUNDED = 0.06  # millimetres: the form's numbers have one decimal
BOX_KEY = re.compile(r"box-(\d{1,3})-name")


@dataclass(frozen=True, slots=True)
class Desk:
    """One tab of the desk."""

    tab: clerk.Tab
    counts: dict[clerk.Tab, int]
    items: tuple[clerk.WorkItem, ...]
    older: str | None


def desk(
    services: Services, account: Account, tab: str, query: str, after: str | None, language: str
) -> Desk:
    """The chosen tab with the badges of all."""
    chosen: clerk.Tab = next((name for name in clerk.TABS if name == tab), "draft")
    with services.transactions.read() as conn:
        by_state = document_lists.count(conn, account.agency)
        listing = document_lists.newest if chosen == "issued" else document_lists.desk
        page = listing(conn, account.agency, TAB_STATES[chosen], cursor=after, limit=LISTED)
    counts = {name: sum(by_state.get(state, 0) for state in TAB_STATES[name]) for name in clerk.TABS}
    found = [document for document in page.documents if _matches(document, query)]
    items = tuple(present.work_item(services, document, language) for document in found)
    return Desk(chosen, counts, items, page.next)


def _matches(document: Document, query: str) -> bool:
    text = f"{document.number_text or ''} {document.subject}".casefold()
    return all(word in text for word in query.casefold().split())


def upload_options(services: Services, entered: Draft | None = None) -> clerk.UploadOptions:
    """Kinds of document and people who may sign; after a refusal, what was `entered` stands there again."""
    with services.transactions.read() as conn:
        leaders = accounts.with_role(conn, Role.LEADER)
    people = tuple(views.Choice(one.name, f"{one.display}, {one.title}") for one in leaders)
    kinds = tuple(views.Choice(code, kind.name) for code, kind in BY_CODE.items())
    options = clerk.UploadOptions(kinds, people, people, services.settings.upload_limit)
    if entered is None:
        return options
    return replace(
        options,
        kind=entered.kind,
        subject=entered.subject,
        recipients="; ".join(entered.recipients),
        unit=entered.unit,
        urgency=entered.urgency,
        chosen=frozenset(entered.leaders),
        chosen_initials=frozenset(entered.initials),
    )


def prepare(services: Services, document: Document, language: str, problem: str = "") -> clerk.PrepareView:
    """The fields that the text asks for, on pictures of their pages; where nothing was found, it says so."""
    boxes: tuple[Box, ...] = ()
    frames = placing.frames(services, document)
    try:
        proposal = placing.propose(services, document)
    except (PlacementRefused, DocumentRefused) as exc:
        problem = problem or exc.text(language)
    else:
        boxes = proposal.boxes
        problem = problem or (proposal.refusal.text(language) if proposal.refusal else "")
    pictures, count = pages.images(
        services, document.current_sha256 or "", lambda index: present.desk_image(document, index), shown=40
    )
    labels = _labels(services, document, boxes, language)
    shown = tuple(
        _box(box, frames[box.page], label)
        for box, label in zip(boxes, labels, strict=True)
        if box.page < len(frames)
    )
    return clerk.PrepareView(
        id=document.id,
        digest=document.current_sha256 or "",
        subject=document.subject,
        pages=pictures,
        sizes=pages.sizes(services, document.current_sha256 or "")[:40],
        page_count=count,
        boxes=shown,
        problem=problem,
        qr=services.settings.qr,
    )


def _labels(services: Services, document: Document, boxes: tuple[Box, ...], language: str) -> list[str]:
    """What each box is for; those of people bear their names, in signing order."""
    with services.transactions.read() as conn:
        signers = rows.signers(conn, document.id)
    names = {role: iter([signer.display for signer in signers if signer.role is role]) for role in FieldRole}
    return [
        PARTS_OF_DATE[language].get(box.name)
        or f"{LABELS[language][box.role]} {next(names[box.role], '')}".strip()
        for box in boxes
    ]


def _box(box: Box, frame: PageFrame, label: str) -> clerk.BoxView:
    left, top, width, height = to_page(box.rect, frame)
    return clerk.BoxView(box.name, box.role, label, box.page + 1, left, top, width, height)


def boxes_of_form(services: Services, document: Document, form: dict[str, str]) -> tuple[Box, ...]:
    """The boxes that the clerk placed, in user space. Raises Refused INVALID_REQUEST for numbers that are none."""
    frames = placing.frames(services, document)
    proposal = placing.propose(services, document)
    known = {box.name: box for box in proposal.boxes}
    names = {match[1]: form[key] for key in form if (match := BOX_KEY.fullmatch(key))}
    try:
        given = [_given(known[name], form, number, frames) for number, name in names.items()]
    except (KeyError, ValueError, IndexError) as exc:
        raise Refused(reasons.INVALID_REQUEST, what=Both("vị trí ô", "a box")) from exc
    if proposal.refusal is not None:
        return tuple(given)
    return _moved(given, known, frames)


def _moved(given: list[Box], known: dict[str, Box], frames: tuple[PageFrame, ...]) -> tuple[Box, ...]:
    """Roles with a box that the clerk moved. The others stay with the text that told their place and more:
    the printed symbol and year, which are then compared with the register."""
    roles = {box.role for box in given if not _same(box, known[box.name], frames)}
    if FieldRole.LEADER in roles:
        roles.add(FieldRole.SEAL)  # it stays where the clerk saw it
    return tuple(box for box in given if box.role in roles)


def _same(box: Box, other: Box, frames: tuple[PageFrame, ...]) -> bool:
    if box.page != other.page:
        return False
    frame = frames[box.page]
    pairs = zip(to_page(box.rect, frame), to_page(other.rect, frame), strict=True)
    return all(abs(one - two) <= ROUNDED for one, two in pairs)


def _given(box: Box, form: dict[str, str], number: str, frames: tuple[PageFrame, ...]) -> Box:
    page = int(form[f"box-{number}-page"]) - 1
    left, top, width, height = (
        float(form[f"box-{number}-{part}"]) for part in ("left", "top", "width", "height")
    )
    if page < 0 or min(left, top) < 0 or min(width, height) <= 0 or max(left, top, width, height) > 5000:
        raise ValueError("a box outside of its page")
    frame = frames[page]
    return Box(
        box.role, page, from_page(left, top, width, height, frame), box.name, frame.rotation, box.font_size
    )


def number(services: Services, document: Document) -> clerk.NumberView:
    """The number that comes next, as of now; the register decides when the clerk confirms."""
    at = services.clock()
    today = civil_date(at)
    with services.transactions.read() as conn:
        signers = rows.signers(conn, document.id)
        state = register_rows.series(conn, Series(document.agency, document.kind, today.year))
    own = document.number_text
    coming = numbering.number_text(
        (state.last_number if state else 0) + 1,
        numbering.kind_of(document.kind),
        services.settings.agency_symbol,
        document.unit,
    )
    signed = civil_date(document.leader_token_time) if document.leader_token_time else today
    last = state.last_date if state and state.last_date else signed
    leader = next(signer for signer in reversed(signers) if signer.role is FieldRole.LEADER)
    pictures, _ = pages.images(
        services, document.current_sha256 or "", lambda index: present.desk_image(document, index), shown=1
    )
    return clerk.NumberView(
        id=document.id,
        digest=document.current_sha256 or "",
        kind=present.kind_name(document),
        subject=document.subject,
        next_number=own or coming,
        own_number=own is not None,
        date=document.document_date or today,
        earliest=min(today, max(signed, last)),
        latest=today,
        leader=f"{leader.display}, {leader.title}",
        stamped_at=document.leader_token_time,
        seal_holder=subject_of(services.keys.seal.certificate),
        page=pictures[0] if pictures else None,
    )


def register(
    services: Services, account: Account, year: int | None, kind: str, query: str
) -> clerk.RegisterView:
    """The outgoing register of a year."""
    today = civil_date(services.clock())
    chosen = year or today.year
    with services.transactions.read() as conn:
        found = outgoing.page(conn, account.agency, chosen, limit=5000)
    name = BY_CODE[kind].name if kind in BY_CODE else ""
    shown = [row for row in found if (not name or row.kind_name == name)]
    cells = [(row, outgoing.printed(row)) for row in shown]
    wanted = query.casefold().split()
    return clerk.RegisterView(
        agency=services.settings.agency_name,
        year=chosen,
        years=tuple(range(today.year, today.year - 10, -1)),
        kind=kind,
        kinds=tuple(views.Choice(code, one.name) for code, one in BY_CODE.items()),
        query=query,
        rows=tuple(
            clerk.RegisterRow(
                number=row.number_text,
                date=row.document_date,
                kind_and_subject=printed[2],
                signer=row.signer,
                recipients="; ".join(row.recipients),
                keeper=row.keeper,
                copies=row.copies,
                sent_at=row.sent_on,
                received_by=row.acknowledged,
                note=row.note,
                voided=row.note.startswith("Hủy số"),
                id=row.document,
            )
            for row, printed in cells
            if all(word in " ".join(printed).casefold() for word in wanted)
        ),
    )
