"""How a job ends becomes its operation's outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api import jobs, problems
from api.fence import Lost
from api.line import Postponed, Stopped
from api.services import Services
from api.store import operations
from api.store.database_errors import DatabaseUnavailable

# The operation's result; None when the act's own transaction ended the operation.
Work = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def guarded(services: Services, act: Work) -> jobs.Handler:
    """Refusals and silent authorities end the operation with a problem; faults do too, and are logged.

    What fails while the service stops, or after another process took the job over, ends nothing: it raises Stopped, and
    is done again. Nor does what fails with the database: it raises Postponed, and is done again when that answers.
    """

    def handler(operation_id: str, payload: dict[str, Any]) -> None:
        try:
            handle(operation_id, payload)
        except DatabaseUnavailable as exc:
            raise Postponed from exc
        services.endings.announce(operation_id)

    def handle(operation_id: str, payload: dict[str, Any]) -> None:
        try:
            result = act(operation_id, payload)
        except Lost as exc:
            raise Stopped from exc
        except DatabaseUnavailable:
            raise
        except Exception as exc:
            if services.working.closed:
                raise Stopped from exc
            problem = problems.problem(exc)
            with services.transactions.note() as conn:  # lost: the job is done again
                operations.fail(conn, operation_id, problem, services.clock())
        else:
            if result is not None:
                with services.transactions.note() as conn:
                    operations.succeed(conn, operation_id, result, services.clock())

    return handler
