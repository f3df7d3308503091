"""A document on its way into the archive, over a real catalogue and the store's twin."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from api.transactions import Transactions
from archive import ingest
from archive.catalogue import document_changes, documents, log_rows
from archive.catalogue.values import Deposit, Document, NewVersion, VersionRole
from archive.registers import outgoing
from archive.storage.memory import MemoryStore
from archive.storage.work import WorkDirectory
from policies.issuing import Act, Facts
from policies.renewal import Cause, Outlook, Renewal, told
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT, open_catalogue, request_for, signed_document
from tests.profiles import AGENCY

ENTRY = outgoing.Entry(signer="Trần Văn Lãnh Đạo")


@dataclass
class House:
    transactions: Transactions
    objects: MemoryStore
    work: WorkDirectory

    def document(self, document_id: str) -> Document:
        with self.transactions.read() as conn:
            return documents.get(conn, document_id)

    def leaves(self, start: int, stop: int):
        """Those of the log, for a reader of its tail."""
        with self.transactions.look() as conn:
            return log_rows.sequenced(conn, start, stop)

    def carry_out(self, deposit: Deposit, at=AT):
        return ingest.carry_out(deposit, self.objects, self.work, self.transactions.write, at)

    def recover(self, at=AT):
        return ingest.recover(self.objects, self.work, self.transactions.write, at)

    def validated(self, content: bytes = b"%PDF-1.7 sealed", at=AT, **values) -> Deposit:
        """A numbered, sealed, validated document with its deposit planned in the validating act."""
        sha256 = self.work.put_work(content)
        version = NewVersion(VersionRole.SEAL_TIMESTAMPED, sha256, len(content))
        with self.transactions.write() as conn:
            document = signed_document(conn, at, **values)
            document, _ = outgoing.number_and_enter(conn, document, request_for(document), ENTRY, at)
            document = document_changes.change(conn, document, at, state=State.SEALED)
            document = document_changes.advance(conn, document, Act.STAMP_SEAL, at, version=version)
            document = document_changes.advance(conn, document, Act.VALIDATE, at)
            return ingest.plan_version(conn, document, version, {"level": "B-T"}, at)

    def archived(self, content: bytes = b"%PDF-1.7 sealed", at=AT, **values) -> Document:
        deposit = self.validated(content, at, **values)
        self.carry_out(deposit, at)
        return self.document(deposit.document)

    def issued(self, content: bytes = b"%PDF-1.7 sealed", at=AT, **values) -> Document:
        archived = self.archived(content, at, **values)
        with self.transactions.write() as conn:
            document = document_changes.advance(
                conn, archived, Act.ISSUE, at, facts=Facts(has_receipt=True), issued_at=at
            )
            outgoing.mark_sent(conn, document.id, at)
            deposit = ingest.plan_event(conn, document, "issued", {}, "Nguyễn Thị Văn Thư", at)
        self.carry_out(deposit, at)
        return self.document(document.id)

    def plan_long_term(self, document_id: str, content: bytes, at=AT) -> Deposit:
        sha256 = self.work.put_work(content)
        version = NewVersion(VersionRole.LONG_TERM, sha256, len(content))
        with self.transactions.write() as conn:
            document = documents.get(conn, document_id)
            facts = {"level": "B-LT", "evidence": told(outlook_from(at), AGENCY)}
            return ingest.plan_version(conn, document, version, facts, at)


def outlook_from(at, days=3650):
    """Of a version that is time-stamped at `at`, by an authority whose certificate then has that long."""
    return Outlook(at + timedelta(days=days), at, Cause.CERTIFICATE, Renewal.FIRST)


def open_house(directory: Path, url: str | None = None) -> House:
    objects = MemoryStore(clock=lambda: AT + timedelta(days=1))
    return House(open_catalogue(directory, url), objects, WorkDirectory(directory / "work"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
