"""Legal holds: placed by one person, released by two, and brought to the stores (`archive.holds`)."""

from __future__ import annotations

import logging
from typing import Any

from api import once
from api.identity import AccessRefused
from api.locations import HOLDS
from api.services import Services
from api.store import audit
from api.store.accounts import Account
from archive import holds
from archive.catalogue import Connection, hold_rows
from archive.catalogue.keeping_values import Hold
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.holds import Done, Person, Subject
from archive.ports import ObjectStore
from policies import texts
from policies.holds import HoldAct, allow
from policies.reasons import access as access_reasons
from policies.refusals import Both

log = logging.getLogger("antin.holding")
TURN = "holds"


class Holding:
    """Every method checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    @property
    def stores(self) -> tuple[ObjectStore, ...]:
        """Every store that keeps the archive's objects."""
        return (self.s.store,)

    def find(self, hold_id: str, actor: Account) -> Hold:
        """The hold, for an account of its own agency. Raises AccessRefused NOT_FOUND."""
        with self.s.transactions.read() as conn:
            found = hold_rows.find(conn, hold_id)
        if found is None or found.agency != actor.agency:
            raise AccessRefused(access_reasons.NOT_FOUND, what=Both("lệnh tạm giữ", "hold"))
        return found

    def place(self, over: Subject, reason: str, basis: str, actor: Account) -> Hold:
        """Tạm giữ: stands from the commit on, whatever the store says."""
        allow(HoldAct.PLACE, actor.roles)
        reason, basis = texts.reason(reason), texts.line(basis, texts.BASIS, texts.LONGEST_BASIS)
        at = self.s.clock()
        self.s.proofs.check_running()
        with self.s.transactions.write() as conn:
            done = holds.place(conn, actor.agency, over, reason, basis, _person(actor), at)
            self._audit(conn, actor, "hold", done.hold, reason=reason, basis=basis)
        return self._kept(done)

    def ask_release(self, hold: Hold, reason: str, actor: Account) -> Hold:
        """The first person."""
        allow(HoldAct.ASK_RELEASE, actor.roles)
        reason = texts.reason(reason)
        with self.s.transactions.write() as conn:
            asked = holds.ask_release(conn, hold.id, reason, _person(actor), self.s.clock())
            self._audit(conn, actor, "ask-release", asked, reason=reason)
        return asked

    def refuse_release(self, hold: Hold, reason: str, actor: Account) -> Hold:
        """The hold stays, and it is on record who said so and why."""
        allow(HoldAct.REFUSE_RELEASE, actor.roles)
        reason = texts.reason(reason)
        with self.s.transactions.write() as conn:
            kept = holds.refuse_release(conn, hold.id, reason, _person(actor), self.s.clock())
            self._audit(conn, actor, "refuse-release", kept, reason=reason)
        return kept

    def confirm_release(self, hold: Hold, actor: Account) -> Hold:
        """The second person, who is another one."""
        allow(HoldAct.CONFIRM_RELEASE, actor.roles)
        self.s.proofs.check_running()
        with self.s.transactions.write() as conn:
            done = holds.confirm_release(conn, hold.id, _person(actor), self.s.clock())
            self._audit(conn, actor, "release", done.hold)
        return self._kept(done)

    def enforce(self) -> int:
        """Settle confirmed releases, bring every flag in every store to what the holds want. Repeatable.

        One at a time, of all processes: where another is at it, it is left to that one, or to upkeep's next round.
        Raises ArchiveUnavailable, ArchiveDamaged: what stands in the catalogue stands, and it is run again.
        """
        transactions = self.s.transactions
        with transactions.read() as conn:
            confirmed = hold_rows.confirmed(conn)
        if confirmed:
            with transactions.write() as conn:
                holds.settle(conn, self.s.clock())
        with self.s.turns.attempt(TURN) as mine:
            if not mine:
                return 0
            return holds.enforce(transactions.write, self.stores, transactions.read)

    def _kept(self, done: Done) -> Hold:
        """Kept in writing, then in the stores. What a store's bad moment leaves, upkeep does."""
        if self.s.proofs.keep((*done.events, *done.versions)):
            try:
                self.enforce()
            except (ArchiveUnavailable, ArchiveDamaged) as exc:  # health tells, and upkeep tries again
                log.warning("hold %s waits for the store: %s", done.hold.id, exc)
        with self.s.transactions.read() as conn:
            return hold_rows.find(conn, done.hold.id) or done.hold

    def _audit(self, conn: Connection, actor: Account, act: str, hold: Hold, **facts: Any) -> None:
        """That it is done, for who asked for it; one row of the hold, and one of each document or of the dossier."""
        once.done(conn, HOLDS, hold.id, self.s.clock())
        for subject in (hold.id, *hold.documents, *([hold.dossier] if hold.dossier else [])):
            audit.write(
                conn,
                hold.agency,
                actor=actor.name,
                act=act,
                phase="event",
                subject=subject,
                detail={"hold": hold.id, **facts},
                at=self.s.clock(),
            )


def _person(actor: Account) -> Person:
    return Person(actor.id, actor.display)
