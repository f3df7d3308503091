"""One more signature by the native path: a `Prepared` of the same kind as the other ways make.

1. read      the end, the sections, the form                      (`Unfit`: another way)
2. permit    the field is empty, no earlier signature forbids it  (`Unfit`: the other way says which rule)
3. build     field, signature with its hole, stamp, cross-reference section
4. digest    the file's bytes, or the state kept from when they were hashed; then the tail around the hole
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from policies.layout import Rect
from policies.reasons import signing as reasons
from signer.creation.native import sections
from signer.creation.native.drawing import NO_STAMP, Stamp, Stamps
from signer.creation.native.form import Field, Lock, dictionary, fields_of, target_of
from signer.creation.native.grammar import Entries, Unfit, entries, integer, items, reals, reference
from signer.creation.native.kept import KeptDigest
from signer.creation.native.reading import NativeFile
from signer.creation.two_step import RANGE, SignatureRequest, check_request, claims
from signer.errors import SigningRefused
from signer.stages import Prepared
from signer.stamping.appearance import Colours

if TYPE_CHECKING:
    from hashlib import _Hash

_DIGESTS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_COLOURS = {b"1": Colours.GRAY, b"3": Colours.RGB, b"4": Colours.CMYK}
_BLANK = RANGE % (0, 0, 0)
_CONTENTS, _CLOSING = b"/Contents <", b">>>\nendobj\n"


def prepare(
    path: Path, request: SignatureRequest, stamps: Stamps, kept: KeptDigest | None = None
) -> Prepared:
    """The revision that signs one field of the file at `path`, with an empty hole, and the digest to be signed.

    For the process that holds the key, and therefore for admitted bytes alone; others belong into the sandbox. `kept`
    is the state over exactly the bytes at `path`. Raises `Unfit` for every shape and every rule that is the other
    way's, `SigningRefused` for a request that no way takes.
    """
    check_request(request)
    if request.fills:
        raise Unfit("fills")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        file = NativeFile(descriptor)
        root = file.trailer.get(b"Root", b"")
        catalog = file.dictionary(*reference(root))
        known = fields_of(file, catalog)
        target, lock = target_of(file, known, request.field.encode())
        state = _base_state(file, request.digest_algorithm, kept)
        stamp = _stamp(file, catalog, target, request, stamps)
    finally:
        os.close(descriptor)
    signature = claims(request) + _locked(lock, root)
    return _revision(file, target, signature, stamp, state, request)


def _base_state(file: NativeFile, algorithm: str, kept: KeptDigest | None) -> _Hash:
    if kept is not None:
        if kept.size != file.size or kept.algorithm != algorithm:
            raise SigningRefused(reasons.BASE_CHANGED, size=file.size, expected=kept.size)
        return kept.started()
    state = _DIGESTS[algorithm]()
    file.hash_into(state)
    return state


def _locked(lock: Lock | None, root: bytes) -> bytes:
    """The field's lock, as a FieldMDP reference over the catalog (ISO 32000-2, 12.8.2.4)."""
    if lock is None:
        return b""
    fields = b"/Fields %b" % lock.fields if lock.fields else b""
    permission = b"/P %b" % lock.permission if lock.permission else b""
    return (
        b"/Reference [<</Type /SigRef/TransformMethod /FieldMDP/TransformParams "
        b"<</Type /TransformParams/V /1.2/Action %b%b%b>>/Data %b>>]"
    ) % (lock.action, fields, permission, root)


def _stamp(
    file: NativeFile, catalog: Entries, target: Field, request: SignatureRequest, stamps: Stamps
) -> Stamp:
    """The objects that show the signature; none for an invisible field."""
    corners = reals(target.found.get(b"Rect", b""))
    if len(corners) != 4:
        raise Unfit("rectangle")
    x0, y0, x1, y1 = corners
    rect = Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    if not rect.visible:
        return NO_STAMP
    if request.appearance is None:
        raise Unfit("rule")
    rotation = _rotation(target)
    unit = _user_unit(file, target) if request.appearance.lines else 1.0
    return stamps.of(request.appearance, rect, rotation, _colours(file, catalog), unit)


