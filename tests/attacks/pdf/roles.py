"""One object in two roles: what one role may change, the other shows.

The catalog is a font's dictionary as well, the form a graphics state, the page its own resources. Each prepared
document is signed by somebody who sees nothing amiss; the twin has the same update, and objects of one role each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream, serialize, serialize_indirect
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.attacks.pdf.shadow import NUMBERS
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    CONTENT,
    FONT,
    FONT_REF,
    FORM,
    INFO,
    PAGE,
    PAGES,
    SEAL,
    append,
    catalog,
    form,
    page,
    stream,
    xref_stream,
)

_OTHER, _NEW = 80, 81
_SWAPPED = {"Type": Name("Encoding"), "Differences": [0x31, Name("nine")]}
_FORBIDDEN, _SUSPICIOUS = "TOTAL-FAILED/FORMAT_FAILURE", "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_FONTS = {"Font": {"F1": Ref(FONT_REF)}}
Objects = dict[int, object]


@dataclass(frozen=True)
class _Roles:
    """`resources` of the page besides its font, what its content does with them, the objects of the signed document,
    and those of the update. `honest`: an update that is one, where the attacker's is none in itself."""

    resources: dict[str, object]
    operators: bytes
    signed: Objects
    update: Callable[[bytes], Objects]
    found: Found
    honest: Callable[[bytes], Objects] | None = None


def _drawing(words: bytes) -> object:
    """A form XObject that says these words."""
    return stream(
        b"BT /F1 12 Tf 50 600 Td (%b) Tj ET" % words,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 595, 842],
        Resources=_FONTS,
    )


def _entry(num: int, **entries: object) -> Callable[[bytes], Objects]:
    return lambda data: {num: {**PdfFile.of(data).get(num), **entries}}


def _redefined(*ids: str) -> Found:
    return Found(_SUSPICIOUS, ("Leader",), ids or ("change.object-redefined",))


_GHOST = b"q /%b gs BT /F1 12 Tf 50 600 Td (khong) Tj ET Q"
_AMOUNT = b"BT /%b 12 Tf 50 600 Td (100) Tj ET"
_ROLES = {
    "the catalog's metadata are drawn, and written anew": _Roles(
        {"XObject": Ref(CATALOG)},
        b"/Metadata Do",
        {CATALOG: catalog(Metadata=Ref(_OTHER)), _OTHER: _drawing(b"100")},
        lambda _: {CATALOG: catalog(Metadata=Ref(_NEW)), _NEW: _drawing(b"900")},
        _redefined(),
    ),
    "the catalog's metadata are drawn, and replaced in place": _Roles(
        {"XObject": Ref(CATALOG)},
        b"/Metadata Do",
        {CATALOG: catalog(Metadata=Ref(_OTHER)), _OTHER: _drawing(b"100")},
        lambda _: {_OTHER: _drawing(b"900")},
        _redefined(),
    ),
    "the catalog's extensions are a graphics state": _Roles(
        {"ExtGState": Ref(CATALOG)},
        _GHOST % b"Extensions",
        {CATALOG: catalog(Extensions={})},
        lambda _: {CATALOG: catalog(Extensions={"ca": 0})},
        _redefined(),
    ),
    "the security store is a font": _Roles(
        {"Font": Ref(CATALOG)},
        _AMOUNT % b"DSS",
        {CATALOG: catalog(DSS=Ref(_OTHER)), _OTHER: FONT},
        lambda _: {_OTHER: {**FONT, "Encoding": _SWAPPED}},
        _redefined(),
    ),
    "the form's resources are a graphics state": _Roles(
        {"ExtGState": Ref(FORM)},
        _GHOST % b"DR",
        {FORM: form(NUMBERS, DR={"Font": {}})},
        lambda _: {FORM: form(NUMBERS, DR={"Font": {}, "ca": 0})},
        _redefined(),
    ),
    "the form's resources are a font": _Roles(
        {"Font": Ref(FORM)},
        _AMOUNT % b"DR",
        {FORM: form(NUMBERS, DR={**FONT, "Encoding": None})},
        lambda _: {FORM: form(NUMBERS, DR={**FONT, "Encoding": _SWAPPED})},
        _redefined(),
    ),
    "the page is its own resources": _Roles(
        {"XObject": Ref(PAGE)},
        b"/LastModified Do",
        {_OTHER: _drawing(b"100")},
        lambda data: {**_entry(PAGE, LastModified=Ref(_NEW))(data), _NEW: _drawing(b"900")},
        Found(_FORBIDDEN, ("Leader",), ("change.page-changed",)),
        _entry(PAGE, LastModified=b"D:20261120030000Z"),
    ),
    "the time of a field is drawn": _Roles(
        {"XObject": Ref(SEAL)},
        b"/M Do",
        {},
        lambda data: {**_entry(SEAL, M=Ref(_NEW))(data), _NEW: _drawing(b"900")},
        Found(_SUSPICIOUS, ("Leader",), ("change.field-changed",)),
        _entry(SEAL, M=b"D:20261120030000Z"),
    ),
}


