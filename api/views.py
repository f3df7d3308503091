"""Values of the JSON API: what the service tells of documents, operations, boxes."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from fastapi.responses import FileResponse

from api import kept_views
from api.identity import AccessRefused
from api.intact import intact
from api.moments import moment
from api.services import Services
from api.store import audit, operations
from api.store.operations import Operation
from archive.catalogue import documents as rows
from archive.catalogue import dossier_rows, evidence_rows, hold_rows, retention_rows
from archive.catalogue.evidence_rows import EvidenceRow
from archive.catalogue.values import Document, VersionRole
from policies.layout import Layout
from policies.reasons import access as reasons
from policies.refusals import Both
from policies.words import STATES


def document(found: Document) -> dict[str, Any]:
    """A document's row."""
    return {
        "id": found.id,
        "code": found.public_code,
        "state": found.state,
        "state_text": dict(zip(("vi", "en"), STATES[found.state], strict=True)),
        "kind": found.kind,
        "subject": found.subject,
        "urgency": found.urgency,
        "number": found.number_text,
        "date": found.document_date.isoformat() if found.document_date else None,
        "recipients": found.recipients,
        "reason": found.reason or None,
        "sha256": found.current_sha256,
        "version": found.version,
        "created_at": moment(found.created_at),
        "updated_at": moment(found.updated_at),
        "leader_token_time": moment(found.leader_token_time),
        "archived_at": moment(found.archived_at),
        "issued_at": moment(found.issued_at),
        "recalled_at": moment(found.recalled_at),
        "metadata": found.metadata,
        "boxes": found.boxes,
    }


def full_document(services: Services, found: Document) -> dict[str, Any]:
    """The row with its signers, versions, latest operation and audit trail."""
    with services.transactions.read() as conn:
        signers = rows.signers(conn, found.id)
        versions = rows.versions(conn, found.id)
        latest = operations.latest(conn, found.id)
        trail = audit.of_subject(conn, found.id)
        filed_in = dossier_rows.dossiers_of(conn, found.id)
        held = hold_rows.over(conn, [found.id]).get(found.id, ())
        kept = retention_rows.kept(conn, [found.id])[found.id]
        judged = evidence_rows.of(conn, found.id)
    return {
        **document(found),
        "dossiers": [{"id": one.id, "code": one.code, "title": one.fields.title} for one in filed_in],
        "holds": [one.id for one in held],
        "retention": kept_views.kept(kept),
        "evidence": evidence(judged),
        "signers": [
            {
                "role": s.role,
                "name": s.display,
                "title": s.title,
                "field": s.field,
                "signed_at": moment(s.signed_at),
            }
            for s in signers
        ],
        "versions": [
            {"role": v.role, "sha256": v.sha256, "size": v.size, "created_at": moment(v.created_at)}
            for v in versions
        ],
        "operation": operation(latest) if latest else None,
        "acts": [{"act": e.act, "phase": e.phase, "actor": e.actor, "at": moment(e.at)} for e in trail],
    }


def evidence(judged: EvidenceRow | None) -> dict[str, Any] | None:
    """Until when what proves the document can be checked; null while it was never judged."""
    if judged is None:
        return None
    outlook = judged.outlook
    return {
        "good_until": moment(outlook.good_until if outlook else None),
        "renewed_from": moment(judged.due),
        "renewal": str(outlook.kind) if outlook else None,
        "tried_at": moment(judged.tried_at),
        "failure": judged.failure or None,
    }


def operation(found: Operation) -> dict[str, Any]:
    """An act that waits: its state, progress and outcome."""
    return {
        "id": found.id,
        "kind": found.kind,
        "document": found.document,
        "state": found.state,
        "done": found.done,
        "total": found.total,
        "result": found.result,
        "problem": found.problem,
        "created_at": moment(found.created_at),
        "updated_at": moment(found.updated_at),
    }


def layout(found: Layout) -> dict[str, Any]:
    """Boxes as `POST …/preparation` takes them back."""
    return {
        "boxes": [
            {
                "role": box.role,
                "name": box.name,
                "page": box.page,
                "x0": box.rect.x0,
                "y0": box.rect.y0,
                "x1": box.rect.x1,
                "y1": box.rect.y1,
                "rotation": box.rotation,
                "font_size": box.font_size,
            }
            for box in found.boxes
        ],
        "symbol": found.symbol,
        "place": found.place,
        "year": found.year,
        "leader_names": found.leader_names,
    }


def version_sha256(services: Services, found: Document, role: VersionRole | None) -> str:
    """Digest of the newest bytes of that role, or of the newest at all."""
    with services.transactions.look() as conn:
        known = rows.versions(conn, found.id)
    if role is None:
        return found.current_sha256 or ""
    chosen = [version.sha256 for version in known if version.role is role]
    if not chosen:
        raise AccessRefused(reasons.NOT_FOUND, what=Both(f"bản {role}", f"version {role}"))
    return chosen[-1]


def file_name(found: Document, suffix: str = "pdf") -> str:
    """A name that every file system takes: `15-QD-UBND.pdf`."""
    number = found.number_text or found.public_code[:8]
    plain = number.replace("Đ", "D").replace("đ", "d").replace("/", "-")
    return f"{plain.encode('ascii', 'ignore').decode() or 'document'}.{suffix}"


def file_answer(services: Services, found: Document, role: VersionRole | None) -> FileResponse:
    """The bytes of a version, never transformed."""
    sha256 = version_sha256(services, found, role)
    path = intact(services, sha256)
    return FileResponse(
        path,
        media_type="application/pdf",
        filename=file_name(found),
        headers={"etag": f'"{sha256}"', "cache-control": "private, no-cache"},
    )


def receipt_answer(services: Services, found: Document, *, public: bool = False) -> Response:
    """The receipt of the document as issued."""
    receipt = services.proofs.receipt(found)
    given = receipt.public() if public else receipt
    name = file_name(found, "receipt.json")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(given.serialize(), media_type="application/json", headers=headers)
