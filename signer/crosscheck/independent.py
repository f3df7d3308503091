"""The second opinion on our own output, before it is archived. No code is shared with what made or validated it.

    1. coverage     the revisions of the file, from its end backwards, are exactly the expected signatures
    2. field        each is the value of the field that was meant; nothing else of the file was changed
    3. ByteRange    0 to the hole, the hole's end to the revision's end; the hole is the whole of /Contents
    4. count        there is no other /ByteRange anywhere in the file
    5. digest, CMS  message digest, certificate binding, certificate that was meant, signature
    6. token        over this signature's value, itself well signed
    7. drawn        number and date: value, drawn text and register say the same
    8. evidence     what follows the seal is security stores and document time-stamps (`evidence`), each over all before

The whole file is read in blocks, a few times; memory does not grow with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from policies.reasons import signing as reasons
from signer.crosscheck import signed_data
from signer.crosscheck.drawn_value import drawn
from signer.crosscheck.evidence import Newest, Stamp, after_the_seal
from signer.crosscheck.holes import hole_of
from signer.crosscheck.plain_reader import Found, PlainFile, Ref, Section, Strange
from signer.errors import CrossCheckFailed

_BYTE_RANGE = re.compile(rb"/ByteRange\s{0,32}\[(?:\s{0,32}\d{1,20}\s{0,32}){4}\]")
_TEXT_FIELDS = (b"AnTinNumber", b"AnTinDay", b"AnTinMonth", b"AnTinYear")
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    zlib.error,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    UnsupportedAlgorithm,
)


@dataclass(frozen=True, slots=True)
class ExpectedSignature:
    """Field, SHA-256 of the signer's certificate (hex of its DER), and whether a time-stamp must be in it."""

    field: str
    certificate_sha256: str
    token: bool


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the file must hold: its signatures in the order in which they were made, and what the register says.

    `number` as int is printed with two digits at least. `date` may be given as `datetime.date`; it is kept
    as ISO text. None: not numbered yet. `newest`: what the file ends with; long-term data follow the seal only
    where that is a store or a time-stamp.
    """

    signatures: tuple[ExpectedSignature, ...]
    number: int | str | None = None
    date: dt.date | str | None = None
    newest: Newest = Newest.SIGNATURE

    def __post_init__(self) -> None:
        if isinstance(self.date, dt.date):
            object.__setattr__(self, "date", self.date.isoformat())


@dataclass(frozen=True, slots=True)
class _Revision:
    expected: ExpectedSignature
    section: Section
    end: int
    objects: dict[int, Found]
    hole: tuple[int, int]
    signed: signed_data.Signed


class _Covered(NamedTuple):
    """A hole, the end of what its signature covers, and the digest that it wants."""

    hole: tuple[int, int]
    end: int
    algorithm: str


def check(path: Path, expectation: Expectation) -> None:
    """Return when every point holds. Raises `CrossCheckFailed` naming the first that does not."""
    with PlainFile(path) as file:
        revisions: list[_Revision] = []
        seal = expectation.signatures[-1].field if expectation.signatures else ""
        end, stamps = _guarded("evidence", "", after_the_seal, file, expectation.newest, seal)
        for expected in reversed(expectation.signatures):
            revisions.insert(0, _guarded("coverage", expected.field, _revision, file, expected, end))
            end = revisions[0].section.start
        count = len(revisions) + len(stamps)
        if not revisions or len(file.find_all(b"/ByteRange", _BYTE_RANGE)) != count:
            _fail("signature-count", "")
        covered = [_Covered(each.hole, each.end, each.signed.digest_algorithm) for each in revisions]
        covered += [_guarded("token", each.field, _by_imprint, each) for each in stamps]
        digests = _digests(file, covered)
        for revision, digest in zip(revisions, digests, strict=False):
            _guarded("cms", revision.expected.field, _check_signature, revision, digest)
        for stamp, digest in zip(stamps, digests[len(revisions) :], strict=True):
            _guarded("token", stamp.field, _check_stamp, stamp, digest)
        for field, value in _values(expectation).items():
            _guarded(f"drawn-{field}", "", _check_drawn, file, revisions, field, value)


def _by_imprint(stamp: Stamp) -> _Covered:
    algorithm = signed_data.imprint_of(stamp.token)[0]
    hashlib.new(algorithm)
    return _Covered(stamp.hole, stamp.end, algorithm)


def _check_stamp(stamp: Stamp, digest: bytes) -> None:
    if signed_data.imprint_of(stamp.token)[1] != digest:
        _fail("token-imprint", stamp.field)
    signed_data.check_authority(stamp.token)


def _fail(point: str, where: str) -> NoReturn:
    raise CrossCheckFailed(reasons.CROSSCHECK_FAILED, point=point, where=f" ({where})" if where else "")


def _guarded(point: str, where: str, act: Any, *arguments: Any) -> Any:
    """Whatever cannot be read has failed at this point."""
    try:
        return act(*arguments)
    except signed_data.Wrong as exc:
        raise CrossCheckFailed(reasons.CROSSCHECK_FAILED, point=exc.point, where=f" ({where})") from exc
    except _UNREADABLE as exc:
        raise CrossCheckFailed(reasons.CROSSCHECK_FAILED, point=point, where=f" ({where}: {exc})") from exc


def _revision(file: PlainFile, expected: ExpectedSignature, end: int) -> _Revision:
    """Points 1 to 3 for the revision that ends at `end`."""
    section = file.section_ending_at(end)
    objects = {number: file.object_at(offset, end) for number, offset in section.offsets.items()}
    fields = [each.value for each in objects.values() if _is_field(each, expected.field)]
    if len(fields) != 1 or not isinstance(fields[0].get("V"), Ref):
        _fail("field", expected.field)
    _check_changes(section, file.section_ending_at(section.start), objects, expected.field)
    signature = objects[fields[0]["V"].number]
    if signature.value["Type"] != "Sig" or signature.value["SubFilter"] != "ETSI.CAdES.detached":
        _fail("field", expected.field)
    hole = hole_of(signature, end)
    return _Revision(expected, section, end, objects, hole, signed_data.read(signature.value["Contents"]))


def _check_changes(section: Section, before: Section, objects: dict[int, Found], field: str) -> None:
    """Of the objects that existed before, only this field and the text fields are new; the catalog stays."""
    allowed = (field.encode("ascii"), *_TEXT_FIELDS)
    for number, found in objects.items():
        old = number < before.trailer["Size"]
        if old and (not isinstance(found.value, dict) or found.value.get("T") not in allowed):
            _fail("changed-object", f"{field}: {number}")
    if section.trailer["Root"] != before.trailer["Root"]:
        _fail("changed-catalog", field)


def _is_field(found: Found, name: str) -> bool:
    return isinstance(found.value, dict) and found.value.get("T") == name.encode("ascii")


def _digests(file: PlainFile, covered: list[_Covered]) -> list[bytes]:
    """Digest over each ByteRange: one pass per algorithm, branching off at each hole."""
    running: dict[str, tuple[Any, int]] = {}
    found: list[bytes] = []
    for hole, end, name in covered:
        state, done = running.get(name, (hashlib.new(name), 0))
        for block in file.blocks(done, hole[0]):
            state.update(block)
        branch = state.copy()
        for block in file.blocks(hole[1], end):
            branch.update(block)
        found.append(branch.digest())
        running[name] = (state, hole[0])
    return found


def _check_signature(revision: _Revision, digest: bytes) -> None:
    """Points 5 and 6."""
    expected = revision.expected
    certificate = signed_data.check(revision.signed, digest, "data")
    if hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest() != expected.certificate_sha256:
        _fail("certificate", expected.field)
    if expected.token:
        signed_data.check_token(revision.signed)


def _values(expectation: Expectation) -> dict[str, str]:
    """Values by field, as NĐ 30/2020/NĐ-CP, PL I, mục II.3–4 prints them; written anew, not imported."""
    values: dict[str, str] = {}
    if expectation.number is not None:
        values["AnTinNumber"] = f"{expectation.number:0>2}"
    if isinstance(expectation.date, str):
        day = dt.date.fromisoformat(expectation.date)
        month = f"{day.month:02}" if day.month in (1, 2) else f"{day.month}"
        values |= {"AnTinDay": f"{day.day:02}", "AnTinMonth": month, "AnTinYear": f"{day.year}"}
    return values


def _check_drawn(file: PlainFile, revisions: list[_Revision], name: str, value: str) -> None:
    """Point 7: filled in exactly one signed revision. A year that the page prints already has no field."""
    filled = [
        (revision, found.value)
        for revision in revisions
        for found in revision.objects.values()
        if _is_field(found, name)
    ]
    if not filled and name == "AnTinYear":
        return
    if len(filled) != 1 or filled[0][1]["V"] != value.encode("ascii"):
        _fail(f"value-{name}", ", ".join(repr(widget.get("V")) for _, widget in filled))
    revision, widget = filled[0]
    shown = drawn(widget, partial(_lookup, file, revision))
    if shown != value:
        raise Strange(f"it draws {shown!r}")


def _lookup(file: PlainFile, revision: _Revision, reference: Ref) -> Found:
    """The object as this revision shows it; it must stand in one of our own revisions."""
    section, end = revision.section, revision.end
    while reference.number not in section.offsets:
        end, section = section.start, file.section_ending_at(section.start)
    return file.object_at(section.offsets[reference.number], end)
