"""Rules that crafted documents tried to pass by: other spellings, references for values, empty values, two locks."""

import pytest

from policies.refusals import Refused
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.unfit import Unfit
from signer.creation.two_step import SignatureRequest, prepare_signature
from signer.document.reader import PdfFile
from signer.stamping.appearance import Appearance
from tests.signer.creation.issuing import AT
from tests.signer.document import build

HOLE = b"<" + b"0" * 128 + b">"
WIDGET = b"<</Type /Annot/Subtype /Widget/P 3 0 R/F 4/Rect [250 100 320 150]"
SEAL_ALL = WIDGET + b"/FT /Sig/T (Seal)/Lock <</Type /SigFieldLock/Action /All>>>>"


def signature(reference: bytes = b"") -> bytes:
    return (
        b"<</Type /Sig/Filter /Adobe.PPKLite"
        + reference
        + b"/ByteRange [0 10 20 30]/Contents "
        + HOLE
        + b">>"
    )


def leader(kind: bytes = b"/FT /Sig", lock: bytes = b"") -> bytes:
    return WIDGET + kind + b"/T (Leader)/V 20 0 R" + lock + b">>"


def mdp(method: bytes, parameters: bytes) -> bytes:
    return b"/Reference [<</Type /SigRef/TransformMethod %b/TransformParams <<%b>>>>]" % (method, parameters)


def number(value: bytes) -> bytes:
    return WIDGET + b"/FT /Tx/T (AnTinNumber)/DA (/F1 12 Tf)" + value + b">>"


CERTIFIED = mdp(b"/DocMDP", b"/P 1")
OTHERS = b"/Action /Include/Fields [(Number)]"
OWN = (
    b"<</Type /Sig/Filter /Adobe.PPKLite/SubFilter /ETSI.CAdES.detached/Name (An)/M (D:20261121100000+07'00')"
    b"/Reference [<</Type /SigRef/TransformMethod /FieldMDP/TransformParams <</Type /TransformParams/V /1.2"
    b"/Action /Include/Fields [(Number)]>>/Data 1 0 R>>]/ByteRange [0 10 20 30]/Contents " + HOLE + b">>"
)
CASES = {
    "certified, /FT escaped": {20: signature(CERTIFIED), 10: leader(b"/FT /S#69g")},
    "certified, /FT indirect": {20: signature(CERTIFIED), 10: leader(b"/FT 44 0 R"), 44: b"/Sig"},
    "certified, /P indirect": {20: signature(mdp(b"/DocMDP", b"/P 41 0 R")), 10: leader(), 41: b"1"},
    "certified, method indirect": {20: signature(mdp(b"42 0 R", b"/P 1")), 10: leader(), 42: b"/DocMDP"},
    "locked, method indirect": {
        20: signature(mdp(b"42 0 R", b"/Action /All")),
        10: leader(),
        42: b"/FieldMDP",
    },
    "/P +1": {20: signature(mdp(b"/FieldMDP", OTHERS + b"/P +1")), 10: leader()},
    "/P 01": {20: signature(mdp(b"/FieldMDP", OTHERS + b"/P 01")), 10: leader()},
    "/P indirect": {20: signature(mdp(b"/FieldMDP", OTHERS + b"/P 41 0 R")), 10: leader(), 41: b"1"},
    "own lock, /P +1": {20: signature(), 10: leader(lock=b"/Lock <<" + OTHERS + b"/P +1>>")},
    "own lock, /P indirect": {
        20: signature(),
        10: leader(lock=b"/Lock <<" + OTHERS + b"/P 41 0 R>>"),
        41: b"1",
    },
    "our signature, stricter lock at its field": {
        20: OWN,
        10: leader(lock=b"/Lock <</Type /SigFieldLock/Action /All>>"),
    },
    "number left empty, ()": {11: number(b"/V ()"), 13: SEAL_ALL},
    "number left empty, <>": {11: number(b"/V <>"), 13: SEAL_ALL},
    "number left empty, null": {11: number(b"/V 99 0 R"), 13: SEAL_ALL},
    "number left empty, a name": {11: number(b"/V /x"), 13: SEAL_ALL},
}


def with_raw(objects: dict[int, bytes]) -> bytes:
    base = build.prepared()
    out, rows = bytearray(base), []
    with PdfFile.of(base) as pdf:
        size, prev = max(pdf.next_object_number, *(num + 1 for num in objects)), pdf.startxref
    for num, value in sorted(objects.items()):
        rows.append(b"%d 1\n%010d 00000 n \n" % (num, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (num, value)
    at = len(out)
    trailer = b"trailer\n<</Size %d/Root 1 0 R/Info 7 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        prev,
        at,
    )
    return bytes(out) + b"xref\n" + b"".join(rows) + trailer


@pytest.mark.parametrize("path", ["native", "general"])
@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_not_passed_by(tmp_path, name, path):
    source = tmp_path / "source.pdf"
    source.write_bytes(with_raw(CASES[name]))
    request = SignatureRequest("Seal", 4000, "An", AT, Appearance(lines=("An",)))
    with pytest.raises((Unfit, Refused)):
        _prepare(path, source, request)


def _prepare(path, source, request):
    return (
        native.prepare(source, request, Stamps()) if path == "native" else prepare_signature(source, request)
    )
