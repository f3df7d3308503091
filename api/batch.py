"""A leader's batch: many documents signed by one confirmation, one after the other, in the given order.

A document is in one of three states: signed and told, signed but not yet told (a crash came between), or neither.
The lines that were told are kept with the operation, so a second run goes on behind them; the document's own row
says whether the first untold one was signed. A ký nháy goes on in the background: its line names that operation.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from api import problems
from api.identity import AccessRefused
from api.line import Stopped
from api.services import Services
from api.signing import Signing
from api.store import operations
from api.store.accounts import Account
from api.store.database_errors import DatabaseUnavailable
from archive.catalogue import documents
from archive.catalogue.values import Document
from policies.reasons import access as access_reasons
from policies.vocabulary import State

log = logging.getLogger("antin.batch")
Line = dict[str, Any]


class Batch:
    """Signs for one account."""

    def __init__(self, services: Services, actor: Account) -> None:
        self.s = services
        self.actor = actor

    def run(self, operation: str, chosen: list[list[Any]]) -> dict[str, Any]:
        """`chosen`: id and version of each. A document that is not signed is a line with its reason.

        Raises Stopped between two documents when the service stops.
        """
        with self.s.transactions.read() as conn:
            row = operations.get(conn, operation)
        if row is None:
            raise LookupError(operation)
        lines = list((row.result or {}).get("documents", []))
        for document_id, version in chosen[len(lines) :]:
            if self.s.working.closed:
                raise Stopped
            lines.append(self._line(document_id, version, row.created_at))
            # A note, after the signature's own commit: lost, the document's row is asked again.
            with self.s.transactions.note() as conn:
                operations.progress(conn, operation, len(lines), {"documents": lines}, self.s.clock())
        return {"documents": lines}

    def _line(self, document_id: str, version: int, since: datetime) -> Line:
        """Whatever is wrong with one document, the rest goes on; a fault of ours is logged with its trace.

        Raises DatabaseUnavailable.
        """
        try:
            return {"document": document_id, **self._sign(document_id, version, since)}
        except DatabaseUnavailable:
            raise  # whether it was signed is asked when the database answers again
        except Exception as exc:
            if self.s.working.closed:  # the stop is what it failed of
                raise Stopped from exc
            return {"document": document_id, "problem": problems.problem(exc)}

    def _sign(self, document_id: str, version: int, since: datetime) -> Line:
        with self.s.transactions.read() as conn:
            document = documents.get(conn, document_id)
            signers = documents.signers(conn, document_id)
        mine = [signer.signed_at for signer in signers if signer.account == self.actor.id]
        if document.version > version and any(at is not None and at >= since for at in mine):
            return {"state": document.state}  # before a crash of this batch
        unchanged(document, version)
        operation = Signing(self.s).sign(document, self.actor, batch=True)
        if operation.kind == "initial":
            return {"state": document.state, "operation": operation.id}
        return {"state": State.SIGNED}


def unchanged(document: Document, version: int) -> None:
    """A signer signs what he saw: bytes that came later wait for another look. Raises AccessRefused."""
    if document.version != version:
        raise AccessRefused(access_reasons.CHANGED_MEANWHILE)
