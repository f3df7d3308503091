"""An archive with a log and two stores, to be watched over on either engine."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from archive.catalogue import copy_rows, log_rows, watch_rows
from archive.catalogue.copies import FIRST, SECOND, Shelf
from archive.catalogue.values import Document, Leaf
from archive.errors import ArchiveUnavailable
from archive.fixity import FixityDesk, scan_due
from archive.fsck.findings import LEAF_UNOPENED
from archive.fsck.run import check
from archive.locks import LockDesk, extend_due
from archive.log import leaf as leaf_format
from archive.log.kept import LogKeeper
from archive.log.leaf import LeafKind, Opening
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.log.sequencer import Sequencer
from archive.openings import Openings
from archive.repair import RepairDesk, mend_all
from archive.replication import CopyDesk, copy_missing
from archive.storage.memory import MemoryStore
from archive.storage.pinned import PinnedStore
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AT
from tests.archive.ingest_fixtures import House, open_house

KEY = Ed25519LogKey.generate("log.example.vn/antin")
VKEY = VerifierKey.parse(KEY.vkey)


@dataclass
class Watch:
    """`agreed`: documents whose second opinion was heard; all of them when None."""

    house: House
    second: MemoryStore
    agreed: set[str] | None = None
    stopping: bool = False
    notes: list = field(default_factory=list)
    sequencers: list[Sequencer] = field(default_factory=list)

    @property
    def first(self) -> MemoryStore:
        return self.house.objects

    def documents(self, count: int, at=AT) -> list[Document]:
        made = [self.house.archived(b"%%PDF-1.7 number %d" % number, at) for number in range(count)]
        self.sequence(at)
        return made

    def leaves(self, count: int) -> None:
        """So many leaves of no document, numbered and shown: enough of them fill tiles."""
        with self.house.transactions.write() as conn:
            for _ in range(count):
                log_rows.insert_leaf(conn, some_leaf())
        self.sequence()

    def sequence(self, at=AT) -> None:
        log = Sequencer(
            store=self.sees_repairs(),
            catalogue=log_rows,
            transaction=self.house.transactions.write,
            reading=self.house.transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(at),
            beside=Openings(self.house.transactions.read, KEY.name),
            parallel=False,
        )
        while log.run_once().assigned:
            pass
        log.close()

    def desk(self, name=FIRST) -> LockDesk:
        return LockDesk(
            self.first if name == FIRST else self.second,
            name,
            self.house.transactions.read,
            self.house.transactions.write,
            lambda _conn, ids: ids if self.agreed is None else self.agreed.intersection(ids),
            lambda: self.stopping,
        )

    def night(self, at, name=FIRST):
        return extend_due(self.desk(name), at)

    def keeper(self) -> LogKeeper:
        return LogKeeper(self.first, self.house.transactions.read, self.house.transactions.write, VKEY)

    def scan_desk(self, name=FIRST, at=AT, **values) -> FixityDesk:
        return FixityDesk(
            self.first if name == FIRST else self.second,
            name,
            self.house.transactions.read,
            self.house.transactions.write,
            lambda: at,
            stopping=lambda: self.stopping,
            **values,
        )

    def scan(self, at, name=FIRST, **values):
        return scan_due(self.scan_desk(name, at, **values))

    def copy(self, at=AT):
        desk = CopyDesk(
            self.first,
            self.second,
            self.keeper(),
            self.house.transactions.read,
            self.house.transactions.write,
            stopping=lambda: self.stopping,
        )
        return copy_missing(desk, at)

    def repair_desk(self, *, second=True) -> RepairDesk:
        def prove(index, entry):
            head = published_checkpoint(self.first, VKEY)
            if head is not None and index < head.size:
                ProofMaker(TileReader(self.first, self.house.leaves), head).inclusion(index, entry)

        stores = {FIRST: self.first, **({SECOND: self.second} if second else {})}
        read, write = self.house.transactions.read, self.house.transactions.write
        note = lambda _conn, copy, facts: self.notes.append((copy.key, facts))  # noqa: E731
        return RepairDesk(stores, self.house.work, self.keeper(), read, write, prove, note)

    def mend(self, at, *, second=True):
        """Every damaged copy, and what it leaves to do."""
        tried = list(mend_all(self.repair_desk(second=second), at))
        for mended in tried:
            if mended.deposit is not None:
                self.house.carry_out(mended.deposit, at)
        self.sequence(at)
        return tried

    def sees_repairs(self) -> PinnedStore:
        def repaired():
            with self.house.transactions.read() as conn:
                return copy_rows.repaired_versions(conn, FIRST)

        return PinnedStore(self.first, repaired, seconds=0)

    def audit(self, at=None, *, second=False, quick=False):
        """What is told, but for the leaves that only fill tiles and belong to nothing."""
        stores = {FIRST: self.sees_repairs(), **({SECOND: self.second} if second else {})}
        found = check(self.house.transactions.read, stores, VKEY, at=at, quick=quick).findings
        return [finding for finding in found if finding.id != LEAF_UNOPENED]

    def copies(self, document, shelf=Shelf.DOCUMENTS):
        """The content first, then its records: here all are read back in one moment, and keys are random."""
        with self.house.transactions.read() as conn:
            found = copy_rows.of_document(conn, shelf, document.id)
        return sorted(found, key=lambda copy: not copy.key.endswith(".pdf"))

    def find(self, shelf, key):
        with self.house.transactions.read() as conn:
            return copy_rows.find(conn, shelf, key)

    def events(self, kind, *, faults=False):
        with self.house.transactions.read() as conn:
            return watch_rows.latest_events(conn, kind, 100, faults=faults)


def some_leaf() -> Leaf:
    leaf_id, digest = leaf_format.new_id(), sha256(os.urandom(16)).hexdigest()
    one, other = Opening(digest, leaf_format.new_salt()), Opening(digest, leaf_format.new_salt())
    entry = leaf_format.encode(leaf_format.make_leaf(LeafKind.AUDIT_HEAD, leaf_id, one, other))
    return Leaf(
        id=leaf_id.hex(),
        kind=LeafKind.AUDIT_HEAD,
        document=None,
        agency=None,
        head_ordinal=None,
        content_sha256=digest,
        record_sha256=digest,
        content_salt=one.salt,
        record_salt=other.salt,
        predecessor=None,
        entry=entry,
        log_index=None,
        created_at=AT,
    )


def mute(store: MemoryStore, *keys: str) -> None:
    """Nothing that is asked of these objects is answered."""
    known = store.meets

    def meets(act: str, key: str) -> None:
        if key in keys:
            raise ArchiveUnavailable(f"{key}: the store does not answer")
        known(act, key)

    store.meets = meets


def unmute(store: MemoryStore) -> None:
    store.meets = lambda _act, _key: None


def open_watch(directory, url=None) -> Watch:
    house = open_house(directory, url)
    return Watch(house, MemoryStore(clock=lambda: AT + timedelta(days=1)))
