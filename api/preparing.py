"""Trình ký, and back: every field that will ever be needed, in one revision before the first signature.

Acts, as `api.work` says.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from api import work
from api.services import Services
from api.store.accounts import Account
from archive.catalogue import Connection, document_changes, documents
from archive.catalogue.values import Document, Signer, VersionRole
from policies import issuing, layout
from policies.issuing import Act, Facts, allow, next_state
from policies.layout import Box, LeaderAnchor, PlacementRequest, Rect, SealAnchor, SealSpec
from policies.vocabulary import FieldRole
from signer.creation import choose
from signer.creation.plan import PreparationPlan, QrPlan

# In the lower margin of an A4 page, where nothing of the decree's layout stands: 17 mm and the printed host.
QR_RECT = Rect(85, 4, 235, 52)


class Preparing:
    """Every act checks role and order first, and raises Refused with nothing changed."""

    def __init__(self, services: Services) -> None:
        self.s = services

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
        issuing.check_agency(document.agency, self.s.settings.agency_code)
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
