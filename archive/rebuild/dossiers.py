"""Dossiers and holds: what lies under `dossiers/`, believed when the log speaks for it; then what lies in them.

In two passes, because a file may have come into another dossier first, which is entered later: rows of dossiers with
their versions and files, then the entries. What the records tell act by act is done again in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from archive.catalogue import Connection, rebuild_rows
from archive.catalogue.rebuild_rows import LeafRow
from archive.dossier_record import DOSSIER_SCHEMA, MAX_DOSSIER_RECORD
from archive.errors import ArchiveDamaged, StorageRefused
from archive.fsck import findings as ids
from archive.log import leaf as leaf_format
from archive.log.leaf import LeafKind, Opening
from archive.log.merkle import leaf_hash
from archive.ports import ObjectStore, StoredObject
from archive.rebuild.gathering import bounded, versions
from archive.rebuild.leaves import UNKNOWN_TIME
from archive.rebuild.log import MALFORMED
from archive.rebuild.log import Found as Tell
from archive.record import digest, parse
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.blocks import hash_blocks
from policies.vocabulary import LockMode

Row = dict[str, Any]
_SAME = (
    "id",
    "code",
    "catalog_year",
    "notation",
    "heading",
    "title",
    "creator",
    "rights",
    "language",
    "description",
    "planned_code",
    "state",
    "entries",
    "listed",
    "opened_by",
)
_NAME = re.compile(r"version-(?P<version>[1-9][0-9]*)\.json|files/(?P<file>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a dossier. `sha256` is of its bytes as they are, None where they were not read."""

    key: str
    version: int | None  # of a record
    head: StoredObject | None
    sha256: str | None = None
    size: int = 0
    data: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything under one dossier."""

    dossier: str
    objects: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Believed:
    """A record to which a leaf commits."""

    stored: Stored
    value: Row
    leaf: LeafRow

    @property
    def version(self) -> int:
        return int(self.value["version"])


@dataclass(slots=True)
class Rows:
    """Rows of one dossier, by table; what opens its leaves; its agency."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    leaves: list[Row] = field(default_factory=list)
    agency: tuple[str, str, str] = ("", "", "")


def gathered(
    store: ObjectStore, after: str, pool: Executor, *, quick: bool, files: bool = True
) -> Iterator[Gathered]:
    """Dossier by dossier, those behind the dossier `after`, read ahead. `files`: without, records alone are read."""
    names = store.list(keys.DOSSIERS, f"{keys.dossier_prefix(after)[:-1]}0" if after else "")
    by_dossier = (
        (dossier, list(group))
        for dossier, group in groupby(
            names, key=lambda key: key.removeprefix(keys.DOSSIERS).partition("/")[0]
        )
    )
    return ahead(pool, lambda one: _gather(store, one[0], one[1], quick=quick, files=files), by_dossier)


def _gather(store: ObjectStore, dossier: str, names: list[str], *, quick: bool, files: bool) -> Gathered:
    return Gathered(dossier, tuple(_read(store, dossier, name, quick or not files) for name in names))


def _read(store: ObjectStore, dossier: str, key: str, quick: bool) -> Stored:
    match = _NAME.fullmatch(key.removeprefix(keys.dossier_prefix(dossier)))
    number = int(match["version"]) if match and match["version"] else None
    try:
        if match is None:
            fault = "nothing of this service has such a name"
            return Stored(key, None, store.head(key), fault=fault)
        if number is None and quick:
            head = store.head(key)
            return Stored(key, None, head, size=head.size if head else 0)
        found = _bytes(store, key, "", number)
        return found if match["file"] in (None, found.sha256) else _whole_version(store, found, match["file"])
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        return Stored(key, number, None, fault=str(exc))


