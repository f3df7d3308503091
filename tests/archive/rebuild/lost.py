"""An archive that loses its catalogue, and gets it again out of the store."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from api.transactions import Transactions
from archive import ingest, openings
from archive.catalogue import agency_rows, document_changes, documents, log_rows, rebuild_rows
from archive.catalogue.tables import metadata
from archive.catalogue.values import Agency
from archive.fsck.run import check
from archive.heads import Head, bind
from archive.log.leaf import LeafKind
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.log.sequencer import Sequencer
from archive.openings import REGISTER_CHAIN, ChainRows, Openings
from archive.rebuild.chains import REGISTERS, Chain
from archive.rebuild.run import Source, Target, rebuild
from archive.receipts import make_receipt
from archive.registers import outgoing
from archive.registers.confirmation import confirm
from archive.storage.memory import MemoryStore
from policies.issuing import Act, Facts
from policies.numbering import Series
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AGENCY, AT, request_for, signed_document
from tests.archive.dossier_fixtures import Keeping
from tests.archive.fsck.conftest import KEY, ORIGIN, VKEY
from tests.archive.ingest_fixtures import ENTRY, House, open_house
from tests.engines.postgres import PostgresServer
from tests.tables import create_all

NOW = AT + timedelta(days=20)


class AuditTwin:
    """A second kind of chain, as the service's audit is one: kept in a table of its own in the same catalogue."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions

    def rows(self, _conn, agency, after, upto):
        return ChainRows(
            self.hash(agency, after), [{"ordinal": n, "text": f"act {n}"} for n in range(after + 1, upto + 1)]
        )

    @staticmethod
    def link(agency, previous, row):
        return hashlib.sha256(f"{agency} {previous} {row['ordinal']} {row['text']}".encode()).hexdigest()

    def hash(self, agency, ordinal):
        digest = "0" * 64
        for number in range(1, ordinal + 1):
            digest = self.link(agency, digest, {"ordinal": number, "text": f"act {number}"})
        return digest


