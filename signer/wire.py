"""The sandbox's wire form: JSON with tags for bytes, times, enums, paths and this product's frozen values.

Never pickle: a parser that a hostile file took over may write anything to the pipe, and the parent must
only ever build values from it.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import importlib
import json
import re
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from policies.refusals import Refused

ROOMS = ("signer.", "policies.")
_MODULE = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+")
# What a forged line can make the decoder, an import or a value's constructor raise.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    RecursionError,
    Refused,
    TypeError,
    ValueError,
)


def dumps(value: object) -> str:
    """Value → one line of JSON. Raises TypeError for what has no wire form."""
    return json.dumps(_encode(value), separators=(",", ":"))


def loads(line: str | bytes) -> Any:
    """One line of JSON → value. Raises ValueError for anything else, a foreign class or a value that its class
    does not take."""
    try:
        return _decode(json.loads(line))
    except _UNREADABLE as exc:
        raise ValueError("not the wire form of a value") from exc


_SAME = (str, int, bool, type(None), float)  # as they stand in JSON; subclasses below


def _encode(value: object) -> Any:
    if type(value) in _SAME:
        return value
    if isinstance(value, Enum):
        return {"$e": [_name(type(value)), value.value]}
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$b": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$t": value.isoformat()}
    if isinstance(value, timedelta):
        return {"$i": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, Path):
        return {"$p": str(value)}
    if _is_value(type(value)):
        kind: Any = type(value)
        fields = {name: _encode(getattr(value, name)) for name in _fields(kind)}
        return {"$d": [_name(kind), fields]}
    if isinstance(value, dict):
        return {"$m": [[_encode(key), _encode(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$l": [_encode(item) for item in value]}
    if isinstance(value, frozenset | set):
        return {"$s": [_encode(item) for item in value]}
    raise TypeError(f"no wire form for {type(value)!r}")


def _decode(value: Any) -> Any:
    if type(value) in _SAME:
        return value
    if isinstance(value, list):
        return [_decode(item) for item in value]
    ((tag, body),) = value.items()
    match tag:
        case "$b":
            return base64.b64decode(body)
        case "$t":
            return datetime.fromisoformat(body)
        case "$i":
            return timedelta(*body)
        case "$p":
            return Path(body)
        case "$l":
            return tuple(_decode(item) for item in body)
        case "$s":
            return frozenset(_decode(item) for item in body)
        case "$m":
            return {_decode(key): _decode(item) for key, item in body}
        case "$e":
            return _class(body[0], Enum)(body[1])
        case "$d":
            return _value_class(body[0])(**{key: _decode(item) for key, item in body[1].items()})
        case _:
            raise ValueError(f"unknown tag {tag!r}")


@functools.lru_cache(256)
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


@functools.lru_cache(256)  # what was refused is not kept
def _value_class(name: object) -> Any:
    kind = _class(name, object)
    if not _is_value(kind):
        raise ValueError(f"not a value: {name!r}")
    return kind


def _is_value(kind: object) -> bool:
    """Whether it is a frozen dataclass: a value, not a thing that acts or changes."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return isinstance(kind, type) and parameters is not None and bool(parameters.frozen)


@functools.lru_cache(256)
def _class(name: object, base: type) -> Any:
    """The class of this name, as its own module defines it: no functions, nothing that it only imports."""
    module, _, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not module.startswith(ROOMS) or not _MODULE.fullmatch(module):
        raise ValueError(f"foreign class {name!r}")
    kind = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(kind, type) or not issubclass(kind, base) or _name(kind) != name:
        raise ValueError(f"not a value class: {name!r}")
    return kind
