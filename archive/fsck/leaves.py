"""Leaves ⇔ rows: each leaf opens to what its row says, continues its predecessor, covers its chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archive.catalogue import Connection, audit_documents, audit_log, audit_registers
from archive.catalogue.values import ObjectRole
from archive.errors import ProofRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.log import leaf as leaf_format
from archive.log.leaf import Leaf, LeafKind, Opening, Role
from archive.log.merkle import leaf_hash
from archive.record import digest, head_bytes
from archive.storage.keys import pdf_key

RowValues = dict[str, Any]
# The hash (hex) of a chain's row, by agency and ordinal; None when there is no such row.
ChainLookup = Callable[[Connection, str, int], str | None]
Chains = Mapping[LeafKind, ChainLookup]


def register_chain(conn: Connection, agency: str, ordinal: int) -> str | None:
    """`ChainLookup` of the register journals."""
    row = audit_registers.journal_at(conn, agency, ordinal)
    return row["sha256"] if row else None


def check_leaf(conn: Connection, row: RowValues, of: audit_documents.Belongings, report: Report) -> None:
    """A leaf of a document, beside what belongs to that."""
    report.read["leaves"] += 1
    where = f"leaf {row['id']}"
    leaf = _decoded(row, where, report)
    if leaf is None:
        return
    _check_openings(leaf, row, where, report)
    _check_predecessor(conn, leaf, row, of, report)
    role = ObjectRole.EVENT if leaf.kind is LeafKind.EVENT else ObjectRole.RECORD
    stored = of.objects[row["document"]]
    record = [one for one in stored if one["leaf"] == row["id"] and one["role"] == role]
    content = row["content_sha256"] and pdf_key(row["document"], row["content_sha256"])
    if not record:
        report.error(ids.ROW_MISSING, where, "the catalogue has no object row for its record")
    elif record[0]["sha256"] != row["record_sha256"]:
        what = "object row and leaf have different digests of the record"
        report.error(ids.ROW_DIFFERS, record[0]["key"], what)
    if content not in {one["key"] for one in stored}:
        report.error(ids.ROW_MISSING, where, "the catalogue has no object row for its content")


def check_dossier_leaf(row: RowValues, before: RowValues | None, report: Report) -> None:
    """A leaf of a dossier; `before` is the one of the version before, None for the first."""
    report.read["leaves"] += 1
    where = f"leaf {row['id']}"
    leaf = _decoded(row, where, report)
    if leaf is None:
        return
    _check_openings(leaf, row, where, report)
    expected = leaf_hash(before["entry"]) if before else None
    if leaf.predecessor != expected or row["predecessor"] != (before["id"] if before else None):
        report.error(ids.LEAF_DIFFERS, where, "it does not name the leaf of the version before")


def check_heads(conn: Connection, chains: Chains, report: Report, progress: Progress) -> None:
    """Every leaf that is no document's: heads of chains, and those of which nobody knows what they are about."""
    total = audit_log.count_other_leaves(conn)
    for done, row in enumerate(audit_log.other_leaves(conn), start=1):
        _check_other(conn, chains, row, report)
        report.read["leaves"] += 1
        progress("leaves", done, total)


def _check_other(conn: Connection, chains: Chains, row: RowValues, report: Report) -> None:
    where = f"leaf {row['id']}"
    leaf = _decoded(row, where, report)
    if leaf is None:
        return
    if leaf.kind in (LeafKind.DOCUMENT, LeafKind.EVENT):
        what = f"index {row['log_index']}: a leaf of a document, and no row says of which"
        report.error(ids.LEAF_UNOPENED, where, what)
    elif row["head_ordinal"] is None:
        report.error(ids.LEAF_UNOPENED, where, f"index {row['log_index']}: no row says what it covers")
    else:
        _check_openings(leaf, row, where, report)
        _check_head(conn, chains, leaf, row, report)


def _decoded(row: RowValues, where: str, report: Report) -> Leaf | None:
    try:
        leaf = leaf_format.decode(row["entry"])
    except ProofRefused as exc:
        report.error(ids.LEAF_MALFORMED, where, exc.text("en"))
        return None
    if (leaf.kind, leaf.id.hex()) != (row["kind"], row["id"]):
        report.error(ids.LEAF_DIFFERS, where, "its entry has another kind or id than its row")
        return None
    if row["log_index"] is None:
        report.note(ids.LEAF_PENDING, where, "committed, waits for its number")
    return leaf


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


def _check_predecessor(
    conn: Connection, leaf: Leaf, row: RowValues, of: audit_documents.Belongings, report: Report
) -> None:
    wanted = row["predecessor"]
    earlier = next((one for one in of.leaves[row["document"]] if one["id"] == wanted), None)
    if wanted and earlier is None:
        earlier = audit_log.leaf(conn, wanted)
    expected = leaf_hash(earlier["entry"]) if earlier else None
    if leaf.predecessor != expected or (wanted and earlier is None):
        what = "its entry names another predecessor than its row"
        report.error(ids.LEAF_DIFFERS, f"leaf {row['id']}", what)


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
