"""6.3: annotations are of known kinds, printed, shown, and look the same everywhere. 6.4.1-1: no actions."""

from __future__ import annotations

from typing import Any

from signer.document.objects import Stream
from signer.document.pdfa.context import Context

PRINT = 4


def annotation_rule(context: Context, role: str, node: dict[str, Any], number: int) -> None:
    """Rules on one annotation of a page."""
    if role != "annotation":
        return
    kind = context.name(node.get("Subtype"))
    known = kind in context.part.annotations
    context.require(known, "6.3.1-1", f"the annotation kind {kind or '?'} is not allowed", number)
    _flags(context, kind, node, number)
    _colours(context, node, number)
    _appearance(context, kind, node, number)
    if kind == "Widget":
        context.require("A" not in node, "6.4.1-1", "the widget has an action", number)
        context.require("AA" not in node, "6.4.1-1/AA", "the widget has additional actions", number)
        context.require("AP" in node, "1:6.9-2", "the widget has no appearance", number)


def _flags(context: Context, kind: str, node: dict[str, Any], number: int) -> None:
    flags = context.integer(node.get("F"))
    if flags is None:
        flagless = kind in context.part.flagless
        context.require(flagless, "6.3.2-1", "the annotation has no flags", number)
        return
    shown = flags & PRINT != 0 and not flags & context.part.hiding
    context.require(shown, "6.3.2-2", f"the annotation flags are {flags}", number)


def _colours(context: Context, node: dict[str, Any], number: int) -> None:
    """Part 1, 6.5.3: opaque, and coloured only where device colours mean something."""
    opaque = "CA" not in node or context.number(node["CA"]) == 1.0
    context.require(opaque, "1:6.5.3-1", "the annotation has /CA other than 1", number)
    coloured = "C" in node or "IC" in node
    meant = not coloured or context.intent == "RGB "
    context.require(meant, "1:6.5.3-3", "the annotation has colours without an RGB output intent", number)


def _appearance(context: Context, kind: str, node: dict[str, Any], number: int) -> None:
    if "AP" not in node:
        empty = kind in ("Popup", "Link") or _is_empty(context, node)
        context.require(empty, "6.3.3-1", "the annotation has no appearance", number)
        return
    appearances = context.dictionary(node["AP"])
    context.require(set(appearances) == {"N"}, "6.3.3-2", f"/AP has {sorted(appearances)}", number)
    normal = context.get(appearances.get("N"))
    if kind == "Widget" and _field_type(context, node) == "Btn":
        context.require(
            isinstance(normal, dict), "6.3.3-3", "a button's /N is no dictionary of states", number
        )
    else:
        context.require(isinstance(normal, Stream), "6.3.3-4", "/N is no appearance stream", number)


def _is_empty(context: Context, node: dict[str, Any]) -> bool:
    rect = [context.number(item) for item in context.array(node.get("Rect"))]
    return len(rect) == 4 and rect[0] == rect[2] and rect[1] == rect[3]


def _field_type(context: Context, node: dict[str, Any]) -> str:
    for _ in range(32):
        if "FT" in node or "Parent" not in node:
            return context.name(node.get("FT"))
        node = context.dictionary(node["Parent"])
    return ""
