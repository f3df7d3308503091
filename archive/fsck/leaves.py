"""Leaves ⇔ records ⇔ rows: each leaf opens to the objects of its document, and their record says what the rows say.

A register that was changed together with its journal is found here: records name the journal's hash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from archive.catalogue import Connection, audit_rows
from archive.catalogue.values import ObjectRole
from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.log import leaf as leaf_format
from archive.log.leaf import Leaf, LeafKind, Opening, Role
from archive.log.merkle import leaf_hash
from archive.ports import ObjectStore
from archive.record import EVENT_SCHEMA, MAX_RECORD, RECORD_SCHEMA, digest, head_bytes, parse
from archive.storage.keys import pdf_key
from archive.storage.readback import read_bounded

RowValues = dict[str, Any]
# The hash (hex) of a chain's row, by agency and ordinal; None when there is no such row.
ChainLookup = Callable[[Connection, str, int], str | None]
Chains = Mapping[LeafKind, ChainLookup]

_DOCUMENT_COLUMNS = ("id", "public_code", "kind", "unit", "subject", "number", "number_text", "document_date")


def register_chain(conn: Connection, agency: str, ordinal: int) -> str | None:
    """`ChainLookup` of the register journals."""
    row = audit_rows.journal_at(conn, agency, ordinal)
    return row["sha256"] if row else None


def check_leaves(
    conn: Connection, store: ObjectStore, chains: Chains, report: Report, progress: Progress
) -> None:
    """Every leaf of the catalogue. `chains` tells how the heads of each kind are looked up."""
    total = audit_rows.count(conn, "leaves")
    for done, row in enumerate(audit_rows.leaves(conn), start=1):
        _check_leaf(conn, store, chains, row, report)
        report.read["leaves"] += 1
        progress("leaves", done, total)


def _check_leaf(conn: Connection, store: ObjectStore, chains: Chains, row: RowValues, report: Report) -> None:
    where = f"leaf {row['id']}"
    try:
        leaf = leaf_format.decode(row["entry"])
    except ProofRefused as exc:
        report.error(ids.LEAF_MALFORMED, where, exc.text("en"))
        return
    if (leaf.kind, leaf.id.hex()) != (row["kind"], row["id"]):
        report.error(ids.LEAF_DIFFERS, where, "its entry has another kind or id than its row")
        return
    if row["log_index"] is None:
        report.note(ids.LEAF_PENDING, where, "committed, waits for its number")
    _check_openings(leaf, row, where, report)
    _check_predecessor(conn, leaf, row, where, report)
    if leaf.kind in (LeafKind.DOCUMENT, LeafKind.EVENT):
        _check_objects(conn, store, leaf, row, report)
    else:
        _check_head(conn, chains, leaf, row, report)


def _check_openings(leaf: Leaf, row: RowValues, where: str, report: Report) -> None:
    parts = (
        (leaf.pdf, Role.PDF, row["content_sha256"], row["content_salt"]),
        (leaf.record, Role.RECORD, row["record_sha256"], row["record_salt"]),
    )
    for committed, role, sha256, salt in parts:
        if sha256 is None or salt is None:
            report.note(ids.LEAF_DIFFERS, where, f"the salt of its {role} was destroyed")
            continue
        try:
            leaf_format.check_opening(committed, role, Opening(sha256, salt))
        except (ProofRefused, ValueError):
            report.error(ids.LEAF_DIFFERS, where, f"digest and salt of its row do not open its {role}")


def _check_predecessor(conn: Connection, leaf: Leaf, row: RowValues, where: str, report: Report) -> None:
    earlier = audit_rows.leaf(conn, row["predecessor"]) if row["predecessor"] else None
    expected = leaf_hash(earlier["entry"]) if earlier else None
    if leaf.predecessor != expected or (row["predecessor"] and earlier is None):
        report.error(ids.LEAF_DIFFERS, where, "its entry names another predecessor than its row")


def _check_objects(conn: Connection, store: ObjectStore, leaf: Leaf, row: RowValues, report: Report) -> None:
    event = leaf.kind is LeafKind.EVENT
    record = audit_rows.object_of_leaf(conn, row["id"], ObjectRole.EVENT if event else ObjectRole.RECORD)
    content = audit_rows.object_at(conn, pdf_key(row["document"], row["content_sha256"]))
    if record is None or content is None:
        missing = "record" if record is None else "content"
        report.error(
            ids.ROW_MISSING, f"leaf {row['id']}", f"the catalogue has no object row for its {missing}"
        )
    if record is None:
        return
    if record["sha256"] != row["record_sha256"]:
        report.error(
            ids.ROW_DIFFERS, record["key"], "object row and leaf have different digests of the record"
        )
    try:
        data = read_bounded(store, record["key"], MAX_RECORD)
        value = parse(data, EVENT_SCHEMA if event else RECORD_SCHEMA, record["key"])
        differing = _differing(conn, value, row, record, event=event)
    except (StorageRefused, ArchiveDamaged) as exc:
        report.error(ids.RECORD_MALFORMED, record["key"], str(exc))
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        report.error(ids.RECORD_MALFORMED, record["key"], f"a field is missing or of a wrong form: {exc}")
    else:
        if digest(data) != row["record_sha256"]:
            report.error(ids.RECORD_DIFFERS, record["key"], "the leaf commits to another record")
        for field in differing:
            report.error(ids.RECORD_DIFFERS, record["key"], f"record and catalogue differ in {field}")


def _differing(
    conn: Connection, record: RowValues, row: RowValues, stored: RowValues, *, event: bool
) -> list[str]:
    leaf = {
        "id": row["id"],
        "content_salt": _hex(row["content_salt"]),
        "record_salt": _hex(row["record_salt"]),
    }
    found = []
    if record["leaf"] != leaf and None not in leaf.values():
        found.append("leaf")
    if record["predecessor"] != row["predecessor"]:
        found.append("predecessor")
    if datetime.fromisoformat(record["retain_until"]) > stored["retain_until"]:
        found.append("retain_until")
    if event:
        return found + _event_differs(conn, record, row)
    if record["content"]["sha256"] != row["content_sha256"]:
        found.append("content")
    return found + _document_differs(conn, record, row) + _register_differs(conn, record)


def _document_differs(conn: Connection, record: RowValues, row: RowValues) -> list[str]:
    document = audit_rows.document(conn, row["document"])
    if document is None:
        return ["document"]
    told = record["document"]
    found = [name for name in _DOCUMENT_COLUMNS if told[name] != _json(document[name])]
    if told["agency"]["code"] != document["agency"]:
        found.append("agency")
    return found + [name for name in ("recipients", "metadata") if told[name] != document[name]]


def _event_differs(conn: Connection, record: RowValues, row: RowValues) -> list[str]:
    events = {event["ordinal"]: event for event in audit_rows.events_of(conn, row["document"])}
    event = events.get(record["event"])
    if event is None:
        return [f"event {record['event']}, which has no row"]
    found = [name for name in ("kind", "facts", "actor", "document") if record[name] != event[name]]
    if record["content_sha256"] != row["content_sha256"]:
        found.append("content_sha256")
    return found


def _register_differs(conn: Connection, record: RowValues) -> list[str]:
    told, agency = record["register"], record["document"]["agency"]["code"]
    if told is None or register_chain(conn, agency, told["ordinal"]) == told["sha256"]:
        return []
    return [f"register journal, row {told['ordinal']}"]


def _check_head(conn: Connection, chains: Chains, leaf: Leaf, row: RowValues, report: Report) -> None:
    lookup = chains.get(leaf.kind)
    if lookup is None:
        return
    agency, ordinal = row["agency"], row["head_ordinal"]
    where = f"{leaf.kind.name.lower()} of {agency}, row {ordinal}"
    sha256 = lookup(conn, agency, ordinal)
    if sha256 is None:
        report.error(ids.JOURNAL_SHORT, where, f"leaf {row['id']} covers a row that is not there")
    elif digest(head_bytes(leaf.kind.name, agency, ordinal, sha256)) != row["content_sha256"]:
        report.error(ids.HEAD_DIFFERS, where, f"leaf {row['id']} covers a row with another hash")


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _hex(value: bytes | None) -> str | None:
    return value.hex() if value is not None else None
