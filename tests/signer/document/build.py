"""Raw PDF files for tests: a writer of revisions that does whatever it is told, right or wrong."""

from __future__ import annotations

import zlib

from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, Stream, serialize, serialize_indirect

HOLE = 64
FONT = {
    "Type": Name("Font"),
    "Subtype": Name("Type1"),
    "BaseFont": Name("Helvetica"),
    "Encoding": Name("WinAnsiEncoding"),
}
CATALOG, PAGES, PAGE, CONTENT, FORM, FONT_REF, INFO = 1, 2, 3, 4, 5, 6, 7


def stream(data: bytes, **entries) -> Stream:
    return Stream(dict(entries), data=data)


def flate(data: bytes, **entries) -> Stream:
    return Stream({**entries, "Filter": Name("FlateDecode")}, data=zlib.compress(data))


def table(offsets: dict[int, int | None], freed_generation: int = 1) -> bytes:
    """A cross-reference table; None frees an object."""
    out = [b"xref\n"]
    for num in sorted(offsets):
        where = offsets[num]
        line = b"%010d %05d f\r\n" % (0, freed_generation) if where is None else b"%010d 00000 n\r\n" % where
        out.append(b"%d 1\n%b" % (num, b"0000000000 65535 f\r\n" if num == 0 else line))
    return b"".join(out)


def xref_stream(offsets: dict[int, int | None], trailer: dict, num: int, at: int) -> bytes:
    offsets = {**offsets, num: at}
    rows, index = [], []
    for key in sorted(offsets):
        where = offsets[key]
        index += [key, 1]
        if where is None:
            rows.append(b"\0" + bytes(5))
        elif isinstance(where, tuple):
            rows.append(b"\2" + where[0].to_bytes(4, "big") + bytes((where[1],)))
        else:
            rows.append(b"\1" + where.to_bytes(4, "big") + b"\0")
    value = flate(b"".join(rows), **{**trailer, "Type": Name("XRef"), "W": [1, 4, 1], "Index": index})
    return serialize_indirect(Ref(num), value)


def new(
    objects: dict[int, object],
    *,
    root: int = CATALOG,
    version: bytes = b"1.7",
    stream_form: bool = False,
    extra=None,
) -> bytes:
    """A file of one revision."""
    return append(
        b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n",
        objects,
        root=root,
        first=True,
        stream_form=stream_form,
        extra=extra,
    )


def append(
    base: bytes,
    objects: dict[int, object],
    *,
    root: int = CATALOG,
    freed: tuple[int, ...] = (),
    first: bool = False,
    stream_form: bool = False,
    prev: int | None = None,
    extra: dict | None = None,
    end_mark: bytes = b"%%EOF\n",
    gens: dict[int, int] | None = None,
) -> bytes:
    """One more revision at the end of `base`."""
    out = bytearray(base)
    offsets: dict[int, int | None] = {0: None} if first else {}
    for num, value in objects.items():
        offsets[num] = len(out)
        out += serialize_indirect(Ref(num, (gens or {}).get(num, 0)), value)
    offsets.update(dict.fromkeys(freed))
    size = max([*offsets, 0 if first else PdfFile.of(base).next_object_number - 1]) + 1
    trailer: dict = {"Size": size, "Root": Ref(root), "Info": Ref(INFO)}
    if not first:
        trailer = {**trailer, "Prev": PdfFile.of(base).startxref if prev is None else prev}
    trailer.update(extra or {})
    at = len(out)
    if stream_form:
        trailer["Size"] = size + 1
        out += xref_stream(offsets, trailer, size, at)
    else:
        out += table(offsets) + b"trailer\n" + serialize(trailer) + b"\n"
    out += b"startxref\n%d\n" % at + end_mark
    return bytes(out)


def text_appearance(text: bytes, *, font: int = FONT_REF, extra: bytes = b"") -> Stream:
    return stream(
        b"/Tx BMC q BT /F1 12 Tf 2 5 Td (" + text + b") Tj ET Q EMC " + extra,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 100, 20],
        Resources={"Font": {"F1": Ref(font)}},
    )


def field(name: str, kind: str, rect=(10, 10, 110, 30), **entries) -> dict:
    return {
        "Type": Name("Annot"),
        "Subtype": Name("Widget"),
        "FT": Name(kind),
        "T": name.encode(),
        "Rect": list(rect),
        "P": Ref(PAGE),
        "F": 4,
        **entries,
    }


# The prepared document: leader 10, number 11, date 12, seal 13.
LEADER, NUMBER, DATE, SEAL = 10, 11, 12, 13


def prepared(**options) -> bytes:
    """One page and a form with the four fields, in two revisions, as the service prepares it."""
    base = new(
        {
            CATALOG: {"Type": Name("Catalog"), "Pages": Ref(PAGES)},
            PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE)], "Count": 1},
            PAGE: page(),
            CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET"),
            FONT_REF: FONT,
            INFO: {"Producer": b"test"},
        },
        **options,
    )
    return append(
        base,
        {
            CATALOG: catalog(),
            PAGE: page([LEADER, NUMBER, DATE, SEAL]),
            FORM: form([LEADER, NUMBER, DATE, SEAL]),
            LEADER: field("Leader", "Sig", (300, 100, 400, 150)),
            NUMBER: field("Number", "Tx", DA=b"/F1 12 Tf"),
            DATE: field("Date", "Tx", (10, 40, 110, 60), DA=b"/F1 12 Tf"),
            SEAL: field("Seal", "Sig", (250, 100, 320, 150)),
        },
        **options,
    )


