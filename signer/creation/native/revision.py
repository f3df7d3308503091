"""One revision with one signature: bytes laid out, numbered, hashed around the hole (ISO 32000-2, 7.5.6, 12.8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from signer.creation.native import sections
from signer.creation.native.drawing import Stamp
from signer.creation.native.form import Field
from signer.creation.native.grammar import joined
from signer.creation.native.reading import NativeFile
from signer.creation.native.unfit import Unfit, Unfitness
from signer.creation.two_step import RANGE, SignatureRequest
from signer.stages import Prepared

if TYPE_CHECKING:
    from hashlib import _Hash

_BLANK = RANGE % (0, 0, 0)
_CONTENTS, _CLOSING = b"/Contents ", b">>\nendobj\n"  # around the hole with its brackets


class Change(NamedTuple):
    """A field of the file with its new value, raw, and the number of the object that shows it (0: none)."""

    field: Field
    value: bytes
    form: int

    @property
    def body(self) -> bytes:
        """The field's dictionary: /V and, where something is shown, /AP are new; the rest byte for byte."""
        found = self.field.found
        if not self.form:
            return b"<<%b/V %b>>" % (joined(found), self.value)
        if b"AP" in found:
            found = {key: raw for key, raw in found.items() if key != b"AP"}
        return b"<<%b/V %b/AP <</N %d 0 R>>>>" % (joined(found), self.value, self.form)


def assembled(
    file: NativeFile,
    changes: list[Change],
    signature: bytes,
    forms: list[bytes],
    stamp: Stamp,
    state: _Hash,
    request: SignatureRequest,
) -> Prepared:
    """Changed fields, the signature (`signature` is its dictionary, still open), forms and stamp, the section.

    The signature gets the first free number, the forms and the stamp those after it. `state` is the digest over the
    file; it is used up.
    """
    first, digits, size = file.next_number, 2 * request.contents_size, file.size
    lead, rows = _changed(file, changes)
    rows.append((first, 0, size + len(lead)))
    lead = b"%b%d 0 obj\n%b/ByteRange " % (lead, first, signature)
    start = size + len(lead) + len(_BLANK) + len(_CONTENTS) + 1
    end = start + digits + 1
    shown, places = _shown(first + 1, forms, stamp)
    behind = end + len(_CLOSING)
    rows += [(num, 0, behind + place) for num, place in enumerate(places, first + 1)]
    state.update(lead)
    trailer = sections.trailer(file.trailer, file.startxref, state.digest()[:16])
    section = _section(file, rows, behind + len(shown), trailer)
    byte_range = (0, start - 1, end, behind + len(shown) + len(section) - end)
    covered = RANGE % byte_range[1:]
    if len(covered) != len(_BLANK):  # an offset of more than ten digits
        raise Unfit(Unfitness.LARGE_FILE)
    after = b"%b%b%b" % (_CLOSING, shown, section)
    tail = b"%b%b%b<%b>%b" % (lead, covered, _CONTENTS, b"0" * digits, after)
    state.update(covered + _CONTENTS)
    state.update(after)
    algorithm = request.digest_algorithm
    return Prepared(size, tail, byte_range, (start, digits), state.digest(), algorithm, request.field)


def _changed(file: NativeFile, changes: list[Change]) -> tuple[bytes, list[sections.Row]]:
    """The changed fields in order of number, and their rows."""
    lead = b"" if file.ends_a_line else b"\n"
    rows: list[sections.Row] = []
    for change in changes if len(changes) == 1 else sorted(changes, key=lambda each: each.field.num):
        field = change.field
        rows.append((field.num, field.gen, file.size + len(lead)))
        lead = b"%b%d %d obj\n%b\nendobj\n" % (lead, field.num, field.gen, change.body)
    return lead, rows


def _shown(first: int, forms: list[bytes], stamp: Stamp) -> tuple[bytes, list[int]]:
    """Forms and stamp, numbered from `first` on, and where each object begins."""
    shown = b""
    places: list[int] = []
    for num, form in enumerate(forms, first):
        places.append(len(shown))
        shown = b"%b%d 0 obj\n%b\nendobj\n" % (shown, num, form)
    if not stamp.count:
        return shown, places
    stamped, starts = stamp.numbered(first + len(forms))
    return (shown + stamped, [*places, *(len(shown) + at for at in starts)]) if forms else (stamped, starts)


def _section(file: NativeFile, rows: list[sections.Row], position: int, trailer: bytes) -> bytes:
    following = rows[-1][0] + 1
    if file.in_streams:
        section = sections.stream(rows, following, position, trailer)
    else:
        section = sections.table(rows, following, trailer)
    return b"%bstartxref\n%d\n%%%%EOF\n" % (section, position)
