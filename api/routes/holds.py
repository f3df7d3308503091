"""Legal holds. Whoever asks for a release is never the one who confirms it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api import kept_views
from api.holding import Holding
from api.locations import HOLDS, location
from api.routes.context import ONCE, Given, Told, Who, answer_once, api_router, digest, json_answer
from api.store.accounts import Account
from archive.catalogue import hold_rows
from archive.catalogue.keeping_values import Hold
from archive.holds import Subject
from policies.holds import HoldState
from policies.vocabulary import Role

router = api_router("holds")
writes = api_router("holds", ONCE)
STAFF = (Role.LEADER, Role.CLERK, Role.AUDITOR)


class HoldBody(BaseModel):
    """Over a dossier with all that lies in it, or over documents."""

    model_config = ConfigDict(extra="forbid")

    dossier: str | None = None
    documents: list[str] = Field([], max_length=200)
    reason: str = Field(max_length=2000)
    basis: str = Field(max_length=500, description="number, date and authority of the request")

    @model_validator(mode="after")
    def _one_of_both(self) -> HoldBody:
        if bool(self.dossier) is bool(self.documents):
            raise ValueError("a dossier, or documents")
        return self


class ReasonBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2000)


def show(hold: Hold, status: int = 200, **headers: str) -> Response:
    return json_answer(kept_views.hold(hold), status, **headers)


@router.get("/holds", summary="Holds of the own agency, newest first")
def listing(
    given: Given,
    who: Who,
    state: Annotated[list[HoldState], Query()] = [],  # noqa: B006 (FastAPI reads it as the default only)
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    account = who.needs(*STAFF)
    with given.transactions.read() as conn:
        found, after = hold_rows.page(
            conn, account.agency, states=state or tuple(HoldState), cursor=cursor, limit=limit
        )
    return json_answer({"holds": [kept_views.hold(one) for one in found], "next": after})


@router.get("/holds/{hold_id}", summary="One hold")
def read(given: Given, who: Who, hold_id: str) -> Response:
    return show(Holding(given).find(hold_id, who.needs(*STAFF)))


@writes.post("/holds", status_code=201, summary="Tạm giữ")
def place(request: Request, given: Given, who: Who, body: HoldBody) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR)
    hashed = digest(body.model_dump())

    def act() -> Response:
        over = Subject(body.dossier, tuple(body.documents))
        return _shown_first(Holding(given).place(over, body.reason, body.basis, account))

    def told(made: str) -> Response:
        return _shown_first(Holding(given).find(made, account))

    return answer_once(request, given, account, hashed, act, told)


def _shown_first(hold: Hold) -> Response:
    return show(hold, 201, location=location(HOLDS, hold.id))


def _as_it_is(given: Given, hold_id: str, account: Account) -> Told:
    """Of an act on that hold."""
    return lambda _made: show(Holding(given).find(hold_id, account))


@writes.post("/holds/{hold_id}/release-request", summary="Đề nghị gỡ tạm giữ: the first person")
def ask_release(request: Request, given: Given, who: Who, hold_id: str, body: ReasonBody) -> Response:
    account = who.needs(Role.CLERK, Role.AUDITOR)
    hold = Holding(given).find(hold_id, account)

    def act() -> Response:
        return show(Holding(given).ask_release(hold, body.reason, account))

    told = _as_it_is(given, hold_id, account)
    return answer_once(request, given, account, digest(hold_id, body.reason), act, told)


@writes.post("/holds/{hold_id}/release-refusal", summary="Không đồng ý gỡ tạm giữ")
def refuse_release(request: Request, given: Given, who: Who, hold_id: str, body: ReasonBody) -> Response:
    account = who.needs(Role.LEADER, Role.AUDITOR)
    hold = Holding(given).find(hold_id, account)

    def act() -> Response:
        return show(Holding(given).refuse_release(hold, body.reason, account))

    told = _as_it_is(given, hold_id, account)
    return answer_once(request, given, account, digest(hold_id, body.reason), act, told)


@writes.post("/holds/{hold_id}/release-confirmation", summary="Xác nhận gỡ tạm giữ: the second person")
def confirm_release(request: Request, given: Given, who: Who, hold_id: str) -> Response:
    account = who.needs(Role.LEADER, Role.AUDITOR)
    hold = Holding(given).find(hold_id, account)

    def act() -> Response:
        return show(Holding(given).confirm_release(hold, account))

    told = _as_it_is(given, hold_id, account)
    return answer_once(request, given, account, digest(hold_id), act, told)
