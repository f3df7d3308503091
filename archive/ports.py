"""The ports of the room: contracts in prose. Twins that fail on command stand beside the adapters.

None of these stores is trusted: whoever writes it can hide or rot bytes. Digests, the log and its signed
checkpoints show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TypeVar

from policies.vocabulary import LockMode

if TYPE_CHECKING:
    from hashlib import _Hash

C_contra = TypeVar("C_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store says of an object. `sha256` (hex) is what was recorded at writing, not what is there.

    `size` is in bytes; `retain_until` is aware UTC and `mode` how hard that lock is, both None for an object
    without a lock; `hold`: a legal hold, which has no end. `version` is the store's own name for these very bytes,
    empty where a key has no others.
    """

    key: str
    size: int
    sha256: str
    retain_until: datetime | None
    mode: LockMode | None = None
    hold: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a listing: a version of a key, or a marker that pretends that the key was deleted (`deleted`).

    A write-once key has one version. Any other is a trace of somebody who went around this service.
    """

    key: str
    version: str
    size: int
    latest: bool
    deleted: bool


class ObjectStore(Protocol):
    """Write-once objects by key.

    Durability: when `put`, `put_mutable`, `extend_retention` or `delete` returns, its effect outlives a power
    cut. Consistency: what returned is seen by every later read of every process.
    Idempotence: `put` of the same bytes under the same key succeeds again and changes nothing, except that a
    later `retain_until` extends the lock and COMPLIANCE hardens it (an earlier end, a softer mode change nothing).
    Nothing is ever overwritten.
    Versions: where a store keeps several under a key, the object is the oldest of them, for nobody can put one
    before it: what is written over it later, or a delete marker on top, neither changes nor hides it. Who knows
    the version names it, which saves the store a search.
    Errors: `StorageRefused` when the contract forbids the act (other bytes under the key, digest differs from
    `sha256`, key not allowed, lock shortened, deletion under lock, object missing); `ArchiveUnavailable` when
    the store did not answer: the effect is then unknown, and the caller repeats the same call;
    `ArchiveDamaged` when the store's own records contradict each other.
    Retention is judged by the store's clock, as a server does it.
    """

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime | None = None,
        mode: LockMode = LockMode.COMPLIANCE,
    ) -> StoredObject:
        """Store bytes whose digest must be `sha256` (hex), read in blocks, locked until `retain_until`."""
        ...

    def open(self, key: str, version: str = "") -> BinaryIO:
        """The bytes as they are now; the caller compares the digest (`archive.storage.readback`)."""
        ...

    def head(self, key: str, version: str = "") -> StoredObject | None:
        """What the store says of the object, read from it and not remembered; None when there is none."""
        ...

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:
        """Both in one answer: what the store says of the object, and its bytes. `StorageRefused` when there is none.

        Without `locks`, what it says of lock and hold need not be all.
        """
        ...

    def extend_retention(
        self, key: str, until: datetime, *, mode: LockMode = LockMode.COMPLIANCE, version: str = ""
    ) -> StoredObject:
        """Move the lock's end later, harden its mode; the same date succeeds; an earlier one, or a softer mode, is
        refused."""
        ...

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:
        """Put the legal hold on or take it off; as it is already is a success. It outlasts every date."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with the string `prefix` and come after `after`, in lexicographic order, lazily."""
        ...

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """All versions and markers of those keys, lazily; of one key the newest first."""
        ...

    def delete(self, key: str, version: str = "") -> None:
        """Remove an object that no lock and no hold keeps any more; a missing object is a success."""
        ...

    def replace_damaged(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",
    ) -> StoredObject:
        """Whole bytes for an object whose copy was read and is not what was archived, or is gone. For repair alone.

        The damaged copy stays as evidence: a store with versions keeps it under its own, and the whole copy gets a
        newer one, which the caller has to remember, for without a version `head` and `open` still mean the oldest;
        a store without versions moves it aside. A newer version that has these bytes already, all of them read, is
        taken instead of a further one; so is `version` itself, when it is whole. Raises as `put` does.
        """
        ...

    def put_mutable(self, key: str, data: bytes) -> None:
        """Replace the bytes of one of the few mutable keys (`keys.MUTABLE`) atomically."""
        ...

    def tidy(self, key: str) -> None:
        """Remove what earlier writings of a mutable key left, as far as that is allowed now. Nothing depends on it, and
        what cannot be removed is left for another time."""
        ...


class Hashed(NamedTuple):
    """`size` bytes, all of a file, and the state of SHA-256 after them: to be copied, never updated."""

    size: int
    state: _Hash


