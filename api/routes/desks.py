"""What the desks share: the way to one's own, a document's page, the register; and how their forms are guarded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.identity import AccessRefused
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import clerk as clerk_views
from api.presenters import documents as present
from api.presenters import dossiers as dossier_views
from api.routes.context import Caller, Given, Language, Who, viewer
from api.routes.documents import staff_document
from api.services import Services
from archive.catalogue.values import Document
from policies.reasons import access as reasons
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False)
Csrf = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]


def to(name: str, **parts: str) -> Response:
    return RedirectResponse(address(name, **parts), 303)


def said(language: str, done: str) -> str:
    known = done in ("signed", "initialled", "returned", "uploaded")
    return rendering.translator(language)(f"done.{done}") if known else ""


def seen(given: Services, who: Caller, document_id: str, digest: str) -> Document:
    """The document whose very bytes the page showed. Raises AccessRefused CHANGED_MEANWHILE for others."""
    document = staff_document(given, who, document_id)
    if document.current_sha256 != digest:
        raise AccessRefused(reasons.CHANGED_MEANWHILE)
    return document


@router.get("")
def desk(who: Who) -> Response:
    """To the desk of the caller's role."""
    if who.account is None:
        return to("sign_in", next=address("desk"))
    for role, page in ((Role.LEADER, "inbox"), (Role.CLERK, "clerk"), (Role.AUDITOR, "auditor")):
        if role in who.account.roles:
            return to(page)
    return to("home")


@router.get("/documents/{document_id}")
def work(request: Request, given: Given, who: Who, language: Language, document_id: str) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR, Role.LEADER)
    document = staff_document(given, who, document_id)
    shown = present.work(given, document, account, language)
    filed = dossier_views.filed(given, document, account) if document.archived_at else None
    return rendering.page(
        request, "work.html", language, viewer=viewer(who), work=shown, filed=filed, done=""
    )


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
