"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.demo import furnish
from api.identity import COOKIE, AccessRefused
from api.pages import rendering
from api.pages.addresses import OWN_PATH, address
from api.routes.context import (
    Caller,
    Given,
    Language,
    Who,
    api_router,
    check_form,
    json_answer,
    refuse_cross_site,
    viewer,
)
from api.services import Services
from policies.words import ROLES

api = api_router("sessions")
pages = APIRouter(include_in_schema=False)


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=1024)


@api.post("/sessions", status_code=201, summary="Sign in; the answer holds a bearer token")
def sign_in(given: Given, body: Credentials) -> Response:
    token = given.identity.sign_in(body.name, body.password, given.clock())
    return json_answer({"token": token, "type": "Bearer"}, 201)


@api.delete("/sessions/current", status_code=204, summary="Sign out")
def sign_out(given: Given, who: Who) -> Response:
    """Of whichever credential was shown; `caller` lets a cookie in from no other site."""
    who.needs()
    given.identity.sign_out(who.bearer or who.cookie)
    answer = Response(status_code=204)
    if not who.bearer:
        answer.delete_cookie(COOKIE)
    return answer


@pages.get("/sign-in")
def sign_in_page(request: Request, given: Given, who: Who, language: Language, next: str = "") -> Response:  # noqa: A002
    return _page(request, given, who, language, next_page=next)


@pages.post("/sign-in")
def sign_in_form(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=300)] = "",  # noqa: A002
) -> Response:
    refuse_cross_site(request)
    try:
        token = given.identity.sign_in(name.strip().lower(), password, given.clock())
    except AccessRefused as exc:
        page = _page(
            request, given, who, language, next, name, exc.text(language), problems.status_of(exc.id)
        )
        page.headers.update(problems.headers_of(exc.id))
        return page
    answer = RedirectResponse(next if OWN_PATH.fullmatch(next) else address("desk"), 303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=round(given.settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=given.settings.public_url.startswith("https://"),
    )
    return answer


@pages.post("/sign-out")
def sign_out_form(
    request: Request, given: Given, who: Who, csrf: Annotated[str, Form(max_length=128)] = ""
) -> Response:
    check_form(who, csrf)
    given.identity.sign_out(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(address("home"), 303)
    answer.delete_cookie(COOKIE)
    return answer


def _page(
    request: Request,
    given: Services,
    who: Caller,
    language: str,
    next_page: str = "",
    name: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    column = 1 if language == "en" else 0
    people = furnish.PEOPLE if given.demo is not None else ()
    return rendering.page(
        request,
        "sign-in.html",
        language,
        viewer=viewer(who),
        status=status,
        here=address("sign_in"),
        next=next_page,
        name=name,
        problem=problem,
        demo_accounts=[(person.account, ROLES[person.role][column]) for person in people],
    )
