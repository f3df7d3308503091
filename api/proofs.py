"""The archive's side of the service: deposits carried out, the log's sequencer, receipts.

Where several processes share the archive, any of them may number a leaf; who waits for one then looks for it in the
catalogue, and believes it when the shown head contains it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from api.audit_heads import bind_audit
from api.following import Following
from api.gate import ArchivingGate, OpenGate
from api.messages import LEAF, SHOWN, Messages, NobodyElse
from api.processes import Alone, Processes
from api.settings import Settings, SettingsError
from api.store import audit
from api.store.accounts import Account
from api.transactions import Transactions
from api.witnesses import Witnesses
from api.witnessing import Witnessing
from archive import deployment, filing, ingest, receipts
from archive.catalogue import Connection, documents, log_rows, witness_rows
from archive.catalogue.keeping_values import DossierDeposit
from archive.catalogue.values import Deposit, Document, Leaf
from archive.catalogue.witness_rows import WitnessRow
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable, LogBehind, ProofRefused
from archive.log.checkpoint import SignedCheckpoint
from archive.log.follower import Follower
from archive.log.leaf import LeafKind
from archive.log.loop import Sequenced, SequencerLoop
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, checkpoint_at
from archive.log.sequencer import Sequencer
from archive.log.tiles import TileId
from archive.openings import REGISTER_CHAIN, Openings, ReadChain, catch_up
from archive.ports import CheckpointRow, ObjectStore, WorkArea
from archive.receipt import Receipt
from archive.witnessing import CosignedHead, Cosigning, Watcher
from policies.reasons import archiving as reasons
from policies.refusals import Refused
from policies.retention import lock_until

log = logging.getLogger("antin.proofs")
WAIT_SECONDS = 20.0
# Whose rows go into the object store with the leaf of their head.
CHAINS: Mapping[LeafKind, ReadChain] = {**REGISTER_CHAIN, LeafKind.AUDIT_HEAD: audit.between}
RUNNING = "running"
NOT_NOW = (ArchiveUnavailable, ArchiveDamaged, Refused)  # of a deposit: it stays, and upkeep tries it again


def new_log_key(path: Path, origin: str) -> Ed25519LogKey:
    """A key for a log that is to be begun, named after the public address; mode 0600. FileExistsError."""
    key = Ed25519LogKey.generate(origin)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def log_key(path: Path, origin: str, *, shared: bool) -> Ed25519LogKey:
    """The log's key; made when it is not there, unless it is `shared`: then other processes have it already, or
    must be given this one. Raises SettingsError."""
    if not path.exists():
        if shared:
            raise SettingsError(
                f"log_key {path}: is not there; make it once with `antin log-key {path}`, and give it to every process"
            )
        return new_log_key(path, origin)
    try:
        return Ed25519LogKey.parse(path.read_text("ascii").strip())
    except (OSError, UnicodeDecodeError, ProofRefused, ValueError) as exc:
        raise SettingsError(f"log_key {path}: cannot be read, or is no key of a log") from exc


@dataclass
class Proofs:
    """One archive with its log. `start` finishes what a crash left before anything new is taken.

    `processes`: who else is there. `sequences`: whether this process numbers leaves, or leaves that to others.
    `others`: further stores of the same archive, by what they are called; the log never goes on behind their heads.
    `gate`: whether the store keeps what it is given; nothing is put into one that does not.
    `prompt`: whether leaves are numbered as soon as all that are on the way have come (`archive.log.loop`).
    """

    transactions: Transactions
    store: ObjectStore
    work: WorkArea
    key: Ed25519LogKey
    clock: Callable[[], datetime]
    processes: Processes = field(default_factory=Alone)
    messages: Messages = field(default_factory=NobodyElse)
    sequences: bool = True
    watchers: tuple[Watcher, ...] = ()
    others: Mapping[str, ObjectStore] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings.model_validate({}))
    gate: ArchivingGate = field(default_factory=OpenGate)
    prompt: bool = True

    def __post_init__(self) -> None:
        self.tiles = TileReader(self.store, self._leaves)
        self.verifier = VerifierKey.parse(self.key.vkey)
        # What a committed leaf covers never changes: no snapshot is needed.
        self.openings = Openings(self.transactions.look, self.key.name, CHAINS)
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
            beside=self.openings,
            store=self.store,
            catalogue=log_rows,
            transaction=self.transactions.write,
            reading=self.transactions.read,
            looking=self.transactions.look,
            signer=self.key,
            retain_until=self._retain_until,
            known=self.witnesses.known,
        )
        self.sequencer = sequencer
        self.witnessing = Witnessing(self.witnesses, self.clock, self._retain_until, self._halt)
        self.loop = SequencerLoop(sequencer, prompt=self.prompt, shared=self.shared, numbered=self._numbered)
        self.follower = Follower(self.store, self.verifier, self.tiles, self._row, lambda: sequencer.shown)
        self.messages.hear(LEAF, lambda _: self.loop.wake())
        self.following = Following(self.loop, self._indices, self.follower.head)
        self.messages.hear(SHOWN, self.following.hear)

    def _numbered(self) -> None:
        self.witnessing.wake()
        self.messages.tell(SHOWN, "")

    def _indices(self, leaf_ids: Collection[str]) -> Mapping[str, int]:
        with self.transactions.look() as conn:
            return log_rows.indices(conn, leaf_ids)

    def _leaves(self, start: int, stop: int) -> Sequence[bytes]:
        with self.transactions.look() as conn:
            return log_rows.sequenced(conn, start, stop)

    def tile(self, tile: TileId) -> bytes | None:
        """A tile or bundle as it is shown; None when it is not. Raises ArchiveUnavailable, and as `Follower.head`."""
        head = self.follower.head() if tile.of_tail else None
        return self.tiles.shown(tile, head.size if head else 0)

    def _retain_until(self) -> datetime:
        return lock_until(self.clock())

    def _halt(self, why: LogBehind) -> None:
        self.loop.halt(why)

    def _row(self) -> CheckpointRow | None:
        with self.transactions.look() as conn:
            return log_rows.current_checkpoint(conn)

    @property
    def shared(self) -> bool:
        return self.processes.shared

    @property
    def vkey(self) -> str:
        return self.key.vkey

    def recover(self) -> None:
        """Before `start`: ask who else saw the log, carry out what was planned, bring its public side to its row.

        Where others are at work, what was planned is theirs as well: `api.upkeep` looks after what nobody does.
        Raises LogBehind when the log is behind, or not, what it has shown before, ArchiveDamaged when it does not
        agree with itself, SettingsError when no witness answers that must.
        """
        deployment.claim(self.store, self.transactions.write, self.vkey, self.clock())
        if self.sequences:
            self.witnesses.ask()
            if self._run_once():  # nothing is archived under a log that is behind
                self.witnesses.settle()
        if not self.shared and self.gate.state().open:
            given = self.store, self.work, self.transactions.write, self.clock()
            for failure in ingest.recover(*given):
                log.error("deposit %s was not carried out: %s", failure.deposit.leaf, failure.error)
            for stuck in filing.recover(*given):
                log.error("deposit %s was not carried out: %s", stuck.deposit.leaf, stuck.error)
        if self.sequences:
            self._run_once()

    def _run_once(self) -> bool:
        """Whether the stores answered."""
        try:
            self.sequencer.run_once()
        except ArchiveUnavailable as exc:
            log.warning("log: %s; it is tried again in the background", exc)
            return False
        return True

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
        if self.shared:
            self.following.start()
        if self.sequences:
            self.loop.start()
            self.loop.wake()
            self.witnessing.start()

    def wake(self) -> None:
        """There may be leaves that nobody waits for: whoever sequences is told."""
        self.loop.wake()
        self.messages.tell(LEAF, "")

    @property
    def state(self) -> str:
        """For the others: whether this process could number a leaf."""
        return "stopped" if self.loop.failure is not None else RUNNING if self.sequences else "none"

    def check_running(self) -> None:
        """Raises ArchiveUnavailable when the log has stopped: nothing may be called archived then."""
        if self.loop.failure is not None:
            stopped = ArchiveUnavailable(f"the log has stopped: {self.loop.failure}")
            stopped.reason = getattr(self.loop.failure, "reason", None)
            raise stopped from self.loop.failure
        told = [each.state.get("log") for each in self.processes.everyone() if not each.gone]
        if not self.sequences and "stopped" in told and RUNNING not in told:
            raise ArchiveUnavailable("the log has stopped in every worker; their messages say why")

    def witness_rows(self) -> list[WitnessRow | None]:
        """What is known of each witness that the operator chose; None for one that was never asked."""
        with self.transactions.read() as conn:
            rows = witness_rows.rows(conn)
        return [rows.get(watcher.id) for watcher in self.watchers]

    def stop(self) -> None:
        for watcher in self.watchers:
            watcher.witness.close()
        self.witnessing.stop()
        self.following.stop()
        if self.sequences:
            self.loop.stop()
        else:
            self.close()

    def close(self) -> None:
        """Of proofs that were never started."""
        self.sequencer.close()

    def carry_out(self, deposit: Deposit | DossierDeposit) -> Leaf:
        """Store, commit, and wait until the log has numbered and shown the leaf.

        Raises what `archive.ingest` and `archive.filing` do; ArchiveUnavailable when the log did not answer in time
        (the leaf is committed then and gets its number later); ArchivingStopped before anything is stored.
        """
        self.gate.require()
        self.check_running()
        numbered = self.loop.expect(deposit.leaf)
        try:
            leaf = self._carry_out(deposit)
            self.loop.wake(deposit.leaf)
            self.messages.tell(LEAF, deposit.leaf)
            self._wait(numbered)
        finally:
            self.loop.forget(deposit.leaf)
        return leaf

    def _wait(self, numbered: Future[Sequenced]) -> None:
        """Until a shown head contains the leaf, whoever numbered it. Raises ArchiveUnavailable."""
        try:
            numbered.result(WAIT_SECONDS)
        except FutureTimeout as exc:
            raise ArchiveUnavailable("the log did not number the leaf in time") from exc
        except CancelledError as exc:
            raise ArchiveUnavailable("the log stopped before it numbered the leaf") from exc

    def _carry_out(self, deposit: Deposit | DossierDeposit) -> Leaf:
        given = self.store, self.work, self.transactions.write, self.clock()
        if isinstance(deposit, DossierDeposit):
            return filing.carry_out(deposit, *given)
        return ingest.carry_out(deposit, *given)

    def keep(self, deposits: Iterable[Deposit | DossierDeposit]) -> bool:
        """Carry out what an act has committed; False when the archive does not take it now: it is tried again.

        The act stands: nobody is told that it was refused, whatever is wrong with the store. Health tells what waits.
        """
        for deposit in deposits:
            try:
                self.carry_out(deposit)
            except NOT_NOW as exc:
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
        self.gate.require()
        self.check_running()
        with self.transactions.write() as conn:
            record(conn)
            deposit = ingest.plan_event(conn, document, kind, facts, actor.display, at)
            bind_audit(conn, document.agency, at)  # with it the act's own audit row goes into the archive
        # Crash: the fact stands in the catalogue with its deposit; recovery at start carries it out.
        try:
            self.carry_out(deposit)
        except NOT_NOW as exc:
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
        head = self.follower.head()
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
        head = self.follower.head()
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
        return self.follower.head()

    def head(self, size: int | None = None) -> bytes | None:
        """The signed checkpoint that is shown, or the one of that size, with the lines of who cosigned it."""
        if size is None:
            shown = self.follower.head()
        else:
            shown = checkpoint_at(self.store, size, self.verifier)
        if shown is None:
            return None
        with self.transactions.read() as conn:
            cosigned = self.witnesses.of_size(conn, shown.size)
        same = cosigned is not None and cosigned.head.root == shown.root
        return cosigned.head.note if cosigned and same else shown.note
