"""What may follow the seal, as the second reader sees it: security stores and document time-stamps, nothing else.

    store        the catalog gains /DSS, or that grows; its new streams hold DER; nothing else is written
    time-stamp   one new field that nobody sees, in the form and on a page's list; its token is over all before it

(EN 319 142-1, 5.4.2 and 5.4.3, as our writer makes them.) No code is shared with what made or validated them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signer.crosscheck import signed_data
from signer.crosscheck.holes import hole_of
from signer.crosscheck.older_objects import OlderObjects
from signer.crosscheck.plain_reader import Found, PlainFile, Ref, Section, decoded
from signer.crosscheck.signed_data import Wrong

_MOST = 1_000
_LARGEST_ITEM = 64 << 20
_LISTS = ("Certs", "OCSPs", "CRLs")
_VRI_KEYS = {"Type", "Cert", "OCSP", "CRL"}
_GROWING = {"Annots", "Fields", "SigFlags", "AcroForm"}
_UNSEEN = [0, 0, 0, 0]
_PRINT_AND_LOCKED = 132
_SIGNED_AND_APPENDED = 3


class Newest(StrEnum):
    """What the newest revision of a file of ours is."""

    SIGNATURE = "signature"
    STORE = "store"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A document time-stamp: its field, its hole, the end of its revision, and its token."""

    field: str
    hole: tuple[int, int]
    end: int
    token: signed_data.Signed


@dataclass(frozen=True, slots=True)
class _Step:
    """One revision beside what the file said before it. `own`: its objects but a cross-reference stream."""

    section: Section
    before: Section
    end: int
    own: dict[int, Found]
    older: OlderObjects

    @property
    def new(self) -> set[int]:
        return {number for number in self.own if number >= self.before.trailer["Size"]}

    def was(self, number: int) -> Any:
        return self.older.value(number, self.before)

    def resolved(self, value: Any) -> Any:
        return self.older.resolved(value, self.before)


def after_the_seal(file: PlainFile, newest: Newest, seal: str) -> tuple[int, tuple[Stamp, ...]]:
    """Where the revision with the field `seal` ends, and the document time-stamps after it, oldest first.

    Raises `Wrong` and `Strange` when anything else follows, or the newest revision is not what it should be.
    """
    end, older = file.size, OlderObjects(file)
    kinds: list[Newest] = []
    stamps: list[Stamp] = []
    while newest is not Newest.SIGNATURE and len(kinds) < _MOST:
        step = _step(file, end, older)
        if any(
            isinstance(each.value, dict) and each.value.get("T") == seal.encode()
            for each in step.own.values()
        ):
            break
        stamp = _judged(step)
        kinds.append(Newest.STORE if stamp is None else Newest.TIMESTAMP)
        stamps[:0] = [] if stamp is None else [stamp]
        end = step.section.start
    if (kinds or [Newest.SIGNATURE])[0] is not newest:
        raise Wrong("newest-revision")
    return end, tuple(stamps)


def _step(file: PlainFile, end: int, older: OlderObjects) -> _Step:
    section = file.section_ending_at(end)
    places = sorted(section.offsets.values())
    bounds = dict(zip(places, [*places[1:], end], strict=True))
    objects = {number: file.object_at(offset, bounds[offset]) for number, offset in section.offsets.items()}
    own = {number: each for number, each in objects.items() if not _is(each, "XRef")}
    return _Step(section, file.section_ending_at(section.start), end, own, older)


def _is(found: Found, kind: str) -> bool:
    return isinstance(found.value, dict) and found.value.get("Type") == kind


def _judged(step: _Step) -> Stamp | None:
    if step.section.trailer["Root"] != step.before.trailer["Root"]:
        raise Wrong("changed-catalog")
    stamps = [number for number, each in step.own.items() if _is(each, "DocTimeStamp")]
    if len(stamps) > 1:
        raise Wrong("two-time-stamps")
    if stamps:
        return _stamp(step, stamps[0])
    _check_store(step)
    return None


# --- a security store


