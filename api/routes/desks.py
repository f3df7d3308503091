"""Desks of leader and clerk: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as date_type
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api import problems
from api.finishing import Finishing
from api.identity import AccessRefused
from api.issuing import Draft, Issuing
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import batches as batch_views
from api.presenters import clerk as clerk_views
from api.presenters import documents as present
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.routes.documents import staff_document
from api.services import Services
from archive.catalogue.values import Document
from policies.reasons import access as reasons
from policies.refusals import Both, Refused
from policies.vocabulary import Role, State

router = APIRouter(prefix="/desk", include_in_schema=False)
BATCH_LIMIT = 50
NO_VERSION = -1
Csrf = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]


def to(name: str, **parts: str) -> Response:
    return RedirectResponse(address(name, **parts), 303)


@router.get("")
def desk(who: Who) -> Response:
    """To the desk of the caller's role."""
    if who.account is None:
        return to("sign_in", next=address("desk"))
    for role, page in ((Role.LEADER, "inbox"), (Role.CLERK, "clerk"), (Role.AUDITOR, "auditor")):
        if role in who.account.roles:
            return to(page)
    return to("home")


def seen(given: Services, who: Caller, document_id: str, digest: str) -> Document:
    """The document whose very bytes the page showed. Raises AccessRefused CHANGED_MEANWHILE for others."""
    document = staff_document(given, who, document_id)
    if document.current_sha256 != digest:
        raise AccessRefused(reasons.CHANGED_MEANWHILE)
    return document


# Leader


@router.get("/inbox")
def inbox(request: Request, given: Given, who: Who, language: Language, done: str = "") -> Response:
    account = who.needs(Role.LEADER)
    return rendering.page(
        request,
        "inbox.html",
        language,
        viewer=viewer(who),
        items=present.inbox(given, account),
        done=_said(language, done),
        batch=batch_views.latest(given, account, language),
    )


def _said(language: str, done: str) -> str:
    known = done in ("signed", "initialled", "returned", "uploaded")
    return rendering.translator(language)(f"done.{done}") if known else ""


@router.get("/documents/{document_id}/review")
def review(
    request: Request, given: Given, who: Who, language: Language, document_id: str, done: str = ""
) -> Response:
    return _review(request, given, who, language, document_id, done=_said(language, done))


def _review(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    document_id: str,
    *,
    done: str = "",
    problem: Refused | None = None,
) -> Response:
    """The document before its signer; one that does not wait for him is only shown."""
    account = who.needs(Role.LEADER)
    document = staff_document(given, who, document_id)
    waiting = tuple(item.id for item in present.inbox(given, account))
    if document_id not in waiting:
        if problem is not None:
            raise problem
        return to("work", id=document_id)
    return rendering.page(
        request,
        "review.html",
        language,
        viewer=viewer(who),
        status=problems.status_of(problem.id) if problem else 200,
        here=address("review", id=document_id),
        review=present.review(given, document, account, language, waiting),
        done=done,
        problem=_why_not_signed(problem, language) if problem else "",
    )


def _why_not_signed(problem: Refused, language: str) -> str:
    if problem.id == reasons.CHANGED_MEANWHILE.id:
        return rendering.translator(language)("review.changed")
    return problem.text(language)


@router.get("/review")
def review_many(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    chosen: Annotated[list[str], Query(alias="id")] = [],  # noqa: B006
) -> Response:
    account = who.needs(Role.LEADER)
    waiting = {item.id: item for item in present.inbox(given, account) if item.id in chosen}
    ids = tuple(item.id for item in waiting.values() if not item.initial)[:BATCH_LIMIT]
    if len(waiting) < 2:
        return to("review", id=next(iter(waiting))) if waiting else to("inbox")
    shown = [present.review(given, staff_document(given, who, one), account, language, ids) for one in ids]
    return rendering.page(
        request,
        "review-many.html",
        language,
        viewer=viewer(who),
        reviews=tuple(shown),
        alone=tuple(item for item in waiting.values() if item.id not in ids),
    )


@router.post("/documents/{document_id}/sign")
@router.post("/documents/{document_id}/initial")
def sign(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    document_id: str,
    digest: Text,
    csrf: Csrf = "",
    next: Text = "",  # noqa: A002
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.LEADER)
    try:
        operation = Issuing(given).sign(seen(given, who, document_id, digest), account)
    except Refused as exc:
        return _review(request, given, who, language, document_id, problem=exc)
    done = "initialled" if operation.kind == "initial" else "signed"
    return to("review", id=next, done=done) if next else to("inbox", done=done)


