"""The sandbox's wire form: JSON with tags for bytes, times, enums, paths and this product's frozen values.

Never pickle: a parser that a hostile file took over may write anything to the pipe, and the parent must
only ever build values from it.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import json
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

ROOMS = ("signer.", "policies.")


def dumps(value: object) -> str:
    """Value → one line of JSON. Raises TypeError for what has no wire form."""
    return json.dumps(_encode(value), separators=(",", ":"))


def loads(line: str | bytes) -> Any:
    """One line of JSON → value. Raises ValueError for a tag or class that is not ours."""
    return _decode(json.loads(line))


def _encode(value: object) -> Any:
    if isinstance(value, Enum):
        return {"$e": [_name(type(value)), value.value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$b": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$t": value.isoformat()}
    if isinstance(value, timedelta):
        return {"$i": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, Path):
        return {"$p": str(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {"$d": [_name(type(value)), fields]}
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
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
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


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _value_class(name: str) -> Any:
    kind = _class(name, object)
    if not dataclasses.is_dataclass(kind):
        raise ValueError(f"not a value: {name}")
    return kind


def _class(name: str, base: type) -> Any:
    module, _, attribute = name.partition(":")
    if not module.startswith(ROOMS):
        raise ValueError(f"foreign class {name!r}")
    kind = getattr(importlib.import_module(module), attribute)
    if not isinstance(kind, type) or not issubclass(kind, base):
        raise ValueError(f"not a value class: {name!r}")
    return kind
