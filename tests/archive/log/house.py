"""A small log for tests: memory store, memory catalogue, one key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening, encode, make_leaf
from archive.log.memory import MemoryLogCatalogue
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.log.sequencer import Sequencer
from archive.receipt import Receipt
from archive.storage.memory import MemoryStore

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=400)
ORIGIN = "demo.antin.example/log"
KEY = Ed25519LogKey.generate(ORIGIN)


class House:
    """Store, catalogue and sequencers over them."""

    def __init__(self, store=None, key=KEY):
        self.store = store or MemoryStore(clock=lambda: NOW)
        self.catalogue = MemoryLogCatalogue()
        self.key = key

    def sequencer(self, **options):
        options = {"parallel": False, **options}
        return Sequencer(
            store=self.store,
            catalogue=self.catalogue,
            transaction=self.catalogue.transaction,
            reading=self.catalogue.reading,
            signer=self.key,
            retain_until=lambda: UNTIL,
            **options,
        )

    def submit(self, *pairs):
        with self.catalogue.transaction() as conn:
            for leaf_id, entry in pairs:
                self.catalogue.add(conn, leaf_id, entry)

    def fill(self, count, start=0):
        self.submit(*((f"leaf-{i}", b"entry %d" % i) for i in range(start, start + count)))

    @property
    def verifier(self):
        return VerifierKey.parse(self.key.vkey)

    def head(self):
        return published_checkpoint(self.store, self.verifier)

    def maker(self):
        return ProofMaker(self.reader(), self.head())

    def reader(self, cached=256):
        return TileReader(self.store, self.leaves, cached)

    def leaves(self, start, stop):
        with self.catalogue.reading() as conn:
            return self.catalogue.sequenced(conn, start, stop)

    def receipt(self, pdf_sha256, record_sha256="0" * 64, kind=LeafKind.DOCUMENT, **informational):
        """Archives one leaf and returns its full receipt."""
        pdf = Opening(pdf_sha256, leaves.new_salt())
        record = Opening(record_sha256, leaves.new_salt())
        leaf_id = leaves.new_id()
        entry = encode(make_leaf(kind, leaf_id, pdf, record))
        self.submit((leaf_id.hex(), entry))
        index = self.sequencer().run_once().assigned[leaf_id.hex()]
        return Receipt(pdf, entry, self.maker().inclusion(index, entry), record, informational)
