"""Incremental saving attack: after the signature, something is appended that a viewer shows, and no check looks at."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize_indirect
from tests.attacks.pdf.cases import REFUND, Found, attack
from tests.signer.document import build
from tests.signer.document.build import CONTENT, PAGE, PAGES, append, catalog, page, stream

_FORBIDDEN = "TOTAL-FAILED/FORMAT_FAILURE"
_HIDDEN = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_EVIL = stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh gia) Tj ET")
_BODY = serialize_indirect(Ref(CONTENT), _EVIL)


def _changed(*ids: str) -> Found:
    return Found(_FORBIDDEN, ("Leader",), tuple(f"change.{each}" for each in ids))


_HIDDEN_BYTES = Found(
    _HIDDEN,
    ("Leader",),
    ("verification.hidden-bytes", "change.hidden-bytes", "verification.changes-suspicious"),
)


def _whole_page(data: bytes) -> dict[int, object]:
    return {PAGE: page(annotations_of(data), Contents=Ref(70)), 70: _EVIL}


def annotations_of(data: bytes) -> list[int]:
    """The annotations of the page as it is."""
    pdf = PdfFile.of(data)
    return [ref.num for ref in pdf.array(pdf.page(0).dict["Annots"])]


def _new_tree(data: bytes) -> dict[int, object]:
    return {
        build.CATALOG: catalog(Pages=Ref(70)),
        70: {"Type": Name("Pages"), "Kids": [Ref(71)], "Count": 1},
        71: {**page(annotations_of(data)), "Parent": Ref(70), "Contents": Ref(72)},
        72: _EVIL,
    }


def _one_more_page(_data: bytes) -> dict[int, object]:
    return {
        PAGES: {"Type": Name("Pages"), "Kids": [Ref(70), Ref(PAGE)], "Count": 2},
        70: {**page(), "Contents": Ref(71)},
        71: _EVIL,
    }


_UPDATES = {
    "the content is written anew": (lambda _: {CONTENT: _EVIL}, _changed("page-content-changed")),
    "the page gets other content": (_whole_page, _changed("page-changed")),
    "the catalog gets other pages": (_new_tree, _changed("page-tree-changed")),
    "a page is put in front": (_one_more_page, _changed("page-added")),
    "the page grows a second content": (
        lambda data: {PAGE: page(annotations_of(data), Contents=[Ref(CONTENT), Ref(70)]), 70: _EVIL},
        _changed("page-changed"),
    ),
    "the page is turned": (
        lambda data: {PAGE: page(annotations_of(data), Rotate=180)},
        _changed("page-changed"),
    ),
    "the page is cropped": (
        lambda data: {PAGE: page(annotations_of(data), CropBox=[0, 0, 595, 400])},
        _changed("page-changed"),
    ),
}


@attack("incremental saving attack", REFUND, {name: found for name, (_, found) in _UPDATES.items()})
def in_a_table(desk, variant, malicious):
    data = desk.signed()
    return append(data, _UPDATES[variant][0](data)) if malicious else data


@attack(
    "incremental saving attack",
    REFUND,
    {f"{name}, in a stream": found for name, (_, found) in _UPDATES.items()},
)
def in_a_stream(desk, variant, malicious):
    data = desk.once(
        "signed, in a stream", lambda: desk.sign(build.prepared(stream_form=True), stream_form=True)
    )
    made = _UPDATES[variant.removesuffix(", in a stream")][0]
    return append(data, made(data), stream_form=True) if malicious else data


def _copied(data: bytes) -> bytes:
    """The signature is there once more, with its ByteRange, so that a viewer finds it at the end again."""
    pdf = PdfFile.of(data)
    return append(data, {CONTENT: _EVIL, 20: pdf.get(20)})


def _copied_elsewhere(data: bytes) -> bytes:
    pdf = PdfFile.of(data)
    return append(
        data, {CONTENT: _EVIL, 70: pdf.get(20), build.LEADER: {**pdf.get(build.LEADER), "V": Ref(70)}}
    )


def _with_table_only(data: bytes) -> bytes:
    """Nothing but a cross-reference table, which leads to an object inside of a stream that is signed."""
    return append(data, {}, freed=(CONTENT,))


_BYTES = {
    "without cross-references": (lambda data: data + b"\n" + _BODY, _HIDDEN_BYTES),
    "without cross-references, with an end": (lambda data: data + b"\n" + _BODY + b"%%EOF\n", _HIDDEN_BYTES),
    "with a trailer alone": (
        lambda data: data + b"\n" + _BODY + b"trailer\n<</Size 30/Root 1 0 R>>\n%%EOF\n",
        _HIDDEN_BYTES,
    ),
    "with an empty table": (
        lambda data: data + b"\n" + _BODY + b"xref\ntrailer\n<</Size 30/Root 1 0 R>>\n%%EOF\n",
        _HIDDEN_BYTES,
    ),
    "the signature is copied": (
        _copied,
        Found(_FORBIDDEN, ("Leader",), ("verification.byte-range",)),
    ),
    "the signature is copied to another number": (
        _copied_elsewhere,
        Found(_FORBIDDEN, ("Leader",), ("verification.byte-range",)),
    ),
    "without an end mark": (
        lambda data: append(data, {CONTENT: _EVIL}, end_mark=b""),
        Found(_FORBIDDEN, ("Leader",), ("change.page-content-changed", "change.no-end-mark")),
    ),
    "an object is freed": (_with_table_only, _changed("page-content-changed")),
    "the update before is skipped": (
        lambda data: append(append(data, {70: _EVIL}), {CONTENT: _EVIL}, prev=PdfFile.of(data).startxref),
        Found(_FORBIDDEN, ("Leader",), ("change.page-content-changed", "change.unreachable-revision")),
    ),
    "the signed revision is skipped": (
        lambda data: append(
            data,
            {CONTENT: _EVIL, build.LEADER: PdfFile.of(data).get(build.LEADER)},
            prev=PdfFile.of(build.prepared()).startxref,
        ),
        Found("NO-SIGNATURE", (), ("verification.structure-suspicious",)),
    ),
}


@attack("incremental saving attack", REFUND, {name: found for name, (_, found) in _BYTES.items()})
def in_bytes_of_its_own(desk, variant, malicious):
    data = desk.signed()
    return _BYTES[variant][0](data) if malicious else data