def _bytes(store: ObjectStore, key: str, version: str, number: int | None) -> Stored:
    head, opened = store.read(key, version)
    with opened as stream:
        if number is None:
            found, size = hash_blocks(stream)
            return Stored(key, None, head, found, size)
        data = bounded(stream, key, MAX_DOSSIER_RECORD)
    return Stored(key, number, head, sha256(data).hexdigest(), len(data), data)


def _whole_version(store: ObjectStore, damaged: Stored, named: str) -> Stored:
    """The oldest version with the bytes that the name promises, as repair leaves one; else the damaged one."""
    for version in versions(store, damaged.key):
        with suppress(StorageRefused, ArchiveDamaged):
            found = _bytes(store, damaged.key, version, None)
            if found.sha256 == named:
                return found
    return damaged


# First pass.


def enter_dossiers(conn: Connection, block: Sequence[Gathered], at: datetime, tell: Tell) -> int:
    """Rows of the block's dossiers, versions, files and objects; how many leaves are open now."""
    made = []
    for one, believed in _believed(conn, block, tell):
        if not believed:
            continue
        try:
            made.append(_rows(one, believed, at, tell))
        except MALFORMED as exc:
            what = f"a field is missing or of a wrong form: {exc}"
            tell(ids.RECORD_MALFORMED, believed[-1].stored.key, what)
    rebuild_rows.name_agencies(conn, [one.agency for one in made], at)
    for table in ("dossiers", "dossier_versions", "dossier_files"):
        rebuild_rows.insert(conn, table, [row for one in made for row in one.tables.get(table, ())])
    rebuild_rows.open_dossier_leaves(conn, [row for one in made for row in one.leaves])
    rebuild_rows.insert(conn, "objects", [row for one in made for row in one.tables.get("objects", ())])
    return sum(len(one.leaves) for one in made)


def _believed(
    conn: Connection, block: Sequence[Gathered], tell: Tell
) -> Iterator[tuple[Gathered, list[Believed]]]:
    claims = [(one, list(_claims(one, tell))) for one in block]
    wanted = {
        name
        for _, claimed in claims
        for _, value in claimed
        for name in (value["leaf"]["id"], value["predecessor"])
    }
    leaves = rebuild_rows.leaves_by_id(conn, sorted(name for name in wanted if isinstance(name, str)))
    for one, claimed in claims:
        found = [each for stored, value in claimed if (each := _believe(stored, value, leaves, tell))]
        yield one, sorted(found, key=lambda each: each.version)


def _claims(one: Gathered, tell: Tell) -> Iterator[tuple[Stored, Row]]:
    for stored in one.objects:
        if stored.fault and stored.head is not None:
            tell(ids.OBJECT_WITHOUT_ROW, stored.key, stored.fault)
        elif stored.version is None:
            continue
        elif stored.fault:
            tell(ids.OBJECT_UNREADABLE, stored.key, stored.fault)
        else:
            try:
                value = parse(stored.data, DOSSIER_SCHEMA, stored.key)
                if not isinstance(value["leaf"]["id"], str) or "predecessor" not in value:
                    raise ValueError("its leaf")
                yield stored, value
            except (ArchiveDamaged, *MALFORMED) as exc:
                tell(ids.RECORD_MALFORMED, stored.key, str(exc))


def _believe(stored: Stored, value: Row, leaves: Mapping[str, LeafRow], tell: Tell) -> Believed | None:
    """The record, if its leaf commits to these very bytes under this very key."""
    leaf = leaves.get(value["leaf"]["id"])
    if leaf is None:
        what = "no leaf of this log speaks for it: it was not archived when the log was last shown, or is not ours"
        tell(ids.RECORD_UNLOGGED, stored.key, what)
        return None
    try:
        before = leaves.get(value["predecessor"]) if value["predecessor"] else None
        told, sha = value["leaf"], digest(stored.data)
        entry = leaf_format.encode(
            leaf_format.make_leaf(
                LeafKind.DOSSIER,
                bytes.fromhex(told["id"]),
                Opening(sha, bytes.fromhex(told["content_salt"])),
                Opening(sha, bytes.fromhex(told["record_salt"])),
                leaf_hash(before.entry) if before else None,
            )
        )
        expected = keys.dossier_version_key(value["dossier"]["id"], value["version"])
    except MALFORMED as exc:
        tell(ids.RECORD_DIFFERS, stored.key, f"what it says of itself makes no leaf: {exc}")
        return None
    if entry != leaf.entry or (value["predecessor"] and before is None) or stored.key != expected:
        what = (
            f"leaf {leaf.log_index} commits to other bytes, salts or predecessor, or it belongs to {expected}"
        )
        tell(ids.RECORD_DIFFERS, stored.key, what)
        return None
    return Believed(stored, value, leaf)


