"""Documents ⇔ their versions, leaves and events: nothing archived lost its trace, nothing claims to be archived."""

from __future__ import annotations

from typing import Any

from archive.catalogue import Connection, audit_rows
from archive.fsck import findings as ids
from archive.fsck.dossiers import check_filed
from archive.fsck.findings import Progress, Report
from archive.fsck.holds import check_told
from archive.log.leaf import LeafKind
from policies.vocabulary import State

_ARCHIVED = {State.ARCHIVED, State.ISSUED, State.FILED}
_MAY_BE_ARCHIVED = _ARCHIVED | {State.STOPPED, State.VOIDED}
_COLUMN_OF_EVENT = {"issued": "issued_at", "recalled": "recalled_at", "replaced": "replaced_by"}


def check_documents(conn: Connection, report: Report, progress: Progress) -> None:
    """Every document, and every row that names one that is not there."""
    total = audit_rows.count(conn, "documents")
    for done, row in enumerate(audit_rows.documents(conn), start=1):
        _check_document(conn, row, report)
        report.read["documents"] += 1
        progress("documents", done, total)
    for table, name, document in audit_rows.dangling(conn):
        report.error(ids.ROW_DANGLING, f"{table} {name}", f"its document {document} has no row")


def _check_document(conn: Connection, row: dict[str, Any], report: Report) -> None:
    where = f"document {row['id']}"
    leaves = audit_rows.leaves_of(conn, row["id"])
    contents = [leaf["content_sha256"] for leaf in leaves if leaf["kind"] == LeafKind.DOCUMENT]
    if not contents:
        if row["archived_at"] is not None or row["state"] in _ARCHIVED:
            report.error(ids.LEAF_MISSING, where, f"is {row['state']}, and no leaf says that it was archived")
        return
    if row["archived_at"] is None or row["state"] not in _MAY_BE_ARCHIVED:
        report.error(ids.ROW_DIFFERS, where, f"was archived, and its row says {row['state']}")
    if row["current_sha256"] != contents[-1]:
        report.error(ids.ROW_DIFFERS, where, "its current version is not the one archived last")
    known = {version["sha256"] for version in audit_rows.versions_of(conn, row["id"])}
    for lost in set(contents) - known:
        report.error(ids.ROW_MISSING, where, f"its archived version {lost} has no row")
    _check_events(conn, row, leaves, report)
    check_filed(conn, row, report)
    check_told(conn, row, report)


def _check_events(
    conn: Connection, row: dict[str, Any], leaves: list[dict[str, Any]], report: Report
) -> None:
    where = f"document {row['id']}"
    events = audit_rows.events_of(conn, row["id"])
    planned = sum(
        deposit["kind"] == LeafKind.EVENT and deposit["document"] == row["id"]
        for deposit in audit_rows.deposits(conn)
    )
    with_leaf = sum(leaf["kind"] == LeafKind.EVENT for leaf in leaves)
    if [event["ordinal"] for event in events] != list(range(1, with_leaf + planned + 1)):
        report.error(ids.ROW_MISSING, where, f"{len(events)} events for {with_leaf} leaves of events")
    kinds = {event["kind"] for event in events}
    for kind, column in _COLUMN_OF_EVENT.items():
        if (kind in kinds) is not (row[column] is not None):
            report.error(ids.ROW_DIFFERS, where, f"{column} and the event «{kind}» contradict each other")
