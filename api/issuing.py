"""The path of an issued document, top to bottom: receive, prepare, sign, number, seal, issue.

Each act: read the row → do the work beside the database → one transaction that moves the row as it was read,
writes the audit row and enqueues what follows. A crash before that commit leaves unnamed bytes in the work
area and an audit intent; the act is simply done again.
What waits (time-stamps, validation, archiving) is in `api.finishing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from api import once, work
from api.locations import DOCUMENTS, OPERATIONS
from api.services import Services
from api.store import accounts, operations
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue import Connection, document_changes, documents
from archive.catalogue.identity import new_id
from archive.catalogue.values import Document, NewDocument, Signer, VersionRole
from archive.heads import bind_register
from archive.registers import outgoing
from archive.registers.numbers import NumberRequest
from policies import intake, issuing, layout, numbering
from policies.issuing import Act, Facts, allow, next_state
from policies.layout import Box, LeaderAnchor, PlacementRequest, Rect, SealAnchor, SealSpec
from policies.reasons import document as document_reasons
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import FieldRole, Role
from signer.creation import choose, two_step
from signer.creation.plan import PreparationPlan, QrPlan
from signer.creation.two_step import SignatureRequest
from signer.document.pdfa.report import PdfaReport
from signer.document.upload import UploadFacts
from signer.errors import DocumentRefused
from signer.ports import SigningKey
from signer.stamping.appearance import Appearance

NO_FACTS = Facts()
# In the lower margin of an A4 page, where nothing of the decree's layout stands: 17 mm and the printed host.
QR_RECT = Rect(85, 4, 235, 52)


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


class Issuing:
    """The acts. Every method checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

    # 1. Receive bytes that the door has hashed into the work area.

    def receive(self, sha256: str, draft: Draft, actor: Account) -> Document:
        """A draft from uploaded bytes. Raises Refused as `policies.intake.decide` says."""
        allow(Act.PREPARE, actor.roles)
        intake.check_name(draft.file_name)
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
            subject=draft.subject.strip(),
            uploader=actor.id,
            uploader_display=actor.display,
            unit=draft.unit,
            urgency=draft.urgency,
            recipients=draft.recipients,
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

    # 2. Prepare once, before the first signature: every field that will ever be needed.

    def propose(self, document: Document, explicit: tuple[Box, ...] = ()) -> layout.Layout:
        """The boxes that the document's own text asks for, beside those given by hand.

        Raises PlacementRefused when a box is not found, or found more than once.
        """
        with self.s.transactions.look() as conn:
            signers = documents.signers(conn, document.id)
        names = [signer.display for signer in signers if signer.role is FieldRole.LEADER]
        leaders = len(names)
        request = PlacementRequest(
            leaders=tuple(LeaderAnchor(name=name) for name in names),
            initials=len(signers) - leaders,
            seals=(SealAnchor(SealSpec(self.s.stamps.seal_diameter_mm), leader=leaders - 1),),
            explicit=explicit,
        )
        found: layout.Layout = self.s.sandbox.call(
            "signer.stamping.placement:find_layout", work.path(self.s, document), request
        )
        return found

    def prepare(
        self, document: Document, explicit: tuple[Box, ...], actor: Account, *, qr: bool | None = None
    ) -> Document:
        """Trình ký: create all fields in one revision."""
        allow(Act.PREPARE, actor.roles)
        next_state(document.state, Act.PREPARE)
        found = self.propose(document, explicit)
        issuing.check_printed(found, document.kind, self.s.settings.agency_symbol, document.unit)
        wants_qr = self.s.settings.qr if qr is None else qr
        plan = PreparationPlan(found.boxes, self._qr(document) if wants_qr else None)
        source = work.path(self.s, document)
        appended = choose.prepare_fields(self.s.sandbox, source, plan)
        sha256 = work.append(self.s, document.current_sha256 or "", appended)
        with self.s.transactions.write() as conn:
            version = work.version(self.s, VersionRole.PREPARED, sha256)
            changed = document_changes.advance(
                conn,
                document,
                Act.PREPARE,
                self.s.clock(),
                version=version,
                boxes=_box_rows(found.boxes),
                metadata={**document.metadata, "printed_year": found.year},
            )
            document_changes.set_signers(
                conn, document.id, _with_fields(documents.signers(conn, document.id), found.boxes)
            )
            work.audit_event(self.s, conn, document, actor, "prepare", sha256=sha256)
        return changed

    def _qr(self, document: Document) -> QrPlan:
        url = f"{self.s.settings.public_url}/v/{document.public_code}"
        host = urlsplit(self.s.settings.public_url).netloc
        return QrPlan(url, host, QR_RECT, document.public_code)

    def withdraw(self, document: Document, actor: Account) -> Document:
        """Rút lại: back to a draft as uploaded, while nobody has signed."""
        allow(Act.WITHDRAW, actor.roles)
        next_state(document.state, Act.WITHDRAW)
        with work.turn(self.s, document), self.s.transactions.write() as conn:
            return self._as_uploaded(conn, document, Act.WITHDRAW, actor)

    def resubmit(self, document: Document, actor: Account) -> Document:
        """Soạn lại: a returned document becomes a draft again, from the uploaded bytes."""
        allow(Act.RESUBMIT, actor.roles)
        with self.s.transactions.write() as conn:
            return self._as_uploaded(conn, document, Act.RESUBMIT, actor)

    def _as_uploaded(self, conn: Connection, document: Document, act: Act, actor: Account) -> Document:
        signers = documents.signers(conn, document.id)
        facts = Facts(signatures=sum(signer.signed_at is not None for signer in signers))
        first = documents.versions(conn, document.id)[0]
        changed = document_changes.advance(
            conn, document, act, self.s.clock(), facts=facts, current_sha256=first.sha256, boxes=[]
        )
        document_changes.set_signers(conn, document.id, [_unsigned(signer) for signer in signers])
        work.audit_event(self.s, conn, document, actor, str(act))
        return changed

    # 3. The leader signs; the time-stamp follows in the background, nobody waits for it at a screen.

    def sign(self, document: Document, actor: Account, *, batch: bool = False) -> Operation:
        """Ký số or ký nháy: whichever of the document's signers this account is, when it is its turn.

        The time-stamp of what is signed in a `batch` waits behind those of single documents.
        """
        with self.s.transactions.look() as conn:
            signer = work.next_signer(documents.signers(conn, document.id), actor)
        leads = signer.role is FieldRole.LEADER
        act = Act.SIGN if leads else Act.INITIAL
        allow(act, actor.roles)
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
        return work.sign(self.s, document, key, request, actor, "initial", record)

    def sign_batch(self, chosen: list[Document], actor: Account) -> Operation:
        """One authentication for many documents; each is signed or refused for itself, in the given order."""
        allow(Act.SIGN, actor.roles)
        payload = {"documents": [[document.id, document.version] for document in chosen]}
        with self.s.transactions.write() as conn:
            return self._enqueue(conn, "sign-batch", None, actor, payload, total=len(chosen))

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

    def return_to_drafter(self, document: Document, actor: Account, reason: str) -> Document:
        """Trả lại, with its reason; bytes and signatures so far stay in the history."""
        allow(Act.RETURN, actor.roles)
        facts = Facts(reason=reason, number=document.number_text)
        return self._kept(document, Act.RETURN, "returned", actor, facts)

    # 4. Number and date; entered in the outgoing register in the same transaction.

    def number(
        self, document: Document, actor: Account, *, number: int | None = None, day: date | None = None
    ) -> Document:
        """Cấp số và vào sổ. A retry returns the document's own number."""
        allow(Act.NUMBER, actor.roles)
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

    # 5. The seal: number, date and signature in one revision; finishing follows in the background.

    def seal(self, document: Document, actor: Account) -> Operation:
        """Ký số cơ quan."""
        allow(Act.SEAL, actor.roles)
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

    # 6. Issue, once the receipt is there; `api.filing` files it. Later facts are events of the archive.

    def issue(self, document: Document, actor: Account) -> Document:
        """Phát hành: needs the final receipt."""
        allow(Act.ISSUE, actor.roles)
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
        """Thu hồi: the document stays, frozen, and its page says so (NĐ 30/2020/NĐ-CP, Điều 18)."""
        allow(Act.RECALL, actor.roles)
        facts = Facts(reason=reason)
        next_state(document.state, Act.RECALL, facts)
        at = self.s.clock()

        def record(conn: Connection) -> Document:
            kept = work.as_kept(conn, document)
            changed = document_changes.advance(conn, kept, Act.RECALL, at, facts=facts, recalled_at=at)
            work.audit_event(self.s, conn, document, actor, "recall", reason=reason)
            return changed

        return self.s.proofs.event(document, "recalled", {"reason": reason}, actor, at, record)

    def void(self, document: Document, actor: Account, reason: str) -> Document:
        """Hủy: a number that was given stays in the register, voided with its reason."""
        allow(Act.VOID, actor.roles)

        def before(conn: Connection, at: datetime) -> None:
            if outgoing.void(conn, document.id, reason, at) is not None:
                bind_register(conn, document.agency, at)  # no document will bring it into the log

        return self._kept(document, Act.VOID, "voided", actor, Facts(reason=reason), before)

    def resume(self, document: Document, actor: Account, reason: str) -> Document:
        """Go on with a stopped document: a named person's audited decision."""
        allow(Act.RESUME, actor.roles)
        facts = Facts(reason=reason, stopped_from=document.stopped_from)
        return self._kept(document, Act.RESUME, "resumed", actor, facts)

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
        next_state(document.state, act, facts)
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
        with self.s.transactions.write() as conn:
            changed = record(conn)
        self.s.proofs.wake()
        return changed


