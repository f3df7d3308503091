"""Signature hiding: a later revision makes a file that was signed and altered look unsigned, or signed by others."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import REFUND, Found, attack
from tests.attacks.pdf.saving import annotations_of
from tests.signer.document import build
from tests.signer.document.build import CATALOG, DATE, FORM, LEADER, NUMBER, PAGE, SEAL, append, form, page

_FORBIDDEN = "TOTAL-FAILED/FORMAT_FAILURE"
_BOTH = ("Leader", "Seal")


def _without(data: bytes, num: int, key: str) -> dict[int, object]:
    return {num: {name: value for name, value in PdfFile.of(data).get(num).items() if name != key}}


_WAYS = {
    "the form is dropped": (
        lambda data: append(data, {CATALOG: {"Type": Name("Catalog"), "Pages": Ref(build.PAGES)}}),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.form-dropped")),
    ),
    "the form is empty": (
        lambda data: append(data, {FORM: {"Fields": []}}),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.field-removed")),
    ),
    "the form is freed": (
        lambda data: append(data, {}, freed=(FORM,)),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.form-dropped")),
    ),
    "the form is another": (
        lambda data: append(data, {CATALOG: build.catalog(AcroForm=Ref(90)), 90: form([])}),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.field-removed")),
    ),
    "the field is taken from the form": (
        lambda data: append(data, {FORM: form([LEADER, NUMBER, DATE])}),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.field-removed")),
    ),
    "the field and its place are taken away": (
        lambda data: append(
            data,
            {
                FORM: form([LEADER, NUMBER, DATE]),
                PAGE: page([num for num in annotations_of(data) if num != SEAL]),
            },
        ),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.annotation-removed")),
    ),
    "the field is freed": (
        lambda data: append(data, {}, freed=(SEAL,)),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.field-removed")),
    ),
    "the value is freed": (
        lambda data: append(data, {}, freed=(23,)),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.signature-removed")),
    ),
    "the value is taken from the field": (
        lambda data: append(data, _without(data, SEAL, "V")),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.signature-removed")),
    ),
    "the value is no signature any more": (
        lambda data: append(data, {23: {"Type": Name("Sig")}}),
        Found(
            _FORBIDDEN,
            ("Seal", "Leader", "Seal"),
            ("verification.hidden-signature", "change.signature-replaced"),
        ),
    ),
    "the field is a text field now": (
        lambda data: append(data, {SEAL: {**PdfFile.of(data).get(SEAL), "FT": Name("Tx")}}),
        Found(_FORBIDDEN, _BOTH, ("change.field-changed",)),
    ),
    "the field has another name": (
        lambda data: append(data, {SEAL: {**PdfFile.of(data).get(SEAL), "T": b"Other"}}),
        Found(_FORBIDDEN, ("Leader", "Other"), ("change.field-changed",)),
    ),
    "the place is hidden": (
        lambda data: append(data, {SEAL: {**PdfFile.of(data).get(SEAL), "F": 2}}),
        Found(_FORBIDDEN, _BOTH, ("change.field-changed",)),
    ),
    "the flag of signatures is taken away": (
        lambda data: append(data, {FORM: form([LEADER, NUMBER, DATE, SEAL], SigFlags=0)}),
        Found(_FORBIDDEN, _BOTH, ("change.form-changed",)),
    ),
    "the catalog is another": (
        lambda data: append(data, {90: {"Type": Name("Catalog"), "Pages": Ref(build.PAGES)}}, root=90),
        Found(_FORBIDDEN, _BOTH, ("verification.hidden-signature", "change.form-dropped")),
    ),
    "another's signature is in its field": (
        lambda data: append(data, {SEAL: {**PdfFile.of(data).get(SEAL), "V": Ref(20)}}),
        Found(
            _FORBIDDEN,
            ("Leader", "Seal", "Seal"),
            ("verification.hidden-signature", "change.signature-replaced"),
        ),
    ),
}


@attack("signature hiding", REFUND, {name: found for name, (_, found) in _WAYS.items()})
def by_a_later_revision(desk, variant, malicious):
    data = desk.sealed()
    return _WAYS[variant][0](data) if malicious else desk.stamp_document(data)