class Archive:
    """A house whose store outlives its catalogue. `audit` is what was restored of the twin chain."""

    def __init__(self, directory, house: House | None = None) -> None:
        self.directory = directory
        self.house = house or open_house(directory)
        self.objects = self.house.objects
        self.twin = AuditTwin(self.house.transactions)
        self.audit: dict[int, str] = {}

    # Before the loss.

    def sequence(self, **given) -> None:
        transactions = self.house.transactions
        chains = {**REGISTER_CHAIN, LeafKind.AUDIT_HEAD: self.twin.rows}
        sequencer = Sequencer(
            store=self.objects,
            catalogue=log_rows,
            transaction=transactions.write,
            reading=transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(AT),
            parallel=False,
            **{"beside": Openings(transactions.read, ORIGIN, chains), **given},
        )
        try:
            while sequencer.run_once().assigned:
                pass
            sequencer.keep_tail()
        finally:
            sequencer.close()

    def bind_audit(self, ordinal: int) -> None:
        with self.house.transactions.write() as conn:
            bind(conn, Head(LeafKind.AUDIT_HEAD, AGENCY, ordinal, self.twin.hash(AGENCY, ordinal)), AT)

    def event(self, document_id, act, kind, facts=Facts(), **values) -> None:  # noqa: B008
        with self.house.transactions.write() as conn:
            changed = document_changes.advance(
                conn, documents.get(conn, document_id), act, AT, facts=facts, **values
            )
            told = {"reason": facts.reason} if facts.reason else {}
            deposit = ingest.plan_event(conn, changed, kind, told, "Văn thư", AT)
        self.house.carry_out(deposit)

    def fill(self) -> None:
        """Everything that befalls a document; two stretches of the log, and one more with the last document."""
        house = self.house
        self.issued = house.issued(b"%PDF one", AT, recipients=("Như Điều 3", "Lưu: VT")).id
        self.bind_audit(3)
        self.sequence()
        self.recalled = house.issued(b"%PDF two", AT + timedelta(days=1), kind="TB").id
        self.event(self.recalled, Act.RECALL, "recalled", Facts(reason="Ban hành nhầm"), recalled_at=AT)
        house.carry_out(house.plan_long_term(self.issued, b"%PDF one with DSS", AT))
        with house.transactions.write() as conn:
            self.voided = signed_document(conn, AT + timedelta(days=1)).id
            self._number(conn, self.voided)
            outgoing.void(conn, self.voided, "Soạn sai", AT)
            self.under_way = signed_document(conn, AT + timedelta(days=1)).id
            self._number(conn, self.under_way)
        self.archived = house.archived(b"%PDF three", AT + timedelta(days=2)).id
        self.bind_audit(8)
        self.sequence()
        self.stopped = house.issued(b"%PDF four", AT + timedelta(days=3)).id
        self.event(self.stopped, Act.STOP, "stopped", Facts(reason="pyHanko"))
        self.filed = house.issued(b"%PDF five", AT + timedelta(days=3)).id
        self._keep()
        self.cancelled = house.archived(b"%PDF six", AT + timedelta(days=3)).id
        with house.transactions.write() as conn:
            outgoing.void(conn, self.cancelled, "Hủy sau khi lưu", AT)
        self.event(self.cancelled, Act.VOID, "voided", Facts(reason="Hủy sau khi lưu"))
        self.last = house.archived(b"%PDF seven", AT + timedelta(days=4)).id
        self.sequence()

    def _keep(self) -> None:
        """Dossiers closed and open, a file in two of them, holds that stand and one that was released."""
        desk, at = Keeping(self.house), AT + timedelta(days=3)
        later, first = desk.open("01.TCCB"), desk.open("02.TCCB")
        self.lain, self.held, self.both = (
            self.house.issued(content, at, kind="BC").id
            for content in (b"%PDF lain", b"%PDF held", b"%PDF both")
        )
        desk.file(first, self.filed, at=at)
        desk.file(first, self.lain, at=at)
        desk.remove(first, 2, at=at)
        desk.upload(later, b"%PDF scan", at=at)
        desk.again(first, desk.entries(later)[0].file.id, at=at)
        desk.close(first, "06", at.date(), at=at)
        desk.file(later, self.both, at=at)
        desk.hold(self.held, at=at)
        desk.release(desk.hold(self.lain, self.both, at=at), at=at)
        desk.hold(dossier=later, at=at)
        desk.release(desk.hold(dossier=first, at=at), at=at)

    def _number(self, conn, document_id) -> None:
        document = documents.get(conn, document_id)
        outgoing.number_and_enter(conn, document, request_for(document), ENTRY, AT + timedelta(days=1))

    def receipts(self) -> dict[str, bytes]:
        """By digest of the content, of every archived version."""
        head = published_checkpoint(self.objects, VKEY)
        proofs = ProofMaker(
            TileReader(self.objects, openings.tail(self.objects, VKEY, head.checkpoint)), head
        )
        made = {}
        with self.house.transactions.read() as conn:
            for (document,) in conn.exec_driver_sql("SELECT id FROM documents").fetchall():
                for leaf in log_rows.archived_versions(conn, document):
                    receipt = make_receipt(documents.get(conn, document), leaf, proofs)
                    made[leaf.content_sha256] = receipt.serialize()
        return made

    def rows(self, table) -> list[dict]:
        """As the table has them, in the order of its key."""
        with self.house.transactions.read() as conn:
            here = metadata.tables[table]
            found = conn.execute(here.select().order_by(*here.primary_key.columns)).all()
        return [dict(row._mapping) for row in found]

    # The loss.

    def lose(self, directory, server: PostgresServer | None = None) -> Archive:
        """A copy of the store, with an empty catalogue."""
        directory.mkdir(exist_ok=True)
        if server is None:
            transactions = Transactions(f"sqlite:///{directory / 'catalogue.sqlite3'}")
        else:
            transactions = Transactions(server.database(f"lost_{uuid.uuid4().hex}"))
        with transactions.write() as conn:
            create_all(conn, metadata)
            agency_rows.put_agency(conn, Agency(AGENCY, "UBND tỉnh Sông Hồng", "UBND", {}), AT)
        objects = MemoryStore(clock=lambda: NOW)
        objects._objects.update(self.objects._objects)
        lost = Archive(directory, House(transactions, objects, self.house.work))
        for name in (
            "issued",
            "recalled",
            "voided",
            "under_way",
            "archived",
            "stopped",
            "filed",
            "lain",
            "held",
            "both",
            "cancelled",
            "last",
        ):
            if hasattr(self, name):
                setattr(lost, name, getattr(self, name))
        return lost

    def chains(self):
        def insert(_conn, _agency, rows):
            for row in rows:
                self.audit[row.ordinal] = row.sha256

        twin = Chain(
            link=self.twin.link,
            insert=insert,
            last=lambda _conn, _agency: max(self.audit, default=0),
            sha256_at=lambda _conn, _agency, ordinal: self.audit.get(ordinal),
        )
        return {**REGISTERS, LeafKind.AUDIT_HEAD: twin}

    def rebuild(self, *, quick=False, name="primary", store=None, known=(), begin=None, **given):
        source = Source(name, store or self.objects, VKEY, lambda _size: known)
        target = Target(begin or self.house.transactions.write, self.chains())
        return rebuild(source, target, quick=quick, clock=lambda: NOW, **given)

    def told(self) -> list[tuple[str, str, str]]:
        with self.house.transactions.read() as conn:
            return rebuild_rows.findings(conn, 1000)

    def check(self):
        audit = {LeafKind.AUDIT_HEAD: lambda _c, _a, ordinal: self.audit.get(ordinal)}
        chains = {**REGISTER_CHAIN, LeafKind.AUDIT_HEAD: self.twin.rows}
        made = Openings(self.house.transactions.read, ORIGIN, chains)
        stores = {"first": self.objects}
        return check(self.house.transactions.read, stores, VKEY, chains=audit, openings=made)

    def confirm(self, kind, last, year=2026):
        with self.house.transactions.write() as conn:
            return confirm(conn, Series(AGENCY, kind, year), last, NOW)
