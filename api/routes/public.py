"""Public pages: verify by upload, look up by code, an issued document, the policies, the log."""

from __future__ import annotations

import base64
import re
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse, RedirectResponse

from api import views as json_views
from api.identity import AccessRefused
from api.intact import intact
from api.limits import PUBLIC_FORM
from api.pages import proofs, rendering
from api.pages.addresses import address
from api.presenters import documents as present
from api.presenters import pages, profiles, signatures
from api.previews import Previews
from api.reports import Reports
from api.routes.context import Given, Language, Who, viewer
from api.routes.verifications import Profile, verify_upload
from api.services import Services
from api.verification import Verification
from archive.catalogue import documents as rows
from archive.catalogue.values import Document
from policies.reasons import access as reasons
from policies.refusals import Both

router = APIRouter(include_in_schema=False)
CODE = re.compile(r"[a-z2-7]{26}")


@router.get("/")
def home(request: Request, given: Given, who: Who, language: Language, code: str = "") -> Response:
    return rendering.page(
        request,
        "home.html",
        language,
        viewer=viewer(who),
        limit=given.settings.upload_limit,
        code=code,
        profiles=profiles.choices(given),
    )


@router.post("/verify", form_limits=PUBLIC_FORM)
def verify(
    request: Request,
    given: Given,
    who: Who,
    language: Language,
    file: Annotated[UploadFile, File()],
    password: Annotated[str, Form(max_length=128)] = "",
    profile: Profile = "",
) -> Response:
    """Nothing of the upload is kept."""
    checked = verify_upload(given, file, password or None, profile, pictures=True)
    shown = signatures.verification(given, checked, language)
    return rendering.page(request, "verification.html", language, viewer=viewer(who), report=shown)


@router.post("/verify/report")
def verified_report(
    given: Given,
    language: Language,
    ticket: Annotated[str, Form()],
    form: Annotated[Literal["xml", "pdf"], Form()],
) -> Response:
    """The result that the page showed, sealed: the browser brings it back, and nobody else could have made it."""
    file, report, conformity = given.tickets.redeem(ticket, given.clock())
    ours = Verification(given).ours(file.sha256)
    checked = signatures.Checked(file.name, file.size, file.sha256, report, ours, None, conformity)
    return Reports(given).answer(checked, form, language)


@router.get("/lookup")
def lookup(request: Request, given: Given, who: Who, language: Language, code: str = "") -> Response:
    asked = re.sub(r"[\s-]", "", code).lower()
    if asked and CODE.fullmatch(asked) and _issued(given, asked) is not None:
        return RedirectResponse(address("document", code=asked), 303)
    problem = (
        AccessRefused(reasons.NOT_FOUND, what=Both("mã tra cứu", "look-up code")).text(language)
        if asked
        else ""
    )
    status = 404 if asked else 200
    return rendering.page(
        request, "lookup.html", language, viewer=viewer(who), status=status, code=code[:64], problem=problem
    )


def _issued(given: Services, code: str) -> Document | None:
    with given.transactions.read() as conn:
        found = rows.by_code(conn, code)
    return found if found is not None and found.issued_at is not None else None


def _document(given: Services, code: str) -> Document:
    found = _issued(given, code.lower()) if CODE.fullmatch(code.lower()) else None
    if found is None:
        raise AccessRefused(reasons.NOT_FOUND, what=Both("mã tra cứu", "look-up code"))
    return found


@router.get("/v/{code}")
def document(request: Request, given: Given, who: Who, language: Language, code: str) -> Response:
    shown = present.public(given, _document(given, code), language)
    host = given.settings.public_url.split("://", 1)[-1]
    return rendering.page(request, "document.html", language, viewer=viewer(who), document=shown, host=host)


def _as_issued(given: Services, found: Document) -> str:
    leaf = given.proofs.leaf_of(found)
    return (leaf.content_sha256 if leaf else None) or found.current_sha256 or ""


@router.get("/v/{code}/pages/{page}")
def page_image(given: Given, code: str, page: int) -> Response:
    sha256 = _as_issued(given, _document(given, code))
    picture = Previews(given).picture(sha256, page, pages.DPI)
    return Response(picture, media_type="image/webp", headers={"cache-control": "public, max-age=86400"})


@router.get("/v/{code}/file")
def download(given: Given, code: str) -> Response:
    """The bytes as issued."""
    found = _document(given, code)
    sha256 = _as_issued(given, found)
    path = intact(given, sha256)
    return FileResponse(
        path,
        media_type="application/pdf",
        filename=json_views.file_name(found),
        headers={"etag": f'"{sha256}"', "cache-control": "public, no-cache"},
    )


@router.get("/v/{code}/report.{form}")
def report(given: Given, language: Language, code: str, form: Literal["xml", "pdf"]) -> Response:
    """Of the bytes as issued, sealed."""
    found = _document(given, code)
    reports = Reports(given)
    return reports.answer(reports.kept(found, _as_issued(given, found)), form, language)


@router.get("/v/{code}/receipt")
def receipt(given: Given, code: str) -> Response:
    return json_views.receipt_answer(given, _document(given, code), public=True)


@router.get("/policy")
def policy(request: Request, given: Given, who: Who, language: Language) -> Response:
    """What we sign with, and by what we judge."""
    shown = profiles.policy(given, language)
    return rendering.page(request, "policy.html", language, viewer=viewer(who), policy=shown)


@router.get("/log")
def log(request: Request, given: Given, who: Who, language: Language) -> Response:
    return rendering.page(request, "log.html", language, viewer=viewer(who), log=log_view(given))


def log_view(given: Services) -> proofs.LogView:
    """The log as it is shown now."""
    head, cosigned = given.proofs.shown_head(), given.proofs.cosigned()
    note = given.proofs.head()
    return proofs.LogView(
        origin=given.settings.origin,
        size=head.size if head else 0,
        root=base64.b64encode(head.root).decode() if head else "",
        published_at=None,
        checkpoint=note.decode() if note else "",
        key=given.proofs.vkey,
        checkpoint_url="/api/v1/log/checkpoint",
        key_url="/api/v1/log/key",
        tiles_url="/api/v1/log/tile/0/000",
        witnesses=signatures.witnesses(given, cosigned),
        witnessed_size=cosigned.head.size if cosigned else 0,
    )
