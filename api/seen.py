"""What a person sees of the changes after each signature, beside a report. It decides nothing, and is made only where
something was changed that may show."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.vocabulary import Changes
from signer.document.preview import ImageFormat
from signer.document.seen import Seen
from signer.errors import SignerRefused
from signer.sandbox import Sandbox
from signer.validation.values import DocumentReport

MOST_STATES = 3
_UNSEEN = (Changes.NONE, Changes.LONG_TERM_DATA)


@dataclass(frozen=True, slots=True)
class SeenAfter:
    """What was signed in one revision (0-based) by these fields, against the file as it is now; or why there are no
    pictures of it."""

    fields: tuple[str, ...]
    revision: int
    seen: Seen | None
    refusal: SignerRefused | None = None


def seen_after(
    sandbox: Sandbox,
    path: Path,
    report: DocumentReport,
    password: str | None = None,
    image_format: ImageFormat = "webp",
) -> tuple[SeenAfter, ...]:
    """For the first few revisions after whose signatures something changed, oldest first."""
    signed: dict[int, list[str]] = {}
    for each in report.signatures:
        if each.changes not in _UNSEEN:
            signed.setdefault(each.revision, []).append(each.field)
    states = sorted(signed.items())[:MOST_STATES]
    return tuple(
        _one(sandbox, path, tuple(fields), revision, password, image_format) for revision, fields in states
    )


def _one(
    sandbox: Sandbox,
    path: Path,
    fields: tuple[str, ...],
    revision: int,
    password: str | None,
    image_format: ImageFormat,
) -> SeenAfter:
    try:
        found: Seen = sandbox.call("signer.document.seen:compare", path, revision, password, image_format)
    except SignerRefused as exc:
        return SeenAfter(fields, revision, None, exc)
    return SeenAfter(fields, revision, found)


def to_json(states: tuple[SeenAfter, ...], language: str) -> list[dict[str, Any]]:
    """As the HTTP API gives it: pages and revisions count from 1, pictures are data addresses, null where there is no
    such page."""
    return [_state(each, language) for each in states]


def _state(each: SeenAfter, language: str) -> dict[str, Any]:
    told: dict[str, Any] = {"fields": list(each.fields), "revision": each.revision + 1}
    if each.seen is None:
        return {**told, "problem": each.refusal.text(language) if each.refusal else ""}
    seen = each.seen
    pages = [
        {
            "page": page.page + 1,
            "boxes": [[round(value, 1) for value in box] for box in page.boxes],
            "signed": data_address(page.signed),
            "now": data_address(page.now),
        }
        for page in seen.pages
    ]
    return {
        **told,
        "different": seen.different,
        "compared": seen.compared,
        "total": seen.total,
        "pages": pages,
    }


def data_address(picture: bytes) -> str | None:
    """A WebP picture as a `data:` address; None where there is none."""
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}" if picture else None
