"""Cross-document replay: a signature or a time-stamp that is good in one document is put into another."""

from __future__ import annotations

import hashlib

from signer.document.reader import PdfFile
from tests.attacks.pdf.cases import ISO, RFC3161, Found, attack
from tests.attacks.pdf.desk import HOLE
from tests.signer.document import build
from tests.signer.document.build import CONTENT, LEADER, append, stream

_HASH = Found("TOTAL-FAILED/HASH_FAILURE", ("Leader",), ("verification.hash-wrong",))


def _contents(data: bytes) -> bytes:
    start = data.rindex(b"/Contents <") + 11
    return data[start : data.index(b">", start)]


def _another() -> bytes:
    return append(build.prepared(), {CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh gia) Tj ET")})


def _with_contents(data: bytes, contents: bytes) -> bytes:
    start = data.rindex(b"/Contents <") + 11
    assert len(contents) == 2 * HOLE
    return data[:start] + contents + data[start + len(contents) :]


@attack(
    "cross-document replay of a signature",
    ISO,
    {
        "the value": _HASH,
        "the value and the whole dictionary": Found("TOTAL-FAILED/HASH_FAILURE", ("Leader",)),
        "the value with its time-stamp": _HASH,
        "the value of an earlier draft": _HASH,
        "the value of the next field": Found(
            "TOTAL-FAILED/HASH_FAILURE", ("Seal",), ("verification.hash-wrong",)
        ),
        "the value of an earlier signature of the file": Found("TOTAL-FAILED/FORMAT_FAILURE", ("Seal",)),
    },
)
def of_a_signature(desk, variant, malicious):
    if variant == "the value of the next field":
        data = desk.sign(desk.signed(), build.SEAL, 23, role="seal")
        start = data.rindex(b"/Contents <")
        stolen = _contents(data[:start])
        return _with_contents(data, stolen) if malicious else data
    if variant == "the value of an earlier signature of the file":
        data = desk.signed()
        stolen = PdfFile.of(data).get(20)
        seal = PdfFile.of(data).get(build.SEAL)
        evil = append(data, {build.SEAL: {**seal, "V": build.Ref(23)}, 23: stolen})
        return evil if malicious else desk.sign(data, build.SEAL, 23, role="seal")
    stamped = "time-stamp" in variant
    other = desk.sign(
        build.prepared() if variant != "the value of an earlier draft" else _another(), stamped=stamped
    )
    data = desk.sign(
        _another() if variant != "the value of an earlier draft" else build.prepared(), stamped=stamped
    )
    if not malicious:
        return data
    if variant == "the value and the whole dictionary":
        return append(_another(), {20: PdfFile.of(other).get(20), LEADER: PdfFile.of(other).get(LEADER)})
    return _with_contents(data, _contents(other))


@attack(
    "cross-document replay of a time-stamp",
    RFC3161,
    {
        "the document time-stamp of another": Found(
            "TOTAL-FAILED/HASH_FAILURE", ("DTS40",), ("verification.timestamp-wrong",)
        ),
        "the document time-stamp of an earlier revision": Found(
            "TOTAL-FAILED/HASH_FAILURE", ("DTS40",), ("verification.timestamp-wrong",)
        ),
    },
)
def of_a_time_stamp(desk, variant, malicious):
    data = desk.stamp_document(desk.signed())
    if not malicious:
        return data
    if variant.endswith("another"):
        return _with_contents(data, _contents(desk.stamp_document(desk.sign(_another()))))
    token = desk.token(hashlib.sha256(desk.signed()).digest()).hex().encode()
    return _with_contents(data, token.ljust(2 * HOLE, b"0"))
