"""Writes one incremental revision behind a file (ISO 32000-2, 7.5.6). No earlier byte is ever touched.

The new cross-reference section has the form of the newest one: a stream after a stream, else a table (a
hybrid file's chain stays readable through /Prev). The same input gives the same bytes: no clock, no chance.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.reasons import document as document_reasons
from policies.reasons import signing as reasons
from signer.document.history import CLOSING
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, Stream, malformed, serialize, serialize_indirect
from signer.errors import DocumentRefused, SigningRefused
from signer.stages import Appended, Prepared

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK = 1 << 20
_LARGEST_TABLE_OFFSET = 9_999_999_999
_SECTION_KEYS = frozenset(
    ("Prev", "XRefStm", "Size", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "DL", "ID")
)


class Raw(bytes):
    """An object's body that is serialised already (a signature dictionary with its hole)."""


@dataclass(frozen=True, slots=True)
class Built:
    """The bytes to append and, by object number, the absolute offset of each object's body in the file."""

    base_size: int
    tail: bytes
    bodies: dict[int, int]


class Revision:
    """One revision under construction: new objects, and new values of old ones.

    Refuses (`DocumentRefused`) a file that has bytes after its last `%%EOF`, or between its cross-references and their
    `startxref`: another reader might show them, and the end of that revision would not be found again.
    """

    def __init__(self, pdf: PdfFile) -> None:
        if pdf.eof != pdf.size:
            raise malformed("no %%EOF at the end, or bytes after it", max(pdf.eof, pdf.startxref_at))
        place = max(section.end for section in pdf.sections)
        if CLOSING.match(pdf.read(place, 4096)) is None:
            raise malformed("bytes between the cross-references and startxref", place)
        self.pdf = pdf
        self._next = pdf.next_object_number
        self._objects: dict[int, tuple[Ref, Any]] = {}

    def reserve(self) -> Ref:
        """A new object number, whose value follows by `put`. Refuses (`DocumentRefused`) one beyond the limit."""
        limit = self.pdf.limits.object_number
        if self._next + 2 > limit:  # the cross-reference stream takes one more, and /Size is above that
            raise DocumentRefused(document_reasons.TOO_MANY_OBJECTS, objects=self._next, limit=limit)
        ref = Ref(self._next, 0)
        self._next += 1
        return ref

    def add(self, value: Any) -> Ref:
        """A new indirect object."""
        ref = self.reserve()
        self._objects[ref.num] = (ref, value)
        return ref

    def put(self, ref: Ref, value: Any) -> None:
        """The value of a reserved object, or the new value of one in the file."""
        self._objects[ref.num] = (ref, value)

    def value(self, ref: Ref) -> Any:
        """The object as this revision has it so far."""
        return self._objects[ref.num][1] if ref.num in self._objects else self.pdf.resolve(ref)

    def build(self) -> Built:
        """Serialise: objects in order of number, cross-reference section, trailer, `startxref`, `%%EOF`."""
        base = self.pdf.size
        parts = [b"" if self.pdf.read(base - 1, 1) in (b"\n", b"\r") else b"\n"]
        position = base + len(parts[0])
        offsets: dict[int, int] = {}
        bodies: dict[int, int] = {}
        for num in sorted(self._objects):
            ref, value = self._objects[num]
            data = _indirect(ref, value)
            offsets[num] = position
            bodies[num] = position + len(b"%d %d obj\n" % ref)
            parts.append(data)
            position += len(data)
        parts.append(self._section(offsets, position, b"".join(parts)))
        return Built(base, b"".join(parts), bodies)

    def appended(self) -> Appended:
        """The revision as a stage value."""
        built = self.build()
        return Appended(built.base_size, built.tail)

    def _section(self, offsets: dict[int, int], position: int, objects: bytes) -> bytes:
        trailer: dict[str, Any] = {k: v for k, v in self.pdf.trailer.items() if k not in _SECTION_KEYS}
        trailer["Prev"] = self.pdf.startxref
        trailer["ID"] = _identifiers(self.pdf.trailer.get("ID"), self.pdf, objects)
        generations = {num: self._objects[num][0].gen for num in offsets}
        if self.pdf.sections[0].kind == "stream":
            section = _stream_section(self._next, offsets, generations, trailer, position)
        else:
            section = _table_section(self._next, offsets, generations, trailer)
        return section + b"startxref\n%d\n%%%%EOF\n" % position


def _indirect(ref: Ref, value: Any) -> bytes:
    if isinstance(value, Raw):
        return b"%d %d obj\n%b\nendobj\n" % (ref.num, ref.gen, bytes(value))
    return serialize_indirect(ref, value)


