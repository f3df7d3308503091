"""Names of hosts as an operator gives them: a name alone, so that nobody is asked whom he did not mean."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 253
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def host_names(given: Iterable[str]) -> tuple[str, ...]:
    """The names in lower case, each once, in order (RFC 1123, 2.1). ValueError for an address, a scheme, a port, a
    path, a wildcard, or letters beyond ASCII."""
    return tuple(dict.fromkeys(_host_name(each) for each in given))


def _host_name(text: str) -> str:
    name = text.strip().lower()
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError(
            "names of hosts are needed, such as ca.example.gov.vn: without scheme, port, path or wildcard, and no "
            "addresses of numbers"
        )
    return name
