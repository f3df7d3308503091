"""Dossiers: opened, filled, closed; and the retention codes among which a closing chooses."""

from __future__ import annotations

from datetime import date as date_type
from typing import Annotated

from fastapi import File, Form, Header, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from api import kept_views
from api.filing import Filing
from api.identity import AccessRefused
from api.intact import intact
from api.limits import UPLOAD_FORM
from api.locations import DOSSIERS, location
from api.routes.context import (
    ONCE,
    Given,
    StaffRoute,
    Told,
    Who,
    answer_once,
    api_router,
    digest,
    json_answer,
)
from archive.catalogue import dossier_rows, retention_rows
from archive.catalogue.keeping_values import Dossier, FileFacts
from archive.registers.dossiers import Closing
from policies.dossiers import LANGUAGES, RIGHTS, DossierState, Fields
from policies.reasons import keeping as reasons
from policies.vocabulary import Role

router = api_router("dossiers")
writes = api_router("dossiers", ONCE, route_class=StaffRoute)
Match = Annotated[str | None, Header(alias="If-Match")]
STAFF = (Role.LEADER, Role.CLERK, Role.AUDITOR)
ENDING = "those that need not be kept after this day (2031-12-31), the oldest period first"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FieldsBody(_Body):
    """The fields of NĐ 30/2020/NĐ-CP, PL VI, and the heading of PL V."""

    catalog_year: int
    notation: str = Field(max_length=40)
    title: str = Field(max_length=1000)
    creator: str = Field("", max_length=200, description="who makes it up; the caller when left out")
    start_date: date_type
    heading: str = Field("", max_length=400)
    rights: str = RIGHTS[0]
    language: str = LANGUAGES[0]
    description: str = Field("", max_length=1000)
    planned_code: str = Field("", max_length=20, description="retention as the year's list foresees it")

    def fields(self, creator: str) -> Fields:
        values = self.model_dump()
        return Fields(**{**values, "creator": self.creator or creator})


class DocumentsBody(_Body):
    documents: list[str] = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=200)


class KnownFileBody(_Body):
    """A file that lies in another dossier: it comes into this one without a copy."""

    file: str
    note: str = Field("", max_length=200)


class ClosingBody(_Body):
    code: str = Field(max_length=20, description="one of `GET /retention-codes` as of the day of opening")
    work_ended: date_type


class ReasonBody(_Body):
    reason: str = Field(max_length=2000)


def etag(dossier: Dossier) -> str:
    return f'"{dossier.id}-{dossier.version}"'


def show(dossier: Dossier, status: int = 200, **headers: str) -> Response:
    return json_answer(kept_views.dossier(dossier), status, etag=etag(dossier), **headers)


def staff_dossier(given: Given, who: Who, dossier_id: str) -> Dossier:
    """The dossier, for an account of its own agency."""
    return Filing(given).find(dossier_id, who.needs(*STAFF))


def refuse_changed(dossier: Dossier, match: str | None) -> None:
    """`match` must name the version that the caller saw. In the act: its retry finds what it changed itself."""
    if match not in (None, "*", etag(dossier)):
        raise AccessRefused(reasons.DOSSIER_CHANGED)


def seen(dossier: Dossier, match: str | None) -> int | None:
    """Without `If-Match`, or with `*`, whatever stands there is acted on."""
    return dossier.version if match not in (None, "*") else None


def _as_it_is(given: Given, who: Who, dossier_id: str) -> Told:
    """Of an act on that dossier."""
    return lambda _made: show(staff_dossier(given, who, dossier_id))


@router.get("/retention-codes", summary="Bảng thời hạn lưu trữ")
def codes(given: Given, who: Who, dossier: str | None = None) -> Response:
    """The codes in force today, or when the named dossier was opened: its closing chooses among those."""
    account = who.needs(*STAFF)
    filing = Filing(given)
    found = filing.codes(filing.find(dossier, account) if dossier else None)
    return json_answer({"codes": [kept_views.rule(one) for one in found]})