@attack("one object in two roles", SHADOW, {name: roles.found for name, roles in _ROLES.items()})
def in_two_roles(desk, variant, malicious):
    roles = _ROLES[variant]

    content = stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET " + roles.operators)
    if "Font" in roles.resources:
        content = stream(roles.operators)
    shown = page(NUMBERS, Resources={**_FONTS, **(roles.resources if malicious else {})})
    data = desk.sign(append(build.prepared(), {PAGE: shown, CONTENT: content, **roles.signed}))
    update = roles.update if malicious or roles.honest is None else roles.honest
    return append(data, update(data))


@attack(
    "one object in two roles",
    SHADOW,
    {"the information of the trailer is drawn": _redefined()},
)
def drawn_from_the_trailer(desk, _variant, malicious):
    """The page uses the newest cross-reference stream, which is the trailer, as its drawings."""
    base = build.prepared(stream_form=True)
    section = PdfFile.of(base).sections[0].number
    objects = {
        PAGE: page(NUMBERS, Resources={**_FONTS, **({"XObject": Ref(section)} if malicious else {})}),
        CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET /Info Do"),
        build.INFO: _drawing(b"100"),
    }
    data = desk.sign(append(base, objects, stream_form=True), stream_form=True)
    return append(data, {build.INFO: _drawing(b"900")}, stream_form=True)


@attack(
    "one object in two roles",
    SHADOW,
    {"a signature is a graphics state": Found(_SUSPICIOUS, ("Leader",), ("change.field-changed",))},
)
def signed_as_something_else(desk, variant, malicious):
    """The value of a field that is still empty is used by the page; who signs there decides what it does."""
    resources = {**_FONTS, "ExtGState": Ref(SEAL)}
    content = stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET " + _GHOST % b"V")
    base = append(build.prepared(), {PAGE: page(NUMBERS, Resources=resources), CONTENT: content})
    data = desk.once(f"roles {variant}", lambda: desk.sign(base))
    return desk.sign(data, SEAL, 23, role="seal", entries={"ca": 0} if malicious else None)


_PACKED, _SECTION = 90, 129
_HOLDERS = {
    "metadata": lambda ref: {CATALOG: catalog(Metadata=ref)},
    "extensions": lambda ref: {CATALOG: catalog(Extensions=ref)},
    "validation data": lambda ref: {CATALOG: catalog(DSS={"Certs": [ref]})},
    "information": lambda _: {},
}


@attack(
    "one object in two roles",
    SHADOW,
    {f"the {name} hold the page": _redefined("change.object-stream-redefined") for name in _HOLDERS},
)
def an_object_stream(desk, variant, malicious):
    """What may be written anew holds the page as an object stream; no reference says so. The twin's is a stream
    of its own."""
    name = variant.removeprefix("the ").removesuffix(" hold the page")
    holder = Ref(_PACKED if malicious else _OTHER)
    trailer = {"Info": holder if name == "information" else Ref(INFO)}
    objects = {_OTHER: stream(b"older"), _NEW: stream(b"BT /F1 12 Tf 50 700 Td (Gia mao) Tj ET")}
    base = append(build.prepared(), {**objects, **_HOLDERS[name](holder)})
    data = desk.sign(_with_packed_page(base, trailer), extra=trailer)
    later = {_PACKED: _packed_page(_NEW)} if malicious else {_OTHER: stream(b"newer")}
    return append(data, later, extra=trailer)


def _packed_page(contents: int) -> Stream:
    head = b"%d 0 " % PAGE
    body = serialize(page(NUMBERS, Contents=Ref(contents)))
    return stream(head + body, Type=Name("ObjStm"), N=1, First=len(head))


def _with_packed_page(base: bytes, trailer: dict[str, object]) -> bytes:
    """One more revision, with the page in an object stream."""
    data = base + serialize_indirect(Ref(_PACKED), _packed_page(CONTENT))
    entries = {"Size": _SECTION + 1, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref, **trailer}
    offsets = {_PACKED: len(base), PAGE: (_PACKED, 0)}
    section = xref_stream(offsets, entries, _SECTION, len(data))
    return data + section + b"startxref\n%d\n%%%%EOF\n" % len(data)


@attack(
    "one object in two roles",
    SHADOW,
    {
        f"the list of pages is {role}": Found(_FORBIDDEN, ("Leader",), ("change.page-tree-changed",))
        for role in ("a field", "a group of fields")
    },
)
def a_field_of_pages(desk, variant, malicious):
    """A field's kids may be written in another order; these are the pages, in a node that does not say what it is."""
    names = {"T": b"pages"} if variant.endswith("fields") else {"T": b"pages", "FT": Name("Tx")}
    tree = {"Kids": [Ref(PAGE), Ref(_OTHER)], "Count": 2, **(names if malicious else {})}
    second = page(T=b"page", Contents=Ref(_NEW)) if "FT" not in names else page(Contents=Ref(_NEW))
    objects = {
        PAGES: tree,
        _OTHER: second,
        _NEW: stream(b"BT /F1 12 Tf 50 700 Td (Trang hai) Tj ET"),
        FORM: form([*NUMBERS, PAGES] if malicious else NUMBERS),
    }
    data = desk.sign(append(build.prepared(), objects))
    if malicious:
        return append(data, {PAGES: {**tree, "Kids": [Ref(_OTHER), Ref(PAGE)]}})
    return desk.stamp_document(data)
