"""A PDF file by random access: what is asked for is read, nothing else (ISO 32000-2, 7.5).

    with PdfFile.open(path) as pdf:
        form = pdf.dictionary(pdf.catalog.get("AcroForm"))

Strict: a damaged cross-reference is refused, not repaired. Bounded: `ReaderLimits`. Memory does not grow with
the file: streams are known by offset and length, and read when asked for. Objects are shared between calls:
callers must not change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from policies.reasons import document as reasons
from signer.document import filters, object_streams, sections, syntax
from signer.document.decryption import Decryption, decryption_of
from signer.document.objects import DEFAULT_LIMITS, HexString, Name, PdfObject, ReaderLimits, Ref, Stream
from signer.document.pages import Page, PageTree
from signer.document.source import Source
from signer.document.xref import Entry, XrefSection
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

__all__ = ["Entry", "HexString", "Name", "Page", "PdfFile", "Ref", "Stream", "XrefSection"]

_MOST_KEPT = 3 << 20
_MOST_OBJECT_STREAMS = 8
_MOST_ENTRIES = 10_000
_MOST_DECODED, _LARGEST_DECODED = 24, 256 << 10
_DEEPEST_LOAD = 6
_LOOK_BEHIND = 1000  # bytes behind a member of an object stream: nobody puts so much space there
_SPACE_BEHIND = compile_pattern(rb"(?:[\0\t\n\x0b\f\r ]|%[^\r\n]*+[\r\n])*+")
_LONGEST_CHAIN = 16


class PdfFile:
    """One PDF file, or with `end` one of its earlier revisions.

    `header` is the version in the first line ("1.7"), `startxref` the offset that the last `startxref` names,
    `startxref_at` the offset of that keyword, `eof` the offset after the `%%EOF` (and one end of line) that
    follows it, or -1 when it is missing.
    """

    def __init__(
        self,
        source: Source,
        limits: ReaderLimits = DEFAULT_LIMITS,
        password: str | None = None,
        decryption: Decryption | None = None,
        known_sections: dict[int, XrefSection] | None = None,
    ) -> None:
        self._source = source
        self.limits = limits
        self.size = source.size
        self._cache: dict[int, tuple[int, PdfObject]] = {}
        self._entries: dict[int, Entry | None] = {}
        self.kept: dict[object, Any] = {}  # what others worked out about this view, by keys of their own
        self._parsed: dict[int, syntax.Indirect] = {}  # by offset; shared with earlier views of the file
        self._decoded: dict[tuple[int, int], bytes] = {}  # by place; shared likewise
        self._members: dict[int, tuple[bytes, list[tuple[int, int]]]] = {}
        self._loading: list[int] = []
        self._loaded = 0
        self._kept = 0
        self.header = sections.read_header(source)
        self.startxref_at, self.startxref, self.eof = sections.read_end(source)
        self._known_sections = {} if known_sections is None else known_sections
        self.sections = sections.read_sections(source, self.startxref, limits, self._known_sections)
        self.trailer: dict[str, Any] = self.sections[0].trailer
        self._decryption: Decryption | None = None
        if decryption is not None or any("Encrypt" in section.trailer for section in self.sections):
            self._decryption = decryption_of(self, password, decryption)
            self._cache.clear()  # what was resolved so far was read as if it were plain

    # --- opening

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        end: int | None = None,
        tail: bytes = b"",
        limits: ReaderLimits = DEFAULT_LIMITS,
        password: str | None = None,
    ) -> Self:
        """Open a file; `end` cuts it there (an earlier revision), `tail` stands for bytes appended to it.

        `password` opens an encrypted file; "" is what every reader tries first. Raises `DocumentRefused` when
        it is no PDF, damaged, beyond a limit, or encrypted and not opened; OSError when it cannot be read at all.
        """
        source = Source.open(Path(path), tail)
        try:
            return cls._over(source, end, limits, password)
        except BaseException:
            source.close()
            raise

    @classmethod
    def of(
        cls,
        data: bytes,
        *,
        end: int | None = None,
        limits: ReaderLimits = DEFAULT_LIMITS,
        password: str | None = None,
    ) -> Self:
        """The same for bytes in memory."""
        return cls._over(Source.of(data), end, limits, password)

    @classmethod
    def _over(cls, source: Source, end: int | None, limits: ReaderLimits, password: str | None) -> Self:
        file = cls(source if end is None else source.until(end), limits, password)
        file._opened = source
        return file

    _opened: Source | None = None

    def until(self, end: int) -> PdfFile:
        """This file as if it ended at `end`. Shares the open file; closed with it."""
        view = PdfFile(
            self._source.until(end),
            self.limits,
            decryption=self._decryption,
            known_sections=self._known_sections,
        )
        view._parsed = self._parsed
        return view

    def within(self, limits: ReaderLimits) -> PdfFile:
        """This file under other limits. Shares the open file, and what was parsed where the limits on single
        objects are the same; closed with it."""
        known = self._known_sections if limits == self.limits else None
        view = PdfFile(self._source, limits, decryption=self._decryption, known_sections=known)
        view._decoded = self._decoded
        if _single(limits) == _single(self.limits):
            view._parsed = self._parsed
        return view

    def close(self) -> None:
        """Close the file. Views made by `until` and `within` end with it."""
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, offset: int, length: int) -> bytes:
        """Raw bytes of the file; fewer at its end."""
        return self._source.read(offset, length)

    def read_into(self, view: memoryview, offset: int) -> int:
        """The same into memory that is there already; how many bytes it was, perhaps fewer than there are."""
        return self._source.read_into(view, offset)

    def same_bytes(self, stream: Stream, other: PdfFile, its: Stream) -> bool:
        """Whether two streams hold the same bytes, their filters not undone; read in blocks."""
        if stream.owner is not None or its.owner is not None:
            unmoved = (stream.start, stream.owner) == (its.start, its.owner) and self._source.shares(
                other._source
            )
            return unmoved or self.raw_data(stream) == other.raw_data(its)
        if stream.length != its.length:
            return False
        block = 1 << 20
        return all(
            self.read(stream.start + at, min(block, stream.length - at))
            == other.read(its.start + at, min(block, its.length - at))
            for at in range(0, stream.length, block)
        )

    @property
    def next_object_number(self) -> int:
        """The first number that no section has given away."""
        size = self.trailer.get("Size")
        highest = max(section.highest for section in self.sections) + 1
        number = max(highest, size if type(size) is int else 1)
        if number > self.limits.object_number:
            raise DocumentRefused(reasons.TOO_MANY_OBJECTS, objects=number, limit=self.limits.object_number)
        return number

    # --- objects

    def entry(self, num: int) -> Entry | None:
        """Where the newest version of an object is; None when no section speaks of it."""
        if num in self._entries:
            return self._entries[num]
        found: Entry | None = None
        for section in self.sections:
            found = section.entry(num)
            if found is not None:
                break
        if len(self._entries) > _MOST_ENTRIES:
            self._entries.clear()
        self._entries[num] = found
        return found

    def get(self, num: int) -> PdfObject:
        """The object of this number; None (null) when it is free or unknown (7.3.10).

        Raises `DocumentRefused` when something else is where it should be.
        """
        return self._get(num)[1]

    def _get(self, num: int) -> tuple[int, PdfObject]:
        if num in self._cache:
            return self._cache[num]
        entry = self.entry(num)
        if entry is None or entry.kind == "f":
            return -1, None
        if num in self._loading or len(self._loading) >= _DEEPEST_LOAD:
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        self._loading.append(num)
        try:
            value = self._load(num, entry) if entry.kind == "n" else self._compressed(num, entry)
        finally:
            self._loading.pop()
        found = (entry.extra if entry.kind == "n" else 0), value
        self._remember(num, found)
        return found

    def numbers(self) -> list[int]:
        """The numbers of all objects that are in use, in ascending order."""
        return sorted(num for num, entry in self.newest_entries() if entry.kind != "f")

    def newest_entries(self) -> Iterator[tuple[int, Entry]]:
        """Where the newest version of every object is, free ones too, those of the newest section first."""
        known: set[int] = set()
        for section in self.sections:
            for num, entry in section.items():
                if num not in known:
                    known.add(num)
                    if len(self._entries) < _MOST_ENTRIES:
                        self._entries[num] = entry
                    yield num, entry

    def load(self, num: int) -> PdfObject:
        """The object of this number, without keeping it; None when it is free or unknown. Raises as `get` does."""
        entry = self.entry(num)
        if entry is None or entry.kind == "f":
            return None
        return self._load(num, entry) if entry.kind == "n" else self._compressed(num, entry)

    def resolve(self, value: Any) -> PdfObject:
        """`value`, or what it refers to. A reference whose generation is not the object's reads as null."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(value, Ref):
                return value  # type: ignore[no-any-return]
            gen, found = self._get(value.num)
            value = found if gen == value.gen else None
        raise DocumentRefused(reasons.WRONG_TYPE, what="a chain of references")

    def dictionary(self, value: Any) -> dict[str, Any]:
        """`value` resolved to a dictionary (a stream's own for a stream); {} for null; else refused."""
        found = self.resolve(value)
        if isinstance(found, Stream):
            return found.dict
        if isinstance(found, dict):
            return found
        if found is None:
            return {}
        raise DocumentRefused(reasons.WRONG_TYPE, what="a dictionary was expected")

    def array(self, value: Any) -> list[Any]:
        """`value` resolved to an array; [] for null; else refused."""
        found = self.resolve(value)
        if isinstance(found, list):
            return found
        if found is None:
            return []
        raise DocumentRefused(reasons.WRONG_TYPE, what="an array was expected")

    def _remember(self, num: int, value: tuple[int, PdfObject]) -> None:
        self._loaded += 1
        if self._loaded > self.limits.objects:
            raise DocumentRefused(reasons.TOO_MANY_OBJECTS, objects=self._loaded, limit=self.limits.objects)
        self._cache[num] = value

    def _load(self, num: int, entry: Entry) -> PdfObject:
        if not 0 < entry.where < self.size:
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        found = self._parse_at(entry.where)
        if (found.num, found.gen) != (num, entry.extra):
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        value, owner = found.value, Ref(num, entry.extra)
        is_stream = found.stream_start >= 0 and isinstance(value, dict)
        hidden = self._is_encrypted(value if is_stream else None, num)
        if hidden and self._decryption is not None:
            value = self._decryption.value(value, owner)
        if not is_stream or not isinstance(value, dict):
            return value
        length = self.resolve(value.get("Length"))
        stream = sections.stream_at(self._source, value, entry.where + found.stream_start, length, num)
        stream.owner = owner if hidden else None
        return stream

    def indirect_at(self, offset: int) -> syntax.Indirect:
        """The plain object at `offset` as it stands there, whatever the tables say. Raises `DocumentRefused`."""
        if not 0 < offset < self.size:
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=0)
        return self._parse_at(offset)

    def end_of(self, offset: int) -> int:
        """The offset after the `endobj` of the plain object at `offset`, or at its stream's data."""
        return offset + self._parse_at(offset).end

    def _parse_at(self, offset: int) -> syntax.Indirect:
        known = self._parsed.get(offset)
        if known is not None and offset + known.end <= self.size:
            return known
        found = sections.grow(self._source, offset, syntax.parse_indirect, self.limits)
        self._make_room(found.end)
        self._parsed[offset] = found
        return found

    def _make_room(self, size: int) -> None:
        """Forget what was read when it is too much: parsed objects take about ten times their bytes."""
        self._kept += size
        if self._kept > _MOST_KEPT:
            self._kept = size
            self._cache.clear()
            self._parsed.clear()

    def _compressed(self, num: int, entry: Entry) -> PdfObject:
        data, index = self._object_stream(entry.where)
        if entry.extra >= len(index) or index[entry.extra][0] != num:
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        value, end = syntax.parse(data, index[entry.extra][1], self.limits)
        if _may_be_stream(data[end : end + _LOOK_BEHIND]):
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        self._make_room(end - index[entry.extra][1])
        return value

    def _object_stream(self, num: int) -> tuple[bytes, list[tuple[int, int]]]:
        known = self._members.get(num)
        if known is not None:
            return known
        entry = self.entry(num)
        stream = self.get(num) if entry is not None and entry.kind == "n" else None
        if not isinstance(stream, Stream) or stream.dict.get("Type") != "ObjStm":
            raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
        data = self.stream_data(stream, self.limits.object_stream_bytes)
        pairs = object_streams.index_of(num, stream.dict, data)
        if len(self._members) >= _MOST_OBJECT_STREAMS:
            del self._members[next(iter(self._members))]
        self._members[num] = data, pairs
        return data, pairs

    # --- streams

    def raw_data(self, stream: Stream, limit: int | None = None) -> bytes:
        """A stream's bytes as they stand in the file, decrypted. More than `limit` bytes are refused."""
        limit = self.limits.stream_bytes if limit is None else limit
        if stream.data is not None:
            return stream.data
        if stream.length > limit:
            raise DocumentRefused(reasons.BOMB, limit=limit)
        data = self._source.read(stream.start, stream.length)
        if stream.owner is None or self._decryption is None:
            return data
        return self._decryption.stream(stream.dict, data, stream.owner, self._crypt_filter(stream))

    def stream_data(
        self, stream: Stream, limit: int | None = None, made: Callable[[int], None] | None = None
    ) -> bytes:
        """A stream's bytes with its general filters undone (image codecs stay encoded).

        More than `limit` bytes (default: the reader's `stream_bytes`) at any step are refused. `made` is told of the
        bytes of each step that is taken.
        """
        limit = self.limits.stream_bytes if limit is None else limit
        names = self._one_or_many(stream.dict.get("Filter"))
        parameters = self._one_or_many(stream.dict.get("DecodeParms"))
        resolved = [
            {key: self.resolve(item) for key, item in given.items()} if isinstance(given, dict) else None
            for given in parameters
        ]
        if names == ["FlateDecode"] and not any(resolved) and stream.data is None and stream.owner is None:
            return self._inflated(stream, limit, made)
        return filters.decode(self.raw_data(stream, limit), names, resolved, limit, made)

    def _inflated(self, stream: Stream, limit: int, made: Callable[[int], None] | None) -> bytes:
        """A stream that is only deflated. A few small ones are kept: fonts and contents are asked for twice."""
        place = stream.start, stream.length
        data = self._decoded.get(place)
        if data is None or max(len(data), stream.length) > limit:
            data = filters.decode(self.raw_data(stream, limit), [Name("FlateDecode")], [], limit, made)
            if len(data) <= _LARGEST_DECODED and len(self._decoded) < _MOST_DECODED:
                self._decoded[place] = data
        return data

    # --- encryption

    def _is_encrypted(self, entries: PdfObject, num: int) -> bool:
        """Whether an object of its own is; `entries` is the dictionary of a stream, else None."""
        if self._decryption is None:
            return False
        encryption = self.trailer.get("Encrypt")
        its_own = isinstance(encryption, Ref) and encryption.num == num
        return not its_own and not (isinstance(entries, dict) and entries.get("Type") == "XRef")

    def _crypt_filter(self, stream: Stream) -> str | None:
        """What a stream's /Crypt filter, which stands first, names (7.4.10)."""
        names = self._one_or_many(stream.dict.get("Filter"))
        if not names or names[0] != "Crypt":
            return None
        given = self._one_or_many(stream.dict.get("DecodeParms"))
        name = self.resolve(given[0].get("Name")) if given and isinstance(given[0], dict) else None
        return str(name) if isinstance(name, str) else "Identity"

    def _one_or_many(self, value: Any) -> list[PdfObject]:
        found = self.resolve(value)
        if found is None:
            return []
        return [self.resolve(item) for item in found] if isinstance(found, list) else [found]

    # --- the document

    @cached_property
    def catalog(self) -> dict[str, Any]:
        """The document catalog (7.7.2)."""
        root = self.resolve(self.trailer.get("Root"))
        if not isinstance(root, dict):
            raise DocumentRefused(reasons.WRONG_TYPE, what="/Root")
        return root

    @cached_property
    def _pages(self) -> PageTree:
        return PageTree(self, self.catalog.get("Pages"))

    def page(self, index: int) -> Page:
        """The page at `index` (0 is the first); reads no further than that page."""
        return self._pages.page(index)

    def page_or_none(self, index: int) -> Page | None:
        """The page at `index`, or None after the last one; reads no further than that page."""
        return self._pages.page_or_none(index)

    def pages(self) -> list[Page]:
        """All pages, in order."""
        return self._pages.all()

    @property
    def page_tree_nodes(self) -> frozenset[int]:
        """The numbers of the objects that hold the pages, whatever they say that they are."""
        return self._pages.nodes()

    @property
    def page_count(self) -> int:
        """How many pages there are: counted, not believed."""
        return len(self._pages.all())


def _single(limits: ReaderLimits) -> tuple[int, int, int]:
    return limits.depth, limits.object_bytes, limits.object_items


def _may_be_stream(behind: bytes) -> bool:
    """Whether data may follow a member of an object stream: no stream lies in another (7.5.7); some readers take it."""
    space = _SPACE_BEHIND.match(behind)
    rest = behind[space.end() :] if space else behind
    return rest.startswith((b"stream", b"%")) or (not rest and len(behind) == _LOOK_BEHIND)
