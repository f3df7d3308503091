"""Acts that wait: GET until `succeeded` or `failed`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api import views
from api.identity import AccessRefused
from api.routes.context import Given, Who, json_answer
from api.store import accounts, operations
from policies.reasons import access as reasons
from policies.refusals import Both
from policies.vocabulary import Role

router = APIRouter(tags=["operations"])


@router.get("/operations/{operation_id}", summary="State, progress and outcome of an act that waits")
def read(given: Given, who: Who, operation_id: str) -> Response:
    account = who.needs(Role.LEADER, Role.CLERK, Role.AUDITOR)
    with given.transactions.read() as conn:
        found = operations.get(conn, operation_id)
        owner = accounts.by_id(conn, found.account) if found else None
    if found is None or owner is None or owner.agency != account.agency:
        raise AccessRefused(reasons.NOT_FOUND, what=Both("tác vụ", "operation"))
    return json_answer(views.operation(found), retry_after="0" if found.ended else "1")