def _signers(document_id: str, people: list[Account], roles: list[FieldRole]) -> list[Signer]:
    return [
        Signer(document_id, index, role, person.id, person.display, person.title, "")
        for index, (person, role) in enumerate(zip(people, roles, strict=True))
    ]


def _unsigned(signer: Signer) -> Signer:
    return Signer(
        signer.document, signer.ordinal, signer.role, signer.account, signer.display, signer.title, ""
    )


def _with_fields(signers: tuple[Signer, ...], boxes: tuple[Box, ...]) -> list[Signer]:
    """Each signer gets the field of its role that comes next in order."""
    fields = {role: [box.name for box in boxes if box.role is role] for role in FieldRole}
    taken = dict.fromkeys(FieldRole, 0)
    named = []
    for signer in signers:
        index = taken[signer.role]
        taken[signer.role] += 1
        field = fields[signer.role][index]
        named.append(
            Signer(
                signer.document,
                signer.ordinal,
                signer.role,
                signer.account,
                signer.display,
                signer.title,
                field,
            )
        )
    return named


def _box_rows(boxes: tuple[Box, ...]) -> list[dict[str, Any]]:
    return [
        {
            "role": str(box.role),
            "page": box.page,
            "name": box.name,
            "rect": [box.rect.x0, box.rect.y0, box.rect.x1, box.rect.y1],
            "rotation": box.rotation,
        }
        for box in boxes
    ]