def _rows(one: Gathered, believed: list[Believed], at: datetime, tell: Tell) -> Rows:
    _tell_of_gaps(one, believed, tell)
    newest = believed[-1]
    told = newest.value["dossier"]
    rows = Rows(agency=(told["agency"]["code"], told["agency"]["name"], told["agency"]["symbol"]))
    files = _files(one.dossier, believed)
    rows.tables["dossiers"] = [_dossier(newest)]
    rows.tables["dossier_versions"] = [_version(each) for each in believed]
    rows.tables["dossier_files"] = [_file(row) for row, _ in files.values()]
    rows.leaves = [_leaf(each) for each in believed]
    contents = {stored.key: stored for stored in one.objects if stored.version is None}
    rows.tables["objects"] = [_record_object(each, at) for each in believed]
    rows.tables["objects"] += [
        _file_object(row, by, contents.get(row["key"]), at) for row, by in files.values()
    ]
    _tell_of_files(files, contents, tell)
    return rows


def _tell_of_gaps(one: Gathered, believed: list[Believed], tell: Tell) -> None:
    there = {each.version for each in believed}
    gone = [n for n in range(1, believed[-1].version + 1) if n not in there]
    if gone:
        tell(ids.DOSSIER_VERSION_MISSING, f"dossier {one.dossier}", f"versions {gone} cannot be taken over")


def _files(dossier: str, believed: list[Believed]) -> dict[str, tuple[Row, Believed]]:
    """Files that are stored under the dossier's keys, each with the version that brought it."""
    found: dict[str, tuple[Row, Believed]] = {}
    for each in believed:
        for entry in each.value["filed"]:
            file = entry["file"]
            if file is not None and file["dossier"] == dossier:
                found.setdefault(file["id"], (file, each))
    return found


def _tell_of_files(
    files: Mapping[str, tuple[Row, Believed]], contents: Mapping[str, Stored], tell: Tell
) -> None:
    promised = {file["key"]: file for file, _ in files.values()}
    for key, file in promised.items():
        there = contents.get(key)
        if there is None or (there.head is None and not there.fault):
            tell(ids.OBJECT_MISSING, key, "its record is there, its bytes are not")
        elif there.fault or there.head is None:
            tell(ids.OBJECT_UNREADABLE, key, there.fault)
        elif (there.sha256 or there.head.sha256, there.size) != (file["sha256"], file["size"]):
            tell(ids.OBJECT_CHANGED, key, f"{there.size} bytes that are not those archived")
    for key in contents.keys() - promised.keys():
        if not contents[key].fault:
            tell(ids.OBJECT_WITHOUT_ROW, key, "no record that the log speaks for names it")


def _dossier(newest: Believed) -> Row:
    told = newest.value["dossier"]
    kept = told["retention"] or {}
    return {
        **{name: told[name] for name in _SAME},
        "agency": told["agency"]["code"],
        "start_date": date.fromisoformat(told["start_date"]),
        "version": newest.version,
        "retention_code": kept.get("code"),
        "maintenance": kept.get("maintenance"),
        "years": kept.get("years"),
        "retention_name": kept.get("name"),
        "retention_basis": kept.get("basis"),
        "work_ended": _day(kept.get("work_ended")),
        "opened_at": _time(told["opened_at"]),
        "closed_at": _time(told["closed_at"]),
        "updated_at": _time(told["updated_at"]),
    }


