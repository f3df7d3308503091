"""Dossiers ⇔ their records ⇔ leaves ⇔ rows: what the records tell, act by act, is what the rows say.

The records are read in their order and done again: opened, changed, filled, closed. A row that was changed behind
the register's back says something else than its records, which the log's leaves bind.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.catalogue import Connection, audit_dossiers, audit_objects, audit_rows
from archive.dossier_record import DOSSIER_SCHEMA
from archive.errors import ArchiveDamaged
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.fsck.leaves import check_dossier_leaf
from archive.fsck.objects import check_object, look_at
from archive.log.leaf import LeafKind
from archive.ports import ObjectStore
from archive.record import digest, parse
from archive.storage.keys import dossier_file_key, dossier_version_key
from policies.vocabulary import State

RowValues = dict[str, Any]
_ROW = (
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
    "start_date",
    "planned_code",
    "state",
    "entries",
    "listed",
    "opened_by",
    "opened_at",
    "closed_at",
    "updated_at",
)
_RETENTION = {
    "code": "retention_code",
    "maintenance": "maintenance",
    "years": "years",
    "name": "retention_name",
    "basis": "retention_basis",
    "work_ended": "work_ended",
}
_FILE = (
    "id",
    "dossier",
    "sha256",
    "size",
    "name",
    "media_type",
    "number_text",
    "document_date",
    "subject",
    "author",
    "pages",
    "uploaded_by",
    "created_at",
)
_ENTRY = ("note", "filed_in", "filed_by", "filed_at")


@dataclass(slots=True)
class _Told:
    """What the records of one dossier tell when they are done again."""

    dossier: RowValues = field(default_factory=dict)
    entries: dict[int, RowValues] = field(default_factory=dict)  # every one that there ever was
    removed: dict[int, tuple[int, str]] = field(default_factory=dict)  # by which version, and why
    files: dict[str, RowValues] = field(default_factory=dict)

    def present(self) -> set[int]:
        return self.entries.keys() - self.removed.keys()


def check_dossiers(
    conn: Connection,
    store: ObjectStore,
    pool: Executor,
    report: Report,
    progress: Progress,
    *,
    quick: bool = False,
) -> None:
    """Every dossier with its objects. `quick`: no object is read, so that nothing is done again."""
    total = audit_rows.count(conn, "dossiers")
    planned = {row["leaf"]: row for row in audit_objects.dossier_deposits(conn)}
    for done, row in enumerate(audit_dossiers.dossiers(conn), start=1):
        objects = {one["key"]: one for one in audit_dossiers.dossier_objects(conn, row["id"])}
        versions = audit_dossiers.dossier_versions(conn, row["id"])
        _check_versions(conn, row, versions, objects, planned, report)
        records = _records(store, objects.values(), versions, planned, pool, report, quick=quick)
        if not quick:
            _check_dossier(conn, row, versions, records, report)
        report.read["dossiers"] += 1
        progress("dossiers", done, total)


def check_filed(row: RowValues, dossiers: int, report: Report) -> None:
    """A document's row, and in how many dossiers it lies."""
    where = f"document {row['id']}"
    if dossiers and row["state"] not in (State.FILED, State.STOPPED):
        report.error(ids.ROW_DIFFERS, where, f"lies in {dossiers} dossiers, and its row says {row['state']}")
    if not dossiers and row["state"] == State.FILED:
        report.note(ids.DOSSIER_ENTRY_DIFFERS, where, "is filed, and lies in no dossier")


def _check_versions(
    conn: Connection,
    row: RowValues,
    versions: list[RowValues],
    objects: dict[str, RowValues],
    planned: dict[str, RowValues],
    report: Report,
) -> None:
    where = f"dossier {row['id']}"
    if [version["ordinal"] for version in versions] != list(range(1, row["version"] + 1)):
        what = f"has {row['version']} versions, and rows of {[version['ordinal'] for version in versions]}"
        report.error(ids.DOSSIER_VERSION_MISSING, where, what)
    leaves = {leaf["id"]: leaf for leaf in audit_dossiers.dossier_leaves(conn, row["id"])}
    before = None
    for version in versions:
        leaf = leaves.pop(version["leaf"], None)
        told = f"{where}, version {version['ordinal']}"
        if leaf is not None:
            check_dossier_leaf(leaf, before, report)
            _check_version(version, leaf, objects, told, report)
        elif version["leaf"] not in planned:
            report.error(ids.LEAF_MISSING, told, "no leaf says that it was archived, and none is planned")
        before = leaf
    for leaf_id in leaves:
        report.error(ids.ROW_MISSING, where, f"leaf {leaf_id} is of a version that has no row")


def _check_version(
    version: RowValues, leaf: RowValues, objects: dict[str, RowValues], told: str, report: Report
) -> None:
    if leaf["record_sha256"] != version["record_sha256"] or leaf["kind"] != LeafKind.DOSSIER:
        report.error(ids.ROW_DIFFERS, told, "version and leaf have different digests of the record")
    stored = objects.get(dossier_version_key(version["dossier"], version["ordinal"]))
    if stored is None or stored["sha256"] != version["record_sha256"]:
        report.error(ids.ROW_MISSING, told, "the catalogue has no object row with its record")


