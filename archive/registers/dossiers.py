"""Dossiers (*hồ sơ*): opened, filled, closed (NĐ 30/2020/NĐ-CP, Điều 28 to 31; Luật Lưu trữ 33/2024/QH15, Điều 15).

Each act runs in the caller's transaction: it holds the dossier's row, checks the order, writes its rows, and plans
the version that tells of it (`archive.filing`). Of two clerks who act on a dossier at once one waits. Rows of
dossiers are held before those of documents, each in the order of their ids, so that no two acts wait for each other.

A document lies in as many dossiers as it belongs to, and its bytes in the archive once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from archive import filing
from archive.catalogue import Connection, agency_rows, document_changes, documents, hold_rows, log_rows
from archive.catalogue import dossier_rows as rows
from archive.catalogue.identity import new_id
from archive.catalogue.keeping_values import (
    Dossier,
    DossierDeposit,
    DossierFile,
    Entry,
    FiledDocument,
    FileFacts,
    Retention,
)
from archive.catalogue.values import Document
from archive.dossier_record import Act, in_order_of_time
from archive.errors import ArchiveRefused
from policies import dossiers as rules
from policies.dossiers import DossierAct, DossierState, Fields, FileKind
from policies.issuing import Act as DocumentAct
from policies.issuing import Facts
from policies.numbering import civil_date
from policies.reasons import archiving
from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.retention import Filing, Rule, check_not_shortened, choose, keeping
from policies.vocabulary import State
from policies.words import STATES

_FILEABLE = frozenset({State.ISSUED, State.FILED})


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, and when. `seen`: the dossier's version that the actor looked at; None when it does not matter."""

    actor: str
    at: datetime
    seen: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A plain file whose bytes lie in the work area, under `sha256`."""

    sha256: str
    size: int
    name: str
    kind: FileKind
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class Closing:
    """What is decided when a dossier is closed: the retention code, and the day on which its work ended."""

    code: str
    work_ended: date


@dataclass(frozen=True, slots=True)
class Done:
    """An act on a dossier, in the catalogue; its version waits for `archive.filing.carry_out`."""

    dossier: Dossier
    deposit: DossierDeposit


def open_dossier(conn: Connection, agency: str, fields: Fields, table: Sequence[Rule], by: Acting) -> Done:
    """A new dossier. Raises Refused as `policies.dossiers.check_fields`; DOSSIER_EXISTS, UNKNOWN_RETENTION."""
    today = civil_date(by.at)
    said = _checked(fields, table, today, today)
    dossier = Dossier(
        id=new_id(by.at),
        agency=agency,
        code=rules.dossier_code(agency, said),
        fields=said,
        state=DossierState.OPEN,
        version=1,
        entries=0,
        listed=0,
        retention=None,
        opened_by=by.actor,
        opened_at=by.at,
        closed_at=None,
        updated_at=by.at,
    )
    rows.insert_dossier(conn, dossier)
    return _planned(conn, dossier, Act(DossierAct.OPEN, by.actor, by.at))


def change(conn: Connection, dossier_id: str, fields: Fields, table: Sequence[Rule], by: Acting) -> Done:
    """Other fields. Raises as `open_dossier`; WRONG_DOSSIER_STATE, DOSSIER_CHANGED."""
    dossier = _held(conn, dossier_id, by)
    rules.next_state(dossier.state, DossierAct.CHANGE)
    said = _checked(fields, table, civil_date(by.at), civil_date(dossier.opened_at))
    code = rules.dossier_code(dossier.agency, said)
    if code != dossier.code and rows.by_code(conn, code) is not None:
        raise ArchiveRefused(reasons.DOSSIER_EXISTS, code=code)
    changed = _next(dossier, by, fields=said, code=code)
    return _written(conn, changed, Act(DossierAct.CHANGE, by.actor, by.at))


def file_documents(
    conn: Connection, dossier_id: str, document_ids: Iterable[str], by: Acting, note: str = ""
) -> Done:
    """Issued documents into the dossier, all of them or none; an issued one is `filed` from then on.

    Raises Refused: WRONG_DOSSIER_STATE, DOSSIER_FULL, CHOOSE_DOCUMENT, NO_DOCUMENT, NOT_FILEABLE, FILED_ALREADY.
    """
    dossier = _fillable(conn, dossier_id, by)
    ids = sorted(set(document_ids))
    if not ids:
        raise ArchiveRefused(reasons.CHOOSE_DOCUMENT)
    _check_new(conn, dossier, ids)
    found = [_fileable(conn, dossier, one) for one in ids]
    for document in found:
        document_changes.advance(conn, document, DocumentAct.FILE, by.at)
    filed = [
        _entry(dossier, number, by, note, document=_as_filed(conn, one))
        for number, one in enumerate(found, 1)
    ]
    return _filed(conn, dossier, filed, (), by)


def file_upload(conn: Connection, dossier_id: str, new: NewFile, by: Acting, note: str = "") -> Done:
    """A plain file into the dossier. The same bytes once more are the file that is stored already.

    Raises Refused: WRONG_DOSSIER_STATE, DOSSIER_FULL, FIELD_EMPTY, FIELD_TOO_LONG, FILED_ALREADY.
    """
    dossier = _fillable(conn, dossier_id, by)
    known = rows.file_at_home(conn, dossier.id, new.sha256)
    file = known or _new_file(dossier, new, by)
    _check_new(conn, dossier, [file.id], name=file.name)
    if known is None:
        rows.insert_file(conn, file)
    return _filed(conn, dossier, [_entry(dossier, 1, by, note, file=file)], () if known else (file,), by)


def file_again(conn: Connection, dossier_id: str, file_id: str, by: Acting, note: str = "") -> Done:
    """A file that lies in another dossier of the agency, into this one too: no second copy.

    Raises Refused: WRONG_DOSSIER_STATE, DOSSIER_FULL, NO_FILE, FILED_ALREADY.
    """
    dossier = _fillable(conn, dossier_id, by)
    file = rows.file(conn, file_id)
    home = rows.find(conn, file.dossier) if file else None
    if file is None or home is None or home.agency != dossier.agency:
        raise ArchiveRefused(reasons.NO_FILE)
    _check_new(conn, dossier, [file.id], name=file.name)
    return _filed(conn, dossier, [_entry(dossier, 1, by, note, file=file)], (), by)


def remove(conn: Connection, dossier_id: str, ordinal: int, by: Acting) -> Done:
    """An entry out of the dossier, before a closing has fixed the list; a document that lies nowhere else is
    `issued` again, or will be when its stop ends, a file stays stored. Raises Refused: WRONG_DOSSIER_STATE,
    REASON_NEEDED, NO_ENTRY, ENTRY_LISTED, UNDER_HOLD.
    """
    dossier = _held(conn, dossier_id, by)
    rules.next_state(dossier.state, DossierAct.REMOVE, by.reason)
    entry = rows.entry(conn, dossier.id, ordinal)
    if entry is None or entry.removed_in is not None:
        raise ArchiveRefused(reasons.NO_ENTRY, entry=ordinal)
    if ordinal <= dossier.listed:
        raise ArchiveRefused(reasons.ENTRY_LISTED, entry=ordinal)
    if entry.document is not None:
        documents.lock_row(conn, entry.document.id)  # whoever places a hold over it holds its row
    _refuse_held(conn, dossier, entry)
    changed = _next(dossier, by)
    rows.remove_entry(conn, entry, changed.version, by.reason)
    if entry.document is not None:
        _unfile(conn, entry.document.id, by)
    act = Act(DossierAct.REMOVE, by.actor, by.at, reason=by.reason, removed=[entry])
    return _written(conn, changed, act)


def close(conn: Connection, dossier_id: str, closing: Closing, table: Sequence[Rule], by: Acting) -> Done:
    """Kết thúc hồ sơ: the work ended, the period is chosen, the list of documents is fixed.

    The code is one that was in force when the dossier was opened. Raises Refused: WRONG_DOSSIER_STATE,
    DOSSIER_CHANGED, EMPTY_DOSSIER, ENDED_IN_FUTURE, ENDED_TOO_EARLY, UNKNOWN_RETENTION, RETENTION_SHORTER.
    """
    dossier = _held(conn, dossier_id, by)
    state = rules.next_state(dossier.state, DossierAct.CLOSE)
    inside = rows.entries(conn, dossier.id)
    rules.check_closing(
        closing.work_ended, dossier.fields.start_date, civil_date(by.at), [one.date for one in inside]
    )
    rule = choose(table, closing.code, civil_date(dossier.opened_at))
    if dossier.decided is not None:
        check_not_shortened(dossier.decided, keeping([Filing(rule.years, closing.work_ended)]))
    kept = Retention(rule.code, rule.maintenance, rule.years, rule.name, rule.basis, closing.work_ended)
    changed = _next(dossier, by, state=state, retention=kept, closed_at=by.at, listed=dossier.entries)
    return _written(conn, changed, Act(DossierAct.CLOSE, by.actor, by.at, listed=in_order_of_time(inside)))


def reopen(conn: Connection, dossier_id: str, by: Acting) -> Done:
    """Mở lại: more may come in, nothing that was listed goes out, and no closing decides on a shorter period.

    Raises Refused: WRONG_DOSSIER_STATE, REASON_NEEDED, DOSSIER_CHANGED.
    """
    dossier = _held(conn, dossier_id, by)
    state = rules.next_state(dossier.state, DossierAct.REOPEN, by.reason)
    changed = _next(dossier, by, state=state, closed_at=None)
    return _written(conn, changed, Act(DossierAct.REOPEN, by.actor, by.at, reason=by.reason))


def note_hold(conn: Connection, dossier_id: str, act: DossierAct, facts: dict[str, str], by: Acting) -> Done:
    """A hold was put on the dossier or taken off: a version of it says so, in whatever state it is."""
    changed = _next(rows.locked(conn, dossier_id), by)
    return _written(conn, changed, Act(act, by.actor, by.at, reason=by.reason, hold=facts))


def _held(conn: Connection, dossier_id: str, by: Acting) -> Dossier:
    dossier = rows.locked(conn, dossier_id)
    if by.seen is not None and by.seen != dossier.version:
        raise ArchiveRefused(reasons.DOSSIER_CHANGED)
    return dossier


def _fillable(conn: Connection, dossier_id: str, by: Acting) -> Dossier:
    dossier = _held(conn, dossier_id, by)
    rules.next_state(dossier.state, DossierAct.FILE)
    return dossier


def _checked(fields: Fields, table: Sequence[Rule], today: date, opened: date) -> Fields:
    said = rules.check_fields(fields, today)
    if said.planned_code:
        choose(table, said.planned_code, opened)
    return said


def _check_new(conn: Connection, dossier: Dossier, things: Sequence[str], name: str = "") -> None:
    rules.check_room(dossier.entries, len(things))
    inside = rows.in_dossier(conn, dossier.id, things)
    if inside:
        document = documents.find(conn, min(inside))
        what = (document.number_text or document.subject) if document else name
        raise ArchiveRefused(reasons.FILED_ALREADY, what=what, code=dossier.code)


def _fileable(conn: Connection, dossier: Dossier, document_id: str) -> Document:
    documents.lock_row(conn, document_id)
    document = documents.find(conn, document_id)
    if document is None or document.agency != dossier.agency:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    if document.state not in _FILEABLE:
        what = document.number_text or document.subject
        raise ArchiveRefused(reasons.NOT_FILEABLE, what=what, state=STATES[document.state][0])
    return document


def _as_filed(conn: Connection, document: Document) -> FiledDocument:
    agency = agency_rows.agency(conn, document.agency)
    versions = log_rows.archived_versions(conn, document.id)
    return FiledDocument(
        id=document.id,
        public_code=document.public_code,
        kind=document.kind,
        number_text=document.number_text or "",
        document_date=document.document_date,
        subject=document.subject,
        author=agency.name if agency else "",
        pages=int(document.metadata.get("pages", 0)),
        sha256=(versions[0].content_sha256 or "") if versions else "",
    )


def _new_file(dossier: Dossier, new: NewFile, by: Acting) -> DossierFile:
    facts = replace(new.facts, subject=" ".join(new.facts.subject.split()))
    if not facts.subject:
        raise Refused(reasons.FIELD_EMPTY, field="Trích yếu nội dung")
    for field, text, most in (
        ("Trích yếu nội dung", facts.subject, 500),
        ("Tác giả", facts.author, 200),
        ("Số, ký hiệu", facts.number_text, 64),
    ):
        if len(text) > most:
            raise Refused(reasons.FIELD_TOO_LONG, field=field, most=most, length=len(text))
    return DossierFile(
        id=new_id(by.at),
        dossier=dossier.id,
        sha256=new.sha256,
        size=new.size,
        name=new.name,
        media_type=new.kind.media_type,
        facts=facts,
        uploaded_by=by.actor,
        created_at=by.at,
    )


def _entry(
    dossier: Dossier,
    number: int,
    by: Acting,
    note: str,
    *,
    document: FiledDocument | None = None,
    file: DossierFile | None = None,
) -> Entry:
    return Entry(
        dossier=dossier.id,
        ordinal=dossier.entries + number,
        document=document,
        file=file,
        note=note,
        filed_in=dossier.version + 1,
        filed_by=by.actor,
        filed_at=by.at,
    )


def _filed(
    conn: Connection,
    dossier: Dossier,
    filed: Sequence[Entry],
    new_files: Sequence[DossierFile],
    by: Acting,
) -> Done:
    if hold_rows.over(conn, [dossier.id]):
        ids = [entry.document.id for entry in filed if entry.document]
        files = [entry.file.id for entry in filed if entry.file]
        hold_rows.doubt(conn, documents=ids, files=files, dossier=None)
    rows.insert_entries(conn, filed)
    changed = _next(dossier, by, entries=dossier.entries + len(filed))
    act = Act(DossierAct.FILE, by.actor, by.at, filed=filed, new_files=new_files)
    return _written(conn, changed, act)


def _refuse_held(conn: Connection, dossier: Dossier, entry: Entry) -> None:
    thing = entry.document.id if entry.document else entry.file.id if entry.file else ""
    over = hold_rows.over(conn, [thing, dossier.id])
    for held in over.values():
        raise ArchiveRefused(reasons.UNDER_HOLD, why=held[0].reason)


def _unfile(conn: Connection, document_id: str, by: Acting) -> None:
    """The caller holds the document's row."""
    document = documents.get(conn, document_id)
    left = len(rows.dossiers_of(conn, document_id))
    if document.state is State.FILED:
        facts = Facts(reason=by.reason, dossiers=left)
        document_changes.advance(conn, document, DocumentAct.UNFILE, by.at, facts=facts)
    elif document.state is State.STOPPED and document.stopped_from is State.FILED and not left:
        # It stays stopped, for its own reason, and goes on as what lies nowhere: so does one made again.
        document_changes.change(conn, document, by.at, stopped_from=State.ISSUED)


def _next(dossier: Dossier, by: Acting, **changes: object) -> Dossier:
    return replace(dossier, version=dossier.version + 1, updated_at=by.at, **changes)  # type: ignore[arg-type]


def _written(conn: Connection, changed: Dossier, act: Act) -> Done:
    rows.update_dossier(conn, changed)
    return _planned(conn, changed, act)


def _planned(conn: Connection, dossier: Dossier, act: Act) -> Done:
    return Done(dossier, filing.plan(conn, dossier, act))
