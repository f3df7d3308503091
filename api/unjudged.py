"""A file that is refused before a verdict, with what could be read of its signatures. None of that is verified."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from policies.refusals import Refused
from policies.times import in_vietnam
from signer.errors import DocumentRefused, SandboxUnavailable, SignerRefused
from signer.sandbox import Sandbox
from signer.validation.remains import Remains


class UnjudgedFile(DocumentRefused):
    """The refusal of a file that was to be validated; `remains` are the signatures that stand in its bytes."""

    def __init__(self, refusal: DocumentRefused, remains: tuple[Remains, ...]) -> None:
        super().__init__(refusal.reason, **refusal.values)
        self.remains = remains


def with_remains(refusal: DocumentRefused, sandbox: Sandbox, path: Path) -> UnjudgedFile:
    """The same refusal; without remains where these cannot be looked for either."""
    found: tuple[Remains, ...] = ()
    with suppress(SignerRefused, SandboxUnavailable):
        found = sandbox.call("signer.validation.remains:remains", path)
    return UnjudgedFile(refusal, found)


def to_json(exc: Refused) -> list[dict[str, Any]]:
    """The signatures of a refused file, as far as there are any; each says that it was not verified."""
    return [_one(each) for each in exc.remains] if isinstance(exc, UnjudgedFile) else []


def _one(each: Remains) -> dict[str, Any]:
    return {
        "verified": False,
        "signer": each.signer,
        "claimed_time": None if each.claimed_time is None else in_vietnam(each.claimed_time).isoformat(),
        "subfilter": each.subfilter,
        "byte_range": list(each.byte_range),
    }
