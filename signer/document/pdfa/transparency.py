"""6.2.10: without an output intent, a page with transparency says in which space it blends; part 1, 6.4: there is
none at all."""

from __future__ import annotations

from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.pdfa.context import Context

_MAX_FORMS = 2_000
_AN_ENTRY = 16  # as costly as so many decoded bytes


def check_transparency(context: Context, page: dict[str, Any], number: int) -> None:
    """One page, with the resources that it and its annotations reach."""
    check_group(context, page, number)
    if context.intent:
        return
    if "CS" not in context.dictionary(page.get("Group")) and _is_transparent(context, page):
        context.fail("6.2.10-2", "transparency on a page without a blending colour space", number)


def check_group(context: Context, node: dict[str, Any], number: int) -> None:
    """Part 1, 6.4: a page or form has no transparency group."""
    kind = context.name(context.dictionary(node.get("Group")).get("S"))
    context.require(kind != "Transparency", "1:6.4-3", "a transparency group", number)


def check_state(context: Context, node: dict[str, Any], number: int) -> None:
    """6.2.10-1 and, for part 1, 6.4: what a graphics state parameter dictionary may say of blending."""
    modes = context.get(node.get("BM"))
    for mode in modes if isinstance(modes, list) else [] if modes is None else [modes]:
        known = context.name(mode) in context.part.blend_modes
        context.require(known, "6.2.10-1", f"the blend mode {context.name(mode) or '?'}", number)
    masked = "SMask" in node and context.name(node["SMask"]) != "None"
    context.require(not masked, "1:6.4-1", "the graphics state has a soft mask", number)
    for key, rule in (("CA", "1:6.4-5"), ("ca", "1:6.4-6")):
        opaque = key not in node or context.number(node[key]) == 1.0
        context.require(opaque, rule, f"the graphics state has /{key} other than 1", number)


def _is_transparent(context: Context, page: dict[str, Any]) -> bool:
    todo: list[Any] = [page.get("Resources")]
    if context.name(context.dictionary(page.get("Group")).get("S")) == "Transparency":
        return True
    for item in context.array(page.get("Annots"))[:_MAX_FORMS]:
        todo.append({"XObject": context.dictionary(context.dictionary(item).get("AP"))})
    seen: set[Ref] = set()
    while todo and len(seen) < _MAX_FORMS:
        resources = context.dictionary(todo.pop())
        states = context.dictionary(resources.get("ExtGState")).values()
        values = [*_values(context, resources, "XObject"), *_values(context, resources, "Pattern")]
        context.spend(_AN_ENTRY * (1 + len(states) + len(values)))
        if any(_state_blends(context, context.dictionary(state)) for state in states):
            return True
        for value in values:
            if isinstance(value, Ref):
                if value in seen:
                    continue
                seen.add(value)
            node = context.get(value)
            if isinstance(node, Stream):
                if _object_blends(context, node.dict):
                    return True
                todo.append(node.dict.get("Resources"))
    return False


def _values(context: Context, resources: dict[str, Any], category: str) -> list[Any]:
    return list(context.dictionary(resources.get(category)).values())


def _state_blends(context: Context, state: dict[str, Any]) -> bool:
    mask = context.get(state.get("SMask"))
    if isinstance(mask, dict) or any((context.number(state.get(key)) or 1.0) < 1 for key in ("ca", "CA")):
        return True
    if any(context.number(state.get(key)) == 0 for key in ("ca", "CA")):
        return True
    return "BM" in state and context.name(state["BM"]) not in ("Normal", "Compatible")


def _object_blends(context: Context, node: dict[str, Any]) -> bool:
    group = context.dictionary(node.get("Group"))
    soft = isinstance(context.get(node.get("SMask")), Stream) or bool(
        context.integer(node.get("SMaskInData"))
    )
    return soft or context.name(group.get("S")) == "Transparency"
