"""What is known of our log elsewhere, and the heads of ours that others cosigned: for the start, and for readers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from api.settings import Settings, SettingsError
from api.transactions import Transactions
from archive.catalogue import Connection, log_rows, witness_rows
from archive.catalogue.witness_rows import WitnessRow
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogBehind, ProofRefused
from archive.log.note import MAX_NOTE, VerifierKey
from archive.log.seen import Seen, in_file, in_store, seen
from archive.ports import ObjectStore
from archive.receipt import MAX_RECEIPT
from archive.witnessing import CosignedHead, Cosigning, Watcher, cosigned_in_store, merged, open_cosigned

log = logging.getLogger("antin.witnesses")
OPENED = 64  # notes whose signatures were verified and need not be again


@dataclass
class Witnesses:
    """The witnesses that the operator chose, and every other place where our log was seen.

    `others`: further stores of the same archive, by what they are called. Safe for threads.
    """

    settings: Settings
    transactions: Transactions
    key: VerifierKey
    store: ObjectStore
    others: Mapping[str, ObjectStore]
    watchers: tuple[Watcher, ...]
    cosigning: Cosigning
    told: dict[str, Seen | None] = field(default_factory=dict)  # by witness: what it answered since the start
    _in_stores: list[Seen] | None = None
    _opened: dict[bytes, CosignedHead] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._in_files = [_read(path, self.key) for path in self.settings.known_checkpoints]

    # At start.

    def known(self) -> list[Seen]:
        """Heads that our log must continue: in files, in every store, cosigned, told by witnesses.

        Raises ArchiveUnavailable while a store does not answer; `LogBehind` when a witness that does not answer now
        disputed our log before.
        """
        with self.transactions.read() as conn:
            rows = witness_rows.rows(conn)
        for watcher in self.watchers:
            row = rows.get(watcher.id)
            if row is not None and row.disputed and watcher.id not in self.told:
                raise LogBehind(row.disputed)
        told = [head for head in self.told.values() if head is not None]
        return [*self._in_files, *self._kept_in_stores(), *self._cosigned_rows(rows), *told]

    def kept(self) -> list[Seen]:
        """What files and cosignatures say alone: for an audit, which reads the stores itself."""
        with self.transactions.read() as conn:
            return [*self._in_files, *self._cosigned_rows(witness_rows.rows(conn))]

    def ask(self, committed: Callable[[], int] | None = None) -> None:
        """Every witness, all at once, before the log goes on. One that does not answer is asked again later.

        `committed`: how many leaves there are, where that is not what the catalogue says.

        Raises SettingsError when `require_witness` is set and none answers, `LogBehind` when one knows more leaves
        than there are.
        """
        if not self.watchers:
            return
        with ThreadPoolExecutor(len(self.watchers), "witness") as pool:
            answered = list(pool.map(partial(self._probe, committed or self._committed), self.watchers))
        if self.settings.require_witness and not any(answered):
            names = ", ".join(watcher.key.name for watcher in self.watchers)
            raise SettingsError(f"require_witness: no witness answers ({names}); start again when one does")

    def settle(self) -> None:
        """The log was found to continue everything that is known: what answered witnesses disputed is over."""
        with self.transactions.read() as conn:
            rows = witness_rows.rows(conn)
        for watcher in self.watchers:
            row = rows.get(watcher.id)
            if row is not None and row.disputed and watcher.id in self.told:
                with self.transactions.write() as conn:
                    witness_rows.dispute(conn, watcher.id, watcher.key.name, "")

    def _probe(self, committed: Callable[[], int], watcher: Watcher) -> bool:
        try:
            self.told[watcher.id] = self.cosigning.probe(watcher, committed)
        except ArchiveUnavailable as exc:
            log.warning("%s; it is asked again later", exc)
            return False
        except ProofRefused as exc:
            log.warning("witness %s: %s", watcher.key.name, exc.text("en"))
            return False
        return True

    def _committed(self) -> int:
        with self.transactions.read() as conn:
            row = log_rows.current_checkpoint(conn)
        return row.size if row else 0

    def _kept_in_stores(self) -> list[Seen]:
        """Read once: afterwards the log itself writes there. The sequencer reads its own store's heads besides."""
        if self._in_stores is None:
            found: list[Seen] = []
            for name, store in self.others.items():
                found += _genuine(name, partial(in_store, store, self.key, name))
            for name, store in {"the object store": self.store, **self.others}.items():
                found += _genuine(name, partial(self._cosigned_in, store, name))
            self._in_stores = found
        return self._in_stores

    def _cosigned_in(self, store: ObjectStore, name: str) -> list[Seen]:
        kept = (cosigned_in_store(store, self.key, each.key, name) for each in self.watchers)
        return [head for head in kept if head is not None]

    def _cosigned_rows(self, rows: dict[str, WitnessRow]) -> list[Seen]:
        return [seen(one.head, f"cosigned by {one.by[0].name}") for one in self._open_rows(rows)]

    # For readers.

    def best(self, conn: Connection, above: int = -1) -> CosignedHead | None:
        """The head of more than `above` leaves that most witnesses cosigned; None when none did."""
        return merged(self._open_rows(witness_rows.rows(conn)), above) if self.watchers else None

    def of_size(self, conn: Connection, size: int) -> CosignedHead | None:
        """The head of that size with the lines of all who cosigned it."""
        if not self.watchers:
            return None
        same = (one for one in self._open_rows(witness_rows.rows(conn)) if one.head.size == size)
        return merged(list(same))

    def label(self, name: str) -> str:
        """What pages call the witness of that key name."""
        return next((each.shown for each in self.watchers if each.key.name == name), name)

    def _open_rows(self, rows: dict[str, WitnessRow]) -> list[CosignedHead]:
        found = []
        for watcher in self.watchers:
            row = rows.get(watcher.id)
            opened = self.opened(watcher, row.note) if row is not None and row.note else None
            found += [opened] if opened else []
        return found

    def opened(self, watcher: Watcher, note: bytes) -> CosignedHead | None:
        """The cosigned head in a row of the catalogue, verified once; None for a row that somebody changed."""
        if note not in self._opened:
            try:
                opened = open_cosigned(note, self.key, [watcher.key])
            except ProofRefused as exc:
                log.error("catalogue: the head of witness %s is not cosigned: %s", watcher.key.name, exc)
                return None
            if len(self._opened) >= OPENED:
                self._opened.clear()
            self._opened[note] = opened
        return self._opened[note]


def _genuine(name: str, read: Callable[[], list[Seen]]) -> list[Seen]:
    """Heads out of a store. Raises ArchiveDamaged for one that our log or its witness did not sign."""
    try:
        return read()
    except ProofRefused as exc:
        raise ArchiveDamaged(f"log: a head in {name} is not this log's: {exc.text('en')}") from exc


def _read(path: Path, key: VerifierKey) -> Seen:
    try:
        with path.open("rb") as file:
            data = file.read(max(MAX_RECEIPT, MAX_NOTE) + 1)
        return in_file(data, key, f"in {path}")
    except OSError as exc:
        raise SettingsError(f"known_checkpoints: {path} cannot be read: {exc.strerror}") from exc
    except ProofRefused as exc:
        raise SettingsError(
            f"known_checkpoints: {path} is no checkpoint of this log: {exc.text('en')}"
        ) from exc
