"""Headers of an S3 server's answers, read without the parser for mail.

`http.client` gives them to `email.parser`, which costs a third of a millisecond an answer, under the interpreter's one
lock: with eight documents on their way, a fifth of all that they take. Here a header of the usual form is one
match; an answer with any other line goes to the standard parser as a whole. What is made is the same
(`test_s3_headers.py`).
"""

from __future__ import annotations

import http.client
import re
from email.parser import Parser
from http.client import HTTPMessage, HTTPResponse
from types import FunctionType
from typing import Any, BinaryIO

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+([\t -~\x80-\xff]*+)\r?\n"
)  # RFC 9110, 5.5 and 5.6.2
_END = (b"\r\n", b"\n", b"")


def parse_headers(file: BinaryIO, *limits: Any, **named: Any) -> HTTPMessage:
    """As `http.client.parse_headers`. Raises `http.client.HTTPException` for too many, or one that is too long."""
    lines: list[bytes] = http.client._read_headers(file, *limits, **named)  # type: ignore[attr-defined]
    if lines and lines[-1] in _END:
        found = [_LINE.fullmatch(line) for line in lines[:-1]]
        if all(found):
            message = HTTPMessage()
            for each in found:
                name, value = each.groups()  # type: ignore[union-attr]
                message[name.decode("ascii")] = value.decode("iso-8859-1")
            return message
    return Parser(_class=HTTPMessage).parsestr(b"".join(lines).decode("iso-8859-1"))


class _Response(HTTPResponse):
    """The standard one. Its `begin` finds the function above where it looks for its module's own."""

    begin = FunctionType(HTTPResponse.begin.__code__, {**vars(http.client), "parse_headers": parse_headers})
    begin.__kwdefaults__ = HTTPResponse.begin.__kwdefaults__


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Plain(HTTPConnectionPool):
    ConnectionCls = _Connection


class _Tls(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def pool_manager(**options: Any) -> PoolManager:
    """urllib3's, over connections that read headers so."""
    made = PoolManager(**options)
    made.pool_classes_by_scheme = {"http": _Plain, "https": _Tls}
    return made
