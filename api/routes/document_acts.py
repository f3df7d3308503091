"""The acts on documents that answer at once, from an upload to what is done with an issued one.

Every write needs an Idempotency-Key. The acts that wait are in `api.routes.document_signing`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as date_type
from typing import Annotated

from fastapi import File, Form, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from api.filing import Filing
from api.issuing import Issuing
from api.limits import UPLOAD_FORM
from api.locations import DOCUMENTS, location
from api.preparing import Preparing
from api.receiving import Draft, Receiving
from api.routes.context import ONCE, Given, StaffRoute, Told, Who, answer_once, api_router, digest
from api.routes.documents import Match, refuse_changed, show, staff_document
from api.services import Services
from api.store.accounts import Account
from archive.catalogue.values import Document
from policies import texts
from policies.layout import Box, Rect
from policies.vocabulary import FieldRole, Role

writes = api_router("documents", ONCE, route_class=StaffRoute)
Done = Callable[[Services, Document, Account], Document]


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


def _as_it_is(given: Given, who: Who, document_id: str) -> Told:
    """Of an act on that document."""
    return lambda _made: show(staff_document(given, who, document_id))


@writes.post("/documents", status_code=201, summary="Receive a PDF", form_limits=UPLOAD_FORM)
def receive(
    request: Request,
    given: Given,
    who: Who,
    file: Annotated[UploadFile, File(description="PDF to be issued")],
    subject: Annotated[str, Form(max_length=2000, description="trích yếu: at most 500 characters, one line")],
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
        return _shown_first(Receiving(given).receive(sha256, draft, account))

    def told(made: str) -> Response:
        return _shown_first(staff_document(given, who, made))

    return answer_once(request, given, account, body, act, told)


def _shown_first(document: Document) -> Response:
    return show(document, 201, location=location(DOCUMENTS, document.id))


def _names(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


@writes.post("/documents/{document_id}/preparation", summary="Create every field and submit to the leader")
def prepare(
    request: Request, given: Given, who: Who, document_id: str, body: PreparationBody, match: Match = None
) -> Response:
    account = who.needs(Role.CLERK)
    document = staff_document(given, who, document_id)
    boxes = tuple(item.box() for item in body.boxes)

    def act() -> Response:
        refuse_changed(document, match)
        return show(Preparing(given).prepare(document, boxes, account, qr=body.qr))

    told = _as_it_is(given, who, document_id)
    return answer_once(request, given, account, digest(document_id, body.model_dump(mode="json")), act, told)


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
            changed: Document = getattr(Issuing(given), method)(document, account, texts.reason(body.reason))
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


def _without_more(path: str, summary: str, name: str, done: Done) -> None:
    """Acts of a clerk that need nothing but the document."""

    def endpoint(request: Request, given: Given, who: Who, document_id: str, match: Match = None) -> Response:
        account = who.needs(Role.CLERK)
        document = staff_document(given, who, document_id)

        def act() -> Response:
            refuse_changed(document, match)
            return show(done(given, document, account))

        told = _as_it_is(given, who, document_id)
        return answer_once(request, given, account, digest(document_id), act, told)

    writes.add_api_route(
        f"/documents/{{document_id}}/{path}", endpoint, methods=["POST"], summary=summary, name=name
    )


_without_more("issue", "Phát hành", "issue", lambda given, *what: Issuing(given).issue(*what))
_without_more(
    "withdrawal",
    "Rút lại trước khi có chữ ký",
    "withdraw",
    lambda given, *what: Preparing(given).withdraw(*what),
)
_without_more(
    "resubmission",
    "Soạn lại một văn bản đã trả lại",
    "resubmit",
    lambda given, *what: Preparing(given).resubmit(*what),
)