def _rotation(target: Field) -> int:
    raw = target.found.get(b"MK")
    if raw is None:
        return 0
    turned = integer(entries(raw)[0].get(b"R", b"0"))
    return turned % 360 if turned % 90 == 0 else 0


def _user_unit(file: NativeFile, target: Field) -> float:
    page = file.dictionary(*reference(target.found.get(b"P", b"")))
    raw = page.get(b"UserUnit")
    return 1.0 if raw is None else reals(b"[%b]" % raw)[0] or 1.0


def _colours(file: NativeFile, catalog: Entries) -> Colours:
    """The device colours that the file's PDF/A output intent defines (ISO 19005-2, 6.2.3)."""
    for raw in items(catalog.get(b"OutputIntents", b"[]")):
        intent = dictionary(file, raw)
        if intent.get(b"S") == b"/GTS_PDFA1" and b"DestOutputProfile" in intent:
            profile = file.stream_dictionary(*reference(intent[b"DestOutputProfile"]))
            return _COLOURS.get(profile.get(b"N", b""), Colours.NONE)
    return Colours.NONE


def _revision(
    file: NativeFile, target: Field, signature: bytes, stamp: Stamp, state: _Hash, request: SignatureRequest
) -> Prepared:
    """Field, signature and stamp in order of number, the section behind them, and the digest around the hole."""
    first, digits, size = file.next_number, 2 * request.contents_size, file.size
    opening = b"" if file.ends_a_line else b"\n"
    field = b"%b%d %d obj\n%b\nendobj\n" % (opening, target.num, target.gen, _field(target, first, stamp))
    lead = b"%b%d 0 obj\n%b/ByteRange " % (field, first, signature)
    start = size + len(lead) + len(_BLANK) + len(_CONTENTS)
    end = start + digits
    shown, places = stamp.numbered(first + 1)
    behind = end + len(_CLOSING)
    rows = [(target.num, target.gen, size + len(opening)), (first, 0, size + len(field))]
    rows += [(num, 0, behind + place) for num, place in enumerate(places, first + 1)]
    fresh = hashlib.sha256(state.digest() + lead).digest()[:16]
    trailer = sections.trailer(file.trailer, file.startxref, fresh)
    section = _section(file, rows, behind + len(shown), trailer)
    total = behind + len(shown) + len(section)
    byte_range = (0, start - 1, end + 1, total - end - 1)
    before = b"%b%b%b" % (lead, RANGE % byte_range[1:], _CONTENTS)
    if size + len(before) != start:
        raise Unfit("large-file")
    tail = b"".join((before, b"0" * digits, _CLOSING, shown, section))
    state.update(before[:-1])
    state.update(memoryview(tail)[end + 1 - size :])
    algorithm = request.digest_algorithm
    return Prepared(size, tail, byte_range, (start, digits), state.digest(), algorithm, request.field)


def _section(file: NativeFile, rows: list[sections.Row], position: int, trailer: bytes) -> bytes:
    following = rows[-1][0] + 1
    if file.in_streams:
        section = sections.stream(rows, following, position, trailer)
    else:
        section = sections.table(rows, following, trailer)
    return b"%bstartxref\n%d\n%%%%EOF\n" % (section, position)


def _field(target: Field, first: int, stamp: Stamp) -> bytes:
    """The field's dictionary: /V new, /AP new when there is a stamp, everything else byte for byte."""
    kept = [b"/%b %b" % (key, raw) for key, raw in target.found.items() if not (stamp.count and key == b"AP")]
    shown = b"/AP <</N %d 0 R>>" % (first + stamp.count) if stamp.count else b""
    return b"<<%b/V %d 0 R%b>>" % (b"".join(kept), first, shown)
