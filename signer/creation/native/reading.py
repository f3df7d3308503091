"""What a signature needs of a file, by random access and no more: sections on demand, objects as raw bytes.

Of every cross-reference section the head and the trailer are read (which objects it speaks of, whether anything is
encrypted or hidden), of its rows only those that are looked for.
"""

from __future__ import annotations

import re

from signer.creation.native.grammar import Entries, entries, integer, reference, remembered
from signer.creation.native.rows import (
    IN_USE,
    MOST_ROWS,
    PACKED,
    Place,
    Room,
    Run,
    StreamRows,
    is_row,
    table_row,
    unpacked,
)
from signer.creation.native.source import Source
from signer.creation.native.tables import own_table
from signer.creation.native.unfit import Unfit, Unfitness
from signer.creation.native.written import Written
from signer.document.history import CLOSING
from signer.document.objects import DEFAULT_LIMITS
from signer.patterns import compile_pattern

_HIGHEST_NUMBER = DEFAULT_LIMITS.object_number - 10_000  # no revision has as many objects
_WINDOW = 16 << 10
_LARGEST_SIGNATURE = 96 << 10
_MOST_SECTIONS = 64

_START = compile_pattern(rb"startxref[\r\n ]{1,3}(\d{1,19})[\r\n ]{1,3}%%EOF(?:\r\n|\n|\r)?\Z")
_HEADER = compile_pattern(rb"%PDF-\d\.\d")
_TABLE = compile_pattern(rb"xref[ ]?(?:\r\n|\n|\r)")
_RUN = compile_pattern(rb"(\d{1,10}+) (\d{1,10}+) ?(?:\r\n|\n|\r)(\d{10} \d{5} [nf](?: \r| \n|\r\n))?+")
_TRAILER = compile_pattern(rb"trailer(?=[\0\t\n\f\r <])")
# The trailer that most programs write: nothing in it that the native path would have to look at.
_PLAIN_TRAILER = compile_pattern(
    (
        rb"trailer\s*+<<(?:\s*+(?:/Prev\s++(\d{1,18}+)|/Size\s++\d++|/(?:Root|Info)\s++\d++ \d++ R"
        rb"|/ID\s*+\[(?:\s|<[0-9A-Fa-f]*+>)*+\]))*+\s*+>>"
    ).replace(rb"\s", rb"[\0\t\n\f\r ]")
)
_OBJECT = compile_pattern(rb"(\d{1,10}+) (\d{1,5}+) obj(?=[\0\t\n\f\r <])")
_ENDOBJ = compile_pattern(rb"[\0\t\n\f\r ]*+endobj(?=[\0\t\n\f\r ])")
_STREAM = compile_pattern(rb"[\0\t\n\f\r ]*+stream(?:\r\n|\n)")
_ENDSTREAM = compile_pattern(rb"[\0\t\n\f\r ]{0,4}endstream")
_HOLE = compile_pattern(rb"/Contents[\0\t\n\f\r ]*+<")
_HEXADECIMAL = b"0123456789ABCDEFabcdef\0\t\n\f\r "


