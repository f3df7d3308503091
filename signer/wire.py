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
from collections.abc import Callable
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


_SAME = frozenset((str, int, bool, type(None), float))  # as they stand in JSON; subclasses below


def _encode(value: Any) -> Any:
    kind: Any = type(value)
    return value if kind in _SAME else _encoder(kind)(value)


@functools.lru_cache(256)
def _encoder(kind: Any) -> Callable[[Any], Any]:
    """How values of this class are written. What has no wire form is not kept."""
    if issubclass(kind, Enum):
        return lambda value: {"$e": [_name(kind), value.value]}
    if issubclass(kind, bool | int | float | str):
        return lambda value: value
    if _is_value(kind):
        return lambda value: {
            "$d": [_name(kind), {field: _encode(getattr(value, field)) for field in _fields(kind)}]
        }
    for base, encoder in _ENCODERS.items():
        if issubclass(kind, base):
            return encoder
    raise TypeError(f"no wire form for {kind!r}")


def _bytes(value: bytes | bytearray | memoryview) -> Any:
    return {"$b": base64.b64encode(value).decode()}


def _items(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [_encode(item) for item in value]


_ENCODERS: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    datetime: lambda value: {"$t": value.isoformat()},
    timedelta: lambda value: {"$i": [value.days, value.seconds, value.microseconds]},
    Path: lambda value: {"$p": str(value)},
    dict: lambda value: {"$m": [_items(pair) for pair in value.items()]},
    list: _items,
    tuple: lambda value: {"$l": _items(value)},
    frozenset: lambda value: {"$s": _items(value)},
    set: lambda value: {"$s": _items(value)},
}


def _decode(value: Any) -> Any:
    if type(value) in _SAME:
        return value
    if isinstance(value, list):
        return [_decode(item) for item in value]
    ((tag, body),) = value.items()
    match tag:
        case "$d":
            return _value_class(body[0])(**{key: _decode(item) for key, item in body[1].items()})
        case "$e":
            return _class(body[0], Enum)(body[1])
        case "$b":
            return base64.b64decode(body)
        case "$l":
            return tuple([_decode(item) for item in body])
        case "$t":
            return datetime.fromisoformat(body)
        case "$i":
            return timedelta(*body)
        case "$p":
            return Path(body)
        case "$s":
            return frozenset(_decode(item) for item in body)
        case "$m":
            return {_decode(key): _decode(item) for key, item in body}
        case _:
            raise ValueError(f"unknown tag {tag!r}")


@functools.lru_cache(256)
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


@functools.lru_cache(256)
def _name(kind: Any) -> str:
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
def _class(name: object, base: Any) -> Any:
    """The class of this name, as its own module defines it: no functions, nothing that it only imports."""
    module, _, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not module.startswith(ROOMS) or not _MODULE.fullmatch(module):
        raise ValueError(f"foreign class {name!r}")
    kind: Any = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(kind, type) or not issubclass(kind, base) or _name(kind) != name:
        raise ValueError(f"not a value class: {name!r}")
    return kind
