"""Documents as the API shows them: lists, one with its versions, bytes, pages, receipt."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Header, Path, Query, Response
from fastapi.responses import FileResponse

from api import views
from api.identity import AccessRefused
from api.preparing import Preparing
from api.previews import Previews
from api.routes.context import Given, Who, api_router, json_answer
from archive.catalogue import document_lists
from archive.catalogue import documents as rows
from archive.catalogue.values import Document, VersionRole
from policies.reasons import access as reasons
from policies.refusals import Both
from policies.vocabulary import Role, State

router = api_router("documents")
Match = Annotated[str | None, Header(alias="If-Match")]
STAFF = (Role.LEADER, Role.CLERK, Role.AUDITOR)


def etag(document: Document) -> str:
    return f'"{document.id}-{document.version}"'


def show(document: Document, status: int = 200, **headers: str) -> Response:
    return json_answer(views.document(document), status, etag=etag(document), **headers)


def staff_document(given: Given, who: Who, document_id: str) -> Document:
    """The document, for an account of its own agency."""
    account = who.needs(*STAFF)
    with given.transactions.look() as conn:
        document = rows.find(conn, document_id)
    if document is None or document.agency != account.agency:
        raise AccessRefused(reasons.NOT_FOUND, what=Both("văn bản", "document"))
    return document


def refuse_changed(document: Document, match: str | None) -> None:
    """`match` must name the version that the caller saw. In the act: its retry finds what it changed itself."""
    if match not in (None, "*", etag(document)):
        raise AccessRefused(reasons.CHANGED_MEANWHILE)


@router.get("/documents", summary="List documents of the own agency by state")
def listing(
    given: Given,
    who: Who,
    state: Annotated[list[State], Query()] = [],  # noqa: B006 (FastAPI reads it as the default only)
    mine: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    account = who.needs(*STAFF)
    with given.transactions.read() as conn:
        waits = account.id if mine else None
        page = document_lists.desk(
            conn, account.agency, state or list(State), waits_for=waits, cursor=cursor, limit=limit
        )
    return json_answer({"documents": [views.document(item) for item in page.documents], "next": page.next})


@router.get("/documents/{document_id}", summary="One document with its versions and acts")
def read(
    given: Given,
    who: Who,
    document_id: str,
    none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    document = staff_document(given, who, document_id)
    if none_match == etag(document):
        return Response(status_code=304, headers={"etag": none_match})
    return json_answer(views.full_document(given, document), etag=etag(document))


@router.get("/documents/{document_id}/file", response_class=FileResponse, summary="The bytes of a version")
def download(given: Given, who: Who, document_id: str, version: VersionRole | None = None) -> Response:
    document = staff_document(given, who, document_id)
    return views.file_answer(given, document, version)


@router.get(
    "/documents/{document_id}/pages/{page}", summary="A page as a picture, rendered from the very bytes"
)
def page_image(
    given: Given,
    who: Who,
    document_id: str,
    page: Annotated[int, Path(ge=0)],
    dpi: Annotated[int, Query(ge=36, le=300)] = 96,
    image: Annotated[Literal["webp", "png"], Query()] = "webp",
    shown: Annotated[
        str, Query(alias="v", max_length=64, description="beginning of the digest that the picture is of")
    ] = "",
) -> Response:
    """What is kept under the address of one digest must never be the picture of another: it is signed by sight."""
    document = staff_document(given, who, document_id)
    if not (document.current_sha256 or "").startswith(shown):
        raise AccessRefused(reasons.CHANGED_MEANWHILE)
    return Previews(given).answer(document, page, dpi, image, shown)


@router.get("/documents/{document_id}/proposal", summary="The boxes found by the document's own text")
def proposal(given: Given, who: Who, document_id: str) -> Response:
    document = staff_document(given, who, document_id)
    found = Preparing(given).propose(document)
    return json_answer(views.layout(found))


@router.get("/documents/{document_id}/receipt", summary="Biên nhận lưu trữ, kiểm tra được độc lập")
def receipt(given: Given, who: Who, document_id: str) -> Response:
    document = staff_document(given, who, document_id)
    return views.receipt_answer(given, document)
