"""Pages of the auditor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from api.checking import Checking
from api.pages import rendering
from api.presenters import audits as present
from api.routes.context import Given, Language, Who, check_form, viewer
from api.routes.desks import to
from api.routes.public import log_view
from policies.vocabulary import Role

router = APIRouter(prefix="/desk/audit", include_in_schema=False)


@router.get("")
def auditor(request: Request, given: Given, who: Who, language: Language) -> Response:
    account = who.needs(Role.AUDITOR)
    shown = present.auditor(given, account, language, log_view(given))
    return rendering.page(request, "auditor.html", language, viewer=viewer(who), audit=shown)


@router.get("/trail")
def trail(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    q: Annotated[str, Query(max_length=100)] = "",
    after: int | None = None,
) -> Response:
    account = who.needs(Role.AUDITOR)
    shown = present.trail(given, account, language, q, after)
    return rendering.page(request, "trail.html", language, viewer=viewer(who), trail=shown)


@router.get("/fsck")
def fsck_page(request: Request, given: Given, who: Who, language: Language) -> Response:
    who.needs(Role.AUDITOR)
    return rendering.page(request, "fsck.html", language, viewer=viewer(who), fsck=present.fsck(given))


@router.post("/fsck")
def fsck(given: Given, who: Who, csrf: Annotated[str, Form(max_length=128)] = "") -> Response:
    """Starts a run; one at a time."""
    check_form(who, csrf)
    Checking(given).start(who.needs(Role.AUDITOR))
    return to("fsck")