class WorkArea(Protocol):
    """Unlocked bytes on their way, by digest, at hand on a local disk. The caller removes them.

    The same bytes are stored once. `put_work` and `extend_work` are durable when they return, and their bytes are
    found by every process that shares the area. Errors: `ArchiveUnavailable` when the disk or the store behind it does
    not answer.
    """

    def put_work(self, source: Path | bytes | BinaryIO) -> str:
        """Copy in blocks; returns the SHA-256 in hex."""
        ...

    def extend_work(self, sha256: str, tail: bytes) -> str:
        """The bytes of this digest followed by `tail` as new bytes; returns their SHA-256 in hex.

        Raises `StorageRefused` when there are none of this digest, `ArchiveDamaged` when they are others.
        """
        ...

    def hashed_work(self, sha256: str) -> Hashed:
        """Size of these bytes and the state of SHA-256 after them, kept from when they were hashed as long as the
        file was not written to since. Raises as `extend_work` does."""
        ...

    def work_path(self, sha256: str) -> Path:
        """Where the bytes lie; `StorageRefused` when they are not there."""
        ...

    def remove_work(self, sha256: str) -> None:
        """Forget the bytes; missing ones are a success."""
        ...

    def old_work(self, before: datetime) -> Iterator[str]:
        """Digests of bytes that somebody brought before `before`, lazily, and perhaps not since."""
        ...

    def clear_work(self, sha256: str, before: datetime) -> None:
        """Forget what was brought before `before`. Bytes that were brought since, also just now, stay."""
        ...


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """The log's commit point in the catalogue: tree size in leaves, RFC 6962 root (32 bytes), signed note."""

    size: int
    root: bytes
    note: bytes


class PendingLeaves(Protocol[C_contra]):
    """Leaves that a committed act left in the catalogue, on the caller's connection and transaction."""

    def pending(self, conn: C_contra, limit: int) -> Sequence[tuple[str, bytes]]:
        """Up to `limit` (leaf id, entry bytes) without an index, oldest first."""
        ...

    def assign(self, conn: C_contra, pairs: Sequence[tuple[str, int]]) -> None:
        """Give each leaf id its index; an index or leaf already assigned raises `LogConflict`."""
        ...

    def sequenced(self, conn: C_contra, start: int, stop: int) -> Sequence[bytes]:
        """Entries with start ≤ index < stop, in order of index; a gap is `ArchiveDamaged`."""
        ...


class CheckpointLock(Protocol[C_contra]):
    """The one row that orders sequencers. No row counts as size 0 with the empty root."""

    def current_checkpoint(self, conn: C_contra) -> CheckpointRow | None:
        """The row as this transaction sees it."""
        ...

    def swap_checkpoint(
        self, conn: C_contra, old_size: int, old_root: bytes, new_size: int, new_root: bytes, note: bytes
    ) -> bool:
        """Replace the row if it still is (old_size, old_root); False when another sequencer moved it."""
        ...


class LogCatalogue(PendingLeaves[C_contra], CheckpointLock[C_contra], Protocol[C_contra]):
    """Both, as one module of functions or one object."""


