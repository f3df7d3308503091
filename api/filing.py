"""Dossiers: the acts of the clerk, each in one transaction with its audit row, then kept and logged.

A crash after the commit leaves the act with its deposit; the service's upkeep carries it out (`archive.filing`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from api import once
from api.holding import Holding
from api.identity import AccessRefused
from api.locations import DOSSIERS
from api.services import Services
from api.store import audit
from api.store.accounts import Account
from archive.catalogue import Connection, dossier_rows, hold_rows
from archive.catalogue.keeping_values import Dossier, DossierFile, FileFacts
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable
from archive.registers import dossiers
from archive.registers.dossiers import Acting, Closing, Done, NewFile
from policies import texts
from policies.dossiers import HEAD_BYTES, DossierAct, Fields, allow, check_file, check_file_date
from policies.numbering import civil_date
from policies.reasons import access as access_reasons
from policies.reasons import keeping as reasons
from policies.refusals import Both
from policies.retention import Rule, in_force

log = logging.getLogger("antin.filing")
LONGEST_AUTHOR, LONGEST_NUMBER = 200, 64


class Filing:
    """Every method checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def codes(self, dossier: Dossier | None = None) -> tuple[Rule, ...]:
        """The retention codes among which a dossier chooses: those in force when it was opened, or today."""
        opened = dossier.opened_at if dossier else self.s.clock()
        return in_force(self.s.retention, civil_date(opened))

    def find(self, dossier_id: str, actor: Account) -> Dossier:
        """The dossier, for an account of its own agency. Raises AccessRefused NOT_FOUND."""
        with self.s.transactions.look() as conn:
            found = dossier_rows.find(conn, dossier_id)
        if found is None or found.agency != actor.agency:
            raise AccessRefused(access_reasons.NOT_FOUND, what=Both("hồ sơ", "dossier"))
        return found

    def open(self, fields: Fields, actor: Account) -> Dossier:
        """Mở hồ sơ."""
        allow(DossierAct.OPEN, actor.roles)
        return self._do(
            actor,
            "open-dossier",
            lambda conn: dossiers.open_dossier(conn, actor.agency, fields, self.s.retention, self._by(actor)),
        )

    def change(self, dossier: Dossier, fields: Fields, actor: Account, seen: int | None = None) -> Dossier:
        """Other fields of an open dossier."""
        allow(DossierAct.CHANGE, actor.roles)
        return self._do(
            actor,
            "change-dossier",
            lambda conn: dossiers.change(conn, dossier.id, fields, self.s.retention, self._by(actor, seen)),
        )

    def file(
        self, document_ids: Sequence[str], into: Sequence[Dossier], actor: Account, note: str = ""
    ) -> tuple[Dossier, ...]:
        """Documents into one or several dossiers, in one act: all of it, or none."""
        allow(DossierAct.FILE, actor.roles)
        if not into:
            raise ArchiveRefused(reasons.CHOOSE_DOSSIER)
        said = _note(note)
        chosen = sorted({dossier.id for dossier in into})
        self.s.proofs.check_running()
        with self.s.transactions.write() as conn:
            for dossier_id in chosen:
                dossier_rows.locked(conn, dossier_id)
            done = [dossiers.file_documents(conn, one, document_ids, self._by(actor), said) for one in chosen]
            once.done(conn, DOSSIERS, chosen[0], self.s.clock())
            codes = [one.dossier.code for one in done]
            for one in done:
                self._audit(conn, actor, "file", one.dossier, documents=len(set(document_ids)))
            for document_id in sorted(set(document_ids)):
                self._audit_document(conn, actor, "file", document_id, codes)
        self._kept(done)
        return tuple(one.dossier for one in done)

    def upload(
        self, dossier: Dossier, sha256: str, name: str, facts: FileFacts, actor: Account, note: str = ""
    ) -> Dossier:
        """A plain file, whose bytes the door has hashed into the work area; nothing of it is parsed."""
        allow(DossierAct.FILE, actor.roles)
        said, told = _note(note), _checked(facts)
        check_file_date(facts.document_date, civil_date(self.s.clock()))
        path = self.s.work_area.work_path(sha256)
        size = path.stat().st_size
        new = NewFile(sha256, size, name, check_file(name, _head(path), size), told)
        return self._do(
            actor,
            "file-file",
            lambda conn: dossiers.file_upload(conn, dossier.id, new, self._by(actor), said),
            name=name,
            sha256=sha256,
        )

    def file_again(self, dossier: Dossier, file_id: str, actor: Account, note: str = "") -> Dossier:
        """A file that lies in another dossier, into this one too."""
        allow(DossierAct.FILE, actor.roles)
        said = _note(note)
        return self._do(
            actor,
            "file-file",
            lambda conn: dossiers.file_again(conn, dossier.id, file_id, self._by(actor), said),
            file=file_id,
        )

    def remove(self, dossier: Dossier, ordinal: int, actor: Account, reason: str) -> Dossier:
        """An entry out of an open dossier."""
        allow(DossierAct.REMOVE, actor.roles)
        reason = texts.reason(reason)

        def act(conn: Connection) -> Done:
            entry = dossier_rows.entry(conn, dossier.id, ordinal)
            done = dossiers.remove(conn, dossier.id, ordinal, self._by(actor, reason=reason))
            if entry is not None and entry.document is not None:
                self._audit_document(conn, actor, "unfile", entry.document.id, [dossier.code])
            return done

        return self._do(actor, "unfile", act, entry=ordinal, reason=reason)

    def close(self, dossier: Dossier, closing: Closing, actor: Account, seen: int | None = None) -> Dossier:
        """Kết thúc hồ sơ."""
        allow(DossierAct.CLOSE, actor.roles)
        return self._do(
            actor,
            "close-dossier",
            lambda conn: dossiers.close(conn, dossier.id, closing, self.s.retention, self._by(actor, seen)),
            retention=closing.code,
            work_ended=closing.work_ended.isoformat(),
        )

    def reopen(self, dossier: Dossier, actor: Account, reason: str) -> Dossier:
        """Mở lại hồ sơ."""
        allow(DossierAct.REOPEN, actor.roles)
        reason = texts.reason(reason)
        return self._do(
            actor,
            "reopen-dossier",
            lambda conn: dossiers.reopen(conn, dossier.id, self._by(actor, reason=reason)),
            reason=reason,
        )

    def file_inside(self, dossier: Dossier, file_id: str) -> DossierFile:
        """A file that lies in the dossier. Raises ArchiveRefused NO_FILE."""
        with self.s.transactions.read() as conn:
            inside = dossier_rows.in_dossier(conn, dossier.id, [file_id])
            file = dossier_rows.file(conn, file_id)
        if file is None or file_id not in inside:
            raise ArchiveRefused(reasons.NO_FILE)
        return file

    def _by(self, actor: Account, seen: int | None = None, reason: str = "") -> Acting:
        return Acting(actor.display, self.s.clock(), seen, reason.strip())

    def _do(self, actor: Account, called: str, act: Callable[[Connection], Done], **facts: Any) -> Dossier:
        self.s.proofs.check_running()
        with self.s.transactions.write() as conn:
            done = act(conn)
            once.done(conn, DOSSIERS, done.dossier.id, self.s.clock())
            self._audit(conn, actor, called, done.dossier, **facts)
        self._kept([done])
        return done.dossier

    def _kept(self, done: Sequence[Done]) -> None:
        """What was committed is archived, and what came under a hold is held; or upkeep does both later."""
        kept = self.s.proofs.keep(one.deposit for one in done)
        with self.s.transactions.read() as conn:
            held = hold_rows.over(conn, [one.dossier.id for one in done])
        if kept and held:
            try:
                Holding(self.s).enforce()
            except (ArchiveUnavailable, ArchiveDamaged) as exc:
                log.warning("what came into a held dossier waits for the store: %s", exc)

    def _audit(self, conn: Connection, actor: Account, act: str, dossier: Dossier, **facts: Any) -> None:
        audit.write(
            conn,
            dossier.agency,
            actor=actor.name,
            act=act,
            phase="event",
            subject=dossier.id,
            detail={"code": dossier.code, "version": dossier.version, **facts},
            at=self.s.clock(),
        )

    def _audit_document(
        self, conn: Connection, actor: Account, act: str, document_id: str, codes: list[str]
    ) -> None:
        audit.write(
            conn,
            actor.agency,
            actor=actor.name,
            act=act,
            phase="event",
            subject=document_id,
            detail={"dossiers": codes},
            at=self.s.clock(),
        )


def _checked(facts: FileFacts) -> FileFacts:
    """What the clerk says of a file, as the register takes it."""
    return replace(
        facts,
        subject=texts.subject(facts.subject),
        author=texts.line(facts.author, texts.AUTHOR, LONGEST_AUTHOR),
        number_text=texts.line(facts.number_text, texts.NUMBER, LONGEST_NUMBER),
    )


def _note(text: str) -> str:
    return texts.line(text, texts.NOTE, texts.LONGEST_NOTE)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
