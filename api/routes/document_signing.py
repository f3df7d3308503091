"""The acts on documents that wait: signing, sealing, asking again. They answer 202 with an operation to poll."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.finishing import Finishing
from api.identity import AccessRefused
from api.routes.context import ONCE, Given, Who, answer_once, api_router, digest
from api.routes.documents import Match, refuse_changed, staff_document
from api.routes.waiting import Prefer, accepted, accepted_before, waited
from api.services import Services
from api.signing import Signing
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue.values import Document
from policies.reasons import access as reasons
from policies.vocabulary import Role, State

writes = api_router("documents", ONCE)
Begun = Callable[[Services, Document, Account], Operation]


class SeenBody(BaseModel):
    """SHA-256 of the bytes whose pages the signer looked at; other bytes are not signed."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SeenDocument(SeenBody):
    id: str


class BatchBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    documents: list[SeenDocument] = Field(min_length=1, max_length=200)


@writes.post("/documents/{document_id}/initials", summary="Ký nháy", status_code=202)
@writes.post("/documents/{document_id}/leader-signature", summary="The leader signs", status_code=202)
async def sign(
    request: Request,
    given: Given,
    who: Who,
    document_id: str,
    body: SeenBody,
    match: Match = None,
    prefer: Prefer = None,
) -> Response:
    def run() -> Response:
        account = who.needs(Role.LEADER, Role.CLERK)
        document = staff_document(given, who, document_id)

        def act() -> Response:
            refuse_changed(document, match)
            _refuse_unseen(document, body.sha256)
            return accepted(Signing(given).sign(document, account))

        return answer_once(
            request, given, account, digest(document_id, body.sha256), act, accepted_before(given)
        )

    return await waited(given, prefer, run)


def _refuse_unseen(document: Document, sha256: str) -> None:
    """Waiting for this signer, but with other bytes than were shown. A wrong state is refused as such later."""
    if document.state is State.PREPARED and document.current_sha256 != sha256:
        raise AccessRefused(reasons.CHANGED_MEANWHILE)


@writes.post("/batches/leader-signatures", summary="The leader signs many documents", status_code=202)
async def sign_batch(
    request: Request, given: Given, who: Who, body: BatchBody, prefer: Prefer = None
) -> Response:
    def run() -> Response:
        account = who.needs(Role.LEADER)
        seen = {one.id: one.sha256 for one in body.documents}
        chosen = [staff_document(given, who, document_id) for document_id in seen]

        def act() -> Response:
            for document in chosen:
                _refuse_unseen(document, seen[document.id])
            return accepted(Signing(given).sign_batch(chosen, account))

        return answer_once(request, given, account, digest(seen), act, accepted_before(given))

    return await waited(given, prefer, run)


def _on_the_document(path: str, summary: str, name: str, begun: Begun, *roles: Role) -> None:
    """Acts that need nothing but the document."""

    async def endpoint(
        request: Request, given: Given, who: Who, document_id: str, match: Match = None, prefer: Prefer = None
    ) -> Response:
        def run() -> Response:
            account = who.needs(*roles)
            document = staff_document(given, who, document_id)

            def act() -> Response:
                refuse_changed(document, match)
                return accepted(begun(given, document, account))

            return answer_once(request, given, account, digest(document_id), act, accepted_before(given))

        return await waited(given, prefer, run)

    writes.add_api_route(
        f"/documents/{{document_id}}/{path}",
        endpoint,
        methods=["POST"],
        summary=summary,
        name=name,
        status_code=202,
    )


_on_the_document(
    "seal", "The agency seals", "seal", lambda given, *what: Signing(given).seal(*what), Role.CLERK
)
_on_the_document(
    "continuation",
    "Ask again for what waits",
    "proceed",
    lambda given, *what: Finishing(given).proceed(*what),
    Role.LEADER,
    Role.CLERK,
)
