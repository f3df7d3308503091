"""What the desks of dossiers and of holds share: how long a form's words may be, and what was done."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query

from api.pages import rendering
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


def said(language: str, done: str) -> str:
    return rendering.translator(language)(f"done.{done}") if done in DONE else ""