def catalog(**more) -> dict:
    return {"Type": Name("Catalog"), "Pages": Ref(PAGES), "AcroForm": Ref(FORM), **more}


def page(annotations=(), **more) -> dict:
    entries = {
        "Type": Name("Page"),
        "Parent": Ref(PAGES),
        "MediaBox": [0, 0, 595, 842],
        "Contents": Ref(CONTENT),
        "Resources": {"Font": {"F1": Ref(FONT_REF)}},
    }
    if annotations:
        entries["Annots"] = [Ref(n) for n in annotations]
    return {**entries, **more}


def form(fields, **more) -> dict:
    return {"Fields": [Ref(n) for n in fields], "SigFlags": 3, "DR": {"Font": {"F1": Ref(FONT_REF)}}, **more}


def lock(action: str, fields=(), level: int | None = 2) -> dict:
    parameters = {"Type": Name("TransformParams"), "Action": Name(action), "V": Name("1.2")}
    if fields:
        parameters["Fields"] = [name.encode() for name in fields]
    if level is not None:
        parameters["P"] = level
    return {
        "Type": Name("SigRef"),
        "TransformMethod": Name("FieldMDP"),
        "TransformParams": parameters,
        "Data": Ref(CATALOG),
    }


def certification(level: int) -> dict:
    parameters = {"Type": Name("TransformParams"), "P": level, "V": Name("1.2")}
    return reference("DocMDP", parameters)


def reference(method: str, parameters: dict) -> dict:
    return {"Type": Name("SigRef"), "TransformMethod": Name(method), "TransformParams": parameters}


LEADER_LOCK = lock("Exclude", ["Number", "Date", "Seal"])
SEAL_LOCK = lock("All")


def signed(
    base: bytes,
    field_num: int,
    value_num: int,
    *,
    mdp: dict | None = None,
    also: dict[int, object] | None = None,
    subfilter: str = "ETSI.CAdES.detached",
    kind: str = "Sig",
    field_value: dict | None = None,
    **options,
) -> bytes:
    """One revision that puts a signature value (its bytes are no real CMS) into a field."""
    current = field_value or PdfFile.of(base).get(field_num)
    value = {
        "Type": Name(kind),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name(subfilter),
        "ByteRange": [0, 9_999_999_999, 9_999_999_999, 9_999_999_999],
        "Contents": HexString(bytes(HOLE)),
    }
    if mdp is not None:
        value["Reference"] = [mdp]
    objects = {field_num: {**current, "V": Ref(value_num)}, value_num: value, **(also or {})}
    return fill_range(append(base, objects, **options))


def fill_range(data: bytes) -> bytes:
    place = data.rindex(b"[0 9999999999")
    stop = data.index(b"]", place) + 1
    hole = data.index(b"<" + b"0" * (2 * HOLE), stop)
    after = hole + 2 * HOLE + 2
    text = b"[0 %d %d %d]" % (hole, after, len(data) - after)
    return data[:place] + text.ljust(stop - place) + data[stop:]


def numbered(text: bytes = b"15", drawn: bytes | None = None) -> dict[int, object]:
    """Number and date filled, with their appearances at 21 and 22."""
    return {
        NUMBER: field("Number", "Tx", DA=b"/F1 12 Tf", V=text, AP={"N": Ref(21)}),
        DATE: field("Date", "Tx", (10, 40, 110, 60), DA=b"/F1 12 Tf", V=b"01/11/2026", AP={"N": Ref(22)}),
        21: text_appearance(text if drawn is None else drawn),
        22: text_appearance(b"01/11/2026"),
    }


def leader_signed(**options) -> bytes:
    return signed(prepared(**options), LEADER, 20, mdp=LEADER_LOCK, **options)


def sealed(drawn: bytes | None = None, **options) -> bytes:
    """The whole legal path: prepared, leader, number with date and seal."""
    return signed(
        leader_signed(**options),
        SEAL,
        23,
        mdp=SEAL_LOCK,
        also=numbered(drawn=drawn),
        **options,
    )


def with_validation_data(base: bytes, num: int = 30) -> bytes:
    """A revision with a DSS."""
    return append(
        base,
        {
            CATALOG: catalog(DSS=Ref(num)),
            num: {"Type": Name("DSS"), "Certs": [Ref(num + 1)], "VRI": {"AA": {"Cert": [Ref(num + 1)]}}},
            num + 1: stream(b"certificate"),
        },
    )


def with_document_timestamp(base: bytes, num: int = 40, kind: str = "DocTimeStamp") -> bytes:
    """A revision with a document time-stamp in a new invisible field."""
    pdf = PdfFile.of(base)
    fields = [ref.num for ref in pdf.dictionary(pdf.catalog["AcroForm"])["Fields"]]
    annotations = [ref.num for ref in pdf.page(0).dict["Annots"]]
    return signed(
        base,
        num,
        num + 1,
        subfilter="ETSI.RFC3161",
        kind=kind,
        field_value=field(f"DTS{num}", "Sig", (0, 0, 0, 0), F=132),
        also={FORM: form([*fields, num]), PAGE: page([*annotations, num])},
    )
