"""A leader's batch: what became of each document, by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.pages import leader
from api.presenters.documents import kind_name
from api.services import Services
from api.store import operations
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue import Connection
from archive.catalogue import documents as rows
from archive.catalogue.values import Document

KIND = "sign-batch"
REMEMBERED = timedelta(days=1)


def own(services: Services, account: Account, operation_id: str) -> Operation | None:
    """The batch of that name, when this account started it."""
    with services.transactions.read() as conn:
        found = operations.get(conn, operation_id)
    mine = found is not None and found.kind == KIND and found.account == account.id
    return found if mine else None


def latest(services: Services, account: Account, language: str) -> leader.BatchView | None:
    """The newest batch while it still matters: it runs, or something in it was not signed since yesterday."""
    with services.transactions.read() as conn:
        found = operations.latest_by(conn, account.id, KIND)
    if found is None or services.clock() - found.updated_at > REMEMBERED:
        return None
    shown = view(services, found, language)
    return shown if shown.running or shown.count("failed") else None


def view(services: Services, operation: Operation, language: str) -> leader.BatchView:
    """Every document in the order in which it was chosen."""
    told = {line["document"]: line for line in (operation.result or {}).get("documents", [])}
    with services.transactions.read() as conn:
        chosen = [rows.get(conn, document_id) for document_id, _version in operation.payload["documents"]]
        lines = [_line(conn, document, told.get(document.id), operation, language) for document in chosen]
    return leader.BatchView(operation.id, operation.created_at, tuple(lines), not operation.ended)


def _line(
    conn: Connection, document: Document, told: dict[str, Any] | None, operation: Operation, language: str
) -> leader.BatchLine:
    """A ký nháy is done when its own operation is."""
    later = operations.get(conn, told["operation"]) if told and "operation" in told else None
    problem = told.get("problem") if told else operation.problem
    if later is not None:
        problem = later.problem
    named = document.id, document.subject, kind_name(document)
    if problem is not None:
        return leader.BatchLine(*named, "failed", problem["text"][language])
    return leader.BatchLine(*named, "done" if told and (later is None or later.ended) else "waiting")
