"""Whether bytes of that digest are what the log committed to: neither a row nor a store is believed for it."""

from __future__ import annotations

from collections.abc import Callable

from archive.catalogue import Connection, deposit_rows, log_rows
from archive.catalogue.values import Leaf, ObjectRole
from archive.errors import ArchiveDamaged, ArchiveRefused, ProofRefused
from archive.log import leaf as leaf_format
from archive.log.leaf import Opening, Role
from policies.reasons import archiving as reasons

# Proves that the entry lies at that index of the log that is shown. Raises ProofRefused or ArchiveDamaged when it
# does not; an index that is not shown yet is taken from the catalogue alone.
Prove = Callable[[int, bytes], None]


def check_committed(conn: Connection, key: str, sha256: str, prove: Prove) -> Leaf:
    """The leaf that commits to the document's object at `key`, which must have that digest.

    Raises ArchiveDamaged when row and leaf contradict each other or the log does not bear the leaf out;
    ArchiveRefused DISPOSED when the salts were destroyed, so that nothing can be proved any more.
    """
    row = deposit_rows.object_at(conn, key)
    leaf = log_rows.leaf(conn, row.leaf) if row is not None else None
    if row is None or leaf is None:
        raise ArchiveDamaged(f"{key}: the catalogue has no leaf for it")
    role = Role.PDF if row.role is ObjectRole.CONTENT else Role.RECORD
    salt = leaf.content_salt if role is Role.PDF else leaf.record_salt
    if salt is None:
        raise ArchiveRefused(reasons.DISPOSED)
    try:
        entry = leaf_format.decode(leaf.entry)
        committed = entry.pdf if role is Role.PDF else entry.record
        leaf_format.check_opening(committed, role, Opening(sha256, salt))
        if leaf.log_index is not None:
            prove(leaf.log_index, leaf.entry)
    except ProofRefused as exc:
        raise ArchiveDamaged(f"{key}: SHA-256 {sha256} is not what leaf {leaf.id} commits to: {exc}") from exc
    return leaf
