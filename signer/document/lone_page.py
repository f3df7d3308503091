"""One page copied out of a file, alone: a small file for PDFium, which would else hold the large one in memory.

Pictures, patterns and what leads out of the page are left out; the rest is unpacked within a limit. Text and
where it stands is the same.
"""

from __future__ import annotations

from typing import Any

from signer.document import filters
from signer.document.objects import Name, Ref, Stream
from signer.document.pages import Page
from signer.document.reader import PdfFile
from signer.document.serializing import serialize, serialize_indirect

MAX_ANNOTATIONS = 200
MAX_OBJECTS = 5_000
_PAGE_KEYS = ("MediaBox", "CropBox", "Rotate", "UserUnit", "Resources", "Contents")
# Pictures, colours, structure: no text stands there. /Parent and /P lead out of the page.
_DROPPED = frozenset(
    {
        "Pattern", "Shading", "ExtGState", "ColorSpace", "Properties", "Parent", "P", "StructParent",
        "StructParents", "Metadata", "PieceInfo", "Group", "OC", "Ref", "OPI", "LastModified",
    }
)  # fmt: skip
_PLAIN = frozenset({int, float, bytes, Name})  # as they stand: nothing in them leads anywhere


def lone_page(pdf: PdfFile, page: Page, limit: int) -> bytes:
    """The page as a file of its own, with the appearances of its annotations.

    Raises `DocumentRefused` when it unpacks to more than `limit` bytes or is broken.
    """
    return _Copy(pdf, limit).of_page(page)


class _Copy:
    """One page with what it needs, as a small file: object 1 is the catalog, 2 the page tree, 3 the page."""

    def __init__(self, pdf: PdfFile, limit: int) -> None:
        self._pdf = pdf
        self._limit = limit
        self._left = limit
        self._numbers: dict[Ref, int] = {}
        self._todo: list[Ref] = []

    def of_page(self, page: Page) -> bytes:
        kept: dict[str, Any] = {key: page.dict[key] for key in _PAGE_KEYS if key in page.dict}
        annotations = self._pdf.array(page.dict.get("Annots"))[:MAX_ANNOTATIONS]
        drawn = [shown for item in annotations if (shown := self._drawn(item)) is not None]
        if drawn:
            kept["Annots"] = drawn
        root = {"Type": Name("Catalog"), "Pages": Ref(2)}
        tree = {"Type": Name("Pages"), "Count": 1, "Kids": [Ref(3)]}
        alone = {**self._copied(kept), "Type": Name("Page"), "Parent": Ref(2)}
        bodies = [serialize_indirect(Ref(n), value) for n, value in ((1, root), (2, tree), (3, alone))]
        while self._todo:
            ref = self._todo.pop()
            value = self._pdf.resolve(ref)
            bodies.append(serialize_indirect(Ref(self._numbers[ref]), self._copied(value)))
        return _assembled(sorted(bodies, key=_number_of))

    def _drawn(self, item: Any) -> dict[str, Any] | None:
        annotation = self._pdf.dictionary(item)
        normal = self._pdf.dictionary(annotation.get("AP")).get("N")
        if not isinstance(self._pdf.resolve(normal), Stream) or "Rect" not in annotation:
            return None
        kind = {"Type": Name("Annot"), "Subtype": Name("Stamp"), "F": 4}
        return {**kind, "Rect": annotation["Rect"], "AP": {"N": normal}}

    def _copied(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self._reference(value)
        if isinstance(value, Stream):
            return self._stream(value)
        if isinstance(value, dict):
            return {key: self._copied(item) for key, item in value.items() if key not in _DROPPED}
        if isinstance(value, list):
            if _is_plain(value):
                return value
            return [self._copied(item) for item in value]
        return value

    def _reference(self, ref: Ref) -> Ref | None:
        if ref not in self._numbers:
            if len(self._numbers) >= MAX_OBJECTS:
                return None
            self._numbers[ref] = len(self._numbers) + 4
            self._todo.append(ref)
        return Ref(self._numbers[ref])

    def _stream(self, stream: Stream) -> Stream | None:
        if stream.dict.get("Subtype") in ("Image", "XML"):
            return None
        names = self._pdf.resolve(stream.dict.get("Filter"))
        used = names if isinstance(names, list) else [] if names is None else [names]
        if not all(filters.is_general(self._pdf.resolve(name)) for name in used):
            return None
        data = self._pdf.stream_data(stream, self._left)
        self._left -= len(data)
        entries = {k: v for k, v in stream.dict.items() if k not in ("Filter", "DecodeParms", "Length")}
        return Stream(self._copied(entries), data=data)


def _is_plain(value: list[Any]) -> bool:
    """Whether an array stands as it is: rectangles, and the rows of widths that composite fonts have."""
    kinds = set(map(type, value))
    if kinds == {int, list}:
        kinds = {int, *(type(item) for row in value if type(row) is list for item in row)}
    return kinds <= _PLAIN


def _number_of(body: bytes) -> int:
    return int(body[: body.index(b" ")])


def _assembled(bodies: list[bytes]) -> bytes:
    head = b"%PDF-1.7\n"
    out = [head]
    table = [b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)]
    position = len(head)
    for body in bodies:
        table.append(b"%010d 00000 n \n" % position)
        out.append(body)
        position += len(body)
    trailer = serialize({"Size": len(bodies) + 1, "Root": Ref(1)})
    return b"".join([*out, *table, b"trailer\n", trailer, b"\nstartxref\n%d\n%%%%EOF\n" % position])
