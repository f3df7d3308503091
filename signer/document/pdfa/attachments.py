"""6.8: embedded files. Part 1 has none (6.1.11); in part 2 each is itself PDF/A; in part 3 each says what it is, how
it belongs to the document, and is named where it belongs.
"""

from __future__ import annotations

import re
from typing import Any

from signer.document.objects import Stream
from signer.document.pdfa.context import Context

_MIME_TYPE = re.compile(r"[-\w+.]+/[-\w+.]+", re.ASCII)  # RFC 2045, as far as its letters
_LONGEST_KEY = 1_000


def file_specification_rule(context: Context, role: str, node: dict[str, Any], number: int) -> None:
    """One file specification with a file inside.

    Whether that file is PDF/A would have to be checked in turn; An Tín issues none, so in part 2 any is a finding.
    """
    if "EF" not in node:
        return
    context.fail("1:6.1.11-1", "an embedded file", number)
    context.require("F" in node and "UF" in node, "6.8-2", "the file specification lacks /F or /UF", number)
    context.fail("2:6.8-5", "an embedded file was not shown to be PDF/A", number)
    related = bool(context.name(node.get("AFRelationship")))
    context.require(related, "3:6.8-3", "the file specification has no /AFRelationship", number)
    key = (number, repr(node["EF"])[:_LONGEST_KEY])
    context.embedded.setdefault(key, number)
    if role == "associate":
        context.associated.add(key)
    for value in context.dictionary(node["EF"]).values():
        stream = context.get(value)
        if isinstance(stream, Stream):
            kind = context.name(stream.dict.get("Subtype"))
            typed = _MIME_TYPE.fullmatch(kind) is not None
            context.require(typed, "3:6.8-1", f"the embedded file has the type {kind[:60] or '?'}", number)


def check_associated(context: Context) -> None:
    """Part 3, 6.8: every embedded file is named by an /AF. After the walk, which met them all."""
    for key, number in context.embedded.items():
        named = key in context.associated
        context.require(named, "3:6.8-4", "the embedded file is associated with nothing", number)
