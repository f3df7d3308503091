"""Verify by upload: any PDF, ours or not. Nothing of it is kept."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import File, Form, Response, UploadFile

from api.moments import moment
from api.routes.context import Given, Language, api_router, json_answer
from api.seen import seen_after, to_json
from api.services import Services
from api.verification import Ours, Verification, file_sha256
from policies import intake
from policies.intake import VERIFYING
from signer.validation import report as reports

router = api_router("verification")


@router.post("/verifications", summary="Validate every signature of a PDF")
def verify(
    given: Given,
    language: Language,
    file: Annotated[UploadFile, File(description="PDF to check")],
    password: Annotated[str, Form(max_length=128)] = "",
    pictures: Annotated[
        bool, Form(description="Add each page that looks different, as signed and as now")
    ] = False,
) -> Response:
    return json_answer(verify_upload(given, file, language, password or None, pictures=pictures))


def verify_upload(
    given: Services, file: UploadFile, language: str, password: str | None, *, pictures: bool = False
) -> dict[str, Any]:
    """The contract `antin.verify/1`, with what this service knows of the file."""
    seen: dict[str, Any] = {}
    with tempfile.NamedTemporaryFile(suffix=".pdf") as copy:
        shutil.copyfileobj(file.file, copy, 1 << 20)
        copy.flush()
        path = Path(copy.name)
        intake.check_size(path.stat().st_size, VERIFYING.limits)
        report = Verification(given).report(path, password)
        sha256 = file_sha256(path)
        size = path.stat().st_size
        if pictures:
            states = seen_after(given.visitors, path, report, password or None)
            seen = {"seen": to_json(states, language)}
    ours = Verification(given).ours(sha256)
    known = _known(given, ours) if ours else None
    return {**reports.to_json(report, language), "sha256": sha256, "size": size, "archive": known, **seen}


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