def _identifiers(known: Any, pdf: PdfFile, objects: bytes) -> list[HexString]:
    """/ID: the first stays, the second changes with each update (ISO 32000-2, 14.4)."""
    resolved = pdf.resolve(known)
    old = [pdf.resolve(item) for item in resolved] if isinstance(resolved, list) else []
    digest = hashlib.sha256(serialize([item for item in old if isinstance(item, bytes)]))
    digest.update(b"%d" % pdf.size)
    digest.update(objects)
    fresh = HexString(digest.digest()[:16])
    first = old[0] if len(old) == 2 and isinstance(old[0], bytes) and old[0] else fresh
    return [HexString(first), fresh]


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Sorted numbers as (first, count) of neighbours."""
    runs: list[tuple[int, int]] = []
    for num in numbers:
        if runs and num == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((num, 1))
    return runs


def _table_section(
    size: int, offsets: dict[int, int], generations: dict[int, int], trailer: dict[str, Any]
) -> bytes:
    if max(offsets.values()) > _LARGEST_TABLE_OFFSET:
        raise DocumentRefused(document_reasons.TOO_LARGE, size=max(offsets.values()), limit=10**10)
    lines = [b"xref\n"]
    for first, count in _runs(sorted(offsets)):
        lines.append(b"%d %d\n" % (first, count))
        lines += [
            b"%010d %05d n \n" % (offsets[num], generations[num]) for num in range(first, first + count)
        ]
    return b"".join(lines) + b"trailer\n%b\n" % serialize({"Size": size, **trailer})


def _stream_section(
    own: int, offsets: dict[int, int], generations: dict[int, int], trailer: dict[str, Any], position: int
) -> bytes:
    entries = {**offsets, own: position}
    width = max(4, (position.bit_length() + 7) // 8)
    rows = [
        b"\x01" + entries[num].to_bytes(width, "big") + generations.get(num, 0).to_bytes(2, "big")
        for num in sorted(entries)
    ]
    index = [value for run in _runs(sorted(entries)) for value in run]
    head = {"Type": Name("XRef"), "Size": own + 1, "W": [1, width, 2], "Index": index, **trailer}
    return serialize_indirect(Ref(own, 0), Stream(head, data=b"".join(rows)))


def append(base: Path, revision: Appended, out: Path) -> None:
    """Write `base` with the revision behind it to `out`; the file is copied by the kernel.

    Raises `SigningRefused` when `base` is not as long as it was when the revision was made. `fsync` is the
    caller's. A crash leaves a partial `out`, and `base` as it was.
    """
    write_tail(base, revision.base_size, revision.tail, out)


def write_tail(base: Path, base_size: int, tail: bytes, out: Path) -> None:
    """Copy `base`, which must have exactly `base_size` bytes, and append `tail`. See `append`."""
    with base.open("rb", buffering=0) as source:
        size = os.fstat(source.fileno()).st_size
        if size != base_size:
            raise SigningRefused(reasons.BASE_CHANGED, size=size, expected=base_size)
        if out.exists() and out.samefile(base):
            raise ValueError("the revision must be written to another file")
        with out.open("wb", buffering=0) as target:
            _copy(source.fileno(), target.fileno(), size)
            view = memoryview(tail)
            while view:
                view = view[target.write(view) or 0 :]


def _copy(source: int, target: int, size: int) -> None:
    offset = 0
    while offset < size:
        try:
            count = os.sendfile(target, source, offset, min(size - offset, 1 << 30))
        except OSError:  # a file system without it: by blocks instead, from the start
            _copy_blocks(source, target)
            return
        if not count:
            raise SigningRefused(reasons.BASE_CHANGED, size=offset, expected=size)
        offset += count


def _copy_blocks(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    with open(source, "rb", closefd=False) as reader, open(target, "wb", closefd=False) as writer:
        shutil.copyfileobj(reader, writer, BLOCK)


def digest_of(base: Path, prepared: Prepared) -> bytes:
    """The digest over the prepared ByteRange, from the file's own bytes, in blocks of 1 MiB.

    Raises `SigningRefused` when the file is not as long as it was, or the ranges do not fit the tail.
    """
    rest = around_hole(prepared)
    with base.open("rb", buffering=0) as source:
        return digest_ranges(source.fileno(), prepared.base_size, rest, prepared.digest_algorithm)


def around_hole(prepared: Prepared) -> tuple[memoryview, memoryview]:
    """The two parts of the tail that the ByteRange covers.

    Raises `SigningRefused` when the range is not the whole file without exactly the empty hole.
    """
    start, count = prepared.hole
    before = start - 1 - prepared.base_size
    after = start + count + 1 - prepared.base_size
    ranges = (0, start - 1, start + count + 1, prepared.base_size + len(prepared.tail) - start - count - 1)
    gap = prepared.tail[max(before, 0) : after]
    if prepared.byte_range != ranges or before < 0 or gap != b"<" + b"0" * count + b">":
        raise SigningRefused(reasons.DIGEST_CHANGED)
    view = memoryview(prepared.tail)
    return view[:before], view[after:]


def digest_ranges(
    source: int, size: int, rest: tuple[memoryview, ...], algorithm: str, also: _Hash | None = None
) -> bytes:
    """Digest of the first `size` bytes of an open file, followed by `rest`. `also` is fed with the file's bytes."""
    digest = hashlib.new(algorithm)
    buffer = bytearray(min(BLOCK, max(size, 1)))
    view = memoryview(buffer)
    done = 0
    while done < size:
        count = os.preadv(source, [view[: min(len(buffer), size - done)]], done)
        if not count:
            raise SigningRefused(reasons.BASE_CHANGED, size=done, expected=size)
        digest.update(view[:count])
        if also is not None:
            also.update(view[:count])
        done += count
    for part in rest:
        digest.update(part)
    return digest.digest()
