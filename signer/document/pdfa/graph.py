"""Walks what the trailer leads to and hands each dictionary, with its role, to the rules that know it.

A role comes from the key under which a value was found (an entry of /ExtGState is a graphics state whatever
it says of itself); other dictionaries are told by /Type, /Subtype or /S.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.pdfa.context import Context
from signer.errors import DocumentRefused

Rule = Callable[[Context, str, dict[str, Any], int], None]

# key -> role of the value; a plural role hands its singular to its values
_ROLES = {
    "ExtGState": "states",
    "Pattern": "patterns",
    "Halftone": "halftone",
    "HT": "halftone",
    "Annots": "annotations",
    "OutputIntents": "intents",
    "OCProperties": "layers",
    "A": "action",
    "PA": "action",
    "AA": "actions",
    "OpenAction": "action",
    "Next": "action",
    "AF": "associates",
}
_PATTERN_ROLES = _ROLES | {"ExtGState": "state"}  # a shading pattern has one state, not a dictionary of them
_HOLDING = frozenset({dict, list, Ref})  # a stream is only reached by reference
_NUMBERS = frozenset({int, float})
_NUMBERS_AND_ROWS = _NUMBERS | {list}
_NUMBERS_A_VALUE = 2
_ITEMS = {
    "states": "state",
    "patterns": "pattern",
    "annotations": "annotation",
    "intents": "intent",
    "associates": "associate",
    "actions": "action",
    "halftone": "halftone",
}


def walk(context: Context, rules: tuple[Rule, ...]) -> None:
    """Apply `rules` to each dictionary reached, once for each object and role; bounded by the limit."""
    seen: set[tuple[Ref, str]] = set()
    todo: list[tuple[Any, str, int]] = [(context.pdf.trailer, "trailer", 0)]
    left = context.limits.values
    while todo:
        value, role, number = todo.pop()
        left -= 1
        if left < 0:
            context.complete = False
            return
        if isinstance(value, Ref):
            if (value, role) in seen:
                continue
            seen.add((value, role))
            number = value.num
            try:
                value = context.pdf.resolve(value)
            except DocumentRefused:
                continue  # the syntax rules have named it
        if type(value) is list and _is_of_rows(value):  # each would be taken out at once and hold nothing
            left -= sum(type(item) is list for item in value) + len(value) // _NUMBERS_A_VALUE
            if left < 0:
                context.complete = False
                return
            continue
        todo += _children(value, role, number)
        if isinstance(value, dict | Stream):
            node = value.dict if isinstance(value, Stream) else value
            for rule in rules:
                rule(context, role, node, number)


def _is_of_rows(value: list[Any]) -> bool:
    """Whether an array holds numbers, and arrays of numbers: widths, rectangles."""
    if not _NUMBERS_AND_ROWS.issuperset(map(type, value)):
        return False
    return all(_NUMBERS.issuperset(map(type, item)) for item in value if type(item) is list)


def _children(value: Any, role: str, number: int) -> list[tuple[Any, str, int]]:
    inner = _ITEMS.get(role, "")
    if isinstance(value, list):
        inner = role if role == "action" else inner  # of /Next
        return [(item, inner, number) for item in value if type(item) in _HOLDING]
    node = value.dict if isinstance(value, Stream) else value
    if not isinstance(node, dict):
        return []
    roles = _PATTERN_ROLES if role == "pattern" else _ROLES
    return [
        (item, inner or roles.get(key, ""), number) for key, item in node.items() if type(item) in _HOLDING
    ]
