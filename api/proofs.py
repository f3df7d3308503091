"""The archive's side of the service: deposits carried out, the log's sequencer, receipts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.audit_heads import bind_audit
from api.store import audit
from api.store.accounts import Account
from api.transactions import Transactions
from archive import filing, ingest, receipts
from archive.catalogue import Connection, documents, log_rows
from archive.catalogue.keeping_values import DossierDeposit
from archive.catalogue.values import Deposit, Document, Leaf
from archive.errors import ArchiveRefused, ArchiveUnavailable
from archive.log.checkpoint import SignedCheckpoint
from archive.log.leaf import LeafKind
from archive.log.loop import SequencerLoop
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, checkpoint_at, published_checkpoint
from archive.log.sequencer import Sequencer
from archive.openings import REGISTER_CHAIN, Openings, ReadChain, catch_up
from archive.ports import ObjectStore, WorkArea
from archive.receipt import Receipt
from policies.reasons import archiving as reasons
from policies.retention import lock_until

log = logging.getLogger("antin.proofs")
WAIT_SECONDS = 20.0
# Whose rows go into the object store with the leaf of their head.
CHAINS: Mapping[LeafKind, ReadChain] = {**REGISTER_CHAIN, LeafKind.AUDIT_HEAD: audit.between}


def log_key(path: Path, origin: str) -> Ed25519LogKey:
    """The log's key, made once (mode 0600) and named after the public address."""
    if path.exists():
        return Ed25519LogKey.parse(path.read_text("ascii").strip())
    key = Ed25519LogKey.generate(origin)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