def _version(each: Believed) -> Row:
    told = each.value
    return {
        "dossier": told["dossier"]["id"],
        "ordinal": told["version"],
        "act": told["act"],
        "reason": told["reason"],
        "actor": told["actor"],
        "at": _time(told["recorded_at"]),
        "leaf": each.leaf.id,
        "record_sha256": digest(each.stored.data),
    }


def _file(told: Row) -> Row:
    same = (
        "id",
        "dossier",
        "sha256",
        "size",
        "name",
        "media_type",
        "number_text",
        "subject",
        "author",
        "pages",
    )
    return {
        **{name: told[name] for name in same},
        "document_date": _day(told["document_date"]),
        "uploaded_by": told["uploaded_by"],
        "created_at": _time(told["created_at"]),
    }


def _leaf(each: Believed) -> Row:
    told, sha = each.value, digest(each.stored.data)
    recorded = _time(told["recorded_at"])
    committed = each.leaf.created_at
    return {
        "id": each.leaf.id,
        "dossier": told["dossier"]["id"],
        "content_sha256": sha,
        "record_sha256": sha,
        "content_salt": bytes.fromhex(told["leaf"]["content_salt"]),
        "record_salt": bytes.fromhex(told["leaf"]["record_salt"]),
        "predecessor": told["predecessor"],
        "created_at": committed if committed != UNKNOWN_TIME and committed >= recorded else recorded,
    }


def _record_object(each: Believed, at: datetime) -> Row:
    size, sha = len(each.stored.data), digest(each.stored.data)
    return _object(each, each.stored.key, "dossier", sha, size, each.stored.head, at)


def _file_object(file: Row, by: Believed, stored: Stored | None, at: datetime) -> Row:
    """As the record promises it; of what is gone or damaged, what the record promises."""
    head = stored.head if stored else None
    return _object(by, file["key"], "file", file["sha256"], file["size"], head, at) | {"file": file["id"]}


def _object(
    by: Believed, key: str, role: str, sha: str, size: int, head: StoredObject | None, at: datetime
) -> Row:
    return {
        "key": key,
        "document": None,
        "leaf": by.leaf.id,
        "role": role,
        "sha256": sha,
        "size": size,
        "retain_until": (head.retain_until if head else None) or _time(by.value["retain_until"]),
        "read_back_at": at,
        "version": head.version if head else "",
        "mode": (head.mode if head else None) or LockMode.GOVERNANCE,
        "hold": head.hold if head else False,
        "dossier": by.value["dossier"]["id"],
        "file": None,
    }


# Second pass.


def enter_entries(conn: Connection, block: Sequence[Gathered], tell: Tell) -> None:
    """What lies in the block's dossiers, the documents' states, and holds over dossiers. The first pass has told
    what is not believed."""
    for one, believed in _believed(conn, block, lambda *_: None):
        rows = _entries(believed)
        things = rebuild_rows.known_things(conn, rows)
        for row in rows:
            if (row["document"] or row["file"]) not in things:
                where = f"dossier {one.dossier}, entry {row['ordinal']}"
                tell(ids.DOSSIER_ENTRY_DIFFERS, where, "what it names could not be taken over")
        kept = [row for row in rows if (row["document"] or row["file"]) in things]
        rebuild_rows.insert(conn, "dossier_entries", kept)
        rebuild_rows.mark_filed(conn, [row["document"] for row in kept if row["removed_in"] is None])
        rebuild_rows.insert(conn, "holds", _dossier_holds(believed))