@router.post("/sign")
async def sign_many(request: Request, given: Given, who: Who) -> Response:
    """The documents that were ticked, each with the digest of the bytes that were shown.

    What changed since then is refused in its own line of the outcome; the others are signed.
    """
    form = await request.form(max_files=0, max_fields=400)
    return await run_in_threadpool(_sign_many, given, who, form)


def _sign_many(given: Services, who: Caller, form: FormData) -> Response:
    check_form(who, str(form.get("csrf", "")))
    account = who.needs(Role.LEADER)
    chosen = [str(value) for value in form.getlist("id")]
    documents = [
        _as_seen(staff_document(given, who, one), str(form.get(f"digest-{one}", "")))
        for one in dict.fromkeys(chosen)
    ]
    if not documents:
        return to("inbox")
    operation = Issuing(given).sign_batch(documents, account)
    return to("batch", id=operation.id)


def _as_seen(document: Document, digest: str) -> Document:
    """The row as the page showed it. Other bytes than those shown were no version of it: the batch refuses them."""
    return document if document.current_sha256 == digest else replace(document, version=NO_VERSION)


@router.get("/batches/{operation_id}")
def batch(request: Request, given: Given, who: Who, language: Language, operation_id: str) -> Response:
    """What became of each document of a batch."""
    operation = batch_views.own(given, who.needs(Role.LEADER), operation_id)
    if operation is None:
        raise AccessRefused(reasons.NOT_FOUND, what=Both("tác vụ", "operation"))
    shown = batch_views.view(given, operation, language)
    return rendering.page(request, "batch.html", language, viewer=viewer(who), batch=shown)


@router.post("/documents/{document_id}/return")
def return_document(
    given: Given,
    who: Who,
    document_id: str,
    reason: Text,
    csrf: Csrf = "",
    next: Text = "",  # noqa: A002
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.LEADER, Role.CLERK)
    Issuing(given).return_to_drafter(staff_document(given, who, document_id), account, reason)
    if Role.LEADER not in account.roles:
        return to("work", id=document_id)
    return to("review", id=next, done="returned") if next else to("inbox", done="returned")


# Clerk


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
        done=_said(language, done),
        problem=problem,
    )


@router.post("/documents")
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
        document = Issuing(given).receive(given.work_area.put_work(file.file), draft, account)
    except Refused as exc:
        return _clerk(request, given, who, language, problem=exc.text(language), entered=draft)
    return to("prepare", id=document.id)


@router.get("/documents/{document_id}")
def work(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR, Role.LEADER)
    document = staff_document(given, who, document_id)
    shown = present.work(given, document, account, language)
    return rendering.page(request, "work.html", language, viewer=viewer(who), work=shown, done="")


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
        Issuing(given).prepare(document, boxes, account, qr="qr" in form)
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
        Issuing(given).seal(numbered, account)
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


def _act(path: str, method: str) -> None:
    """Acts of one button."""

    def endpoint(given: Given, who: Who, document_id: str, csrf: Csrf = "") -> Response:
        check_form(who, csrf)
        account = who.needs(Role.CLERK)
        getattr(Issuing(given), method)(staff_document(given, who, document_id), account)
        return to("work", id=document_id)

    router.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], name=f"desk-{path}"
    )


def _act_with_reason(path: str, method: str) -> None:
    def endpoint(given: Given, who: Who, document_id: str, reason: Text, csrf: Csrf = "") -> Response:
        check_form(who, csrf)
        account = who.needs(Role.CLERK)
        getattr(Issuing(given), method)(staff_document(given, who, document_id), account, reason)
        return to("work", id=document_id)

    router.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], name=f"desk-{path}"
    )


for _path in ("issue", "file", "withdraw", "resubmit"):
    _act(_path, _path)
for _path in ("recall", "void", "resume"):
    _act_with_reason(_path, _path)


@router.get("/register")
def register(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    year: int | None = None,
    kind: Annotated[str, Query(max_length=8)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR, Role.LEADER)
    shown = clerk_views.register(given, account, year, kind, q)
    return rendering.page(request, "register.html", language, viewer=viewer(who), register=shown)
