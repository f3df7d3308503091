"""What some readers draw and others do not: drawings without a box, flags beyond 32 bits.

Anybody gets a document time-stamp. Its field lies flat, or is hidden, and draws over the page all the same.
"""

from __future__ import annotations

import hashlib

from cryptography import x509

from api.demo import tsa as demo_tsa
from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from signer.creation import cms as cms_builder
from signer.document.syntax import Name, Ref
from signer.keys.software import SoftwareKey
from tests.attacks.pdf.cases import CERTIFIED, Found, attack
from tests.attacks.pdf.saving import annotations_of
from tests.signer.document.build import FONT_REF, FORM, PAGE, field, form, page, stream
from tests.signer.trust import forge
from tests.signer.trust.forge import NOW

FIELD, DRAWING, FACE = 70, 72, 73
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_PAGE_SIZE = [0, 0, 595, 842]
_COVER = b"1 g 0 0 595 842 re f 0 g BT /F1 12 Tf 50 700 Td (Quyet dinh gia) Tj ET"


def drawing(content: bytes = _COVER, **entries: object) -> object:
    """A form XObject; without /BBox unless one is given."""
    return stream(
        content,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        Resources={"Font": {"F1": Ref(FONT_REF)}},
        **entries,
    )


def time_stamped(desk, data: bytes, drawn: object, rect=(0, 0, 0, 0), cms=None, **entries: object) -> bytes:
    """A document time-stamp in a new field that has this drawing."""
    numbers = [*annotations_of(data), FIELD]
    appearance = entries.pop("AP", {"N": Ref(DRAWING)})
    return desk.sign(
        data,
        FIELD,
        71,
        cms=cms or (lambda signed: desk.token(hashlib.sha256(signed).digest())),
        subfilter="ETSI.RFC3161",
        kind="DocTimeStamp",
        field_value=_placed(rect, **{"F": 132, "AP": appearance, **entries}),
        also={FORM: form(numbers), PAGE: page(numbers), DRAWING: drawn},
    )


def _placed(rect, **entries: object) -> dict:
    found = field("Stamp", "Sig", rect or (0, 0, 0, 0), **entries)
    return found if rect else {key: value for key, value in found.items() if key != "Rect"}


_BOXED = drawing(BBox=_PAGE_SIZE)
_PAINTED = drawing(b"1 g 0 0 595 842 re f", BBox=_PAGE_SIZE)
POINT = drawing(BBox=[0, 0, 0, 0])
_SMALL_LETTERS = b"q .1 0 0 .1 0 0 cm BT /F1 120 Tf 50 700 Td (Quyet dinh gia) Tj ET Q"
# Drawing, rectangle, further entries; of the attack and of its twin.
_DRAWN = {
    "in a field without a box": ((drawing(), (0, 0, 0, 0), {}), (_PAINTED, (0, 0, 0, 0), {})),
    "in a field whose letters are as small as nothing": (
        (drawing(_SMALL_LETTERS, BBox=_PAGE_SIZE), (100, 700, 100, 700), {}),
        (drawing(_SMALL_LETTERS, BBox=[0, 0, 0, 0]), (100, 700, 100, 700), {}),
    ),
    "in a field whose matrix makes its letters small": (
        (drawing(BBox=_PAGE_SIZE, Matrix=[0.1, 0, 0, 0.1, 0, 0]), (100, 700, 100, 700), {}),
        (_PAINTED, (100, 700, 100, 700), {}),
    ),
    "in a field with a box of three numbers": (
        (drawing(BBox=[0, 0, 595]), (0, 0, 0, 0), {}),
        (drawing(BBox=[0, 0, 0, 0]), (0, 0, 0, 0), {}),
    ),
    "in a field with a box of names": (
        (drawing(BBox=[Name("a")] * 4), (0, 0, 0, 0), {}),
        (drawing(BBox=[0.5] * 4), (0, 0, 0, 0), {}),
    ),
    "in a field with a box beyond all numbers": (
        (drawing(BBox=[-(10**10), -(10**10), 10**10, 10**10]), (0, 0, 0, 0), {}),
        (_PAINTED, (9, 9, 9, 9), {}),
    ),
    "in a field whose face has no box": (
        (drawing(), (0, 0, 0, 0), {"AP": {"N": {"On": Ref(DRAWING)}}, "AS": Name("On")}),
        (POINT, (0, 0, 0, 0), {"AP": {"N": {"On": Ref(DRAWING)}}, "AS": Name("On")}),
    ),
    "in a field that draws under the pointer, without a box": (
        (drawing(), (0, 0, 0, 0), {"AP": {"R": Ref(DRAWING)}}),
        (POINT, (0, 0, 0, 0), {"AP": {"R": Ref(DRAWING)}}),
    ),
    "in a field whose appearances are a drawing": (
        (drawing(N=Ref(DRAWING)), (0, 0, 0, 0), {"AP": Ref(DRAWING)}),
        (drawing(b""), (0, 0, 0, 0), {}),
    ),
    "in a field without a rectangle": (
        (POINT, None, {}),
        (POINT, (0, 0, 0, 0), {}),
    ),
    "hidden by a 33rd bit": ((_BOXED, _PAGE_SIZE, {"F": (1 << 32) + 2}), (_BOXED, _PAGE_SIZE, {"F": 2})),
    "hidden by a 32nd bit": ((_BOXED, _PAGE_SIZE, {"F": (1 << 31) + 2}), (_BOXED, _PAGE_SIZE, {"F": 134})),
    "hidden by less than nothing": (
        (_BOXED, _PAGE_SIZE, {"F": 2 - (1 << 31)}),
        (_BOXED, _PAGE_SIZE, {"F": 2}),
    ),
}


@attack(
    "sneaky signature attack",
    CERTIFIED,
    {
        f"a time-stamp {name}": Found(_SUSPICIOUS, ("Leader",), ("change.document-timestamp-added",))
        for name in _DRAWN
    },
)
def over_the_page(desk, variant, malicious):
    evil, good = _DRAWN[variant.removeprefix("a time-stamp ")]
    drawn, rect, entries = evil if malicious else good
    return time_stamped(desk, desk.certified(2), drawn, rect, **entries)


def authority_of(issuer=None, **dates: object):
    """A time-stamp authority with a certificate of this issuer; without one it issued it to itself."""
    purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING])
    made = forge.issue("Nobody's time-stamps", issuer, extensions=[(purpose, True)], **dates)
    above = () if issuer is None else (issuer.der,)
    key = SoftwareKey(made.key, made.der, above, SignatureAlgorithm(Scheme.ECDSA, Digest.SHA256))

    def token(signed: bytes) -> bytes:
        imprint = demo_tsa.tsp.MessageImprint(
            {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(signed).digest(),
            }
        ).dump()
        info = demo_tsa._tst_info(imprint, None, NOW)
        return cms_builder.build_encapsulated(cms_builder.TST_INFO, info, key)

    return token


@attack(
    "sneaky signature attack",
    CERTIFIED,
    {
        "a time-stamp of an authority that nobody knows": Found(
            "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND", ("Stamp",)
        )
    },
)
def of_nobody(desk, _variant, malicious):
    """The document is as good as its worst signature, and this one is worth nothing."""
    token = authority_of() if malicious else None
    return time_stamped(desk, desk.certified(2), POINT, cms=token)
