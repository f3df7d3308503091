"""An archive with a log and two stores, to be watched over on either engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from archive.catalogue import copy_rows, log_rows, watch_rows
from archive.catalogue.copies import FIRST, Shelf
from archive.catalogue.values import Document
from archive.locks import LockDesk, extend_due
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.sequencer import Sequencer
from archive.storage.memory import MemoryStore
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
    sequencers: list[Sequencer] = field(default_factory=list)

    @property
    def first(self) -> MemoryStore:
        return self.house.objects

    def documents(self, count: int, at=AT) -> list[Document]:
        made = [self.house.archived(b"%%PDF-1.7 number %d" % number, at) for number in range(count)]
        self.sequence(at)
        return made

    def sequence(self, at=AT) -> None:
        log = Sequencer(
            store=self.first,
            catalogue=log_rows,
            transaction=self.house.transactions.write,
            reading=self.house.transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(at),
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

    def copies(self, document, shelf=Shelf.DOCUMENTS):
        with self.house.transactions.read() as conn:
            return copy_rows.of_document(conn, shelf, document.id)

    def find(self, shelf, key):
        with self.house.transactions.read() as conn:
            return copy_rows.find(conn, shelf, key)

    def events(self, kind, *, faults=False):
        with self.house.transactions.read() as conn:
            return watch_rows.latest_events(conn, kind, 100, faults=faults)


def open_watch(directory, url=None) -> Watch:
    house = open_house(directory, url)
    return Watch(house, MemoryStore(clock=lambda: AT + timedelta(days=1)))
