"""An archive of any number of issued documents, made in about a minute a million: rows put straight into the
catalogue, and a real log.

    simulated = SimulatedArchive(1_000_000, key)
    simulated.fill(transactions, store)        rows, tiles, openings, checkpoints
    SimulatedStore(simulated, store)           the same store, with every content, record and event besides

Every byte follows from a document's place: ids, records, salts, leaves, chains. Records, journals and leaves are those
that the product makes of the same facts, so audit, rebuild, receipts and the service find an archive like any other.
Contents are some bytes each; only what belongs to the log lies on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from api.transactions import Transactions
from archive.catalogue import agency_rows
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.edge import Edge, grow
from archive.log.note import Ed25519LogKey
from archive.log.tiles import stored_partials
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.disk import Disk
from benchmarks.bulk import Bulk
from benchmarks.simulated_documents import (
    ACCOUNT,
    AGENCY,
    AT,
    DAY,
    LOCK,
    PERSON,
    REGISTER_SQL,
    SimulatedDocuments,
)
from benchmarks.simulated_rows import COLUMNS, SERIES, makers

# Rows that follow from other rows: the database makes them faster.
DERIVED = (
    """INSERT INTO document_signers (document, ordinal, role, account, display, title, field, signed_at)
    SELECT id, 0, 'leader', :account, :person, 'Phó Chủ tịch', 'leader_1', :at FROM documents""",
    """INSERT INTO document_versions (document, ordinal, role, sha256, size, created_at)
    SELECT document, 1, 'seal-timestamped', sha256, size, :at FROM objects WHERE role = 'content'""",
    """INSERT INTO numbers (agency, kind, year, number, document, text, document_date, allotted_at, state, reason)
    SELECT agency, kind, 2026, number, id, number_text, document_date, :at, 'active', '' FROM documents""",
    """INSERT INTO outgoing_register (document, agency, year, position, number_text, document_date, kind_name, subject,
        signer, recipients, keeper, copies, sent_on, acknowledged, note, entered_at)
    SELECT id, agency, 2026, number, number_text, document_date, :kind_name, :subject, :signer, recipients, :keeper,
        1, :day, '', '', :at FROM documents""",
    """INSERT INTO events (document, ordinal, kind, facts, actor, at)
    SELECT id, 1, 'issued', {json}, :person, :at FROM documents""",
    """INSERT INTO operations (id, kind, document, account, state, payload, result, done, total, created_at, updated_at)
    SELECT 's' || substr(id, 2), 'stamp-leader', id, :account, 'succeeded', '{{}}', '{{}}', 1, 1, :at, :at
    FROM documents""",
    """INSERT INTO operations (id, kind, document, account, state, payload, result, done, total, created_at, updated_at)
    SELECT 'f' || substr(id, 2), 'finish', id, :account, 'succeeded', '{{}}', '{{}}', 1, 1, :at, :at FROM documents""",
)


class SimulatedArchive(SimulatedDocuments):
    """All of them: rows and a real log."""

    def __init__(self, size: int, key: Ed25519LogKey) -> None:
        super().__init__(size)
        self.key = key

    def fill(self, transactions: Transactions, store: ObjectStore) -> None:
        """Rows into an empty catalogue that has its tables, the log's objects into the store."""
        with transactions.write() as conn:
            agency_rows.put_agency(conn, AGENCY, AT)
        log = _Log(self.key, store)
        with Bulk(transactions) as bulk, makers(self.size) as stretches:
            bulk.insert("number_series", SERIES, [(AGENCY.code, "TB", 2026, 1, self.size, DAY, False)])
            for stretch in stretches:
                for table, rows in stretch.rows.items():
                    bulk.insert(table, COLUMNS[table], rows)
                note = log.append(stretch.entries)
                for key, text in stretch.openings(note, self.key.name):
                    put(store, key, text.encode(), LOCK)
            row = (1, log.edge.size, log.edge.root(), log.note)
            bulk.insert("checkpoint", ("id", "size", "root", "note"), [row])
            for statement in DERIVED:
                bulk.run(
                    statement, {"at": AT, "day": DAY, "account": ACCOUNT, "person": PERSON, **REGISTER_SQL}
                )


class FastDisk(Disk):
    """Nothing is durable: for what is made before anything is measured."""

    @contextmanager
    def create(self, path: Path, mode: int) -> Iterator[BinaryIO]:
        with path.open("xb") as file:
            yield file
        path.chmod(mode)

    def sync_directory(self, path: Path) -> None:
        """Not durable."""


class _Log:
    def __init__(self, key: Ed25519LogKey, store: ObjectStore) -> None:
        self.key, self.store = key, store
        self.edge, self.note = Edge(), b""

    def append(self, entries: Sequence[bytes]) -> bytes:
        """Full tiles, the checkpoint locked and shown; partial tiles of the last stretch stay."""
        growth = grow(self.edge, entries)
        before, self.edge = self.edge, growth.edge
        for tile, data in growth.tiles.items():
            put(self.store, keys.tile_key(tile.path), data, LOCK if tile.full else None)
        for tile in stored_partials(before.size):
            if tile.outgrown(self.edge.size):
                self.store.delete(keys.tile_key(tile.path))
        head = Checkpoint(self.key.name, self.edge.size, self.edge.root())
        self.note = sign_checkpoint(head, self.key)
        put(self.store, keys.checkpoint_key(head.size), self.note, LOCK)
        self.store.put_mutable(keys.CHECKPOINT, self.note)
        return self.note


def put(store: ObjectStore, key: str, data: bytes, until: datetime | None) -> None:
    store.put(key, data, sha256=sha256(data).hexdigest(), retain_until=until)
