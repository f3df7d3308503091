"""Acts that wait: GET until `succeeded` or `failed`; with `wait` the answer comes as soon as there is one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query, Response
from starlette.concurrency import run_in_threadpool

from api import views
from api.endings import awaited
from api.identity import AccessRefused
from api.routes.context import Caller, Given, Who, api_router, json_answer
from api.routes.waiting import LONGEST_WAIT
from api.services import Services
from api.store import accounts, operations
from api.store.operations import Operation
from policies.reasons import access as reasons
from policies.refusals import Both
from policies.vocabulary import Role

router = api_router("operations")
Wait = Annotated[
    float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for the end before answering")
]


@router.get("/operations/{operation_id}", summary="State, progress and outcome of an act that waits")
async def read(given: Given, who: Who, operation_id: str, wait: Wait = 0.0) -> Response:
    with given.endings.watched(operation_id) as ending:
        found = await run_in_threadpool(_operation, given, who, operation_id)
        if wait and not found.ended:
            look = partial(run_in_threadpool, _operation, given, who, operation_id)
            found = await awaited(given.endings, ending, wait, look, lambda found: found.ended)
    return json_answer(views.operation(found), retry_after="0" if found.ended else "1")


def _operation(given: Services, who: Caller, operation_id: str) -> Operation:
    """Of the caller's own agency. Raises AccessRefused NOT_FOUND."""
    account = who.needs(Role.LEADER, Role.CLERK, Role.AUDITOR)
    with given.transactions.read() as conn:
        found = operations.get(conn, operation_id)
        owner = accounts.by_id(conn, found.account) if found else None
    if found is None or owner is None or owner.agency != account.agency:
        raise AccessRefused(reasons.NOT_FOUND, what=Both("tác vụ", "operation"))
    return found
