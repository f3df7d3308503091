"""The acts on documents. Every write needs an Idempotency-Key; acts that wait answer 202 with an operation."""

from __future__ import annotations

from datetime import date as date_type
from typing import Annotated, Literal

from fastapi import File, Form, Header, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from api import views
from api.filing import Filing
from api.finishing import Finishing
from api.identity import AccessRefused
from api.issuing import Draft, Issuing
from api.locations import DOCUMENTS, location
from api.previews import Previews
from api.routes.context import ONCE, Given, Told, Who, answer_once, api_router, digest, json_answer
from api.routes.waiting import Prefer, accepted, accepted_before, waited
from archive.catalogue import document_lists
from archive.catalogue import documents as rows
from archive.catalogue.values import Document, VersionRole
from policies.layout import Box, Rect
from policies.reasons import access as reasons
from policies.refusals import Both
from policies.vocabulary import FieldRole, Role, State

router = api_router("documents")
writes = api_router("documents", ONCE)
Match = Annotated[str | None, Header(alias="If-Match")]
STAFF = (Role.LEADER, Role.CLERK, Role.AUDITOR)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BoxBody(_Body):
    """One field given by hand: points in the page's default user space, origin lower left."""

    role: FieldRole
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    page: int = Field(ge=0)
    x0: float
    y0: float
    x1: float
    y1: float
    rotation: int = 0
    font_size: float = Field(13.0, gt=0, le=72)

    def box(self) -> Box:
        rect = Rect(self.x0, self.y0, self.x1, self.y1)
        return Box(self.role, self.page, rect, self.name, self.rotation, self.font_size)


class PreparationBody(_Body):
    boxes: list[BoxBody] = []
    qr: bool | None = None


class ReasonBody(_Body):
    reason: str = Field(max_length=2000)


class NumberBody(_Body):
    number: int | None = Field(None, ge=1)
    date: date_type | None = None


class FilingBody(_Body):
    dossiers: list[str] = Field(min_length=1, max_length=50, description="ids of open dossiers")
    note: str = Field("", max_length=200)


