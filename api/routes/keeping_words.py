"""What the desks of dossiers and of holds share: who comes, how long a form's words may be, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from api.pages import rendering
from api.routes.context import Caller, Given, Language, Who, check_form, viewer
from api.services import Services
from api.store.accounts import Account
from policies.vocabulary import Role

Line = Annotated[str, Form(max_length=500)]
Words = Annotated[str, Query(max_length=100)]
Done = Annotated[str, Query(max_length=40)]
STAFF = (Role.CLERK, Role.AUDITOR, Role.LEADER)
DONE = frozenset(
    {
        "dossier-opened",
        "dossier-filed",
        "dossier-closed",
        "dossier-changed",
        "hold-placed",
        "hold-asked",
        "hold-released",
        "hold-kept",
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at one of these desks: what a page is shown with, and a form is checked by."""

    request: Request
    given: Services
    who: Caller
    language: str

    def acting(self, csrf: str, *roles: Role) -> Account:
        """Who sent the form. Raises AccessRefused without the session's token, or one of the roles."""
        check_form(self.who, csrf)
        return self.who.needs(*roles)

    def page(self, template: str, here: str, problem: str = "", **shown: Any) -> Response:
        """The page, with what was wrong with the form that led to it."""
        status = 422 if problem else 200
        return rendering.page(
            self.request,
            template,
            self.language,
            viewer=viewer(self.who),
            status=status,
            here=here,
            problem=problem,
            **shown,
        )

    def said(self, done: str) -> str:
        """What was done, in words; nothing for what is none of ours."""
        return rendering.translator(self.language)(f"done.{done}") if done in DONE else ""


def _visit(request: Request, given: Given, who: Who, language: Language) -> Visit:
    return Visit(request, given, who, language)


AtDesk = Annotated[Visit, Depends(_visit)]