def _records(
    store: ObjectStore,
    objects: Iterable[RowValues],
    versions: list[RowValues],
    planned: dict[str, RowValues],
    pool: Executor,
    report: Report,
    *,
    quick: bool,
) -> dict[int, RowValues]:
    """The records that can be read, by version; every object of the dossier is looked at on the way."""
    found: dict[str, bytes] = {}
    for looked in look_at(store, objects, pool, quick=quick):
        check_object(looked, report)
        if looked.data is not None:
            found[looked.row["key"]] = looked.data
    records = {}
    for version in versions:
        key = dossier_version_key(version["dossier"], version["ordinal"])
        data = planned[version["leaf"]]["record"] if version["leaf"] in planned else found.get(key)
        if data is None:
            continue
        if digest(data) != version["record_sha256"]:
            report.error(ids.RECORD_DIFFERS, key, "the version's row names another record")
        try:
            records[version["ordinal"]] = parse(data, DOSSIER_SCHEMA, key)
        except ArchiveDamaged as exc:
            report.error(ids.RECORD_MALFORMED, key, str(exc))
    return records


def _check_dossier(
    conn: Connection,
    row: RowValues,
    versions: list[RowValues],
    records: dict[int, RowValues],
    report: Report,
) -> None:
    told = _Told()
    for version in versions:
        record = records.get(version["ordinal"])
        if record is None:
            return  # told already; without it the rest cannot be done again
        try:
            _do_again(told, record, version, report)
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            key = dossier_version_key(row["id"], version["ordinal"])
            report.error(ids.RECORD_MALFORMED, key, f"a field is missing or of a wrong form: {exc}")
            return
    if told.dossier:
        _compare(conn, row, told, report)


def _do_again(told: _Told, record: RowValues, version: RowValues, report: Report) -> None:
    key = dossier_version_key(version["dossier"], version["ordinal"])
    ordinal = version["ordinal"]
    shown = (record["version"], record["act"], record["reason"], record["actor"])
    if shown != (ordinal, version["act"], version["reason"], version["actor"]):
        report.error(ids.RECORD_DIFFERS, key, "record and version's row tell of different acts")
    if (
        record["leaf"]["id"] != version["leaf"]
        or datetime.fromisoformat(record["recorded_at"]) != version["at"]
    ):
        report.error(ids.RECORD_DIFFERS, key, "record and version's row differ in leaf or time")
    told.dossier = record["dossier"]
    for entry in record["filed"]:
        told.entries[entry["entry"]] = entry
        if entry["file"] is not None:
            told.files[entry["file"]["id"]] = entry["file"]
    for gone in record["removed"]:
        told.removed[gone["entry"]] = (ordinal, gone["reason"])
    if record["list"] is not None and {one["entry"] for one in record["list"]} != told.present():
        report.error(
            ids.DOSSIER_LIST_DIFFERS, key, "the list is not what lay in the dossier when it was closed"
        )


def _compare(conn: Connection, row: RowValues, told: _Told, report: Report) -> None:
    where = f"dossier {row['id']}"
    for name in _ROW:
        if told.dossier[name] != _json(row[name]):
            report.error(ids.DOSSIER_DIFFERS, where, f"records and row differ in {name}")
    if told.dossier["agency"]["code"] != row["agency"]:
        report.error(ids.DOSSIER_DIFFERS, where, "records and row differ in agency")
    kept = told.dossier["retention"]
    for name, column in _RETENTION.items():
        if (kept[name] if kept else None) != _json(row[column]):
            report.error(ids.DOSSIER_DIFFERS, where, f"records and row differ in the retention's {name}")
    _compare_entries(conn, row, told, report)
    _compare_files(conn, row, told, report)


def _compare_entries(conn: Connection, row: RowValues, told: _Told, report: Report) -> None:
    found = {entry["ordinal"]: entry for entry in audit_dossiers.dossier_entries(conn, row["id"])}
    for ordinal in sorted(told.entries.keys() | found.keys()):
        where = f"dossier {row['id']}, entry {ordinal}"
        entry, said = found.get(ordinal), told.entries.get(ordinal)
        if entry is None or said is None:
            lacking = "row" if entry is None else "record"
            report.error(ids.DOSSIER_ENTRY_DIFFERS, where, f"no {lacking} tells of it")
            continue
        things = (_id(said["document"]), _id(said["file"]))
        same = things == (entry["document"], entry["file"])
        same = same and all(said[name] == _json(entry[name]) for name in _ENTRY)
        gone = told.removed.get(ordinal, (None, ""))
        if not same or gone != (entry["removed_in"], entry["removed_reason"]):
            report.error(ids.DOSSIER_ENTRY_DIFFERS, where, "records and row differ")


def _compare_files(conn: Connection, row: RowValues, told: _Told, report: Report) -> None:
    mine = {one: said for one, said in told.files.items() if said["dossier"] == row["id"]}
    found = {file["id"]: file for file in audit_dossiers.dossier_files(conn, row["id"])}
    for file_id in sorted(mine.keys() | found.keys()):
        where = f"dossier {row['id']}, file {file_id}"
        file, said = found.get(file_id), mine.get(file_id)
        if file is None or said is None:
            lacking = "row" if file is None else "record"
            report.error(ids.DOSSIER_FILE_DIFFERS, where, f"no {lacking} tells of it")
            continue
        if any(said[name] != _json(file[name]) for name in _FILE):
            report.error(ids.DOSSIER_FILE_DIFFERS, where, "records and row differ")
        if said["key"] != dossier_file_key(row["id"], said["sha256"]):
            report.error(
                ids.DOSSIER_FILE_DIFFERS, where, "its record names another key than its digest gives"
            )


def _id(told: RowValues | None) -> str | None:
    return told["id"] if told else None


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
