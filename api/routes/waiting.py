"""Acts that wait: their answer is 202 with an operation, or its outcome, for who prefers to wait (RFC 7240, 4.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import Header, Response
from starlette.concurrency import run_in_threadpool

from api import views
from api.endings import awaited
from api.identity import AccessRefused
from api.locations import OPERATIONS, location
from api.routes.context import Told, json_answer
from api.services import Services
from api.store import operations
from api.store.operations import Operation
from policies.reasons import access as reasons
from policies.refusals import Both

LONGEST_WAIT = 20.0  # seconds; proxies give up on a silent answer after 30 or more
_READ = 1_000  # characters of what is preferred; the rest is ignored, not refused
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})\"?(?=$|[,;\s])", re.IGNORECASE)
Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description="`wait=10`: answer with the outcome (200) when it comes within so many seconds, 20 at most; "
        "else with 202 as without it.",
    ),
]


def accepted(operation: Operation) -> Response:
    return json_answer(views.operation(operation), 202, location=location(OPERATIONS, operation.id))


def accepted_before(given: Services) -> Told:
    """Of an act whose first answer was lost: its operation, as far as it has come since."""

    def told(operation_id: str) -> Response:
        found = _read(given, operation_id)
        if found is None:
            raise AccessRefused(reasons.NOT_FOUND, what=Both("tác vụ", "operation"))
        return accepted(found)

    return told


def seconds_of(prefer: str | None) -> float:
    """How long the caller prefers to wait; what is no such preference is none, as RFC 7240 has it."""
    found = _WAIT.search((prefer or "")[:_READ])
    return min(float(found[1]), LONGEST_WAIT) if found else 0.0


async def waited(given: Services, prefer: str | None, act: Callable[[], Response]) -> Response:
    """The answer of `act`, which runs in a thread; the wait for the outcome holds none."""
    answer = await run_in_threadpool(act)
    seconds = seconds_of(prefer)
    if answer.status_code != 202 or not seconds:
        return answer
    operation_id = answer.headers["location"].rpartition("/")[2]
    with given.endings.watched(operation_id) as ending:
        replayed = "idempotent-replay" in answer.headers  # then it may have ended long ago
        found = await run_in_threadpool(_read, given, operation_id) if replayed else None
        if found is None or not found.ended:
            look = partial(run_in_threadpool, _read, given, operation_id)
            found = await awaited(given.endings, ending, seconds, look, _ended)
    if found is None or not found.ended:
        return answer
    outcome = json_answer(views.operation(found), preference_applied=f"wait={seconds:.0f}")
    for name in {"location", "idempotent-replay"} & set(answer.headers):
        outcome.headers[name] = answer.headers[name]
    return outcome


def _ended(found: Operation | None) -> bool:
    return found is not None and found.ended


def _read(given: Services, operation_id: str) -> Operation | None:
    with given.transactions.look() as conn:
        return operations.get(conn, operation_id)
