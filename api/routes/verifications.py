"""Verify by upload, of which nothing is kept, and of our own documents. JSON, or a sealed report by `Accept`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import File, Form, Header, Response, UploadFile

from api.limits import PUBLIC_FORM
from api.moments import moment
from api.presenters.signatures import Checked
from api.reports import MEDIA_TYPES, Reports
from api.reports import Form as ReportForm
from api.routes.context import Given, Language, Who, api_router, json_answer
from api.routes.documents import staff_document
from api.seen import seen_after, to_json
from api.services import Services
from api.verification import Ours, Verification, file_sha256
from policies import intake
from policies.intake import VERIFYING
from signer.validation import report as reports

router = api_router("verification")
Accept = Annotated[
    str,
    Header(
        description="`application/json` (default), `application/xml`: ETSI TS 119 102-2, or `application/pdf`"
    ),
]
Profile = Annotated[
    str,
    Form(max_length=64, description="Name of the validation profile; without it the agency's own, `agency`"),
]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "antin.verify/1, or a report sealed by the service",
        "content": {"application/json": {}, **dict.fromkeys(MEDIA_TYPES.values(), _BINARY)},
    }
}


@router.post(
    "/verifications",
    summary="Validate every signature of a PDF",
    responses=ANSWERS,
    form_limits=PUBLIC_FORM,
)
def verify(
    given: Given,
    language: Language,
    file: Annotated[UploadFile, File(description="PDF to check")],
    password: Annotated[str, Form(max_length=128)] = "",
    profile: Profile = "",
    pictures: Annotated[
        bool, Form(description="Add each page that looks different, as signed and as now")
    ] = False,
    accept: Accept = "",
) -> Response:
    checked = verify_upload(given, file, password or None, profile, pictures=pictures)
    return answer(given, checked, accept, language)


@router.get(
    "/documents/{document_id}/verification", responses=ANSWERS, summary="What its signatures are worth now"
)
def verify_document(
    given: Given, who: Who, language: Language, document_id: str, accept: Accept = ""
) -> Response:
    document = staff_document(given, who, document_id)
    checked = Reports(given).kept(document, document.current_sha256 or "")
    return answer(given, checked, accept, language)


def verify_upload(
    given: Services, file: UploadFile, password: str | None, profile: str = "", *, pictures: bool = False
) -> Checked:
    """What an upload is, by the profile of that name; its bytes are gone when this returns."""
    verification = Verification(given)
    chosen = verification.chosen(profile)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as copy:
        shutil.copyfileobj(file.file, copy, 1 << 20)
        copy.flush()
        path = Path(copy.name)
        size = path.stat().st_size
        intake.check_size(size, VERIFYING.limits)
        examined = verification.examine(path, password, chosen)
        report = examined.report
        sha256 = file_sha256(path)
        seen = seen_after(given.visitors, path, report, password) if pictures else None
    ours = verification.ours(sha256)
    return Checked(file.filename or "", size, sha256, report, ours, seen, examined.conformity)


def answer(given: Services, checked: Checked, accept: str, language: str) -> Response:
    """The contract `antin.verify/1` with what this service knows of the file, or the report that is asked for."""
    form = wanted(accept)
    if form is not None:
        return Reports(given).answer(checked, form, language)
    known = _known(given, checked.ours) if checked.ours else None
    found = reports.to_json(checked.report, language, checked.conformity)
    seen = {} if checked.seen is None else {"seen": to_json(checked.seen, language)}
    return json_answer({**found, "sha256": checked.sha256, "size": checked.size, "archive": known, **seen})


def wanted(accept: str) -> ReportForm | None:
    """The first form that `Accept` names, when it is one of the reports; None is JSON."""
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in ("application/json", "*/*"):
            return None
        for form, name in MEDIA_TYPES.items():
            if media == name:
                return form
    return None


def _known(given: Services, ours: Ours) -> dict[str, Any]:
    document = ours.document
    leaf = given.proofs.leaf_of(document, ours.version.sha256)
    return {
        "code": document.public_code,
        "number": document.number_text,
        "state": document.state,
        "version": ours.version.role,
        "in_force": document.in_force,
        "archived_at": moment(document.archived_at),
        "issued_at": moment(document.issued_at),
        "recalled_at": moment(document.recalled_at),
        "log_index": leaf.log_index if leaf else None,
    }
