"""Whole documents, drawn by hypothesis: object graphs in every cross-reference form, with forms to be signed.

    blueprint = data.draw(blueprints())
    path = blueprint.write(folder)

A `Blueprint` says everything about one document and prints as what it takes to build it again.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pikepdf
from hypothesis import strategies as st

from signer.creation.append import Revision, append
from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, Stream, serialize, serialize_indirect
from signer.document.text_strings import encode_text
from tests.factories.pdfa_file import XMP
from tests.signer.document import build

RECTS = ((60, 300, 210, 360), (300, 300, 420, 350), (60, 420, 180, 480))


class Form(StrEnum):
    """How the newest cross-reference section of the unsigned file is written."""

    TABLE = "table"
    LOOSE = "table, lines of 19 bytes"
    ONE_RUN = "table, one run with unused numbers"
    STREAM = "stream"
    PACKED = "object streams"
    LINEAR = "linearised"
    LINEAR_PACKED = "linearised, object streams"
    HYBRID = "hybrid"


class Locks(StrEnum):
    NONE = "none"
    ALL = "all"
    INCLUDE = "include"
    EXCLUDE = "exclude"


@dataclass(frozen=True)
class Blueprint:
    """One document. `names` are the signature fields, in the order in which they are signed."""

    form: Form = Form.TABLE
    version: str = "1.7"
    pages: int = 1
    fan: int = 3
    inherited: bool = False
    rotation: int = 0
    user_unit: int = 1
    crop: bool = False
    target: int = 0
    visible: bool = True
    nested: bool = False
    name: str = "Ký"
    locks: Locks = Locks.NONE
    annotations: str = "direct"
    texts: int = 0
    outlines: int = 0
    attachments: int = 0
    metadata: bool = False
    identified: bool = True
    updates: int = 0
    earlier: int = 0
    ending: bytes = b"%%EOF\n"

    @property
    def names(self) -> tuple[str, ...]:
        names = [f"{self.name} {index}" for index in range(3)]
        return tuple(f"Khối.{name}" if self.nested else name for name in names)

    @property
    def page(self) -> int:
        return self.target % self.pages

    def write(self, folder: Path) -> Path:
        """The unsigned file in `folder`."""
        path = folder / "base.pdf"
        path.write_bytes(_in_form(self, _Graph(self)))
        for number in range(self.updates):
            _update(path, number)
        data = path.read_bytes()
        path.write_bytes(data[: data.rindex(b"%%EOF")] + self.ending)
        return path


class _Graph:
    """The objects of a blueprint by number; 1 is the catalog, 7 the information dictionary."""

    def __init__(self, plan: Blueprint) -> None:
        self.plan = plan
        self.objects: dict[int, object] = {build.CATALOG: {}, build.INFO: {"Producer": b"(a) \\ b"}}
        self.optional: list[Ref] = []
        self.font = self.add(build.FONT)
        self.pages = [self.reserve() for _ in range(plan.pages)]
        widgets, fields = self._form()
        root = self.reserve()
        self._page_tree(root, widgets)
        catalog = {"Type": Name("Catalog"), "Pages": root, "AcroForm": fields}
        self.objects[build.CATALOG] = {**catalog, **self._extras()}

    def reserve(self) -> Ref:
        ref = Ref(max(self.objects) + 1)
        self.objects[ref.num] = None
        return ref

    def add(self, value: object) -> Ref:
        ref = self.reserve()
        self.objects[ref.num] = value
        return ref

    def _page_tree(self, root: Ref, widgets: list[Ref]) -> None:
        plan = self.plan
        shared = {
            "MediaBox": [0, 0, 595, 842],
            "Rotate": plan.rotation,
            "Resources": {"Font": {"F1": self.font}},
            **({"CropBox": [20, 30, 575, 812]} if plan.crop else {}),
        }
        for index, ref in enumerate(self.pages):
            text = b"BT /F1 12 Tf 50 700 Td (Trang %d) Tj ET\n0.9 g 40 40 80 80 re f" % index
            page = {"Type": Name("Page"), "Contents": self.add(build.flate(text))}
            if not plan.inherited:
                page.update(shared)
            if plan.user_unit > 1:
                page["UserUnit"] = plan.user_unit
            if index == plan.page:
                page.update(self._annotations(widgets))
            self.objects[ref.num] = page
        self._level(root, self.pages)
        if plan.inherited:
            self.objects[root.num] = {**self.objects[root.num], **shared}

    def _level(self, node: Ref, pages: list[Ref]) -> None:
        """A tree in which no node has more than `fan` kids."""
        fan = max(2, self.plan.fan)
        kids = pages
        if len(pages) > fan:
            size = math.ceil(len(pages) / fan)
            kids = []
            for start in range(0, len(pages), size):
                below = self.reserve()
                self._level(below, pages[start : start + size])
                self.objects[below.num]["Parent"] = node
                kids.append(below)
        else:
            for page in pages:
                self.objects[page.num]["Parent"] = node
        self.objects[node.num] = {"Type": Name("Pages"), "Kids": list(kids), "Count": len(pages)}

    def _annotations(self, widgets: list[Ref]) -> dict[str, object]:
        link = self.add(
            {"Type": Name("Annot"), "Subtype": Name("Link"), "Rect": [10, 10, 30, 30], "Border": [0, 0, 0]}
        )
        annotations = [link, *widgets]
        return {"Annots": annotations if self.plan.annotations == "direct" else self.add(annotations)}

    def _form(self) -> tuple[list[Ref], object]:
        plan = self.plan
        parent = self.add({"T": encode_text("Khối"), "FT": Name("Sig"), "Kids": []}) if plan.nested else None
        signed = []
        for name, rect in zip(plan.names, RECTS, strict=True):
            own = name.rpartition(".")[2]
            field = build.field("", "Sig", rect if plan.visible else (0, 0, 0, 0), P=self.pages[plan.page])
            field["T"] = encode_text(own)
            field["F"] = 132
            if plan.rotation:
                field["MK"] = {"R": plan.rotation}
            if parent is not None:
                del field["FT"]
                field["Parent"] = parent
            lock = self._lock(name)
            if lock is not None:
                field["Lock"] = lock
            signed.append(self.add(field))
        if parent is not None:
            self.objects[parent.num]["Kids"] = list(signed)
        texts = [self.add(self._text(number)) for number in range(plan.texts)]
        roots = [parent] if parent is not None else list(signed)
        form = {"Fields": [*texts, *roots], "SigFlags": 3, "DR": {"Font": {"F1": self.font}}}
        return [*signed, *texts], self.add(form) if plan.pages % 2 else form

    def _lock(self, name: str) -> Ref | None:
        locks, names = self.plan.locks, self.plan.names
        if locks is Locks.NONE:
            return None
        lock: dict[str, object] = {"Type": Name("SigFieldLock"), "Action": Name(locks.value.capitalize())}
        if locks is Locks.EXCLUDE:
            lock["Fields"] = [encode_text(one) for one in names[names.index(name) + 1 :]] or [b"-"]
        elif locks is Locks.INCLUDE:
            lock["Fields"] = [encode_text(one) for one in names[: names.index(name) + 1]]
        return self.add({**lock, "P": 2})

    def _text(self, number: int) -> dict[str, object]:
        value = f"Giá trị {number}"
        field = build.field(f"Text{number}", "Tx", (60, 100 + 30 * number, 160, 120 + 30 * number))
        field.update(P=self.pages[self.plan.page], DA=b"/F1 12 Tf 0 g", V=HexString(encode_text(value)))
        return field

    def _extras(self) -> dict[str, object]:
        plan = self.plan
        extras: dict[str, object] = {}
        if plan.metadata:
            extras["Metadata"] = self.add(
                build.stream(XMP.encode(), Type=Name("Metadata"), Subtype=Name("XML"))
            )
        if plan.attachments:
            names: list[object] = []
            for number in range(plan.attachments):
                data = self.add(build.flate(b"phu luc" * number, Type=Name("EmbeddedFile")))
                title = b"%d.txt" % number
                names += [title, self.add({"Type": Name("Filespec"), "F": title, "EF": {"F": data}})]
            extras["Names"] = {"EmbeddedFiles": {"Names": names}}
        if plan.outlines:
            extras["Outlines"] = self._outlines()
        return extras

    def _outlines(self) -> Ref:
        root = self.reserve()
        items = [self.reserve() for _ in range(self.plan.outlines)]
        for index, ref in enumerate(items):
            item: dict[str, object] = {"Title": encode_text(f"Mục {index}"), "Parent": root}
            item["Dest"] = [self.pages[index % len(self.pages)], Name("Fit")]
            if index:
                item["Prev"] = items[index - 1]
            if index + 1 < len(items):
                item["Next"] = items[index + 1]
            self.objects[ref.num] = item
        head = {"Type": Name("Outlines"), "First": items[0], "Last": items[-1], "Count": len(items)}
        self.objects[root.num] = head
        self.optional = [root, *items]
        return root


def _in_form(plan: Blueprint, graph: _Graph) -> bytes:
    objects = graph.objects
    extra = {"ID": [HexString(b"0" * 16), HexString(b"1" * 16)]} if plan.identified else {}
    stream_form = plan.form is Form.STREAM
    if plan.form is Form.HYBRID:
        return _hybrid(plan, objects, [build.INFO, *(ref.num for ref in graph.optional)], extra)
    data = build.new(objects, version=plan.version.encode(), stream_form=stream_form, extra=extra)
    if plan.form in (Form.LOOSE, Form.ONE_RUN):
        return _one_table(data, objects, b"\n" if plan.form is Form.LOOSE else b" \n")
    how = {
        Form.PACKED: {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        Form.LINEAR: {"linearize": True},
        Form.LINEAR_PACKED: {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.generate},
    }.get(plan.form)
    if how is None:
        return data
    out = io.BytesIO()
    with pikepdf.Pdf.open(io.BytesIO(data)) as document:
        document.save(out, deterministic_id=True, **how)
    return out.getvalue()


def _one_table(data: bytes, objects: dict[int, object], line_end: bytes) -> bytes:
    """The same file with one subsection for all numbers; those that nothing uses are free."""
    with PdfFile.of(data) as pdf:
        start, entries = pdf.startxref, {num: pdf.entry(num) for num in objects}
    rows = [b"0000000000 65535 f" + line_end]
    for num in range(1, max(objects) + 1):
        entry = entries.get(num)
        rows.append((b"0000000000 00000 f" if entry is None else b"%010d 00000 n" % entry.where) + line_end)
    table = b"xref\n0 %d\n%b" % (len(rows), b"".join(rows))
    return data[:start] + table + data[data.index(b"trailer", start) :]


def _hybrid(
    plan: Blueprint, objects: dict[int, object], hidden: list[int], extra: dict[str, object]
) -> bytes:
    """As word processors write it: a table that hides what old readers can do without, then a second, empty
    table whose trailer names a cross-reference stream for all objects (7.5.8.4)."""
    holder, own = max(objects) + 1, max(objects) + 2
    bodies = [serialize(objects[num]) for num in hidden]
    starts = [sum(len(body) + 1 for body in bodies[:index]) for index in range(len(bodies))]
    index = b" ".join(b"%d %d" % pair for pair in zip(hidden, starts, strict=True)) + b" "
    packed = build.flate(index + b" ".join(bodies), Type=Name("ObjStm"), N=len(hidden), First=len(index))
    out = bytearray(b"%PDF-" + plan.version.encode() + b"\n%\xe2\xe3\xcf\xd3\n")
    where: dict[int, object] = {num: (holder, at) for at, num in enumerate(hidden)}
    for num, value in {**{n: v for n, v in objects.items() if n not in hidden}, holder: packed}.items():
        where[num] = len(out)
        out += serialize_indirect(Ref(num), value)
    trailer = {"Size": own + 1, "Root": Ref(build.CATALOG), "Info": Ref(build.INFO), **extra}
    stream_at = len(out)
    out += build.xref_stream({0: None, **where}, trailer, own, stream_at)
    table_at = len(out)
    rows = [where.get(num) for num in range(own)]
    out += b"xref\n0 %d\n" % len(rows)
    out += b"".join(
        b"%010d 00000 n \n" % row if isinstance(row, int) else b"0000000000 65535 f \n" for row in rows
    )
    out += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (serialize(trailer), table_at)
    second = len(out)
    out += b"xref\n0 0\ntrailer\n" + serialize({**trailer, "Prev": table_at, "XRefStm": stream_at})
    return bytes(out + b"\nstartxref\n%d\n%%%%EOF\n" % second)


def _update(path: Path, number: int) -> None:
    """One more revision of an unsigned file: another author, and a text on the first page."""
    with PdfFile.open(path) as pdf:
        revision = Revision(pdf)
        info = pdf.trailer.get("Info")
        if isinstance(info, Ref):
            revision.put(info, {**pdf.dictionary(info), "Author": b"%d" % number})
        page = pdf.page(0)
        drawn = revision.add(Stream({}, data=b"BT /F1 9 Tf 50 %d Td (sua) Tj ET" % (650 - 20 * number)))
        own = pdf.dictionary(page.ref)
        revision.put(page.ref, {**own, "Contents": [*_contents(pdf, own), drawn]})
        made = revision.appended()
    out = path.with_suffix(".next")
    append(path, made, out)
    out.replace(path)


def _contents(pdf: PdfFile, page: dict[str, object]) -> list[object]:
    contents = page.get("Contents")
    return pdf.array(contents) if isinstance(pdf.resolve(contents), list) else [contents]


def blueprints() -> st.SearchStrategy[Blueprint]:
    """Documents over all of the dimensions at once."""
    return st.builds(
        Blueprint,
        form=st.sampled_from(Form),
        version=st.sampled_from(("1.4", "1.5", "1.7", "2.0")),
        pages=st.integers(1, 9),
        fan=st.integers(2, 4),
        inherited=st.booleans(),
        rotation=st.sampled_from((0, 90, 180, 270)),
        user_unit=st.sampled_from((1, 1, 2)),
        crop=st.booleans(),
        target=st.integers(0, 8),
        visible=st.booleans(),
        nested=st.booleans(),
        name=st.sampled_from(("Signature", "Chữ ký số", "Ký (nháy)")),
        locks=st.sampled_from(Locks),
        annotations=st.sampled_from(("direct", "indirect")),
        texts=st.integers(0, 2),
        outlines=st.integers(0, 30),
        attachments=st.integers(0, 2),
        metadata=st.booleans(),
        identified=st.booleans(),
        updates=st.integers(0, 4),
        earlier=st.integers(0, 2),
        ending=st.sampled_from((b"%%EOF\n", b"%%EOF\r\n", b"%%EOF")),
    )
