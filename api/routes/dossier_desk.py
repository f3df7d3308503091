"""The desk of dossiers: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from datetime import date as date_type
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Response, UploadFile

from api.filing import Filing
from api.limits import UPLOAD_FORM
from api.pages.addresses import address
from api.presenters import dossiers as present
from api.routes.context import StaffRoute
from api.routes.desks import Csrf, Text, to
from api.routes.documents import staff_document
from api.routes.dossiers import file_answer, staff_dossier
from api.routes.keeping_words import STAFF, AtDesk, Done, Line, Visit, Words
from archive.catalogue.keeping_values import Dossier, FileFacts
from archive.catalogue.values import Document
from archive.registers.dossiers import Closing
from policies.dossiers import LANGUAGES, RIGHTS, Fields
from policies.refusals import Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False, route_class=StaffRoute)


@router.get("/dossiers")
def dossiers(
    at: AtDesk,
    tab: str = "open",
    q: Words = "",
    after: str | None = None,
) -> Response:
    return _dossiers(at, tab=tab, query=q, after=after)


def _dossiers(
    at: Visit,
    *,
    tab: str = "open",
    query: str = "",
    after: str | None = None,
    problem: str = "",
    entered: Fields | None = None,
) -> Response:
    account = at.who.needs(*STAFF)
    return at.page(
        "dossiers.html",
        address("dossiers"),
        problem,
        dossiers=present.listing(at.given, account, tab, query, after, at.language, entered),
    )


def _fields(
    catalog_year: Annotated[int, Form()],
    notation: Line,
    title: Annotated[str, Form(max_length=1000)],
    start_date: Annotated[date_type, Form()],
    heading: Line = "",
    creator: Line = "",
    rights: Line = RIGHTS[0],
    language: Annotated[str, Form(max_length=50)] = LANGUAGES[0],
    description: Annotated[str, Form(max_length=1000)] = "",
    planned_code: Annotated[str, Form(max_length=20)] = "",
) -> Fields:
    return Fields(
        catalog_year=catalog_year,
        notation=notation,
        title=title,
        creator=creator,
        start_date=start_date,
        heading=heading,
        rights=rights,
        language=language,
        description=description,
        planned_code=planned_code,
    )


FormFields = Annotated[Fields, Depends(_fields)]


@router.post("/dossiers")
def open_dossier(at: AtDesk, fields: FormFields, csrf: Csrf = "") -> Response:
    account = at.acting(csrf, Role.CLERK)
    try:
        dossier = Filing(at.given).open(fields, account)
    except Refused as exc:
        return _dossiers(at, problem=exc.text(at.language), entered=fields)
    return to("dossier", id=dossier.id, done="dossier-opened")


@router.get("/dossiers/{dossier_id}")
def dossier(
    at: AtDesk,
    dossier_id: str,
    after: Annotated[int, Query(ge=0)] = 0,
    done: Done = "",
) -> Response:
    found = staff_dossier(at.given, at.who, dossier_id)
    return _dossier(at, found, after=after, done=at.said(done))


def _dossier(
    at: Visit,
    found: Dossier,
    *,
    after: int = 0,
    done: str = "",
    problem: str = "",
) -> Response:
    return at.page(
        "dossier.html",
        address("dossier", id=found.id),
        problem,
        dossier=present.dossier(at.given, found, at.who.needs(*STAFF), at.language, after),
        done=done,
    )


@router.get("/dossiers/{dossier_id}/add")
def add_page(
    at: AtDesk,
    dossier_id: str,
    q: Words = "",
    after: str | None = None,
) -> Response:
    at.who.needs(Role.CLERK)
    return _add(at, staff_dossier(at.given, at.who, dossier_id), query=q, after=after)


def _add(
    at: Visit,
    found: Dossier,
    *,
    query: str = "",
    after: str | None = None,
    problem: str = "",
) -> Response:
    return at.page(
        "dossier-add.html",
        address("dossier_add", id=found.id),
        problem,
        add=present.add(at.given, found, at.who.needs(Role.CLERK), query, after),
    )


@router.post("/dossiers/{dossier_id}/add")
def add(
    at: AtDesk,
    dossier_id: str,
    chosen: Annotated[list[str], Form(alias="id")] = [],  # noqa: B006
    note: Line = "",
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    found = staff_dossier(at.given, at.who, dossier_id)
    try:
        Filing(at.given).file(chosen, [found], account, note)
    except Refused as exc:
        return _add(at, found, problem=exc.text(at.language))
    return to("dossier", id=found.id, done="dossier-filed")


@router.post("/dossiers/{dossier_id}/files", form_limits=UPLOAD_FORM)
def upload(
    at: AtDesk,
    dossier_id: str,
    file: Annotated[UploadFile, File()],
    subject: Line,
    number: Annotated[str, Form(max_length=64)] = "",
    date: Annotated[date_type | None, Form()] = None,
    author: Annotated[str, Form(max_length=200)] = "",
    pages: Annotated[int, Form(ge=0, le=99_999)] = 0,
    note: Line = "",
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    found = staff_dossier(at.given, at.who, dossier_id)
    facts = FileFacts(subject, author.strip(), number.strip(), date, pages)
    try:
        sha256 = at.given.work_area.put_work(file.file)
        Filing(at.given).upload(found, sha256, file.filename or "", facts, account, note)
    except Refused as exc:
        return _dossier(at, found, problem=exc.text(at.language))
    return to("dossier", id=found.id, done="dossier-filed")


@router.get("/dossiers/{dossier_id}/files/{file_id}")
def download(at: AtDesk, dossier_id: str, file_id: str) -> Response:
    return file_answer(at.given, staff_dossier(at.given, at.who, dossier_id), file_id)


@router.get("/dossiers/{dossier_id}/change")
def change_page(at: AtDesk, dossier_id: str) -> Response:
    at.who.needs(Role.CLERK)
    return _change(at, staff_dossier(at.given, at.who, dossier_id))


def _change(
    at: Visit,
    found: Dossier,
    *,
    problem: str = "",
    entered: Fields | None = None,
) -> Response:
    return at.page(
        "dossier-change.html",
        address("dossier_change", id=found.id),
        problem,
        form=present.form(at.given, at.who.needs(Role.CLERK), at.language, entered, found),
    )


@router.post("/dossiers/{dossier_id}/change")
def change(
    at: AtDesk,
    dossier_id: str,
    fields: FormFields,
    version: Annotated[int, Form()],
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    found = staff_dossier(at.given, at.who, dossier_id)
    try:
        Filing(at.given).change(found, fields, account, version)
    except Refused as exc:
        return _change(at, found, problem=exc.text(at.language), entered=fields)
    return to("dossier", id=found.id, done="dossier-changed")


@router.get("/dossiers/{dossier_id}/close")
def close_page(at: AtDesk, dossier_id: str) -> Response:
    at.who.needs(Role.CLERK)
    return _close(at, staff_dossier(at.given, at.who, dossier_id))


def _close(
    at: Visit,
    found: Dossier,
    *,
    problem: str = "",
    code: str = "",
    ended: date_type | None = None,
) -> Response:
    return at.page(
        "dossier-close.html",
        address("dossier_close", id=found.id),
        problem,
        close=present.close(at.given, found, at.language, code, ended),
    )


@router.post("/dossiers/{dossier_id}/close")
def close(
    at: AtDesk,
    dossier_id: str,
    work_ended: Annotated[date_type, Form()],
    version: Annotated[int, Form()],
    code: Annotated[str, Form(max_length=20)] = "",
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    found = staff_dossier(at.given, at.who, dossier_id)
    try:
        Filing(at.given).close(found, Closing(code, work_ended), account, version)
    except Refused as exc:
        return _close(at, found, problem=exc.text(at.language), code=code, ended=work_ended)
    return to("dossier", id=found.id, done="dossier-closed")


@router.post("/dossiers/{dossier_id}/reopen")
def reopen(at: AtDesk, dossier_id: str, reason: Text, csrf: Csrf = "") -> Response:
    account = at.acting(csrf, Role.CLERK)
    Filing(at.given).reopen(staff_dossier(at.given, at.who, dossier_id), account, reason)
    return to("dossier", id=dossier_id)


@router.post("/dossiers/{dossier_id}/entries/{entry}/remove")
def remove(
    at: AtDesk,
    dossier_id: str,
    entry: Annotated[int, Path(ge=1)],
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    found = staff_dossier(at.given, at.who, dossier_id)
    try:
        Filing(at.given).remove(found, entry, account, reason)
    except Refused as exc:
        return _dossier(at, found, problem=exc.text(at.language))
    return to("dossier", id=found.id)


# A document into dossiers


@router.get("/documents/{document_id}/file")
def file_page(
    at: AtDesk,
    document_id: str,
    q: Words = "",
    after: str | None = None,
) -> Response:
    at.who.needs(Role.CLERK)
    document = staff_document(at.given, at.who, document_id)
    return _file(at, document, query=q, after=after)


def _file(
    at: Visit,
    document: Document,
    *,
    query: str = "",
    after: str | None = None,
    problem: str = "",
) -> Response:
    return at.page(
        "file.html",
        address("file", id=document.id),
        problem,
        filing=present.file(at.given, document, at.who.needs(Role.CLERK), query, after),
    )


@router.post("/documents/{document_id}/file")
def file_away(
    at: AtDesk,
    document_id: str,
    chosen: Annotated[list[str], Form(alias="id")] = [],  # noqa: B006
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK)
    document = staff_document(at.given, at.who, document_id)
    try:
        into = [Filing(at.given).find(one, account) for one in dict.fromkeys(chosen)]
        Filing(at.given).file([document.id], into, account)
    except Refused as exc:
        return _file(at, document, problem=exc.text(at.language))
    return to("work", id=document_id)