@dataclass
class Proofs:
    """One archive with its log. `start` finishes what a crash left before anything new is taken."""

    transactions: Transactions
    store: ObjectStore
    work: WorkArea
    key: Ed25519LogKey
    clock: Callable[[], datetime]

    def __post_init__(self) -> None:
        self.tiles = TileReader(self.store)
        self.verifier = VerifierKey.parse(self.key.vkey)
        self.openings = Openings(self.transactions.read, self.key.name, CHAINS)
        sequencer: Sequencer[Connection] = Sequencer(
            beside=self.openings,
            store=self.store,
            catalogue=log_rows,
            transaction=self.transactions.write,
            reading=self.transactions.read,
            signer=self.key,
            retain_until=lambda: lock_until(self.clock()),
        )
        self.sequencer = sequencer
        self.loop = SequencerLoop(sequencer)

    @property
    def vkey(self) -> str:
        return self.key.vkey

    def recover(self) -> None:
        """Before `start`: carry out what was planned, and bring the log's public side to its row.

        Raises ArchiveDamaged when the log is behind, or not, what it has shown before.
        """
        given = self.store, self.work, self.transactions.write, self.clock()
        for failure in ingest.recover(*given):
            log.error("deposit %s was not carried out: %s", failure.deposit.leaf, failure.error)
        for stuck in filing.recover(*given):
            log.error("deposit %s was not carried out: %s", stuck.deposit.leaf, stuck.error)
        try:
            self.sequencer.run_once()
        except ArchiveUnavailable as exc:
            log.warning("log: %s; it is tried again in the background", exc)

    def catch_up(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Store what an earlier version did not, and the catalogue could not be made again without.

        In the background, a stretch at a time: an old log may be long. Raises ArchiveUnavailable.
        """
        head = self.shown_head()
        if head is not None:
            until = lock_until(self.clock())
            catch_up(
                self.store, self.openings, head.size, lambda size: self.head(size) or b"", until, stopping
            )

    def start(self) -> None:
        self.loop.start()
        self.loop.wake()

    def check_running(self) -> None:
        """Raises ArchiveUnavailable when the log has stopped: nothing may be called archived then."""
        if self.loop.failure is not None:
            raise ArchiveUnavailable(f"the log has stopped: {self.loop.failure}") from self.loop.failure

    def stop(self) -> None:
        self.loop.stop()

    def close(self) -> None:
        """Of proofs that were never started."""
        self.sequencer.close()

    def carry_out(self, deposit: Deposit | DossierDeposit) -> Leaf:
        """Store, commit, and wait until the log has numbered and shown the leaf.

        Raises what `archive.ingest` and `archive.filing` do; ArchiveUnavailable when the log did not answer in time
        (the leaf is committed then and gets its number later).
        """
        self.check_running()
        numbered = self.loop.expect(deposit.leaf)
        try:
            leaf = self._carry_out(deposit)
            self.loop.wake()
            numbered.result(WAIT_SECONDS)
        except (FutureTimeout, CancelledError) as exc:
            raise ArchiveUnavailable("the log did not number the leaf in time") from exc
        finally:
            self.loop.forget(deposit.leaf)
        return leaf

    def _carry_out(self, deposit: Deposit | DossierDeposit) -> Leaf:
        given = self.store, self.work, self.transactions.write, self.clock()
        if isinstance(deposit, DossierDeposit):
            return filing.carry_out(deposit, *given)
        return ingest.carry_out(deposit, *given)

    def keep(self, deposits: Iterable[Deposit | DossierDeposit]) -> bool:
        """Carry out what an act has committed; False when the archive does not take it now: it is tried again."""
        for deposit in deposits:
            try:
                self.carry_out(deposit)
            except ArchiveUnavailable as exc:
                log.warning("deposit %s waits for the archive: %s", deposit.leaf, exc)
                return False
        return True

    def event(
        self,
        document: Document,
        kind: str,
        facts: dict[str, Any],
        actor: Account,
        at: datetime,
        record: Callable[[Connection], Document],
    ) -> Document:
        """A later fact: the act's rows and the event's deposit in one transaction, then kept and logged."""
        self.check_running()
        with self.transactions.write() as conn:
            record(conn)
            deposit = ingest.plan_event(conn, document, kind, facts, actor.display, at)
            bind_audit(conn, document.agency, at)  # with it the act's own audit row goes into the archive
        # Crash: the fact stands in the catalogue with its deposit; recovery at start carries it out.
        try:
            self.carry_out(deposit)
        except ArchiveUnavailable as exc:
            log.warning("event %s of %s waits for the archive: %s", kind, document.id, exc)
        with self.transactions.look() as conn:
            return documents.get(conn, document.id)

    def leaf_of(self, document: Document, sha256: str | None = None) -> Leaf | None:
        """The leaf of an archived version: that of these bytes, or the first one (as issued)."""
        with self.transactions.read() as conn:
            if sha256 is not None:
                return log_rows.archived_version(conn, document.id, sha256)
            versions = log_rows.archived_versions(conn, document.id)
        return versions[0] if versions else None

    def has_receipt(self, document: Document) -> bool:
        """Whether the log has numbered and shown the leaf of the document as issued."""
        leaf = self.leaf_of(document)
        head = published_checkpoint(self.store, self.verifier)
        return (
            leaf is not None
            and leaf.log_index is not None
            and head is not None
            and leaf.log_index < head.size
        )

    def receipt(self, document: Document, sha256: str | None = None) -> Receipt:
        """The receipt of an archived version against the shown head.

        Raises ArchiveRefused NO_RECEIPT_YET while the log has not shown the leaf.
        """
        head = published_checkpoint(self.store, self.verifier)
        with self.transactions.read() as conn:
            leaf = receipts.receipt_leaf(conn, document, head.size if head else 0, sha256)
        if leaf is None or head is None:
            raise ArchiveRefused(reasons.NO_RECEIPT_YET)
        return receipts.make_receipt(document, leaf, ProofMaker(self.tiles, head))

    def shown_head(self) -> SignedCheckpoint | None:
        """The newest head that the log shows."""
        return published_checkpoint(self.store, self.verifier)

    def head(self, size: int | None = None) -> bytes | None:
        """The signed checkpoint that is shown, or the one of that size."""
        if size is None:
            shown = published_checkpoint(self.store, self.verifier)
        else:
            shown = checkpoint_at(self.store, size, self.verifier)
        return shown.note if shown else None