@router.get("/dossiers", summary="Dossiers of the own agency, newest first; or those whose period ends")
def listing(
    given: Given,
    who: Who,
    state: Annotated[list[DossierState], Query()] = [],  # noqa: B006 (FastAPI reads it as the default only)
    q: Annotated[str, Query(max_length=100, description="words of code, title or heading")] = "",
    ending: Annotated[date_type | None, Query(description=ENDING)] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    account = who.needs(*STAFF)
    if ending is not None:
        return _ending(given, account.agency, ending, state, q.split(), cursor, limit)
    with given.transactions.read() as conn:
        page = dossier_rows.page(
            conn,
            account.agency,
            states=state or tuple(DossierState),
            words=q.split(),
            cursor=cursor,
            limit=limit,
        )
    return json_answer({"dossiers": [kept_views.dossier(one) for one in page.dossiers], "next": page.next})


def _ending(
    given: Given,
    agency: str,
    through: date_type,
    states: list[DossierState],
    words: list[str],
    cursor: str | None,
    limit: int,
) -> Response:
    """Only a closed dossier has an end."""
    page = retention_rows.EndingPage((), None)
    if not states or DossierState.CLOSED in states:
        with given.transactions.read() as conn:
            page = retention_rows.ending_page(conn, agency, through, words=words, cursor=cursor, limit=limit)
    return json_answer(
        {"dossiers": [kept_views.ending(one, last) for one, last in page.dossiers], "next": page.next}
    )


@writes.post("/dossiers", status_code=201, summary="Mở hồ sơ")
def open_dossier(request: Request, given: Given, who: Who, body: FieldsBody) -> Response:
    account = who.needs(Role.CLERK)
    hashed = digest(body.model_dump(mode="json"))

    def act() -> Response:
        return _shown_first(Filing(given).open(body.fields(account.display), account))

    def told(made: str) -> Response:
        return _shown_first(staff_dossier(given, who, made))

    return answer_once(request, given, account, hashed, act, told)


def _shown_first(dossier: Dossier) -> Response:
    return show(dossier, 201, location=location(DOSSIERS, dossier.id))


@router.get("/dossiers/{dossier_id}", summary="One dossier with its versions and its retention")
def read(given: Given, who: Who, dossier_id: str) -> Response:
    dossier = staff_dossier(given, who, dossier_id)
    with given.transactions.read() as conn:
        versions = dossier_rows.versions(conn, dossier.id)
        kept = retention_rows.kept(conn, [dossier.id])[dossier.id]
    return json_answer(
        {
            **kept_views.dossier(dossier),
            "kept": kept_views.kept(kept),
            "acts": [
                {"version": one.ordinal, "act": one.act, "actor": one.actor, "reason": one.reason or None}
                for one in versions
            ],
        },
        etag=etag(dossier),
    )


@router.get("/dossiers/{dossier_id}/entries", summary="What lies in the dossier")
def entries(
    given: Given,
    who: Who,
    dossier_id: str,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    dossier = staff_dossier(given, who, dossier_id)
    with given.transactions.read() as conn:
        found = dossier_rows.entries(conn, dossier.id, after=after, limit=limit + 1)
    shown = found[:limit]
    return json_answer(
        {
            "entries": [kept_views.entry(one) for one in shown],
            "next": shown[-1].ordinal if len(found) > limit else None,
        }
    )


@writes.put("/dossiers/{dossier_id}", summary="Other fields of an open dossier")
def change(
    request: Request, given: Given, who: Who, dossier_id: str, body: FieldsBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        refuse_changed(dossier, match)
        fields = body.fields(account.display)
        return show(Filing(given).change(dossier, fields, account, seen(dossier, match)))

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, body.model_dump(mode="json")), act, told)


@writes.post("/dossiers/{dossier_id}/documents", summary="Issued documents into the dossier")
def file_documents(
    request: Request, given: Given, who: Who, dossier_id: str, body: DocumentsBody
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        (changed,) = Filing(given).file(body.documents, [dossier], account, body.note)
        return show(changed)

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, body.model_dump(mode="json")), act, told)


@writes.post("/dossiers/{dossier_id}/files", summary="A plain file into the dossier", form_limits=UPLOAD_FORM)
def upload(
    request: Request,
    given: Given,
    who: Who,
    dossier_id: str,
    file: Annotated[UploadFile, File(description="kept as it is; nothing of it is parsed")],
    subject: Annotated[str, Form(max_length=2000, description="at most 500 characters, one line")],
    number: Annotated[str, Form(max_length=64)] = "",
    date: Annotated[date_type | None, Form()] = None,
    author: Annotated[str, Form(max_length=200)] = "",
    pages: Annotated[int, Form(ge=0, le=99_999)] = 0,
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)
    facts = FileFacts(subject, author, number, date, pages)
    sha256 = given.work_area.put_work(file.file)  # the one pass in which the bytes are hashed

    def act() -> Response:
        return show(Filing(given).upload(dossier, sha256, file.filename or "", facts, account, note))

    hashed = digest(dossier_id, sha256, file.filename, facts, note)
    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, hashed, act, told)


@writes.post("/dossiers/{dossier_id}/known-files", summary="A file of another dossier, without a copy")
def file_again(request: Request, given: Given, who: Who, dossier_id: str, body: KnownFileBody) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        return show(Filing(given).file_again(dossier, body.file, account, body.note))

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, body.model_dump()), act, told)


@router.get("/dossiers/{dossier_id}/files/{file_id}", summary="The bytes of a file, as they came")
def download(given: Given, who: Who, dossier_id: str, file_id: str) -> Response:
    return file_answer(given, staff_dossier(given, who, dossier_id), file_id)


def file_answer(given: Given, dossier: Dossier, file_id: str) -> Response:
    """To be saved, never shown: it came from outside, and nobody looked into it."""
    file = Filing(given).file_inside(dossier, file_id)
    path = intact(given, file.sha256)
    headers = {"etag": f'"{file.sha256}"', "cache-control": "private, no-cache"}
    return FileResponse(path, media_type="application/octet-stream", filename=file.name, headers=headers)


@writes.post("/dossiers/{dossier_id}/entries/{entry}/removal", summary="Rút khỏi hồ sơ, before its closing")
def remove(
    request: Request,
    given: Given,
    who: Who,
    dossier_id: str,
    entry: Annotated[int, Path(ge=1)],
    body: ReasonBody,
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        return show(Filing(given).remove(dossier, entry, account, body.reason))

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, entry, body.reason), act, told)


@writes.post("/dossiers/{dossier_id}/closing", summary="Kết thúc hồ sơ")
def close(
    request: Request, given: Given, who: Who, dossier_id: str, body: ClosingBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        refuse_changed(dossier, match)
        closing = Closing(body.code, body.work_ended)
        return show(Filing(given).close(dossier, closing, account, seen(dossier, match)))

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, body.model_dump(mode="json")), act, told)


@writes.post("/dossiers/{dossier_id}/reopening", summary="Mở lại hồ sơ")
def reopen(
    request: Request, given: Given, who: Who, dossier_id: str, body: ReasonBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    dossier = staff_dossier(given, who, dossier_id)

    def act() -> Response:
        refuse_changed(dossier, match)
        return show(Filing(given).reopen(dossier, account, body.reason))

    told = _as_it_is(given, who, dossier_id)
    return answer_once(request, given, account, digest(dossier_id, body.reason), act, told)
