"""The desk of legal holds, in plain forms over the same acts as the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from api.holding import Holding
from api.pages import rendering
from api.pages.addresses import address
from api.presenters import holds as hold_views
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.routes.desks import Csrf, Text, to
from api.routes.keeping_words import STAFF, Done, Line, said
from api.services import Services
from archive.holds import Subject
from policies.refusals import Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False)


@router.get("/holds")
def holds(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    over: bool = False,
    after: str | None = None,
    done: Done = "",
) -> Response:
    return _holds(request, given, who, language, over=over, after=after, done=said(language, done))


def _holds(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    *,
    over: bool = False,
    after: str | None = None,
    done: str = "",
    problem: str = "",
) -> Response:
    account = who.needs(*STAFF)
    return rendering.page(
        request,
        "holds.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("holds"),
        holds=hold_views.listing(given, account, over, after),
        done=done,
        problem=problem,
    )


@router.get("/holds/new")
def hold_page(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    document: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006
    dossier: str = "",
) -> Response:
    over = Subject(dossier or None, () if dossier else tuple(document))
    return _hold(request, given, who, language, over)


def _hold(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    over: Subject,
    *,
    reason: str = "",
    basis: str = "",
    problem: str = "",
) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR)
    return rendering.page(
        request,
        "hold-new.html",
        language,
        viewer=viewer(who),
        status=422 if problem else 200,
        here=address("holds"),
        hold=hold_views.form(given, over, account, reason, basis),
        problem=problem,
    )


@router.post("/holds")
def place(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    reason: Text,
    basis: Line,
    document: Annotated[list[str], Form()] = [],  # noqa: B006
    dossier: Annotated[str, Form(max_length=36)] = "",
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(Role.CLERK, Role.AUDITOR)
    over = Subject(dossier or None, () if dossier else tuple(document))
    try:
        Holding(given).place(over, reason, basis, account)
    except Refused as exc:
        return _hold(
            request, given, who, language, over, reason=reason, basis=basis, problem=exc.text(language)
        )
    return to("holds", done="hold-placed")


@router.post("/holds/{hold_id}/ask")
def ask(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    hold_id: str,
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(*STAFF)
    try:
        Holding(given).ask_release(Holding(given).find(hold_id, account), reason, account)
    except Refused as exc:
        return _holds(request, given, who, language, problem=exc.text(language))
    return to("holds", done="hold-asked")


@router.post("/holds/{hold_id}/refuse")
def refuse(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    hold_id: str,
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    check_form(who, csrf)
    account = who.needs(*STAFF)
    try:
        Holding(given).refuse_release(Holding(given).find(hold_id, account), reason, account)
    except Refused as exc:
        return _holds(request, given, who, language, problem=exc.text(language))
    return to("holds", done="hold-kept")


@router.post("/holds/{hold_id}/confirm")
def confirm(
    request: Request, given: Given, who: Who, language: Language, hold_id: str, csrf: Csrf = ""
) -> Response:
    check_form(who, csrf)
    account = who.needs(*STAFF)
    try:
        Holding(given).confirm_release(Holding(given).find(hold_id, account), account)
    except Refused as exc:
        return _holds(request, given, who, language, problem=exc.text(language))
    return to("holds", done="hold-released")