class SeenBody(_Body):
    """SHA-256 of the bytes whose pages the signer looked at; other bytes are not signed."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SeenDocument(SeenBody):
    id: str


class BatchBody(_Body):
    documents: list[SeenDocument] = Field(min_length=1, max_length=200)


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


def _as_it_is(given: Given, who: Who, document_id: str) -> Told:
    """Of an act on that document."""
    return lambda _made: show(staff_document(given, who, document_id))


@writes.post("/documents", status_code=201, summary="Receive a PDF")
def receive(
    request: Request,
    given: Given,
    who: Who,
    file: Annotated[UploadFile, File(description="PDF to be issued")],
    subject: Annotated[str, Form(min_length=1, max_length=500)],
    leaders: Annotated[str, Form(description="account names, comma separated, in signing order")],
    kind: Annotated[str, Form()] = "QĐ",
    initials: Annotated[str, Form()] = "",
    unit: Annotated[str, Form(max_length=30)] = "",
    urgency: Annotated[int, Form(ge=0, le=3)] = 0,
    recipients: Annotated[str, Form(description="semicolon separated")] = "",
) -> Response:
    account = who.needs(Role.CLERK)
    draft = Draft(
        file_name=file.filename or "",
        kind=kind,
        subject=subject,
        leaders=_names(leaders, ","),
        initials=_names(initials, ","),
        unit=unit,
        urgency=urgency,
        recipients=_names(recipients, ";"),
    )
    sha256 = given.work_area.put_work(file.file)  # the one pass in which the bytes are hashed
    body = digest(draft, sha256)

    def act() -> Response:
        return _shown_first(Issuing(given).receive(sha256, draft, account))

    def told(made: str) -> Response:
        return _shown_first(staff_document(given, who, made))

    return answer_once(request, given, account, body, act, told)


def _shown_first(document: Document) -> Response:
    return show(document, 201, location=location(DOCUMENTS, document.id))


def _names(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


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
    return Previews(given).answer(document, page, dpi, image)


@router.get("/documents/{document_id}/proposal", summary="The boxes found by the document's own text")
def proposal(given: Given, who: Who, document_id: str) -> Response:
    document = staff_document(given, who, document_id)
    found = Issuing(given).propose(document)
    return json_answer(views.layout(found))


@writes.post("/documents/{document_id}/preparation", summary="Create every field and submit to the leader")
def prepare(
    request: Request, given: Given, who: Who, document_id: str, body: PreparationBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    boxes = tuple(item.box() for item in body.boxes)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Issuing(given).prepare(document, boxes, account, qr=body.qr))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id, body.model_dump(mode="json")), act, told)


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
            return accepted(Issuing(given).sign(document, account))

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
            return accepted(Issuing(given).sign_batch(chosen, account))

        return answer_once(request, given, account, digest(seen), act, accepted_before(given))

    return await waited(given, prefer, run)


@writes.post("/documents/{document_id}/number", summary="Cấp số và ngày, vào sổ")
def number(
    request: Request, given: Given, who: Who, document_id: str, body: NumberBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Issuing(given).number(document, account, number=body.number, day=body.date))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id, body.model_dump(mode="json")), act, told)


@writes.post("/documents/{document_id}/seal", summary="The agency seals", status_code=202)
async def seal(
    request: Request, given: Given, who: Who, document_id: str, match: Match = None, prefer: Prefer = None
) -> Response:
    def run() -> Response:
        account = who.needs(Role.CLERK)
        document = staff_document(given, who, document_id)

        def act() -> Response:
            refuse_changed(document, match)
            return accepted(Issuing(given).seal(document, account))

        return answer_once(request, given, account, digest(document_id), act, accepted_before(given))

    return await waited(given, prefer, run)


@writes.post("/documents/{document_id}/continuation", summary="Ask again for what waits", status_code=202)
async def proceed(
    request: Request, given: Given, who: Who, document_id: str, match: Match = None, prefer: Prefer = None
) -> Response:
    def run() -> Response:
        account = who.needs(Role.LEADER, Role.CLERK)
        document = staff_document(given, who, document_id)

        def act() -> Response:
            refuse_changed(document, match)
            return accepted(Finishing(given).proceed(document, account))

        return answer_once(request, given, account, digest(document_id), act, accepted_before(given))

    return await waited(given, prefer, run)


@writes.post("/documents/{document_id}/issue", summary="Phát hành")
def issue(request: Request, given: Given, who: Who, document_id: str, match: Match = None) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Issuing(given).issue(document, account))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id), act, told)


@writes.post("/documents/{document_id}/filing", summary="Lưu hồ sơ: into one or several dossiers")
def file_away(
    request: Request, given: Given, who: Who, document_id: str, body: FilingBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)

    def act() -> Response:
        refuse_changed(document, match)
        filing = Filing(given)
        into = [filing.find(one, account) for one in body.dossiers]
        filing.file([document.id], into, account, body.note)
        return show(staff_document(given, who, document_id))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id, body.model_dump(mode="json")), act, told)


def _with_reason(path: str, summary: str, method: str, *roles: Role) -> None:
    """Acts that need a reason differ in their name alone."""

    def endpoint(
        request: Request, given: Given, who: Who, document_id: str, body: ReasonBody, match: Match = None
    ) -> Response:
        account = who.needs(*roles)
        document = staff_document(given, who, document_id)

        def act() -> Response:
            refuse_changed(document, match)
            changed: Document = getattr(Issuing(given), method)(document, account, body.reason)
            return show(changed)

        told = _as_it_is(given, who, document_id)
        return answer_once(request, given, account, digest(document_id, body.reason), act, told)

    writes.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], summary=summary, name=method
    )


_with_reason("return", "Trả lại", "return_to_drafter", Role.LEADER, Role.CLERK)
_with_reason("void", "Hủy, kèm lý do", "void", Role.CLERK)
_with_reason("recall", "Thu hồi", "recall", Role.CLERK)
_with_reason("resumption", "Tiếp tục sau khi tạm dừng", "resume", Role.CLERK)


@writes.post("/documents/{document_id}/withdrawal", summary="Rút lại trước khi có chữ ký")
def withdraw(request: Request, given: Given, who: Who, document_id: str, match: Match = None) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Issuing(given).withdraw(document, account))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id), act, told)


@writes.post("/documents/{document_id}/resubmission", summary="Soạn lại một văn bản đã trả lại")
def resubmit(request: Request, given: Given, who: Who, document_id: str, match: Match = None) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Issuing(given).resubmit(document, account))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id), act, told)


@router.get("/documents/{document_id}/receipt", summary="Biên nhận lưu trữ, kiểm tra được độc lập")
def receipt(given: Given, who: Who, document_id: str) -> Response:
    document = staff_document(given, who, document_id)
    return views.receipt_answer(given, document)
