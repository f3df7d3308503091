"""Insecurity of forms and actions: what runs, sends, computes or opens, brought along after the signature."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import INSECURE, Found, attack
from tests.attacks.pdf.certification import annotation
from tests.attacks.pdf.saving import annotations_of
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    DATE,
    FORM,
    LEADER,
    NUMBER,
    PAGE,
    SEAL,
    append,
    catalog,
    form,
    page,
    stream,
)

_FIELDS = [LEADER, NUMBER, DATE, SEAL]
_SCRIPT = {"S": Name("JavaScript"), "JS": b"this.getField('Number').value = '51'"}
_SUBMIT = {"S": Name("SubmitForm"), "F": {"FS": Name("URL"), "F": b"https://example.com/"}}
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_FORBIDDEN = "TOTAL-FAILED/FORMAT_FAILURE"


def _entry(num: int, **entries: object):
    return lambda data: append(data, {num: {**PdfFile.of(data).get(num), **entries}})


def _in_catalog(**entries: object):
    return lambda data: append(data, {CATALOG: catalog(**entries)})


def _found(word: str, *ids: str) -> Found:
    return Found(word, ("Leader",), ids)


_CATALOG = _found(_SUSPICIOUS, "change.catalog-changed")
_FIELD = _found(_SUSPICIOUS, "change.field-changed")
_FORM = _found(_SUSPICIOUS, "change.form-changed")
_PAGE = _found(_FORBIDDEN, "change.page-changed")
_WAYS = {
    "a script opens with the document": (_in_catalog(OpenAction=_SCRIPT), _CATALOG),
    "the document is sent when it opens": (_in_catalog(OpenAction=_SUBMIT), _CATALOG),
    "another file opens with the document": (
        _in_catalog(OpenAction={"S": Name("GoToR"), "F": b"other.pdf", "D": [0, Name("Fit")]}),
        _CATALOG,
    ),
    "a program is started": (_in_catalog(OpenAction={"S": Name("Launch"), "F": b"calc.exe"}), _CATALOG),
    "the document opens at another place": (
        _in_catalog(OpenAction=[Ref(PAGE), Name("XYZ"), 0, 0, 9]),
        _CATALOG,
    ),
    "a script by name": (
        _in_catalog(Names={"JavaScript": {"Names": [b"a", _SCRIPT]}}),
        _CATALOG,
    ),
    "an attachment": (
        _in_catalog(Names={"EmbeddedFiles": {"Names": [b"a", {"Type": Name("Filespec"), "F": b"a.exe"}]}}),
        _CATALOG,
    ),
    "a script before printing": (_in_catalog(AA={"WP": _SCRIPT}), _CATALOG),
    "another way to show": (_in_catalog(ViewerPreferences={"HideMenubar": True}), _CATALOG),
    "layers": (_in_catalog(OCProperties={"OCGs": [], "D": {}}), _CATALOG),
    "requirements": (_in_catalog(Requirements=[{"S": Name("EnableJavaScripts")}]), _CATALOG),
    "a portfolio": (_in_catalog(Collection={"View": Name("H")}), _CATALOG),
    "a script of the page": (
        lambda data: append(data, {PAGE: page(annotations_of(data), AA={"O": _SCRIPT})}),
        _PAGE,
    ),
    "a thumbnail": (
        lambda data: append(data, {PAGE: page(annotations_of(data), Thumb=Ref(80)), 80: stream(b"")}),
        _PAGE,
    ),
    "a field computes": (_entry(NUMBER, AA={"C": _SCRIPT}), _FIELD),
    "a field formats": (_entry(NUMBER, AA={"F": _SCRIPT}), _FIELD),
    "a field checks": (_entry(NUMBER, AA={"V": _SCRIPT}), _FIELD),
    "a field acts when it is pressed": (_entry(NUMBER, A=_SUBMIT), _FIELD),
    "the seal acts when it is pressed": (_entry(SEAL, A=_SUBMIT), _FIELD),
    "a field has a default": (_entry(NUMBER, DV=b"51"), _FIELD),
    "a field is read-only": (_entry(NUMBER, Ff=1), _FIELD),
    "a field is a password": (_entry(NUMBER, Ff=8192), _FIELD),
    "a field has rich text": (_entry(NUMBER, RV=b"<p>51</p>"), _FIELD),
    "a field is as long as one letter": (_entry(NUMBER, MaxLen=1), _FIELD),
    "an order of computing": (lambda data: append(data, {FORM: form(_FIELDS, CO=[Ref(NUMBER)])}), _FORM),
    "the form is drawn by its reader": (
        lambda data: append(data, {FORM: form(_FIELDS, NeedAppearances=True)}),
        _FORM,
    ),
    "another form in XML": (
        lambda data: append(data, {FORM: form(_FIELDS, XFA=Ref(80)), 80: stream(b"<xdp/>")}),
        _FORM,
    ),
    "a button": (
        lambda data: append(
            data,
            {
                FORM: form([*_FIELDS, 80]),
                PAGE: page([*annotations_of(data), 80]),
                80: build.field("Button", "Btn", Ff=65536, A=_SCRIPT),
            },
        ),
        _found(_SUSPICIOUS, "change.field-added", "change.annotation-added"),
    ),
    "a text field": (
        lambda data: append(
            data,
            {
                FORM: form([*_FIELDS, 80]),
                PAGE: page([*annotations_of(data), 80]),
                80: build.field("Text", "Tx", (45, 695, 245, 715), V=b"gia", DA=b"/F1 12 Tf"),
            },
        ),
        _found(_SUSPICIOUS, "change.field-added"),
    ),
    "a link over the page": (
        lambda data: append(
            data,
            {
                PAGE: page([*annotations_of(data), 80]),
                80: annotation("Link", A={"S": Name("URI"), "URI": b"x:"}),
            },
        ),
        _found(_SUSPICIOUS, "change.annotation-added"),
    ),
    "a film over the page": (
        lambda data: append(
            data, {PAGE: page([*annotations_of(data), 80]), 80: annotation("RichMedia", RichMediaContent={})}
        ),
        _found(_SUSPICIOUS, "change.annotation-added"),
    ),
    "an entry of the trailer": (
        lambda data: append(data, {}, extra={"AntiVirus": {"Ok": True}}),
        _found(_SUSPICIOUS, "change.trailer-changed"),
    ),
}


@attack("insecure forms and actions", INSECURE, {name: found for name, (_, found) in _WAYS.items()})
def brought_along(desk, variant, malicious):
    data = desk.signed()
    if malicious:
        return _WAYS[variant][0](data)
    return append(data, build.numbered())