class NativeFile:
    """A file with its one `%%EOF` at the very end. Raises `Unfit` for other shapes.

    `size` in bytes; `startxref` and `trailer` are the newest section's, which may be `in_streams`; `next_number` is the
    first object number that is free.
    """

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self._window = source.window
        self._base = base = source.base
        self._data = data = source.end
        self._members: dict[int, tuple[bytes, list[tuple[int, int]]]] = {}
        self._room = Room()
        if _HEADER.match(source.window(0, 16)[0]) is None:
            raise Unfit(Unfitness.HEADER)
        at = data.rfind(b"startxref", -2048)
        found = _START.match(data, at) if at >= 0 else None
        if found is None:
            raise Unfit(Unfitness.END)
        self.startxref = int(found[1])
        self._runs: list[Run] = []
        self.trailer, self.in_streams, last = self._chain()
        if not base <= last or CLOSING.match(data, last - base) is None:
            raise Unfit(Unfitness.END)
        # 7.5.5; the chain speaks of none beyond it
        self.next_number = integer(self.trailer.get(b"Size", b""))
        following = max([run[1] for run in self._runs], default=0)
        if not following <= self.next_number < _HIGHEST_NUMBER:
            raise Unfit(Unfitness.SIZE)

    @property
    def ends_a_line(self) -> bool:
        """Whether the last byte ends a line."""
        return self._data[-1] in b"\r\n"

    # --- objects

    def dictionary(self, num: int, gen: int, own: Written | None = None) -> Entries:
        """The dictionary that is this object, no stream, sooner when it is written as `own`. Raises `Unfit` when it is
        anything else."""
        data, position = self._data, self._short(num, gen)
        if position < 0:
            where, extra, packed = self._place(num)
            if packed:
                if gen:
                    raise Unfit(Unfitness.OBJECT_NOT_THERE)
                return entries(self._packed(where, extra, num))[0]
            data, position, _ = self._object(where, extra, num, gen)
        if own is not None and (known := own.read(data, position)) is not None:
            return known[0]
        found, end = entries(data, position)
        if _ENDOBJ.match(data, end) is None:
            raise Unfit(Unfitness.STREAM_OBJECT)
        return found

    def raw(self, num: int, gen: int) -> bytes:
        """The bytes of an object between `obj` and `endobj`. Raises `Unfit` when it is long."""
        data, position = self._data, self._short(num, gen)
        if position < 0:
            where, extra, packed = self._place(num)
            if packed:
                return self._packed(where, extra, num)
            data, position, _ = self._object(where, extra, num, gen)
        end = data.find(b"endobj", position, position + _WINDOW)
        if end < 0:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[position:end]

    def signature(self, num: int, gen: int, own: re.Pattern[bytes]) -> tuple[re.Match[bytes] | None, bytes]:
        """A signature dictionary: as `own` matches it up to the `<` of its /Contents, or its bytes without what
        /Contents, which is long, holds."""
        data, position = self._data, self._short(num, gen)
        if position < 0:
            where, extra, packed = self._place(num)
            if packed:
                raise Unfit(Unfitness.PACKED_OBJECT)
            data, position, _ = self._object(where, extra, num, gen, _LARGEST_SIGNATURE)
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

    def own_signature(self, num: int, gen: int, own: re.Pattern[bytes]) -> tuple[bytes, int, bytes]:
        """A signature dictionary that ends with its /Contents: as `own` matches it up to the `<`, the offset in the
        file of what follows, and that up to the `>`."""
        where, extra, packed = self._place(num)
        if packed:
            raise Unfit(Unfitness.PACKED_OBJECT)
        data, position, base = self._object(where, extra, num, gen, _LARGEST_SIGNATURE)
        head = own.match(data, position)
        closing = data.find(b">", head.end()) if head else -1
        if head is None or not data.startswith(b">>>\nendobj\n", closing):
            raise Unfit(Unfitness.LONG_OBJECT)
        return head[0], base + head.end(), data[head.end() : closing]

    def stream_head(self, num: int, gen: int) -> bytes:
        """The bytes of a stream object's dictionary, its data unread."""
        where, extra, packed = self._place(num)
        if packed:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        data, position, _ = self._object(where, extra, num, gen)
        end = data.find(b"stream", position, position + _WINDOW)
        if end < 0:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[position:end]

    def _object(
        self, where: int, extra: int, num: int, gen: int, length: int = _WINDOW
    ) -> tuple[bytes, int, int]:
        """A buffer, where the object's value begins in it, and the buffer's offset in the file."""
        data, base = self._window(where, length)
        head = b"%d %d obj\n" % (num, gen)
        if extra == gen and data.startswith(head, where - base):  # as most programs write it
            return data, where - base + len(head) - 1, base
        found = _OBJECT.match(data, where - base)
        if found is None or (int(found[1]), int(found[2])) != (num, gen) or extra != gen:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        return data, found.end(), base

    def _short(self, num: int, gen: int) -> int:
        """Where in `_data` the object's value begins, the short way of `_place` and `_object`: a table's usual row and
        the object as most programs write it, both in memory. -1 when it is otherwise; nothing is refused here."""
        data, base = self._data, self._base
        for first, following, rows, at in self._runs:
            if first <= num < following:
                at += 20 * (num - first) - base
                if rows is not None or at < 0 or gen:
                    return -1
                offset = data[at : at + 10]
                if not offset.isdigit() or not data.startswith(MOST_ROWS, at + 10):
                    return -1
                where = int(offset) - base
                head = b"%d 0 obj\n" % num
                return where + len(head) - 1 if where > 0 and data.startswith(head, where) else -1
        return -1

    def _place(self, num: int) -> Place:
        for first, following, rows, at in self._runs:
            if first <= num < following:
                if rows is None:
                    at += 20 * (num - first)
                    data, base = (self._data, self._base) if at >= self._base else self._window(at, 20)
                    where, extra, kind = table_row(data, at - base)
                else:
                    where, extra, kind = rows.row(at, num - first)
                if kind == PACKED or (kind == IN_USE and 0 < where < self.size):
                    return where, extra, kind == PACKED
                break
        raise Unfit(Unfitness.OBJECT_NOT_THERE)

    def _packed(self, where: int, index: int, num: int) -> bytes:
        """The dictionary of an object stream's object (7.5.7)."""
        if where not in self._members:
            self._members[where] = unpacked(*self.stream(where, 0), self._room)
        data, members = self._members[where]
        if index >= len(members) or members[index][0] != num:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        start = members[index][1]
        end = entries(data, start)[1]
        if end - start > _WINDOW:
            raise Unfit(Unfitness.LONG_OBJECT)
        return data[start:end]

    def stream(self, num: int, gen: int) -> tuple[bytes, Entries]:
        """A stream object's bytes, still encoded, and its dictionary."""
        where, extra, packed = self._place(num)
        if packed:
            raise Unfit(Unfitness.OBJECT_NOT_THERE)
        data, position, base = self._object(where, extra, num, gen)
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

    def _chain(self) -> tuple[Entries, bool, int]:
        """Take up the sections along /Prev, newest first: the newest one's trailer, whether it is a stream, and where
        the last one in the file ends."""
        newest, in_stream, last = self._section(self.startxref)
        trailer, known = newest, [self.startxref]
        while (raw := trailer.get(b"Prev")) is not None:
            offset = integer(raw)
            if len(known) >= _MOST_SECTIONS or offset in known:
                raise Unfit(Unfitness.SECTION_CHAIN)
            known.append(offset)
            trailer, _, end = self._section(offset)
            last = max(last, end)
        return newest, in_stream, last

    def _section(self, offset: int) -> tuple[Entries, bool, int]:
        """Take up one section's runs: its trailer, whether it is a stream, where its trailer or data end."""
        if not 0 < offset < self.size:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        data, base = self._window(offset, _WINDOW)
        if (own := own_table(data, base, offset, newest=offset == self.startxref)) is not None:
            runs, trailer, end = own
            self._runs += runs
            return trailer, False, end
        table = _TABLE.match(data, offset - base)
        if table is None:
            trailer, end = self._stream_section(data, base, offset)
        else:
            trailer, end = self._table_section(data, base, table.end(), offset)
        if b"Encrypt" in trailer:
            raise Unfit(Unfitness.ENCRYPTED)
        return trailer, table is None, end

    def _table_section(self, data: bytes, base: int, at: int, offset: int) -> tuple[Entries, int]:
        following = 0
        while not data.startswith(b"trailer", at):
            run = _RUN.match(data, at)
            if run is None:
                raise Unfit(Unfitness.CROSS_REFERENCE)
            first, count = int(run[1]), int(run[2])
            if first < following:
                raise Unfit(Unfitness.CROSS_REFERENCE)
            start = run.end() if run[3] is None else run.start(3)
            following, at = first + count, start + 20 * count
            if count and (run[3] is None or not (count == 1 or self._row_at(base + at - 20))):
                raise Unfit(Unfitness.LOOSE_TABLE)
            self._runs.append((first, following, None, base + start))
            if base < self._base:  # the rest may be beyond what was read
                position = base + at
                data, base = self._window(position, _WINDOW)
                at = position - base
        trailer, end = self._trailer(data, at, offset)
        if b"XRefStm" in trailer:
            raise Unfit(Unfitness.HYBRID)
        return trailer, base + end

    def _row_at(self, position: int) -> bool:
        data, base = self._window(position, 20)
        return is_row(data, position - base)

    def _trailer(self, data: bytes, position: int, offset: int) -> tuple[Entries, int]:
        """The trailer's entries, of a plain one of an earlier section /Prev alone; and its end."""
        plain = None if offset == self.startxref else _PLAIN_TRAILER.match(data, position)
        if plain is not None and data.count(b"/Prev", position, plain.end()) <= 1:
            return ({} if plain[1] is None else {b"Prev": plain[1]}), plain.end()
        head = _TRAILER.match(data, position)
        if head is None:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        return entries(data, head.end())

    def _stream_section(self, data: bytes, base: int, offset: int) -> tuple[Entries, int]:
        head = _OBJECT.match(data, offset - base)
        if head is None:
            raise Unfit(Unfitness.CROSS_REFERENCE)
        raw, found, end = self._stream_at(data, head.end(), base)
        if found.get(b"Type") != b"/XRef":
            raise Unfit(Unfitness.CROSS_REFERENCE)
        self._runs += StreamRows(raw, found, self._room).runs
        return found, end


def raw_of(file: NativeFile, raw: bytes) -> bytes:
    """The bytes of a dictionary that stands here or is referred to."""
    return raw if raw.startswith(b"<<") else file.raw(*reference(raw))


def common(file: NativeFile, raw: bytes) -> Entries:
    """A dictionary that stands here or is referred to, of a kind that many documents have alike (catalog, form, output
    intent): the same bytes are taken apart once. The result is shared: it is not to be changed."""
    return taken_apart(raw_of(file, raw))


def alone(raw: bytes) -> Entries:
    """The one dictionary that these bytes are, taken apart for this call."""
    found, end = entries(raw)
    if raw[end:].strip(b"\0\t\n\f\r "):
        raise Unfit(Unfitness.STREAM_OBJECT)
    return found


taken_apart = remembered(alone)