def _entries(believed: Sequence[Believed]) -> list[Row]:
    """Every entry that there ever was, from the acts and, where one is gone, from the lists of closings."""
    found: dict[int, Row] = {}
    for each in believed:
        told = each.value
        for entry in (*told["filed"], *(told["list"] or ())):
            found.setdefault(entry["entry"], _entry(told["dossier"]["id"], entry))
        for gone in told["removed"]:
            if gone["entry"] in found:
                found[gone["entry"]] |= {"removed_in": told["version"], "removed_reason": gone["reason"]}
    return [found[ordinal] for ordinal in sorted(found)]


def _entry(dossier: str, told: Row) -> Row:
    return {
        "dossier": dossier,
        "ordinal": told["entry"],
        "document": told["document"]["id"] if told["document"] else None,
        "file": told["file"]["id"] if told["file"] else None,
        "note": told["note"],
        "filed_in": told["filed_in"],
        "filed_by": told["filed_by"],
        "filed_at": _time(told["filed_at"]),
        "removed_in": None,
        "removed_reason": "",
    }


def _dossier_holds(believed: Sequence[Believed]) -> list[Row]:
    told = [
        (each.value["act"], each.value["hold"])
        for each in believed
        if each.value["act"] in ("held", "released")
    ]
    if not told:
        return []
    dossier = believed[-1].value["dossier"]
    return holds(told, dossier["agency"]["code"], dossier=dossier["id"])


def holds(told: Sequence[tuple[str, Row]], agency: str, dossier: str | None = None) -> list[Row]:
    """Rows of holds, from what events or versions tell of them in their order: placed, then perhaps released.

    That somebody asked for a release and nobody decided was not archived: the hold stands as placed.
    """
    found: dict[str, Row] = {}
    for act, facts in told:
        row = found.setdefault(facts["hold"], _placed(facts, agency, dossier))
        if act == "released":
            row |= {
                "state": "released",
                "version": 4,
                "asked_by": facts["asked_by_account"],
                "asked_by_display": facts["asked_by"],
                "asked_at": _time(facts["asked_at"]),
                "asked_reason": facts["asked_reason"],
                "decided_by": facts["confirmed_by_account"],
                "decided_by_display": facts["confirmed_by"],
                "decided_at": _time(facts["confirmed_at"]),
                "released_at": _time(facts["confirmed_at"]),
            }
    return list(found.values())


def _placed(facts: Row, agency: str, dossier: str | None) -> Row:
    return {
        "id": facts["hold"],
        "agency": agency,
        "dossier": dossier,
        "state": "placed",
        "version": 1,
        "reason": facts["reason"],
        "basis": facts["basis"],
        "placed_by": facts["placed_by_account"],
        "placed_by_display": facts["placed_by"],
        "placed_at": _time(facts["placed_at"]),
        "asked_by": None,
        "asked_by_display": "",
        "asked_at": None,
        "asked_reason": "",
        "decided_by": None,
        "decided_by_display": "",
        "decided_at": None,
        "released_at": None,
    }


def enter_document_holds(conn: Connection, tell: Tell) -> None:
    """Holds over documents, from their events. One is over when every document that it names says so."""
    by_hold: dict[str, list[tuple[str, str, str, Row]]] = {}
    for document, agency, kind, facts in rebuild_rows.hold_events(conn):
        try:
            holds([(kind, facts)], agency)
        except MALFORMED as exc:
            tell(ids.HOLD_DIFFERS, f"document {document}", f"its event makes no hold: {exc}")
            continue
        by_hold.setdefault(facts["hold"], []).append((document, agency, kind, facts))
    rows, named = [], []
    for hold, told in by_hold.items():
        held = {document for document, _, kind, _ in told if kind == "held"}
        let_go = {document for document, _, kind, _ in told if kind == "released"}
        acts = [(kind, facts) for _, _, kind, facts in told if kind == "held" or held <= let_go]
        rows += holds(acts, told[0][1])
        named += [{"hold": hold, "document": document} for document in sorted(held)]
    rebuild_rows.insert(conn, "holds", rows)
    rebuild_rows.insert(conn, "hold_documents", named)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _time(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None
