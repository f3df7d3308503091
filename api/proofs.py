"""The archive's side of the service: deposits carried out, the log's sequencer, receipts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from api.settings import Settings
from api.store.accounts import Account
from api.transactions import Transactions
from api.witnesses import Witnesses
from api.witnessing import Witnessing
from archive import ingest, receipts
from archive.catalogue import Connection, documents, log_rows, witness_rows
from archive.catalogue.values import Deposit, Document, Leaf
from archive.catalogue.witness_rows import WitnessRow
from archive.errors import ArchiveRefused, ArchiveUnavailable, LogBehind
from archive.log.checkpoint import SignedCheckpoint
from archive.log.loop import SequencerLoop
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, checkpoint_at, published_checkpoint
from archive.log.sequencer import Sequencer
from archive.ports import ObjectStore, WorkArea
from archive.receipt import Receipt
from archive.witnessing import CosignedHead, Cosigning, Watcher
from policies.reasons import archiving as reasons
from policies.retention import lock_until

log = logging.getLogger("antin.proofs")
WAIT_SECONDS = 20.0


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
    """One archive with its log. `start` finishes what a crash left before anything new is taken.

    `others`: further stores of the same archive, by what they are called; the log never goes on behind their heads.
    """

    settings: Settings
    transactions: Transactions
    store: ObjectStore
    work: WorkArea
    key: Ed25519LogKey
    clock: Callable[[], datetime]
    watchers: tuple[Watcher, ...] = ()
    others: Mapping[str, ObjectStore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tiles = TileReader(self.store)
        self.verifier = VerifierKey.parse(self.key.vkey)
        self.witnesses = Witnesses(
            self.settings,
            self.transactions,
            self.verifier,
            self.store,
            self.others,
            self.watchers,
            Cosigning(self.store, self.tiles, self.key),
        )
        sequencer: Sequencer[Connection] = Sequencer(
            store=self.store,
            catalogue=log_rows,
            transaction=self.transactions.write,
            reading=self.transactions.read,
            signer=self.key,
            retain_until=self._retain_until,
            known=self.witnesses.known,
        )
        self.sequencer = sequencer
        self.witnessing = Witnessing(self.witnesses, self.clock, self._retain_until, self._halt)
        self.loop = SequencerLoop(sequencer, numbered=self.witnessing.wake)

    def _retain_until(self) -> datetime:
        return lock_until(self.clock())

    def _halt(self, why: LogBehind) -> None:
        self.loop.halt(why)

    @property
    def vkey(self) -> str:
        return self.key.vkey

    def recover(self) -> None:
        """Before `start`: ask who else saw the log, carry out what was planned, bring its public side to its row.

        Raises LogBehind when the log is behind, or not, what it has shown before, ArchiveDamaged when it does not
        agree with itself, SettingsError when no witness answers that must.
        """
        self.witnesses.ask()
        if self._run_once():  # nothing is archived under a log that is behind
            self.witnesses.settle()
        for failure in ingest.recover(self.store, self.work, self.transactions.write, self.clock()):
            log.error("deposit %s was not carried out: %s", failure.deposit.leaf, failure.error)
        self._run_once()

    def _run_once(self) -> bool:
        """Whether the stores answered."""
        try:
            self.sequencer.run_once()
        except ArchiveUnavailable as exc:
            log.warning("log: %s; it is tried again in the background", exc)
            return False
        return True

    def start(self) -> None:
        self.loop.start()
        self.loop.wake()
        self.witnessing.start()

    def check_running(self) -> None:
        """Raises ArchiveUnavailable when the log has stopped: nothing may be called archived then."""
        if self.loop.failure is not None:
            raise ArchiveUnavailable(f"the log has stopped: {self.loop.failure}") from self.loop.failure

    @property
    def stopped_by(self) -> str | None:
        """One word for what stopped the log; None while it runs."""
        failure = self.loop.failure
        if failure is None:
            return None
        return "behind" if isinstance(failure, LogBehind) else "damaged"

    def witness_rows(self) -> list[WitnessRow | None]:
        """What is known of each witness that the operator chose; None for one that was never asked."""
        with self.transactions.read() as conn:
            rows = witness_rows.rows(conn)
        return [rows.get(watcher.id) for watcher in self.watchers]

    def stop(self) -> None:
        for watcher in self.watchers:
            watcher.witness.close()
        self.witnessing.stop()
        self.loop.stop()

    def close(self) -> None:
        """Of proofs that were never started."""
        self.sequencer.close()

    def carry_out(self, deposit: Deposit) -> Leaf:
        """Store, commit, and wait until the log has numbered and shown the leaf.

        Raises what `archive.ingest.carry_out` does; ArchiveUnavailable when the log did not answer in time
        (the leaf is committed then and gets its number later).
        """
        self.check_running()
        numbered = self.loop.expect(deposit.leaf)
        try:
            leaf = ingest.carry_out(deposit, self.store, self.work, self.transactions.write, self.clock())
            self.loop.wake()
            numbered.result(WAIT_SECONDS)
        except (FutureTimeout, CancelledError) as exc:
            raise ArchiveUnavailable("the log did not number the leaf in time") from exc
        finally:
            self.loop.forget(deposit.leaf)
        return leaf

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
        """The receipt of an archived version against a cosigned head that has it, else against the shown head.

        Raises ArchiveRefused NO_RECEIPT_YET while the log has not shown the leaf.
        """
        head = published_checkpoint(self.store, self.verifier)
        with self.transactions.read() as conn:
            leaf = receipts.receipt_leaf(conn, document, head.size if head else 0, sha256)
            cosigned = self.witnesses.best(conn, leaf.log_index or 0) if leaf else None
        if leaf is None or head is None:
            raise ArchiveRefused(reasons.NO_RECEIPT_YET)
        return receipts.make_receipt(
            document, leaf, ProofMaker(self.tiles, cosigned.head if cosigned else head)
        )

    def cosigned(self, above: int = -1) -> CosignedHead | None:
        """The head of more than `above` leaves that most witnesses cosigned; None when none did yet."""
        with self.transactions.read() as conn:
            return self.witnesses.best(conn, above)

    def shown_head(self) -> SignedCheckpoint | None:
        """The newest head that the log shows."""
        return published_checkpoint(self.store, self.verifier)

    def head(self, size: int | None = None) -> bytes | None:
        """The signed checkpoint that is shown, or the one of that size, with the lines of who cosigned it."""
        if size is None:
            shown = published_checkpoint(self.store, self.verifier)
        else:
            shown = checkpoint_at(self.store, size, self.verifier)
        if shown is None:
            return None
        with self.transactions.read() as conn:
            cosigned = self.witnesses.of_size(conn, shown.size)
        same = cosigned is not None and cosigned.head.root == shown.root
        return cosigned.head.note if cosigned and same else shown.note
