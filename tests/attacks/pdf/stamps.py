"""Time-stamps that are good in themselves, and prove nothing: over other bytes, by others, of another time."""

from __future__ import annotations

import hashlib

from signer.creation import cms as cms_builder
from signer.document.reader import PdfFile
from signer.document.syntax import Ref
from tests.attacks.pdf.cases import CERTIFIED, RFC3161, Found, Made, attack
from tests.attacks.pdf.desk import NUMBERS
from tests.signer.document import build
from tests.signer.trust.forge import NOW, YEAR

_CONSTRAINTS = Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("verification.timestamp-wrong",))


def _signed(desk, token_of, role: str = "leader") -> bytes:
    key = desk.pki.signing_key(role)

    def make(signed: bytes) -> bytes:
        cms = cms_builder.build(hashlib.sha256(signed).digest(), key)
        return cms_builder.with_token(cms, token_of(cms, signed))

    return desk.sign(build.prepared(), cms=make)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _altered(token: bytes) -> bytes:
    at = token.index(b"20261120030000Z")
    return token[:at] + b"20251120030000Z" + token[at + 15 :]


_TOKENS = {
    "over the document": lambda desk, _, signed: desk.token(_sha256(signed)),
    "over the whole CMS": lambda desk, cms, _: desk.token(_sha256(cms)),
    "over another signature": lambda desk, _, __: desk.token(_sha256(b"another signature")),
    "its time is altered": lambda desk, cms, _: _altered(
        desk.token(_sha256(cms_builder.signature_value(cms)))
    ),
    "it is no time-stamp": lambda desk, _, signed: cms_builder.build(_sha256(signed), desk.pki.tsa),
}


@attack("valid time-stamp over other bytes", RFC3161, dict.fromkeys(_TOKENS, _CONSTRAINTS))
def of_a_signature(desk, variant, malicious):
    made = _TOKENS[variant]
    if malicious:
        return _signed(desk, lambda cms, signed: made(desk, cms, signed))
    return _signed(desk, lambda cms, _: desk.token(_sha256(cms_builder.signature_value(cms))))


@attack(
    "valid time-stamp over other bytes",
    RFC3161,
    {
        "a document time-stamp over other bytes": Found(
            "TOTAL-FAILED/HASH_FAILURE", ("DTS40",), ("verification.timestamp-wrong",)
        )
    },
)
def of_a_document(desk, variant, malicious):
    if not malicious:
        return desk.stamp_document(desk.signed())
    return desk.stamp_document(desk.signed(), over=b"other bytes")


@attack(
    "sneaky signature attack",
    CERTIFIED,
    dict.fromkeys(
        ("a time-stamp in a field over the text", "a time-stamp in the field of the seal"),
        Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("change.document-timestamp-added",)),
    ),
)
def drawn(desk, variant, malicious):
    """Anybody gets a time-stamp. In a file that nobody certified or locked, its field draws what it wants."""
    data = desk.signed()
    drawing = build.text_appearance(b"Quyet dinh gia")
    if variant.endswith("the seal"):
        num, also, field = build.SEAL, {}, PdfFile.of(data).get(build.SEAL)
    else:
        num = 70
        numbers = [*NUMBERS, num]
        field = build.field("Sneaky", "Sig", (45, 695, 245, 715))
        also = {build.FORM: build.form(numbers), build.PAGE: build.page(numbers)}
    if not malicious:
        field = {**field, "T": b"Unseen", "Rect": [0, 0, 0, 0]}
        num, numbers = 70, [*NUMBERS, 70]
        also = {build.FORM: build.form(numbers), build.PAGE: build.page(numbers)}
    return desk.sign(
        data,
        num,
        71,
        cms=lambda signed: desk.token(_sha256(signed)),
        subfilter="ETSI.RFC3161",
        kind="DocTimeStamp",
        field_value={**field, **({"AP": {"N": Ref(72)}} if malicious else {})},
        also={**also, **({72: drawing} if malicious else {})},
    )


_WRONG_TIMES = {
    "signed after the certificate ended": ("expired", "INDETERMINATE/OUT_OF_BOUNDS_NO_POE"),
    "signed before the certificate began": ("not-yet-valid", "TOTAL-FAILED/NOT_YET_VALID"),
    "signed after the certificate was revoked": ("revoked", "INDETERMINATE/REVOKED_NO_POE"),
}


@attack(
    "claimed time",
    RFC3161,
    {name: Found(word, ("Leader",)) for name, (_, word) in _WRONG_TIMES.items()},
)
def of_the_signer(desk, variant, malicious):
    """The signer claims a time at which his certificate was good; the time-stamp says another."""
    role = _WRONG_TIMES[variant][0] if malicious else "leader"
    made = _signed(desk, lambda cms, _: desk.token(_sha256(cms_builder.signature_value(cms))), role)
    return made


@attack(
    "claimed time",
    RFC3161,
    {"expired since, and only the claim is older": Found("INDETERMINATE/OUT_OF_BOUNDS_NO_POE", ("Leader",))},
)
def of_long_ago(desk, variant, malicious):
    data = desk.signed()
    return Made(data, at=NOW + 4 * YEAR) if malicious else data
