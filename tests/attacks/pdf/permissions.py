"""Violations of what a signer permitted: DocMDP levels and FieldMDP locks. Each twin does what is permitted."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import ISO, Found, attack
from tests.attacks.pdf.certification import annotation, with_annotation
from tests.attacks.pdf.saving import annotations_of
from tests.signer.document import build
from tests.signer.document.build import (
    CONTENT,
    DATE,
    NUMBER,
    PAGE,
    SEAL,
    append,
    page,
    stream,
    text_appearance,
)

_BROKEN = Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("verification.changes-forbidden",))


def _note(data: bytes) -> bytes:
    return with_annotation(data, annotation("Text", Contents=b"!", Rect=[500, 800, 520, 820]))


def _filled(data: bytes) -> bytes:
    return append(data, build.numbered())


def _redrawn(data: bytes) -> bytes:
    return append(data, {CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (khac) Tj ET")})


def _with_store(data: bytes) -> bytes:
    """Validation data: permitted at every level."""
    catalog = PdfFile.of(data).catalog
    return append(data, {build.CATALOG: {**catalog, "DSS": Ref(30)}, 30: {"Certs": []}})


_PERMITTED = {
    1: lambda desk, data: desk.stamp_document(_with_store(data)),
    2: lambda _, data: _filled(data),
    3: lambda _, data: _note(data),
}
_LEVELS = {
    "P=1, a field is filled": (1, lambda _, data: _filled(data)),
    "P=1, a note is added": (1, lambda _, data: _note(data)),
    "P=1, somebody signs": (1, lambda desk, data: desk.sign(data, SEAL, 23, role="seal")),
    "P=2, a note is added": (2, lambda _, data: _note(data)),
    "P=2, the page is written anew": (2, lambda _, data: _redrawn(data)),
    "P=3, the page is written anew": (3, lambda _, data: _redrawn(data)),
    "P=3, the page is turned": (
        3,
        lambda _, data: append(data, {PAGE: page(annotations_of(data), Rotate=90)}),
    ),
    "P=2, the certification is taken out of the catalog": (
        2,
        lambda _, data: _note(append(data, {build.CATALOG: build.catalog()})),
    ),
    "P=2, the level is written anew": (
        2,
        lambda _, data: _note(
            append(data, {20: {**PdfFile.of(data).get(20), "Reference": [build.certification(3)]}})
        ),
    ),
}


_REWRITTEN = Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("verification.byte-range",))


@attack(
    "DocMDP violation",
    ISO,
    {**dict.fromkeys(_LEVELS, _BROKEN), "P=2, the level is written anew": _REWRITTEN},
)
def of_the_level(desk, variant, malicious):
    level, break_ = _LEVELS[variant]
    data = desk.certified(level)
    return break_(desk, data) if malicious else _PERMITTED[level](desk, data)


def _locked_by(desk, action: str, names: tuple[str, ...], level: int | None) -> bytes:
    return desk.once(
        f"locked {action} {names} {level}",
        lambda: desk.sign(build.prepared(), mdp=build.lock(action, names, level)),
    )


def _number_only(data: bytes) -> bytes:
    made = build.numbered()
    return append(data, {NUMBER: made[NUMBER], 21: made[21]})


def _date_only(data: bytes) -> bytes:
    made = build.numbered()
    return append(data, {DATE: made[DATE], 22: made[22]})


_LOCKS = {
    "All": (("All", (), 2), _number_only, None),
    "Include, a field that is listed": (("Include", ("Number",), 2), _number_only, _date_only),
    "Include, without P": (("Include", ("Number",), None), _number_only, _date_only),
    "Exclude, a field that is not listed": (("Exclude", ("Date",), 2), _number_only, _date_only),
    "unknown action": (("Whatever", ("Date",), 2), _number_only, None),
}


@attack("FieldMDP violation", ISO, dict.fromkeys(_LOCKS, _BROKEN))
def of_a_lock(desk, variant, malicious):
    lock, break_, permitted = _LOCKS[variant]
    data = _locked_by(desk, *lock)
    if malicious:
        return break_(data)
    return desk.stamp_document(data) if permitted is None else permitted(data)


@attack(
    "FieldMDP violation",
    ISO,
    {
        "the number after the seal": Found(
            "TOTAL-FAILED/FORMAT_FAILURE", ("Seal",), ("verification.changes-forbidden",)
        ),
        "a signature field that is locked": Found(
            "TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("verification.changes-forbidden",)
        ),
        "the lock of the field itself": _BROKEN,
    },
)
def of_who_sealed(desk, variant, malicious):
    if variant == "the number after the seal":
        data = desk.sealed()
        made = build.numbered(b"51")
        evil = append(data, {NUMBER: {**made[NUMBER], "AP": {"N": Ref(80)}}, 80: text_appearance(b"51")})
        return evil if malicious else desk.stamp_document(data)
    if variant == "a signature field that is locked":
        data = _locked_by(desk, "Include", ("Seal",), None)
        return desk.sign(data, SEAL, 23, role="seal") if malicious else _filled(data)
    field = PdfFile.of(build.prepared()).get(build.LEADER)
    lock = {"Type": Name("SigFieldLock"), "Action": Name("Include"), "Fields": [b"Number"]}
    data = desk.sign(build.prepared(), field_value={**field, "Lock": lock})
    return _number_only(data) if malicious else _date_only(data)