class LogSigner(Protocol):
    """The log's Ed25519 key (C2SP signed-note). `name` is the origin, `sign` returns 64 raw bytes."""

    @property
    def name(self) -> str: ...

    @property
    def vkey(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


class CheckpointWitness(Protocol):
    """Another body that cosigns heads of logs (C2SP tlog-witness). Not trusted: its lines and heads are verified.

    Both raise ArchiveUnavailable when there is no answer in time; then it may have cosigned all the same.
    """

    def add_checkpoint(self, data: bytes) -> bytes:
        """Its signature lines for an `archive.log.submission`; it keeps the head from then on.

        Raises `StaleSize` when it knows another size than the request says; `ProofRefused` FORKED or
        NOT_CONSISTENT when the head contradicts the one it knows, and with other reasons for any other refusal.
        """
        ...

    def head(self, origin: str) -> bytes | None:
        """The note of the last head of that log that it cosigned; None when there is none, or it shows none."""
        ...

    def close(self) -> None:
        """Questions under way end at once."""
        ...


class TimestampAuthority(Protocol):
    """RFC 3161 over a checkpoint or an evidence record; same contract as the signer's port of that name.

    Raises `ArchiveUnavailable` when there is no answer in time; a wrong answer is `ProofRefused`.
    """

    def token(self, imprint: bytes, digest: str) -> bytes: ...


class TimestampVerifier(Protocol):
    """Checks a DER token against its imprint and its trust at `at`; returns genTime (aware UTC).

    Raises `ProofRefused` when the token does not hold.
    """

    def verify(self, token: bytes, imprint: bytes, digest: str, at: datetime) -> datetime: ...


# What is done to closed dossiers later. Who builds these finds the facts in `archive.catalogue.dossier_rows` and in the
# records `antin.dossier/1`; nothing of it is here yet, and no act of the service pretends to do it.


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the E-ARK model (TT 05/2025/TT-BNV): `kind` is SIP, AIP or DIP, `object_id` its OBJID.

    `sha256` (hex) and `size` (bytes) are of the zipped file at `path`, which the caller removes.
    """

    kind: str
    object_id: str
    path: Path
    sha256: str
    size: int


class HandOver(Protocol):
    """Closed dossiers handed over to an archive (NĐ 30/2020/NĐ-CP, Điều 30; TT 05/2025/TT-BNV, PL I to V).

    Only a closed dossier, and one that the log has shown, is packed: with every document as issued and in its newest
    version, its record and events, every plain file, and the list that its closing fixed. The package is checked
    against the digests of the records, never against itself. Packing changes nothing; the same dossier at the same
    version gives the same files with the same digests. What the receiving archive answered is a version of the dossier
    (`archive.filing`), with its proof.
    Errors: `ArchiveRefused` when the dossier is open or the log has not shown it; `ArchiveDamaged` when a byte that is
    read is not what a record says: then there is no package at all, rather than one without it.
    """

    def pack(self, dossier_id: str, version: int, kind: str, at: datetime) -> Package:
        """Make the package of that version of the dossier."""
        ...

    def received(self, dossier_id: str, version: int, acknowledgement: bytes, at: datetime) -> None:
        """Keep the receiving archive's answer. The same one again is a success; another one is refused."""
        ...


class Disposal(Protocol):
    """Destroying what nobody has to keep any more (Luật Lưu trữ 33/2024/QH15, Điều 16; TT 05/2025/TT-BNV, Điều
    48 to 50).

    Candidates are whole dossiers whose last day (`catalogue.retention_rows.kept`) has passed, and in which nothing is
    kept longer by another dossier, nothing is under a hold, and nothing lacks a decision: all of it judged again in the
    transaction of each step, because a hold may have come meanwhile. The state is "Xem xét hủy" until a council has
    decided; then the head of the agency decides, who is none of those who proposed. Destroying deletes every copy in
    every store, whose own locks and holds have the last word, then the salts of the leaves (a leaf without them proves
    nothing and tells nothing), then the texts of the rows; the list of what was destroyed, the decisions and the
    certificate stay, and are versions of the dossier. Repeatable at every step; never undone.
    Errors: `ArchiveRefused` UNDER_HOLD, UNDER_RETENTION and the order of the steps; `ArchiveUnavailable` while a store
    does not say that a copy is gone: it is not called destroyed then.
    """

    def candidates(self, at: datetime, after: str, limit: int) -> Sequence[str]:
        """Ids of dossiers that may be proposed, in order, after that one."""
        ...

    def propose(self, dossier_id: str, account: str, reason: str, at: datetime) -> None:
        """Xem xét hủy."""
        ...

    def decide(self, dossier_id: str, account: str, *, destroy: bool, reason: str, at: datetime) -> None:
        """The head's decision, by another account than the one that proposed."""
        ...

    def destroy(self, dossier_id: str, at: datetime) -> bool:
        """Carry a decision out, as far as the stores let; True when nothing is left of the contents."""
        ...


class EvidenceRecords(Protocol):
    """Evidence over archived objects for longer than an algorithm or an authority lives (RFC 4998).

    One record covers any number of objects by their digests, their records' and their validation data's; its
    time-stamp comes from `TimestampAuthority`. It is renewed before the certificate of its newest token ends, and
    with a new digest algorithm before the old one falls, over the bytes read anew from the store and not over kept
    digests. Records and renewals are locked objects with leaves of their own; nothing is rewritten. Verification
    needs the record, the bytes and a `TimestampVerifier`, and no catalogue.
    Errors: `ArchiveDamaged` when bytes no longer have their digest (nothing is renewed over them), `ProofRefused`
    when a record does not hold, `ArchiveUnavailable` when the authority does not answer.
    """

    def protect(self, keys: Sequence[str], digest: str, at: datetime) -> str:
        """Make a record over the objects; its key."""
        ...

    def renew(self, record_key: str, digest: str, at: datetime) -> str:
        """Continue the record with a new time-stamp, or with a new hash tree; the new key."""
        ...

    def verify(self, record: bytes, sha256: str, at: datetime) -> datetime:
        """Since when these bytes are proved to have existed, aware UTC."""
        ...
