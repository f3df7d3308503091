"""The receipt of an archived document: looked up in the catalogue, proved out of the published log."""

from __future__ import annotations

from archive.catalogue import Connection, log_rows
from archive.catalogue.values import Document, Leaf
from archive.errors import ArchiveRefused
from archive.log.leaf import Opening
from archive.log.proofs import ProofMaker
from archive.receipt import Receipt
from policies.reasons import archiving as reasons


def receipt_leaf(
    conn: Connection, document: Document, published: int, sha256: str | None = None
) -> Leaf | None:
    """The leaf that a receipt proves: of the version as issued, or of the version with that digest.

    `published` is the size of the checkpoint that readers are shown. None while the version is not archived,
    or archived and not in that checkpoint yet: ask again later.
    """
    if sha256 is None:
        versions = log_rows.archived_versions(conn, document.id)
        leaf = versions[0] if versions else None
    else:
        leaf = log_rows.archived_version(conn, document.id, sha256)
    if leaf is None or leaf.log_index is None or leaf.log_index >= published:
        return None
    return leaf


def make_receipt(document: Document, leaf: Leaf, proofs: ProofMaker) -> Receipt:
    """The whole receipt; `public()` of it opens the PDF's commitment only.

    `proofs` are against a checkpoint that holds the leaf (ValueError otherwise). Raises ArchiveRefused
    DISPOSED when the salts were destroyed; ArchiveDamaged when the log does not bear the leaf out.
    """
    if leaf.log_index is None:
        raise ValueError(f"leaf {leaf.id} has no index yet")
    sha256, record = leaf.content_sha256, leaf.record_sha256
    if sha256 is None or record is None or leaf.content_salt is None or leaf.record_salt is None:
        raise ArchiveRefused(reasons.DISPOSED)
    return Receipt(
        pdf=Opening(sha256, leaf.content_salt),
        entry=leaf.entry,
        proof=proofs.inclusion(leaf.log_index, leaf.entry),
        record=Opening(record, leaf.record_salt),
        informational={
            "number": document.number_text,
            "document_date": document.document_date.isoformat() if document.document_date else None,
            "public_code": document.public_code,
            "archived_at": leaf.created_at.isoformat(),
        },
    )
