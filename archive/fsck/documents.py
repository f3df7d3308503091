"""Documents ⇔ versions, leaves, events, objects: nothing archived lost its trace, nothing claims to be archived.

By the block: what belongs to 500 documents is fetched at once, and their objects are read side by side.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Executor
from typing import Any

from archive.catalogue import Connection, audit_documents, audit_objects, audit_rows
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.dossiers import check_filed
from archive.fsck.evidence import check_evidence
from archive.fsck.findings import Progress, Report
from archive.fsck.holds import check_told
from archive.fsck.leaves import check_leaf
from archive.fsck.objects import check_object, look_at
from archive.fsck.records import Records
from archive.log.leaf import LeafKind
from archive.ports import ObjectStore
from policies.vocabulary import State

RowValues = dict[str, Any]
_ARCHIVED = {State.ARCHIVED, State.ISSUED, State.FILED}
_MAY_BE_ARCHIVED = _ARCHIVED | {State.STOPPED, State.VOIDED}
_COLUMN_OF_EVENT = {"issued": "issued_at", "recalled": "recalled_at", "replaced": "replaced_by"}


def check_documents(
    conn: Connection,
    store: ObjectStore,
    pool: Executor,
    report: Report,
    progress: Progress,
    *,
    quick: bool = False,
) -> None:
    """Every document, and every row that names one that is not there. `quick`: no object is read."""
    total, done = audit_rows.count(conn, "documents"), 0
    planned = Counter(
        row["document"] for row in audit_objects.deposits(conn) if row["kind"] == LeafKind.EVENT
    )
    for block in in_blocks(audit_documents.documents(conn)):
        of = audit_documents.belongings(conn, [row["id"] for row in block])
        for row in block:
            _check_document(row, of, planned[row["id"]], report)
            check_told(conn, row, of.events[row["id"]], report)
            if row["id"] in of.evidence:
                check_evidence(of.evidence[row["id"]], report)
        for row in block:
            for leaf in of.leaves[row["id"]]:
                check_leaf(conn, leaf, of, report)
        records = Records({row["id"]: row for row in block}, of)
        objects = [stored for row in block for stored in of.objects[row["id"]]]
        for looked in look_at(store, objects, pool, quick=quick):
            check_object(looked, report)
            if looked.data is not None:
                records.check(looked, report)
        records.check_registers(conn, report)
        done += len(block)
        report.read["documents"] += len(block)
        progress("documents", done, total)
    for table, name, document in audit_documents.dangling(conn):
        report.error(ids.ROW_DANGLING, f"{table} {name}", f"its document {document} has no row")


def _check_document(row: RowValues, of: audit_documents.Belongings, planned: int, report: Report) -> None:
    where, leaves = f"document {row['id']}", of.leaves[row["id"]]
    if row["number"] is not None and row["id"] not in of.numbers:
        report.error(
            ids.NUMBER_CLAIMED, where, f"bears number {row['number_text']}, which no register gave it"
        )
    contents = [leaf["content_sha256"] for leaf in leaves if leaf["kind"] == LeafKind.DOCUMENT]
    if not contents:
        if row["archived_at"] is not None or row["state"] in _ARCHIVED:
            report.error(ids.LEAF_MISSING, where, f"is {row['state']}, and no leaf says that it was archived")
        return
    if row["archived_at"] is None or row["state"] not in _MAY_BE_ARCHIVED:
        report.error(ids.ROW_DIFFERS, where, f"was archived, and its row says {row['state']}")
    if row["current_sha256"] != contents[-1]:
        report.error(ids.ROW_DIFFERS, where, "its current version is not the one archived last")
    known = {version["sha256"] for version in of.versions[row["id"]]}
    for lost in set(contents) - known:
        report.error(ids.ROW_MISSING, where, f"its archived version {lost} has no row")
    _check_events(row, of.events[row["id"]], leaves, planned, report)
    check_filed(row, of.filed[row["id"]], report)


def _check_events(
    row: RowValues, events: list[RowValues], leaves: list[RowValues], planned: int, report: Report
) -> None:
    where = f"document {row['id']}"
    with_leaf = sum(leaf["kind"] == LeafKind.EVENT for leaf in leaves)
    if [event["ordinal"] for event in events] != list(range(1, with_leaf + planned + 1)):
        report.error(ids.ROW_MISSING, where, f"{len(events)} events for {with_leaf} leaves of events")
    kinds = {event["kind"] for event in events}
    for kind, column in _COLUMN_OF_EVENT.items():
        if (kind in kinds) is not (row[column] is not None):
            report.error(ids.ROW_DIFFERS, where, f"{column} and the event «{kind}» contradict each other")
    _check_standing(row, events, report)


def _check_standing(row: RowValues, events: list[RowValues], report: Report) -> None:
    """What was stopped or voided by an event stays so until an event lets it go on."""
    standing = None
    for event in events:
        standing = {"stopped": State.STOPPED, "voided": State.VOIDED, "resumed": None}.get(
            event["kind"], standing
        )
    if standing is not None and row["state"] != standing:
        what = f"its row says {row['state']}, its last event that it is {standing}"
        report.error(ids.ROW_DIFFERS, f"document {row['id']}", what)
