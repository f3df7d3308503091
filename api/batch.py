"""A leader's batch: many documents signed by one confirmation, one after the other, in the given order.

A document is in one of three states: signed and told, signed but not yet told (a crash came between), or neither.
The lines that were told are kept with the operation, so a second run goes on behind them; the document's own row
says whether the first untold one was signed.
"""

from __future__ import annotations

import logging
from typing import Any

from api import problems
from api.identity import AccessRefused
from api.issuing import Issuing
from api.line import Stopped
from api.services import Services
from api.store import operations
from api.store.accounts import Account
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
        lines = self._told(operation)
        for document_id, version in chosen[len(lines) :]:
            if self.s.working.closed:
                raise Stopped
            lines.append(self._line(document_id, version))
            # A note, after the signature's own commit: lost, the document's row is asked again.
            with self.s.transactions.note() as conn:
                operations.progress(conn, operation, len(lines), {"documents": lines}, self.s.clock())
        return {"documents": lines}

    def _told(self, operation: str) -> list[Line]:
        with self.s.transactions.read() as conn:
            row = operations.get(conn, operation)
        return list((row.result or {}).get("documents", [])) if row is not None else []

    def _line(self, document_id: str, version: int) -> Line:
        """Whatever is wrong with one document, the rest goes on; a fault of ours is logged with its trace."""
        try:
            return {"document": document_id, "state": self._sign(document_id, version)}
        except Exception as exc:
            if self.s.working.closed:  # the stop is what it failed of
                raise Stopped from exc
            return {"document": document_id, "problem": problems.problem(exc)}

    def _sign(self, document_id: str, version: int) -> State:
        with self.s.transactions.read() as conn:
            document = documents.get(conn, document_id)
            signers = documents.signers(conn, document_id)
        mine = any(signer.account == self.actor.id and signer.signed_at is not None for signer in signers)
        if mine and document.version > version:
            return document.state  # before a crash of this batch
        unchanged(document, version)
        Issuing(self.s).sign(document, self.actor, batch=True)
        return State.SIGNED


def unchanged(document: Document, version: int) -> None:
    """A signer signs what he saw: bytes that came later wait for another look. Raises AccessRefused."""
    if document.version != version:
        raise AccessRefused(access_reasons.CHANGED_MEANWHILE)
