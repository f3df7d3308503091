"""What a signature needs of a file, by random access and no more: sections on demand, objects as raw bytes.

A file up to `WHOLE` bytes is read at once; of a larger one the end, then windows. Of every cross-reference section the
head and the trailer are read (which objects it speaks of, whether anything is encrypted or hidden), of its rows only
those that are looked for.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from signer.creation.native.grammar import Entries, entries, integer, reference
from signer.creation.native.rows import Place, Room, StreamRows, TableRows, is_row, unpacked
from signer.creation.native.unfit import Unfit, Unfitness
from signer.document.history import CLOSING
from signer.document.objects import DEFAULT_LIMITS

if TYPE_CHECKING:
    from hashlib import _Hash

WHOLE = 1 << 20
BLOCK = 256 << 10
_TAIL = 64 << 10
_HIGHEST_NUMBER = DEFAULT_LIMITS.object_number - 10_000  # no revision has as many objects
_WINDOW = 16 << 10
_LARGEST_SIGNATURE = 96 << 10
_MOST_SECTIONS = 64
_LONGEST_KEPT = 2 << 10

_START = re.compile(rb"startxref[\r\n ]{1,3}(\d{1,19})[\r\n ]{1,3}%%EOF(?:\r\n|\n|\r)?\Z")
_HEADER = re.compile(rb"%PDF-\d\.\d")
_TABLE = re.compile(rb"xref[ ]?(?:\r\n|\n|\r)")
_RUN = re.compile(rb"(\d{1,10}+) (\d{1,10}+) ?(?:\r\n|\n|\r)(\d{10} \d{5} [nf](?: \r| \n|\r\n))?+")
_TRAILER = re.compile(rb"trailer(?=[\0\t\n\f\r <])")
# The trailer that most programs write: nothing in it that the native path would have to look at.
_PLAIN_TRAILER = re.compile(
    (
        rb"trailer\s*+<<(?:\s*+(?:/Prev\s++(\d{1,18}+)|/Size\s++\d++|/(?:Root|Info)\s++\d++ \d++ R"
        rb"|/ID\s*+\[(?:\s|<[0-9A-Fa-f]*+>)*+\]))*+\s*+>>"
    ).replace(rb"\s", rb"[\0\t\n\f\r ]")
)
_OBJECT = re.compile(rb"(\d{1,10}+) (\d{1,5}+) obj(?=[\0\t\n\f\r <])")
_ENDOBJ = re.compile(rb"[\0\t\n\f\r ]*+endobj(?=[\0\t\n\f\r ])")
_STREAM = re.compile(rb"[\0\t\n\f\r ]*+stream(?:\r\n|\n)")
_ENDSTREAM = re.compile(rb"[\0\t\n\f\r ]{0,4}endstream")
_HOLE = re.compile(rb"/Contents[\0\t\n\f\r ]*+<")
_HEXADECIMAL = b"0123456789ABCDEFabcdef\0\t\n\f\r "


class _Section:
    """One cross-reference section: where it begins, its trailer, its rows; where trailer or data end."""

    __slots__ = ("end", "offset", "rows", "trailer")

    def __init__(self, offset: int, trailer: Entries, rows: TableRows | StreamRows, end: int) -> None:
        self.end = end
        self.offset = offset
        self.trailer = trailer
        self.rows = rows


class NativeFile:
    """An open file (closed by the caller) with its one `%%EOF` at the very end. Raises `Unfit` for other shapes.

    `size` in bytes; `startxref` and `trailer` are the newest section's; `next_number` is the first object number that
    is free.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = size = os.fstat(descriptor).st_size
        self._base = 0 if size <= WHOLE else size - _TAIL
        self._data = os.pread(descriptor, size - self._base, self._base)
        if len(self._data) != size - self._base:
            raise Unfit(Unfitness.CHANGING)
        self._members: dict[int, tuple[bytes, list[tuple[int, int]]]] = {}
        self._room = Room()
        if _HEADER.match(self._data if not self._base else os.pread(descriptor, 16, 0)) is None:
            raise Unfit(Unfitness.HEADER)
        at = self._data.rfind(b"startxref", -2048)
        found = _START.match(self._data, at) if at >= 0 else None
        if found is None:
            raise Unfit(Unfitness.END)
        self.startxref = int(found[1])
        self._sections = self._chain()
        last = max(each.end for each in self._sections)
        if not self._base <= last or CLOSING.match(self._data, last - self._base) is None:
            raise Unfit(Unfitness.END)
        self.trailer = self._sections[0].trailer
        self.next_number = integer(
            self.trailer.get(b"Size", b"")
        )  # 7.5.5; the chain speaks of none beyond it
        highest = max(each.rows.highest for each in self._sections)
        if not highest < self.next_number < _HIGHEST_NUMBER:
            raise Unfit(Unfitness.SIZE)

    @property
    def in_streams(self) -> bool:
        """Whether the newest cross-reference section is a stream."""
        return isinstance(self._sections[0].rows, StreamRows)

    @property
    def ends_a_line(self) -> bool:
        """Whether the last byte ends a line."""
        return self._data[-1] in b"\r\n"

    def hash_into(self, *digests: _Hash) -> None:
        """Feed the file's bytes, in blocks. Raises `Unfit` when the file got shorter."""
        if not self._base:
            for digest in digests:
                digest.update(self._data)
            return
        buffer = bytearray(BLOCK)
        view = memoryview(buffer)
        done = 0
        while done < self.size:
            count = os.preadv(self._descriptor, (view[: min(BLOCK, self.size - done)],), done)
            if not count:
                raise Unfit(Unfitness.CHANGING)
            for digest in digests:
                digest.update(view[:count])
            done += count

    # --- objects

    def dictionary(self, num: int, gen: int) -> Entries:
        """The dictionary that is this object, no stream. Raises `Unfit` when it is anything else."""
        place = self._place(num)
        if place.container:
            if gen:
                raise Unfit(Unfitness.OBJECT_NOT_THERE)
            return entries(self._packed(place, num))[0]
        data, position, _ = self._object(place, num, gen)
        found, end = entries(data, position)
        if _ENDOBJ.match(data, end) is None:
            raise Unfit(Unfitness.STREAM_OBJECT)
        return found

    def raw(self, num: int, gen: int) -> bytes:
        """The bytes of an object between `obj` and `endobj`. Raises `Unfit` when it is long."""
        place = self._place(num)
        if place.container:
            return self._packed(place, num)
        data, position, _ = self._object(place, num, gen)
        end = data.find(b"endobj", position, position + _WINDOW)
        if end < 0:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[position:end]

    def signature(self, num: int, gen: int, own: re.Pattern[bytes]) -> tuple[re.Match[bytes] | None, bytes]:
        """A signature dictionary: as `own` matches it up to the `<` of its /Contents, or its bytes without what
        /Contents, which is long, holds."""
        place = self._place(num)
        if place.container:
            raise Unfit(Unfitness.PACKED_OBJECT)
        data, position, _ = self._object(place, num, gen, _LARGEST_SIGNATURE)
        head = own.match(data, position) or _HOLE.search(data, position, position + _WINDOW)
        closing = data.find(b">", head.end()) if head else -1
        if head is None or closing < 0:
            raise Unfit(Unfitness.LONG_OBJECT)
        if head.re is own and data.startswith(b">>>\nendobj\n", closing):
            return head, b""
        end = data.find(b"endobj", closing, closing + _WINDOW)
        if end < 0 or head.re is own:
            raise Unfit(Unfitness.LONG_OBJECT)
        before = data[position : head.start()] + b">>"
        if entries(before)[1] != len(before) or data[head.end() : closing].translate(None, _HEXADECIMAL):
            raise Unfit(Unfitness.GRAMMAR)  # not the dictionary's own /Contents, or no string
        return None, data[position : head.end()] + data[closing:end]

    def stream_head(self, num: int, gen: int) -> bytes:
        """The bytes of a stream object's dictionary, its data unread."""
        place = self._place(num)
        if place.container:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        data, position, _ = self._object(place, num, gen)
        end = data.find(b"stream", position, position + _WINDOW)
        if end < 0:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[position:end]

    def _object(self, place: Place, num: int, gen: int, length: int = _WINDOW) -> tuple[bytes, int, int]:
        """A buffer, where the object's value begins in it, and the buffer's offset in the file."""
        data, base = self._window(place.where, length)
        head = _OBJECT.match(data, place.where - base)
        if head is None or (int(head[1]), int(head[2])) != (num, gen) or place.extra != gen:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        return data, head.end(), base

    def _window(self, offset: int, length: int) -> tuple[bytes, int]:
        """A buffer with the bytes at `offset`, and where it begins; what is in memory is not read again."""
        if offset >= self._base:
            return self._data, self._base
        return os.pread(self._descriptor, length, offset), offset

    def _place(self, num: int) -> Place:
        for section in self._sections:
            found = section.rows.place(num, self._window)
            if found is not None:
                if found.free or not (found.container or 0 < found.where < self.size):
                    break
                return found
        raise Unfit(Unfitness.OBJECT_NOT_THERE)

    def _packed(self, place: Place, num: int) -> bytes:
        """The dictionary of an object stream's object (7.5.7)."""
        if place.where not in self._members:
            self._members[place.where] = unpacked(*self.stream(place.where, 0), self._room)
        data, members = self._members[place.where]
        if place.extra >= len(members) or members[place.extra][0] != num:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        start = members[place.extra][1]
        end = entries(data, start)[1]
        if end - start > _WINDOW:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[start:end]

    def stream(self, num: int, gen: int) -> tuple[bytes, Entries]:
        """A stream object's bytes, still encoded, and its dictionary."""
        place = self._place(num)
        if place.container:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        data, position, base = self._object(place, num, gen)
        raw, found, _ = self._stream_at(data, position, base)
        return raw, found

    def _stream_at(self, data: bytes, position: int, base: int) -> tuple[bytes, Entries, int]:
        """The raw bytes of the stream whose dictionary is at `position`, the dictionary, and where the data end."""
        found, end = entries(data, position)
        start = _STREAM.match(data, end)
        length = integer(found.get(b"Length", b""))
        if start is None:
            raise Unfit(Unfitness.STREAM_OBJECT)
        self._room.take(length)
        at = base + start.end()
        raw, its_base = self._window(at, length + 16)
        if _ENDSTREAM.match(raw, at + length - its_base) is None:
            raise Unfit(Unfitness.STREAM_LENGTH)
        return raw[at - its_base : at + length - its_base], found, at + length

    # --- sections

    def _chain(self) -> list[_Section]:
        """The sections along /Prev, newest first."""
        found = [self._section(self.startxref)]
        while (raw := found[-1].trailer.get(b"Prev")) is not None:
            offset = integer(raw)
            if len(found) >= _MOST_SECTIONS or any(each.offset == offset for each in found):
                raise Unfit(Unfitness.SECTION_CHAIN)
            found.append(self._section(offset))
        return found

    def _section(self, offset: int) -> _Section:
        if not 0 < offset < self.size:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        data, base = self._window(offset, _WINDOW)
        table = _TABLE.match(data, offset - base)
        if table is None:
            found = self._stream_section(data, base, offset)
        else:
            found = self._table_section(offset, base + table.end())
        if b"Encrypt" in found.trailer:
            raise Unfit(Unfitness.ENCRYPTED)
        return found

    def _table_section(self, offset: int, position: int) -> _Section:
        runs: list[tuple[int, int, int]] = []
        following = 0
        while True:
            data, base = self._window(position, _WINDOW)
            run = _RUN.match(data, position - base)
            if run is None:
                break
            first, count = int(run[1]), int(run[2])
            if first < following:
                raise Unfit(Unfitness.CROSS_REFERENCE)
            start = base + (run.end() if run[3] is None else run.start(3))
            following, position = first + count, start + 20 * count
            if count and (run[3] is None or not (count == 1 or self._row_at(position - 20))):
                raise Unfit(Unfitness.LOOSE_TABLE)
            runs.append((first, count, start))
        head = _TRAILER.match(data, position - base)
        if head is None:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        trailer, end = self._trailer(data, position - base, head.end(), offset)
        if b"XRefStm" in trailer:
            raise Unfit(Unfitness.HYBRID)
        return _Section(offset, trailer, TableRows(runs), base + end)

    def _row_at(self, position: int) -> bool:
        data, base = self._window(position, 20)
        return is_row(data, position - base)

    def _trailer(self, data: bytes, keyword: int, position: int, offset: int) -> tuple[Entries, int]:
        """The trailer's entries, of a plain one of an earlier section /Prev alone; and its end."""
        plain = None if offset == self.startxref else _PLAIN_TRAILER.match(data, keyword)
        if plain is None or data.count(b"/Prev", keyword, plain.end()) > 1:
            return entries(data, position)
        return ({} if plain[1] is None else {b"Prev": plain[1]}), plain.end()

    def _stream_section(self, data: bytes, base: int, offset: int) -> _Section:
        head = _OBJECT.match(data, offset - base)
        if head is None:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        raw, found, end = self._stream_at(data, head.end(), base)
        if found.get(b"Type") != b"/XRef":
            raise Unfit(Unfitness.CROSS_REFERENCE)
        return _Section(offset, found, StreamRows(raw, found, self._room), end)


def common(file: NativeFile, raw: bytes) -> Entries:
    """A dictionary that stands here or is referred to, of a kind that many documents have alike (catalog, form, lock,
    output intent): the same bytes are taken apart once. The result is shared: it is not to be changed."""
    return taken_apart(raw if raw.startswith(b"<<") else file.raw(*reference(raw)))


def taken_apart(raw: bytes) -> Entries:
    """The one dictionary that these bytes are. The result is shared: it is not to be changed."""
    return _kept(raw) if len(raw) <= _LONGEST_KEPT else alone(raw)


@lru_cache(maxsize=1024)
def _kept(raw: bytes) -> Entries:
    return alone(raw)


def alone(raw: bytes) -> Entries:
    """The one dictionary that these bytes are, taken apart for this call."""
    found, end = entries(raw)
    if raw[end:].strip(b"\0\t\n\f\r "):
        raise Unfit(Unfitness.STREAM_OBJECT)
    return found
