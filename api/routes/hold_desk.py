"""The desk of legal holds, in plain forms over the same acts as the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from api.holding import Holding
from api.pages.addresses import address
from api.presenters import holds as hold_views
from api.routes.desks import Csrf, Text, to
from api.routes.keeping_words import STAFF, AtDesk, Done, Line, Visit
from archive.holds import Subject
from policies.refusals import Refused
from policies.vocabulary import Role

router = APIRouter(prefix="/desk", include_in_schema=False)


@router.get("/holds")
def holds(
    at: AtDesk,
    over: bool = False,
    after: str | None = None,
    done: Done = "",
) -> Response:
    return _holds(at, over=over, after=after, done=at.said(done))


def _holds(
    at: Visit,
    *,
    over: bool = False,
    after: str | None = None,
    done: str = "",
    problem: str = "",
) -> Response:
    account = at.who.needs(*STAFF)
    return at.page(
        "holds.html",
        address("holds"),
        problem,
        holds=hold_views.listing(at.given, account, over, after),
        done=done,
    )


@router.get("/holds/new")
def hold_page(
    at: AtDesk,
    document: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006
    dossier: str = "",
) -> Response:
    over = Subject(dossier or None, () if dossier else tuple(document))
    return _hold(at, over)


def _hold(
    at: Visit,
    over: Subject,
    *,
    reason: str = "",
    basis: str = "",
    problem: str = "",
) -> Response:
    account = at.who.needs(Role.CLERK, Role.AUDITOR)
    return at.page(
        "hold-new.html",
        address("holds"),
        problem,
        hold=hold_views.form(at.given, over, account, reason, basis),
    )


@router.post("/holds")
def place(
    at: AtDesk,
    reason: Text,
    basis: Line,
    document: Annotated[list[str], Form()] = [],  # noqa: B006
    dossier: Annotated[str, Form(max_length=36)] = "",
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, Role.CLERK, Role.AUDITOR)
    over = Subject(dossier or None, () if dossier else tuple(document))
    try:
        Holding(at.given).place(over, reason, basis, account)
    except Refused as exc:
        return _hold(at, over, reason=reason, basis=basis, problem=exc.text(at.language))
    return to("holds", done="hold-placed")


@router.post("/holds/{hold_id}/ask")
def ask(
    at: AtDesk,
    hold_id: str,
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, *STAFF)
    try:
        Holding(at.given).ask_release(Holding(at.given).find(hold_id, account), reason, account)
    except Refused as exc:
        return _holds(at, problem=exc.text(at.language))
    return to("holds", done="hold-asked")


@router.post("/holds/{hold_id}/refuse")
def refuse(
    at: AtDesk,
    hold_id: str,
    reason: Text,
    csrf: Csrf = "",
) -> Response:
    account = at.acting(csrf, *STAFF)
    try:
        Holding(at.given).refuse_release(Holding(at.given).find(hold_id, account), reason, account)
    except Refused as exc:
        return _holds(at, problem=exc.text(at.language))
    return to("holds", done="hold-kept")


@router.post("/holds/{hold_id}/confirm")
def confirm(at: AtDesk, hold_id: str, csrf: Csrf = "") -> Response:
    account = at.acting(csrf, *STAFF)
    try:
        Holding(at.given).confirm_release(Holding(at.given).find(hold_id, account), account)
    except Refused as exc:
        return _holds(at, problem=exc.text(at.language))
    return to("holds", done="hold-released")
