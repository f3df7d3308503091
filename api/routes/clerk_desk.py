"""The clerk's desk: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as date_type
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api.finishing import Finishing
from api.issuing import Issuing
from api.limits import UPLOAD_FORM
from api.pages import rendering
from api.pages.addresses import address
from api.preparing import Preparing
from api.presenters import clerk as clerk_views
from api.receiving import Draft, Receiving
from api.routes.context import Caller, Given, Language, StaffRoute, Who, check_form, viewer
from api.routes.desks import Csrf, Text, said, seen, to
from api.routes.documents import staff_document
from api.services import Services
from api.signing import Signing
from api.store.accounts import Account
from archive.catalogue.values import Document
from policies import texts
from policies.refusals import Refused
from policies.vocabulary import Role, State

router = APIRouter(prefix="/desk", include_in_schema=False, route_class=StaffRoute)


@router.get("/clerk")
def clerk(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    tab: str = "draft",
    q: Annotated[str, Query(max_length=100)] = "",
    after: str | None = None,
    done: str = "",
) -> Response:
    return _clerk(request, given, who, language, tab=tab, query=q, after=after, done=done)


def _clerk(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    *,
    tab: str = "draft",
    query: str = "",
    after: str | None = None,
    done: str = "",
    problem: str = "",
    entered: Draft | None = None,
) -> Response:
    """A tab of the desk; with `problem`, what the clerk `entered` is still there."""
    account = who.needs(Role.CLERK)
    desk_view = clerk_views.desk(given, account, tab, query, after, language)
    return rendering.page(
        request,
        "clerk.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("clerk"),
        tab=desk_view.tab,
        counts=desk_view.counts,
        items=desk_view.items,
        upload=clerk_views.upload_options(given, entered),
        query=query,
        older=desk_view.older,
        done=said(language, done),
        problem=problem,
    )


@router.post("/documents", form_limits=UPLOAD_FORM)
def upload(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    file: Annotated[UploadFile, File()],
    subject: Text,
    kind: Annotated[str, Form(max_length=8)] = "QĐ",
    urgency: Annotated[int, Form(ge=0, le=3)] = 0,
    recipients: Text = "",
    leader: Annotated[list[str], Form()] = [],  # noqa: B006
    initial: Annotated[list[str], Form()] = [],  # noqa: B006
    unit: Annotated[str, Form(max_length=30)] = "",
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    draft = Draft(
        file_name=file.filename or "",
        kind=kind,
        subject=subject,
        leaders=tuple(leader),
        initials=tuple(initial),
        unit=unit,
        urgency=urgency,
        recipients=tuple(part.strip() for part in recipients.split(";") if part.strip()),
    )
    try:
        document = Receiving(given).receive(given.work_area.put_work(file.file), draft, account)
    except Refused as exc:
        return _clerk(request, given, who, language, problem=exc.text(language), entered=draft)
    return to("prepare", id=document.id)


@router.get("/documents/{document_id}/prepare")
def prepare_page(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    if document.state is not State.DRAFT:
        return to("work", id=document_id)
    shown = clerk_views.prepare(given, document, language)
    return rendering.page(request, "prepare.html", language, viewer=viewer(who), prepare=shown)


@router.post("/documents/{document_id}/prepare")
async def prepare(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    form = await request.form(max_files=0, max_fields=400)
    return await run_in_threadpool(_prepare, request, given, who, language, document_id, form)


def _prepare(
    request: Request, given: Services, who: Caller, language: str, document_id: str, form: FormData
) -> Response:
    check_form(who, str(form.get("csrf", "")))
    account = who.needs(Role.CLERK)
    document = seen(given, who, document_id, str(form.get("digest", "")))
    try:
        said = {key: str(value) for key, value in form.items()}
        boxes = clerk_views.boxes_of_form(given, document, said)
        Preparing(given).prepare(document, boxes, account, qr="qr" in form)
    except Refused as exc:
        shown = clerk_views.prepare(given, document, language, problem=exc.text(language))
        return rendering.page(
            request,
            "prepare.html",
            language,
            viewer=viewer(who),
            status=422,
            here=address("prepare", id=document_id),
            prepare=shown,
        )
    return to("work", id=document_id)


@router.get("/documents/{document_id}/number")
def number_page(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    if document.state is not State.LEADER_TIMESTAMPED:
        return to("work", id=document_id)
    return _number(request, given, who, language, document)


def _number(
    request: Request, given: Services, who: Caller, language: str, document: Document, problem: str = ""
) -> Response:
    shown = clerk_views.number(given, document)
    return rendering.page(
        request,
        "number.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("number", id=document.id),
        number=shown,
        problem=problem,
    )


@router.post("/documents/{document_id}/number")
def number(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    document_id: str,
    digest: Text,
    date: Annotated[date_type | None, Form()] = None,
    csrf: Csrf = "",
) -> Response:
    """Number, date and seal in one confirmation."""
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    try:
        numbered = Issuing(given).number(seen(given, who, document_id, digest), account, day=date)
        Signing(given).seal(numbered, account)
    except Refused as exc:
        current = staff_document(given, who, document_id)
        if current.state is not State.LEADER_TIMESTAMPED:
            raise
        return _number(request, given, who, language, current, exc.text(language))
    return to("work", id=document_id)


@router.post("/documents/{document_id}/proceed")
def proceed(given: Given, who: Who, document_id: str, csrf: Csrf = "") -> Response:
    """Asks again for the time-stamp, or whatever else the document waits for."""
    check_form(who, csrf)
    account = who.needs(Role.CLERK)
    Finishing(given).proceed(staff_document(given, who, document_id), account)
    return to("work", id=document_id)


def _act(path: str, act: Callable[[Services], Callable[[Document, Account], Document]]) -> None:
    """Acts of one button."""

    def endpoint(given: Given, who: Who, document_id: str, csrf: Csrf = "") -> Response:
        check_form(who, csrf)
        account = who.needs(Role.CLERK)
        act(given)(staff_document(given, who, document_id), account)
        return to("work", id=document_id)

    router.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], name=f"desk-{path}"
    )


def _act_with_reason(path: str, method: str) -> None:
    def endpoint(given: Given, who: Who, document_id: str, reason: Text, csrf: Csrf = "") -> Response:
        check_form(who, csrf)
        account = who.needs(Role.CLERK)
        getattr(Issuing(given), method)(
            staff_document(given, who, document_id), account, texts.reason(reason)
        )
        return to("work", id=document_id)

    router.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], name=f"desk-{path}"
    )


_act("issue", lambda given: Issuing(given).issue)
_act("withdraw", lambda given: Preparing(given).withdraw)
_act("resubmit", lambda given: Preparing(given).resubmit)
for _path in ("recall", "void", "resume"):
    _act_with_reason(_path, _path)
