"""The leader's desk: plain forms over the same acts as the API. Every form carries the session's token."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api import problems
from api.identity import AccessRefused
from api.issuing import Issuing
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import batches as batch_views
from api.presenters import documents as present
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.routes.desks import Csrf, Text, said, seen, to
from api.routes.documents import staff_document
from api.services import Services
from api.signing import Signing
from archive.catalogue.values import Document
from policies import texts
from policies.reasons import access as reasons
from policies.refusals import Both, Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False)
BATCH_LIMIT = 50
NO_VERSION = -1


@router.get("/inbox")
def inbox(request: Request, given: Given, who: Who, language: Language, done: str = "") -> Response:
    account = who.needs(Role.LEADER)
    return rendering.page(
        request,
        "inbox.html",
        language,
        viewer=viewer(who),
        items=present.inbox(given, account),
        done=said(language, done),
        batch=batch_views.latest(given, account, language),
    )


@router.get("/documents/{document_id}/review")
def review(
    request: Request, given: Given, who: Who, language: Language, document_id: str, done: str = ""
) -> Response:
    return _review(request, given, who, language, document_id, done=said(language, done))


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
        operation = Signing(given).sign(seen(given, who, document_id, digest), account)
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
    operation = Signing(given).sign_batch(documents, account)
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
    document = staff_document(given, who, document_id)
    Issuing(given).return_to_drafter(document, account, texts.reason(reason))
    if Role.LEADER not in account.roles:
        return to("work", id=document_id)
    return to("review", id=next, done="returned") if next else to("inbox", done="returned")
