"""Dossiers and holds: what lies under `dossiers/`, believed when the log speaks for it; then what lies in them.

In two passes, because a file may have come into another dossier first, which is entered later: rows of dossiers with
their versions and files, then the entries. What the records tell act by act is done again in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.catalogue import Connection, rebuild_rows
from archive.catalogue.rebuild_rows import LeafRow
from archive.dossier_record import DOSSIER_SCHEMA
from archive.errors import ArchiveDamaged
from archive.fsck import findings as ids
from archive.log import leaf as leaf_format
from archive.log.leaf import LeafKind, Opening
from archive.log.merkle import leaf_hash
from archive.openings import MALFORMED
from archive.rebuild.dossier_rows import (
    dossier_row,
    file_object,
    file_row,
    leaf_row,
    record_object,
    version_row,
)
from archive.rebuild.dossier_values import Believed, Gathered, Row, Rows, Stored, time_of
from archive.rebuild.holds import dossier_holds
from archive.rebuild.log import Found as Tell
from archive.record import digest, parse
from archive.storage import keys

# First pass.


Others = Callable[[Stored], Iterable[Stored]]


def enter_dossiers(
    conn: Connection,
    block: Sequence[Gathered],
    at: datetime,
    tell: Tell,
    others: Others = lambda _stored: (),
) -> int:
    """Rows of the block's dossiers, versions, files and objects; how many leaves are open now.

    `others` reads further versions of a record that nothing bears out. Raises ArchiveUnavailable.
    """
    made = []
    for one, believed in _believed(conn, block, tell, others):
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
    conn: Connection, block: Sequence[Gathered], tell: Tell, others: Others
) -> Iterator[tuple[Gathered, list[Believed]]]:
    claims = [(one, [(stored, _claimed(stored)) for stored in _records(one, tell)]) for one in block]
    leaves = _leaves(conn, (claimed for _, each in claims for _, claimed in each))
    for one, claimed in claims:
        judged = ((stored, _judged(stored, each, leaves)) for stored, each in claimed)
        found = [each for stored, first in judged if (each := _or_another(conn, stored, first, others, tell))]
        yield one, sorted(found, key=lambda each: each.version)


def _records(one: Gathered, tell: Tell) -> Iterator[Stored]:
    for stored in one.objects:
        if stored.fault and stored.head is not None:
            tell(ids.OBJECT_WITHOUT_ROW, stored.key, stored.fault)
        elif stored.version is not None:
            yield stored


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a record is not believed."""

    finding: str
    what: str


def _claimed(stored: Stored) -> Row | _Doubt:
    if stored.fault:
        return _Doubt(ids.OBJECT_UNREADABLE, stored.fault)
    try:
        value: Row = parse(stored.data, DOSSIER_SCHEMA, stored.key)
        if not isinstance(value["leaf"]["id"], str) or "predecessor" not in value:
            raise ValueError("its leaf")
    except (ArchiveDamaged, *MALFORMED) as exc:
        return _Doubt(ids.RECORD_MALFORMED, str(exc))
    return value


def _leaves(conn: Connection, claims: Iterable[Row | _Doubt]) -> dict[str, LeafRow]:
    wanted = {
        name
        for value in claims
        if not isinstance(value, _Doubt)
        for name in (value["leaf"]["id"], value["predecessor"])
        if isinstance(name, str)
    }
    return rebuild_rows.leaves_by_id(conn, sorted(wanted))


def _or_another(
    conn: Connection, stored: Stored, first: Believed | _Doubt, others: Others, tell: Tell
) -> Believed | None:
    """The record as it lies there, or the version of it to which a leaf commits, as a repair leaves one."""
    if isinstance(first, Believed):
        return first
    try:
        for other in others(stored):
            claimed = _claimed(other)
            believed = _judged(other, claimed, _leaves(conn, [claimed]))
            if isinstance(believed, Believed):
                return believed
    except ArchiveDamaged as exc:
        tell(ids.OBJECT_UNREADABLE, stored.key, str(exc))
    tell(first.finding, stored.key, first.what)
    return None


def _judged(stored: Stored, value: Row | _Doubt, leaves: Mapping[str, LeafRow]) -> Believed | _Doubt:
    """The record, if its leaf commits to these very bytes under this very key."""
    if isinstance(value, _Doubt):
        return value
    leaf = leaves.get(value["leaf"]["id"])
    if leaf is None:
        what = "no leaf of this log speaks for it: it was not archived when the log was last shown, or is not ours"
        return _Doubt(ids.RECORD_UNLOGGED, what)
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
        return _Doubt(ids.RECORD_DIFFERS, f"what it says of itself makes no leaf: {exc}")
    if entry != leaf.entry or (value["predecessor"] and before is None) or stored.key != expected:
        what = (
            f"leaf {leaf.log_index} commits to other bytes, salts or predecessor, or it belongs to {expected}"
        )
        return _Doubt(ids.RECORD_DIFFERS, what)
    return Believed(stored, value, leaf)


def _rows(one: Gathered, believed: list[Believed], at: datetime, tell: Tell) -> Rows:
    _tell_of_gaps(one, believed, tell)
    newest = believed[-1]
    told = newest.value["dossier"]
    rows = Rows(agency=(told["agency"]["code"], told["agency"]["name"], told["agency"]["symbol"]))
    files = _files(one.dossier, believed)
    rows.tables["dossiers"] = [dossier_row(newest)]
    rows.tables["dossier_versions"] = [version_row(each) for each in believed]
    rows.tables["dossier_files"] = [file_row(row) for row, _ in files.values()]
    rows.leaves = [leaf_row(each) for each in believed]
    contents = {stored.key: stored for stored in one.objects if stored.version is None}
    rows.tables["objects"] = [record_object(each, at) for each in believed]
    rows.tables["objects"] += [
        file_object(row, by, contents.get(row["key"]), at) for row, by in files.values()
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


# Second pass.


def enter_entries(
    conn: Connection, block: Sequence[Gathered], tell: Tell, others: Others = lambda _stored: ()
) -> None:
    """What lies in the block's dossiers, the documents' states, and holds over dossiers. The first pass has told
    what is not believed."""
    for one, believed in _believed(conn, block, lambda *_: None, others):
        rows = _entries(believed)
        things = rebuild_rows.known_things(conn, rows)
        for row in rows:
            if (row["document"] or row["file"]) not in things:
                where = f"dossier {one.dossier}, entry {row['ordinal']}"
                tell(ids.DOSSIER_ENTRY_DIFFERS, where, "what it names could not be taken over")
        kept = [row for row in rows if (row["document"] or row["file"]) in things]
        rebuild_rows.insert(conn, "dossier_entries", kept)
        rebuild_rows.mark_filed(conn, [row["document"] for row in kept if row["removed_in"] is None])
        rebuild_rows.insert(conn, "holds", dossier_holds(believed))


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
        "filed_at": time_of(told["filed_at"]),
        "removed_in": None,
        "removed_reason": "",
    }
