"""The desk of dossiers: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from datetime import date as date_type
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile

from api.filing import Filing
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import dossiers as present
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.routes.desks import Csrf, Text, to
from api.routes.documents import staff_document
from api.routes.dossiers import file_answer, staff_dossier
from api.routes.keeping_words import STAFF, Done, Line, Words, said
from api.services import Services
from archive.catalogue.keeping_values import Dossier, FileFacts
from archive.catalogue.values import Document
from archive.registers.dossiers import Closing
from policies.dossiers import LANGUAGES, RIGHTS, Fields
from policies.refusals import Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False)


@router.get("/dossiers")
def dossiers(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    tab: str = "open",
    q: Words = "",
    after: str | None = None,
) -> Response:
    return _dossiers(request, given, who, language, tab=tab, query=q, after=after)


def _dossiers(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    *,
    tab: str = "open",
    query: str = "",
    after: str | None = None,
    problem: str = "",
    entered: Fields | None = None,
) -> Response:
    account = who.needs(*STAFF)
    return rendering.page(
        request,
        "dossiers.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("dossiers"),
        dossiers=present.listing(given, account, tab, query, after, language, entered),
        problem=problem,
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
def open_dossier(
    request: Request, given: Given, who: Who, language: Language, fields: FormFields, csrf: Csrf = ""
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    try:
        dossier = Filing(given).open(fields, account)
    except Refused as exc:
        return _dossiers(request, given, who, language, problem=exc.text(language), entered=fields)
    return to("dossier", id=dossier.id, done="dossier-opened")


@router.get("/dossiers/{dossier_id}")
def dossier(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    after: Annotated[int, Query(ge=0)] = 0,
    done: Done = "",
) -> Response:
    found = staff_dossier(given, who, dossier_id)
    return _dossier(request, given, who, language, found, after=after, done=said(language, done))


def _dossier(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    found: Dossier,
    *,
    after: int = 0,
    done: str = "",
    problem: str = "",
) -> Response:
    return rendering.page(
        request,
        "dossier.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("dossier", id=found.id),
        dossier=present.dossier(given, found, who.needs(*STAFF), language, after),
        done=done,
        problem=problem,
    )


@router.get("/dossiers/{dossier_id}/add")
def add_page(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    q: Words = "",
    after: str | None = None,
) -> Response:
    who.needs(Role.CLERK)
    return _add(request, given, who, language, staff_dossier(given, who, dossier_id), query=q, after=after)


def _add(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    found: Dossier,
    *,
    query: str = "",
    after: str | None = None,
    problem: str = "",
) -> Response:
    return rendering.page(
        request,
        "dossier-add.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("dossier_add", id=found.id),
        add=present.add(given, found, who.needs(Role.CLERK), query, after),
        problem=problem,
    )


@router.post("/dossiers/{dossier_id}/add")
def add(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    chosen: Annotated[list[str], Form(alias="id")] = [],  # noqa: B006
    note: Line = "",
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    found = staff_dossier(given, who, dossier_id)
    try:
        Filing(given).file(chosen, [found], account, note)
    except Refused as exc:
        return _add(request, given, who, language, found, problem=exc.text(language))
    return to("dossier", id=found.id, done="dossier-filed")


@router.post("/dossiers/{dossier_id}/files")
def upload(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
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
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    found = staff_dossier(given, who, dossier_id)
    facts = FileFacts(subject, author.strip(), number.strip(), date, pages)
    try:
        sha256 = given.work_area.put_work(file.file)
        Filing(given).upload(found, sha256, file.filename or "", facts, account, note)
    except Refused as exc:
        return _dossier(request, given, who, language, found, problem=exc.text(language))
    return to("dossier", id=found.id, done="dossier-filed")


@router.get("/dossiers/{dossier_id}/files/{file_id}")
def download(given: Given, who: Who, dossier_id: str, file_id: str) -> Response:
    return file_answer(given, staff_dossier(given, who, dossier_id), file_id)


@router.get("/dossiers/{dossier_id}/change")
def change_page(request: Request, given: Given, who: Who, language: Language, dossier_id: str) -> Response:
    who.needs(Role.CLERK)
    return _change(request, given, who, language, staff_dossier(given, who, dossier_id))


def _change(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    found: Dossier,
    *,
    problem: str = "",
    entered: Fields | None = None,
) -> Response:
    return rendering.page(
        request,
        "dossier-change.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("dossier_change", id=found.id),
        form=present.form(given, who.needs(Role.CLERK), language, entered, found),
        problem=problem,
    )


@router.post("/dossiers/{dossier_id}/change")
def change(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    fields: FormFields,
    version: Annotated[int, Form()],
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    found = staff_dossier(given, who, dossier_id)
    try:
        Filing(given).change(found, fields, account, version)
    except Refused as exc:
        return _change(request, given, who, language, found, problem=exc.text(language), entered=fields)
    return to("dossier", id=found.id, done="dossier-changed")


@router.get("/dossiers/{dossier_id}/close")
def close_page(request: Request, given: Given, who: Who, language: Language, dossier_id: str) -> Response:
    who.needs(Role.CLERK)
    return _close(request, given, who, language, staff_dossier(given, who, dossier_id))


def _close(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    found: Dossier,
    *,
    problem: str = "",
    code: str = "",
    ended: date_type | None = None,
) -> Response:
    return rendering.page(
        request,
        "dossier-close.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("dossier_close", id=found.id),
        close=present.close(given, found, language, code, ended),
        problem=problem,
    )


@router.post("/dossiers/{dossier_id}/close")
def close(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    work_ended: Annotated[date_type, Form()],
    version: Annotated[int, Form()],
    code: Annotated[str, Form(max_length=20)] = "",
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    found = staff_dossier(given, who, dossier_id)
    try:
        Filing(given).close(found, Closing(code, work_ended), account, version)
    except Refused as exc:
        return _close(
            request, given, who, language, found, problem=exc.text(language), code=code, ended=work_ended
        )
    return to("dossier", id=found.id, done="dossier-closed")


@router.post("/dossiers/{dossier_id}/reopen")
def reopen(given: Given, who: Who, dossier_id: str, reason: Text, csrf: Csrf = "") -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    Filing(given).reopen(staff_dossier(given, who, dossier_id), account, reason)
    return to("dossier", id=dossier_id)


@router.post("/dossiers/{dossier_id}/entries/{entry}/remove")
def remove(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    dossier_id: str,
    entry: Annotated[int, Path(ge=1)],
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    found = staff_dossier(given, who, dossier_id)
    try:
        Filing(given).remove(found, entry, account, reason)
    except Refused as exc:
        return _dossier(request, given, who, language, found, problem=exc.text(language))
    return to("dossier", id=found.id)


# A document into dossiers


@router.get("/documents/{document_id}/file")
def file_page(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    document_id: str,
    q: Words = "",
    after: str | None = None,
) -> Response:
    who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    return _file(request, given, who, language, document, query=q, after=after)


def _file(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    document: Document,
    *,
    query: str = "",
    after: str | None = None,
    problem: str = "",
) -> Response:
    return rendering.page(
        request,
        "file.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("file", id=document.id),
        filing=present.file(given, document, who.needs(Role.CLERK), query, after),
        problem=problem,
    )


@router.post("/documents/{document_id}/file")
def file_away(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    document_id: str,
    chosen: Annotated[list[str], Form(alias="id")] = [],  # noqa: B006
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    try:
        into = [Filing(given).find(one, account) for one in dict.fromkeys(chosen)]
        Filing(given).file([document.id], into, account)
    except Refused as exc:
        return _file(request, given, who, language, document, problem=exc.text(language))
    return to("work", id=document_id)
