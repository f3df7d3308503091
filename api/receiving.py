"""What a clerk brings in becomes a draft, if it can be issued at all. An act, as `api.work` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api import work
from api.services import Services
from api.store import accounts
from api.store.accounts import Account
from archive.catalogue import Connection, document_changes
from archive.catalogue.values import Document, NewDocument, Signer, VersionRole
from policies import intake, numbering, texts
from policies.issuing import Act, allow, check_agency
from policies.reasons import document as document_reasons
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import FieldRole, Role
from signer.document.pdfa.report import PdfaReport
from signer.document.upload import UploadFacts
from signer.errors import DocumentRefused


@dataclass(frozen=True, slots=True)
class Draft:
    """What the clerk says at upload. `leaders` and `initials` are account names in signing order."""

    file_name: str
    kind: str
    subject: str
    leaders: tuple[str, ...]
    initials: tuple[str, ...] = ()
    unit: str = ""
    urgency: int = 0
    recipients: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None


class Receiving:
    """The first act of a document's path. Role and content are looked at first; Refused leaves nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def receive(self, sha256: str, draft: Draft, actor: Account) -> Document:
        """A draft from uploaded bytes. Raises Refused OTHER_AGENCY, and as `policies.intake.decide` says."""
        allow(Act.PREPARE, actor.roles)
        check_agency(actor.agency, self.s.settings.agency_code)
        intake.check_name(draft.file_name)
        subject = texts.subject(draft.subject)
        recipients = tuple(filter(None, map(_recipient, draft.recipients)))
        kind = numbering.kind_of(draft.kind)
        numbering.number_text(1, kind, self.s.settings.agency_symbol, draft.unit)  # the symbol can be made
        if not draft.leaders:
            raise Refused(reasons.NO_LEADER)
        with self.s.transactions.read() as conn:
            signers = [self._person(conn, name, actor) for name in (*draft.initials, *draft.leaders)]
        facts, conformity = self._admit(sha256)
        new = NewDocument(
            agency=actor.agency,
            kind=draft.kind,
            subject=subject,
            uploader=actor.id,
            uploader_display=actor.display,
            unit=draft.unit,
            urgency=draft.urgency,
            recipients=recipients,
            metadata={
                **(draft.metadata or {}),
                "pages": facts.pages,
                "file_name": draft.file_name,
                "pdfa": conformity,
            },
        )
        at = self.s.clock()
        roles = [FieldRole.INITIAL] * len(draft.initials) + [FieldRole.LEADER] * len(draft.leaders)
        with self.s.transactions.write() as conn:
            version = work.version(self.s, VersionRole.UPLOADED, sha256)
            document = document_changes.add(conn, new, version, at)
            document_changes.set_signers(conn, document.id, _signers(document.id, signers, roles))
            work.audit_event(self.s, conn, document, actor, "receive", sha256=sha256, pages=facts.pages)
        return document

    def _person(self, conn: Connection, name: str, actor: Account) -> Account:
        """Who shall sign: a leader of the clerk's own agency, else the document would wait for ever."""
        found = accounts.by_name(conn, name)
        if found is None or found[0].agency != actor.agency or Role.LEADER not in found[0].roles:
            raise Refused(reasons.NO_SUCH_SIGNER, name=name[:64])
        return found[0]

    def _admit(self, sha256: str) -> tuple[intake.DocumentFacts, dict[str, Any]]:
        """Intake's facts, and PDF/A by our own check: what it claims, whether it holds. What comes in so goes
        out so."""
        path = self.s.work_area.work_path(sha256)
        profile = self.s.intake_profile
        intake.check_size(path.stat().st_size, profile.limits)
        upload: UploadFacts = self.s.sandbox.call("signer.document.upload:examine_upload", path, profile)
        intake.decide(upload.facts, profile)
        return upload.facts, self._conformity(upload.conformity)

    def _conformity(self, report: PdfaReport | None) -> dict[str, Any]:
        if report is None:  # of a file that was admitted: the worker contradicts itself
            raise DocumentRefused(document_reasons.PARSER_FAILED, kind="conformity")
        return {"claims": report.claims, "conforms": report.conforms, "rules": sorted(report.rules)[:20]}


def _recipient(text: str) -> str:
    return texts.line(text, texts.RECIPIENT, texts.LONGEST_RECIPIENT)


def _signers(document_id: str, people: list[Account], roles: list[FieldRole]) -> list[Signer]:
    return [
        Signer(document_id, index, role, person.id, person.display, person.title, "")
        for index, (person, role) in enumerate(zip(people, roles, strict=True))
    ]
