"""Desks of leader and clerk: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from datetime import date as date_type
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from api.identity import AccessRefused
from api.issuing import Draft, Issuing
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import clerk as clerk_views
from api.presenters import documents as present
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.routes.documents import staff_document
from api.services import Services
from archive.catalogue.values import Document
from policies.reasons import access as reasons
from policies.refusals import Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk")
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
    items = present.inbox(given, account)
    said = rendering.translator(language)(f"done.{done}") if done in ("signed", "returned", "batch") else ""
    return rendering.page(request, "inbox.html", language, viewer=viewer(who), items=items, done=said)


@router.get("/documents/{document_id}/review")
def review(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    account = who.needs(Role.LEADER)
    waiting = tuple(item.id for item in present.inbox(given, account))
    position = waiting.index(document_id) + 1 if document_id in waiting else 1
    shown = present.review(given, staff_document(given, who, document_id), account, position, waiting)
    return rendering.page(request, "review.html", language, viewer=viewer(who), review=shown)


@router.get("/review")
def review_many(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    chosen: Annotated[list[str], Query(alias="id")] = [],  # noqa: B006
) -> Response:
    account = who.needs(Role.LEADER)
    if len(chosen) == 1:
        return to("review", id=chosen[0])
    ids = tuple(dict.fromkeys(chosen))[:50]
    shown = [
        present.review(given, staff_document(given, who, one), account, n + 1, ids)
        for n, one in enumerate(ids)
    ]
    if not shown:
        return to("inbox")
    return rendering.page(
        request,
        "review-many.html",
        language,
        viewer=viewer(who),
        reviews=tuple(r for r in shown if not r.initial),
    )


@router.post("/documents/{document_id}/sign")
@router.post("/documents/{document_id}/initial")
def sign(
    given: Given,
    who: Who,
    document_id: str,
    digest: Text,
    csrf: Csrf = "",
    next: Text = "",  # noqa: A002
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.LEADER)
    Issuing(given).sign(seen(given, who, document_id, digest), account)
    return to("review", id=next) if next else to("inbox", done="signed")


@router.post("/sign")
async def sign_many(request: Request, given: Given, who: Who) -> Response:
    """The documents that were ticked, each with the digest of the bytes that were shown."""
    form = await request.form(max_files=0, max_fields=400)
    check_form(who, str(form.get("csrf", "")))
    account = who.needs(Role.LEADER)
    chosen = [str(value) for value in form.getlist("id")]
    documents = [seen(given, who, one, str(form.get(f"digest-{one}", ""))) for one in dict.fromkeys(chosen)]
    if documents:
        Issuing(given).sign_batch(documents, account)
    return to("inbox", done="batch")


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
    return to("review", id=next) if next else to("inbox", done="returned")


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
    status: int = 200,
) -> Response:
    account = who.needs(Role.CLERK)
    desk_view = clerk_views.desk(given, account, tab, query, after)
    said = rendering.translator(language)(f"done.{done}") if done in ("uploaded",) else ""
    return rendering.page(
        request,
        "clerk.html",
        language,
        viewer=viewer(who),
        status=status,
        tab=desk_view.tab,
        counts=desk_view.counts,
        items=desk_view.items,
        upload=clerk_views.upload_options(given),
        query=query,
        older=desk_view.older,
        done=said,
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
        document = Issuing(given).receive(given.store.put_work(file.file), draft, account)
    except Refused as exc:
        return _clerk(request, given, who, language, problem=exc.text(language), status=422)
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
    shown = clerk_views.prepare(given, staff_document(given, who, document_id), language)
    return rendering.page(request, "prepare.html", language, viewer=viewer(who), prepare=shown)


@router.post("/documents/{document_id}/prepare")
async def prepare(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    form = await request.form(max_files=0, max_fields=400)
    check_form(who, str(form.get("csrf", "")))
    account = who.needs(Role.CLERK)
    document = seen(given, who, document_id, str(form.get("digest", "")))
    try:
        boxes = clerk_views.boxes_of_form(given, document, {key: str(value) for key, value in form.items()})
        await run_in_threadpool(Issuing(given).prepare, document, boxes, account)
    except Refused as exc:
        shown = clerk_views.prepare(given, document, language, problem=exc.text(language))
        return rendering.page(
            request, "prepare.html", language, viewer=viewer(who), status=422, prepare=shown
        )
    return to("work", id=document_id)


@router.get("/documents/{document_id}/number")
def number_page(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    who.needs(Role.CLERK)
    return _number(request, given, who, language, staff_document(given, who, document_id))


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
    document = seen(given, who, document_id, digest)
    try:
        numbered = Issuing(given).number(document, account, day=date)
        Issuing(given).seal(numbered, account)
    except Refused as exc:
        current = staff_document(given, who, document_id)
        return _number(request, given, who, language, current, exc.text(language))
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


for _path in ("issue", "withdraw", "resubmit"):
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
