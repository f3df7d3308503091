"""A document's number, its issue, and what is decided about it later. Acts, as `api.work` says.

The path, top to bottom: `api.receiving`, `api.preparing`, `api.signing`, the number here, the seal in `api.signing`
again; what waits (time-stamps, validation, archiving) in `api.finishing`; and issued here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from api import once, work
from api.locations import DOCUMENTS
from api.services import Services
from api.store.accounts import Account
from archive.catalogue import Connection, document_changes, documents
from archive.catalogue.values import Document
from archive.heads import bind_register
from archive.registers import outgoing
from archive.registers.numbers import NumberRequest
from policies import issuing, numbering
from policies.issuing import Act, Facts, allow, next_state
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import FieldRole

NO_FACTS = Facts()


class Issuing:
    """Every act checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    # Number and date; entered in the outgoing register in the same transaction.

    def number(
        self, document: Document, actor: Account, *, number: int | None = None, day: date | None = None
    ) -> Document:
        """Cấp số và vào sổ. A retry returns the document's own number."""
        allow(Act.NUMBER, actor.roles)
        issuing.check_agency(document.agency, self.s.settings.agency_code)
        next_state(document.state, Act.NUMBER)
        if document.leader_token_time is None:
            raise Refused(reasons.NO_LEADER_TOKEN)
        wish = NumberRequest(
            document=document.id,
            agency=document.agency,
            agency_symbol=self.s.settings.agency_symbol,
            kind=document.kind,
            leader_token_time=document.leader_token_time,
            unit=document.unit,
            wanted_number=number,
            wanted_date=day,
        )
        at = self.s.clock()
        issuing.check_year(document.metadata.get("printed_year"), day or numbering.civil_date(at))
        with self.s.transactions.write() as conn:
            leaders = [s for s in documents.signers(conn, document.id) if s.role is FieldRole.LEADER]
            entry = outgoing.Entry(signer=leaders[-1].display)
            had = document.number_text
            numbered, given = outgoing.number_and_enter(conn, document, wish, entry, at)
            if had is None:
                work.audit_event(self.s, conn, numbered, actor, "number", number=given.text)
            else:
                once.done(conn, DOCUMENTS, document.id, at)
        return numbered

    # Issue, once the receipt is there; `api.filing` files it. Later facts are events of the archive.

    def issue(self, document: Document, actor: Account) -> Document:
        """Phát hành: needs the final receipt."""
        allow(Act.ISSUE, actor.roles)
        issuing.check_agency(document.agency, self.s.settings.agency_code)
        next_state(document.state, Act.ISSUE, Facts(has_receipt=self.s.proofs.has_receipt(document)))
        at = self.s.clock()

        def record(conn: Connection) -> Document:
            outgoing.mark_sent(conn, document.id, at)
            kept = work.as_kept(conn, document)
            changed = document_changes.advance(
                conn, kept, Act.ISSUE, at, facts=Facts(has_receipt=True), issued_at=at
            )
            work.audit_event(self.s, conn, document, actor, "issue", number=document.number_text)
            return changed

        return self.s.proofs.event(document, "issued", {"number": document.number_text}, actor, at, record)

    def recall(self, document: Document, actor: Account, reason: str) -> Document:
        """Thu hồi, also of what is stopped: the document stays, frozen, and its page says so (NĐ 30/2020/NĐ-CP,
        Điều 18)."""
        allow(Act.RECALL, actor.roles)
        facts = document_changes.as_it_stands(document, Facts(reason=reason))
        next_state(document.state, Act.RECALL, facts)
        at = self.s.clock()

        def record(conn: Connection) -> Document:
            kept = work.as_kept(conn, document)
            changed = document_changes.advance(conn, kept, Act.RECALL, at, facts=facts, recalled_at=at)
            work.audit_event(self.s, conn, document, actor, "recall", reason=reason)
            return changed

        return self.s.proofs.event(document, "recalled", {"reason": reason}, actor, at, record)

    def void(self, document: Document, actor: Account, reason: str) -> Document:
        """Hủy, before the issue: a number that was given stays in the register, voided with its reason."""
        allow(Act.VOID, actor.roles)

        def before(conn: Connection, at: datetime) -> None:
            if outgoing.void(conn, document.id, reason, at) is not None:
                bind_register(conn, document.agency, at)  # no document will bring it into the log

        return self._kept(document, Act.VOID, "voided", actor, Facts(reason=reason), before)

    def resume(self, document: Document, actor: Account, reason: str) -> Document:
        """Go on with a stopped document: a named person's audited decision."""
        allow(Act.RESUME, actor.roles)
        return self._kept(document, Act.RESUME, "resumed", actor, Facts(reason=reason))

    def return_to_drafter(self, document: Document, actor: Account, reason: str) -> Document:
        """Trả lại, with its reason; bytes and signatures so far stay in the history."""
        allow(Act.RETURN, actor.roles)
        facts = Facts(reason=reason, number=document.number_text)
        return self._kept(document, Act.RETURN, "returned", actor, facts)

    def _kept(
        self,
        document: Document,
        act: Act,
        kind: str,
        actor: Account,
        facts: Facts = NO_FACTS,
        before: Callable[[Connection, datetime], None] = lambda _conn, _at: None,
    ) -> Document:
        """An act that an archived document must not forget with its database: there it is an event of the archive."""
        next_state(document.state, act, document_changes.as_it_stands(document, facts))
        at = self.s.clock()

        def record(conn: Connection) -> Document:
            before(conn, at)
            kept = work.as_kept(conn, document)
            changed = document_changes.advance(conn, kept, act, at, facts=facts)
            work.audit_event(self.s, conn, document, actor, str(act), reason=facts.reason)
            return changed

        if document.archived_at is not None:
            told = {"reason": facts.reason} if facts.reason else {}
            return self.s.proofs.event(document, kind, told, actor, at, record)
        # Of what is archived no key is used any more; before that, not while one is.
        with work.turn(self.s, document), self.s.transactions.write() as conn:
            changed = record(conn)
        self.s.proofs.wake()
        return changed
