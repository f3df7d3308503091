"""A small PDF writer: objects go out one after the other, so that a file of any size needs little memory.

Deterministic: equal calls give equal bytes (ISO 32000-1, 7.3 and 7.5; one cross-reference table).
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

Value = object


class Name(str):
    """A PDF name, without its slash."""

    __slots__ = ()


@dataclass(frozen=True)
class Ref:
    """A reference to an indirect object of generation 0."""

    number: int


_DELIMITERS = re.compile(rb"[^!\"$&'*+,\-.0-9:;=?@A-Z\\^_`a-z|~]")


def _name(text: str) -> bytes:
    return b"/" + _DELIMITERS.sub(lambda found: b"#%02X" % found[0][0], text.encode())


def _string(data: bytes) -> bytes:
    escaped = data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"(" + escaped.replace(b"\r", b"\\r") + b")"


def text_string(text: str) -> bytes:
    """A text string: ASCII as it is, everything else UTF-16BE with its mark (ISO 32000-1, 7.9.2.2)."""
    return text.encode("ascii") if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")


def number(value: float) -> bytes:
    """A number with at most four decimals and no exponent."""
    return (
        f"{value:.4f}".rstrip("0").rstrip(".").encode() if isinstance(value, float) else str(value).encode()
    )


def serialize(value: Value) -> bytes:
    """The bytes of a direct object. `str` is a text string, `bytes` a byte string, `Name` a name."""
    if isinstance(value, Name):
        return _name(value)
    if isinstance(value, Ref):
        return b"%d 0 R" % value.number
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return _string(text_string(value))
    if isinstance(value, bytes):
        return b"<" + value.hex().upper().encode() + b">"
    if isinstance(value, dict):
        pairs = (_name(key) + b" " + serialize(item) for key, item in value.items())
        return b"<< " + b" ".join(pairs) + b" >>"
    if isinstance(value, list | tuple):
        return b"[" + b" ".join(serialize(item) for item in value) + b"]"
    raise TypeError(f"no PDF object for {type(value).__name__}")


class PdfWriter:
    """Writes one revision to a binary file. Call `reserve`/`add`/`add_stream`, then `finish` once."""

    def __init__(self, out: BinaryIO, version: str = "1.7") -> None:
        self._out = out
        self._offsets: dict[int, int] = {}
        self._reserved = 0
        self._digest = hashlib.sha256()
        self._position = 0
        self._write(f"%PDF-{version}\n".encode() + b"%\xe2\xe3\xcf\xd3\n")

    @property
    def position(self) -> int:
        """Bytes written until now."""
        return self._position

    def reserve(self) -> Ref:
        """The next free object number, to be written later with `add(..., ref)`."""
        self._reserved += 1
        return Ref(self._reserved)

    def add(self, value: Value, ref: Ref | None = None) -> Ref:
        """Writes an indirect object and returns its reference."""
        ref = self._begin(ref)
        self._write(serialize(value) + b"\nendobj\n")
        return ref

    def add_stream(
        self,
        data: bytes,
        entries: dict[str, Value] | None = None,
        *,
        compress: bool = True,
        ref: Ref | None = None,
    ) -> Ref:
        """Writes a stream held in memory, deflated unless told otherwise."""
        entries = dict(entries or {})
        if compress:
            data, entries["Filter"] = zlib.compress(data, 9), Name("FlateDecode")
        return self.add_blocks([data], len(data), entries, ref=ref)

    def add_blocks(
        self, blocks: Iterable[bytes], length: int, entries: dict[str, Value], *, ref: Ref | None = None
    ) -> Ref:
        """Writes a stream from blocks that together have `length` bytes; nothing is kept in memory."""
        ref = self._begin(ref)
        self._write(serialize({**entries, "Length": length}) + b"\nstream\n")
        start = self._position
        for block in blocks:
            self._write(block)
        if self._position - start != length:
            raise ValueError("the blocks do not have the promised length")
        self._write(b"\nendstream\nendobj\n")
        return ref

    def finish(self, root: Ref, info: Ref | None = None) -> None:
        """Writes cross-reference table and trailer; the file identifier is a digest of everything before."""
        identifier = self._digest.digest()[:16]
        start, size = self._position, self._reserved + 1
        rows = [b"0000000000 65535 f \n"]
        rows += [b"%010d 00000 n \n" % self._offsets[item] for item in range(1, size)]
        self._write(b"xref\n0 %d\n" % size + b"".join(rows))
        trailer: dict[str, Value] = {"Size": size, "Root": root, "ID": [identifier, identifier]}
        if info is not None:
            trailer["Info"] = info
        self._write(b"trailer\n" + serialize(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % start)

    def _begin(self, ref: Ref | None) -> Ref:
        ref = ref or self.reserve()
        self._offsets[ref.number] = self._position
        self._write(b"%d 0 obj\n" % ref.number)
        return ref

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self._position += len(data)
