"""The acts that use a key: leaders' signatures, ký nháy, the agency's seal.

Each is an act, as `api.work` says, and waits for its time-stamp in the background: `api.finishing` goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api import once, work
from api.locations import OPERATIONS
from api.services import Services
from api.store import operations
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue import Connection, document_changes, documents
from archive.catalogue.identity import new_id
from archive.catalogue.values import Document, VersionRole
from policies import layout
from policies.issuing import Act, Facts, allow, check_agency, next_state
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import FieldRole
from signer.creation import two_step
from signer.creation.two_step import SignatureRequest
from signer.ports import SigningKey
from signer.stamping.appearance import Appearance


class Signing:
    """Every act checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    # The leader signs; the time-stamp follows in the background, nobody waits for it at a screen.

    def sign(self, document: Document, actor: Account, *, batch: bool = False) -> Operation:
        """Ký số or ký nháy: whichever of the document's signers this account is, when it is its turn.

        The time-stamp of what is signed in a `batch` waits behind those of single documents.
        """
        with self.s.transactions.look() as conn:
            signer = work.next_signer(documents.signers(conn, document.id), actor)
        leads = signer.role is FieldRole.LEADER
        act = Act.SIGN if leads else Act.INITIAL
        allow(act, actor.roles)
        check_agency(document.agency, self.s.settings.agency_code)
        next_state(document.state, act)
        key = self.s.keys.get(actor.key_name)
        shown = Appearance(image=self.s.stamps.signature(actor.name))
        request = self._request(signer.field, key, actor.display, shown)
        if not leads:
            return self._later(document, "initial", actor, {"field": signer.field})

        def record(conn: Connection, sha256: str) -> Operation:
            at, version = self.s.clock(), work.version(self.s, VersionRole.LEADER_SIGNED, sha256)
            signed = document_changes.advance(conn, document, Act.SIGN, at, version=version)
            document_changes.mark_signed(conn, signer, at)
            return self._enqueue(conn, "stamp-leader", signed, actor, {"field": signer.field, "batch": batch})

        with work.turn(self.s, document):
            return work.sign(self.s, document, key, request, actor, "sign", record)

    def initial(self, document: Document, actor: Account, record: Callable[[Connection, str], str]) -> str:
        """The bytes with this account's ký nháy; its time-stamp goes in before the document moves on.

        `record` takes part in the transaction that says that the key was used.
        """
        with self.s.transactions.look() as conn:
            signer = work.next_signer(documents.signers(conn, document.id), actor)
        allow(Act.INITIAL, actor.roles)
        next_state(document.state, Act.INITIAL)
        key = self.s.keys.get(actor.key_name)
        shown = Appearance(image=self.s.stamps.signature(actor.name))
        request = self._request(signer.field, key, actor.display, shown)
        with work.turn(self.s, document):
            return work.sign(self.s, document, key, request, actor, "initial", record)

    def sign_batch(self, chosen: list[Document], actor: Account) -> Operation:
        """One authentication for many documents; each is signed or refused for itself, in the given order."""
        allow(Act.SIGN, actor.roles)
        payload = {"documents": [[document.id, document.version] for document in chosen]}
        with self.s.transactions.write() as conn:
            return self._enqueue(conn, "sign-batch", None, actor, payload, total=len(chosen))

    # The seal: number, date and signature in one revision; finishing follows in the background.

    def seal(self, document: Document, actor: Account) -> Operation:
        """Ký số cơ quan."""
        allow(Act.SEAL, actor.roles)
        check_agency(document.agency, self.s.settings.agency_code)
        next_state(document.state, Act.SEAL, Facts(number=document.number_text))
        if document.number is None or document.document_date is None:
            raise Refused(reasons.NO_NUMBER)
        field = next(row["name"] for row in document.boxes if row["role"] == FieldRole.SEAL)
        fills = layout.fills(document.number, document.document_date)
        key = self.s.keys.seal
        request = self._request(
            field, key, self.s.settings.agency_name, Appearance(image=self.s.stamps.seal()), fills
        )

        def record(conn: Connection, sha256: str) -> Operation:
            at, version = self.s.clock(), work.version(self.s, VersionRole.SEALED, sha256)
            facts = Facts(number=document.number_text)
            sealed = document_changes.advance(conn, document, Act.SEAL, at, facts=facts, version=version)
            return self._enqueue(conn, "finish", sealed, actor, {"field": field})

        with work.turn(self.s, document):
            return work.sign(self.s, document, key, request, actor, "seal", record)

    def _request(
        self,
        field: str,
        key: SigningKey,
        name: str,
        shown: Appearance,
        fills: dict[str, str] | None = None,
    ) -> SignatureRequest:
        size = two_step.contents_size(key, self.s.tsa.reserve)
        digest = str(key.algorithm.digest)
        return SignatureRequest(field, size, name, self.s.clock(), shown, fills or {}, digest)

    def _later(self, document: Document, kind: str, actor: Account, payload: dict[str, Any]) -> Operation:
        """Enqueued, unless the same already waits or runs."""
        wanted = {**payload, "version": document.version}
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            found = operations.under_way(conn, document.id, kind)
            if found is not None and wanted.items() <= found.payload.items():
                once.done(conn, OPERATIONS, found.id, self.s.clock())
                return found
            return self._enqueue(conn, kind, document, actor, payload)

    def _enqueue(
        self,
        conn: Connection,
        kind: str,
        document: Document | None,
        actor: Account,
        payload: dict[str, Any],
        total: int = 1,
    ) -> Operation:
        at = self.s.clock()
        details = {**payload, "actor": actor.id}
        if document is not None:
            details |= {"document": document.id, "version": document.version}
        operation = operations.add(
            conn,
            new_id(at),
            kind,
            document=document.id if document else None,
            account=actor.id,
            payload=details,
            total=total,
            at=at,
        )
        priority = work.priority(document, batch=bool(payload.get("batch")))
        self.s.jobs.enqueue(conn, kind, operation.id, details, priority)
        once.done(conn, OPERATIONS, operation.id, at)
        return operation