def _check_store(step: _Step) -> None:
    root = step.before.trailer["Root"].number
    known, changed = step.was(root), set(step.own) - step.new
    catalog = step.own[root].value if root in changed else known
    if _without(catalog, "DSS") != _without(known, "DSS") or not isinstance(catalog.get("DSS"), Ref):
        raise Wrong("changed-catalog")
    place = catalog["DSS"].number
    earlier = step.resolved(known.get("DSS", {}))
    if place not in step.own or (root in changed and isinstance(known.get("DSS"), Ref)):
        raise Wrong("security-store")
    if changed - {root, place}:
        raise Wrong("changed-object")
    streams, entries = _of_store(step, step.own[place].value, earlier)
    if step.new - {place} != (streams | entries) & step.new:
        raise Wrong("security-store")
    for number in streams & step.new:
        _check_item(step.own[number])


def _of_store(step: _Step, store: dict[str, Any], earlier: dict[str, Any]) -> tuple[set[int], set[int]]:
    """The numbers of a store's streams and of its VRI entries; what it had before is there still."""
    others = {key: value for key, value in store.items() if key not in (*_LISTS, "VRI", "Type")}
    if others != {key: value for key, value in earlier.items() if key not in (*_LISTS, "VRI", "Type")}:
        raise Wrong("security-store")
    streams: set[int] = set()
    for key in _LISTS:
        before, listed = step.resolved(earlier.get(key, [])), store.get(key, [])
        if listed[: len(before)] != before or not all(isinstance(each, Ref) for each in listed):
            raise Wrong("security-store")
        streams |= {each.number for each in listed}
    before, named = step.resolved(earlier.get("VRI", {})), store["VRI"]
    if any(named.get(key) != value for key, value in before.items()):
        raise Wrong("security-store")
    entries = {value.number for key, value in named.items() if key not in before}
    for number in entries:
        value = step.own[number].value
        if not set(value) <= _VRI_KEYS or step.own[number].stream is not None:
            raise Wrong("security-store")
        streams |= {each.number for key, listed in value.items() if key != "Type" for each in listed}
    return streams, entries


def _check_item(found: Found) -> None:
    """A stream of nothing but one DER SEQUENCE, as certificates, responses and lists are."""
    if set(found.value) != {"Filter", "Length"}:
        raise Wrong("security-store")
    data = decoded(found, _LARGEST_ITEM)
    count = data[1] & 0x7F if data[1] & 0x80 else 0
    size = int.from_bytes(data[2 : 2 + count], "big") if count else data[1]
    if data[0] != 0x30 or len(data) != 2 + count + size:
        raise Wrong("security-store")


def _without(entries: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if name != key and value is not None}


# --- a document time-stamp


def _stamp(step: _Step, number: int) -> Stamp:
    value = step.own[number]
    fields = [n for n, each in step.own.items() if isinstance(each.value, dict) and "FT" in each.value]
    if len(fields) != 1 or step.new != {number, fields[0]}:
        raise Wrong("time-stamp-field")
    field = step.own[fields[0]].value
    _check_field(field, number)
    if value.value["SubFilter"] != "ETSI.RFC3161":
        raise Wrong("time-stamp-field")
    added = Ref(fields[0], 0)
    for each in set(step.own) - step.new:
        if not _grown(step, step.was(each), step.own[each].value, added):
            raise Wrong("changed-object")
    token = signed_data.read(value.value["Contents"])
    return Stamp(field["T"].decode(), hole_of(value, step.end), step.end, token)


def _check_field(field: dict[str, Any], number: int) -> None:
    wanted = {"Type": "Annot", "Subtype": "Widget", "FT": "Sig", "F": _PRINT_AND_LOCKED, "Rect": _UNSEEN}
    own = {key: value for key, value in field.items() if key not in ("T", "V", "P")}
    if own != wanted or set(field) != {*wanted, "T", "V", "P"} or field["V"] != Ref(number, 0):
        raise Wrong("time-stamp-field")


def _grown(step: _Step, before: Any, after: Any, added: Ref) -> bool:
    """Whether this is the same list with one more field, or the same page, form or catalog with such a list."""
    if isinstance(before, list):
        return bool(after == [*before, added])
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    differing = [key for key in {*before, *after} if before.get(key) != after.get(key)]
    for key in differing:
        was, now = before.get(key), after.get(key)
        if key in ("Annots", "Fields"):
            grown = bool(now == [*(step.resolved(was) or ()), added])
        elif key == "SigFlags":
            grown = bool(now == (was or 0) | _SIGNED_AND_APPENDED)
        else:
            grown = key in _GROWING and _grown(step, was, now, added)
        if not grown:
            return False
    return bool(differing)
