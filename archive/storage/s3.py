"""The object store on S3 with Object Lock, through the minio SDK. Contract: `archive.ports`; notes: docs/storage.md.

Not trusted: who runs the server, or holds its disks, can hide or rot bytes and lie about locks. Bytes and locks are
read back (`readback`), the canary attacks the server, digests, log and fsck show the rest.

    PUT If-None-Match: *   the bytes, their digests, their lock, in one request (in parts above 64 MiB)
    GET ?versions          where the server does not keep the condition: is the oldest version what was just sent?
    GET ?versionId         that version read back: bytes, size, digest, lock, hold

An answer that did not come is resolved by looking, and only then is anything sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from archive.errors import ArchiveDamaged, StorageRefused, StoreUnavailable
from archive.ports import Listed, StoredObject
from archive.storage.blocks import hash_blocks
from archive.storage.hashed import HashedFiles
from archive.storage.keys import CONDITIONAL, MUTABLE, check_key, check_sha256
from archive.storage.retention import allow_delete, check_zone, extended, locked
from archive.storage.s3_bodies import Digests, b64, digests
from archive.storage.s3_bucket import Bucket, BucketExamination
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_errors import DENIED, EXISTS, GONE, SPOILED, ServerSaid, Where, trouble
from archive.storage.s3_look import Look
from archive.storage.s3_mutable import MutableKeys
from archive.storage.s3_stream import S3Stream
from archive.storage.s3_upload import STALE, Lock, Uploader, whole_second
from archive.storage.s3_versions import inventory
from archive.storage.s3_wire import Deadline, Wire
from policies.reasons import archiving
from policies.reasons import storage as reasons
from policies.refusals import Reason
from policies.vocabulary import LockMode

_ONCE = {"If-None-Match": "*"}
_INVALID = frozenset({"InvalidRequest", "InvalidArgument", "BadRequest"})
_BYPASS = {"x-amz-bypass-governance-retention": "true"}


class S3Store:
    """`ObjectStore` on one bucket. Safe for threads; any number of processes may share the bucket.

    `clock` (aware UTC) dates the signatures; retention is judged by the server's clock. Files whose digests are kept in
    `hashed` are read once, while they are sent; other bytes than were digested are the server's to refuse.
    Raises StoreUnavailable when the CA file of `connection` cannot be read.
    """

    def __init__(self, connection: S3Connection, *, clock: Callable[[], datetime]) -> None:
        self._wire = Wire(connection, clock=clock)
        self.hashed = HashedFiles(md5=True)
        self._examination = BucketExamination(self._wire)
        self._uploader = Uploader(self._wire)
        self._look = Look(self._wire)
        self._mutable = MutableKeys(self._wire)
        self._clock = clock

    def examine(self) -> Bucket:
        """What the server says of the bucket now. Raises StoreUnavailable when it is not fit to keep records."""
        self._examination.forget()
        return self._examination.bucket(self._wire.deadline())

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime | None = None,
        mode: LockMode = LockMode.COMPLIANCE,
    ) -> StoredObject:
        """As the port says. Each line tells what a crash after it leaves."""
        check_zone(retain_until)
        made = self._digests(key, source, sha256)
        lock = None if retain_until is None else Lock(whole_second(retain_until), mode)
        deadline = self._begun(key, made.size)
        sent = self._written(key, source, made, lock, deadline)
        # Crash: the object is there, and locked unless it went in parts. Nobody was told, so the put is repeated.
        if not (sent and len(made.parts) == 1 and self._examination.bucket(deadline).conditional):
            first = self._look.oldest(key, deadline)
            if first is None:
                raise StoreUnavailable(reasons.NOT_SHOWN, self._where("PUT", key), passing=True)
            if first.version != sent or len(made.parts) > 1:
                return self._settled(first, made, lock, deadline)
        return _locked(StoredObject(key, made.size, sha256, None, version=sent), lock)

    def open(self, key: str, version: str = "") -> BinaryIO:
        deadline = self._begun(key)
        if not version and key in MUTABLE:
            with suppress(ServerSaid):  # hidden by a delete marker, or not there
                return cast(BinaryIO, S3Stream(self._wire, key, ""))  # the newest
        try:
            return cast(BinaryIO, S3Stream(self._wire, key, version or self._look.named(key, deadline)))
        except ServerSaid as exc:
            raise StorageRefused(archiving.OBJECT_MISSING, key=key) from exc

    def head(self, key: str, version: str = "") -> StoredObject | None:
        deadline = self._begun(key)
        if not version:
            first = self._look.first(key, deadline)
            version = first.version if first else ""
        return self._look.shown(key, version, deadline) if version else None

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:
        deadline = self._begun(key)
        version = version or self._look.named(key, deadline)
        try:
            stream = S3Stream(self._wire, key, version)
        except ServerSaid as exc:
            raise StorageRefused(archiving.OBJECT_MISSING, key=key) from exc
        try:
            return self._look.told(key, version, stream.headers, deadline, locks=locks), cast(
                BinaryIO, stream
            )
        except BaseException:
            stream.close()
            raise

    def extend_retention(
        self, key: str, until: datetime, *, mode: LockMode = LockMode.COMPLIANCE, version: str = ""
    ) -> StoredObject:
        check_zone(until)
        deadline = self._begun(key)
        stored = self._look.there(key, version, deadline)
        return self._relocked(stored, extended(stored, whole_second(until), mode), deadline)

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:
        deadline = self._begun(key)
        stored = self._look.there(key, version, deadline)
        document = f"<LegalHold><Status>{'ON' if held else 'OFF'}</Status></LegalHold>"
        self._put_lock(stored, "legal-hold", document, {}, reasons.ACCESS_DENIED, deadline)
        shown = replace(stored, hold=self._look.held(key, stored.version, deadline))
        if shown.hold is not held:
            raise ArchiveDamaged(f"{key}: the store took the legal hold and does not show it")
        return shown

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys with at least one version: a delete marker on top hides none."""
        last = ""
        for entry in self.inventory(prefix, after):
            if not entry.deleted and entry.key != last:
                yield (last := entry.key)

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        self._examination.bucket(self._wire.deadline())
        found = inventory(self._wire, prefix, after)
        yield from (entry for entry in found if entry.key != CONDITIONAL)  # the adapter's own probe

    def delete(self, key: str, version: str = "") -> None:
        """That version; without one all there is of the key, later writings and markers first, the object last."""
        deadline = self._begun(key)
        doomed = [version] if version else [entry.version for entry in self._look.every(key, deadline)]
        for name in doomed:
            stored = self._look.shown(key, name, deadline)
            if stored is not None:
                allow_delete(stored, self._clock())
        for name in doomed:
            self._delete(key, name, deadline)

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
        """A newer version beside the damaged one, unless there is a whole one already."""
        check_zone(retain_until)
        made = self._digests(key, source, sha256)
        lock = Lock(whole_second(retain_until), mode)
        deadline = self._begun(key, made.size)
        for attempt in count():
            whole = self._whole(key, version, made, deadline)
            if whole is not None:
                return self._relocked(whole, _locked(whole, lock), deadline)
            try:
                sent = self._sent(key, source, made, lock, {}, deadline)
            except StoreUnavailable as exc:
                if not self._wire.wait(exc, attempt, deadline):
                    raise
                continue  # it may have arrived: look again
            stored = self._look.there(key, sent, deadline)
            return self._relocked(stored, _locked(stored, lock), deadline)
        raise AssertionError("unreachable")

    def put_mutable(self, key: str, data: bytes) -> None:
        """The newest version counts. `tidy` removes older ones as far as the bucket's default retention allows."""
        if key not in MUTABLE:
            raise StorageRefused(archiving.KEY_NOT_ALLOWED, key=key)
        self._mutable.put(key, data, self._begun(key))

    def tidy(self, key: str) -> None:
        self._mutable.tidy(key)

    def sweep(self) -> None:
        """Gives up multipart uploads of more than a day ago, which a crash left."""
        self._uploader.sweep(self._clock() - STALE, self._wire.deadline())

    # Writing.

    def _digests(self, key: str, source: Path | bytes, sha256: str, *, kept: bool = True) -> Digests:
        check_key(key)
        made = digests(source, self._wire.connection.part_bytes, self.hashed if kept else None)
        if made.sha256 != check_sha256(sha256):
            raise StorageRefused(archiving.DIGEST_DIFFERS, key=key)
        return made

    def _written(
        self, key: str, source: Path | bytes, made: Digests, lock: Lock | None, deadline: Deadline
    ) -> str:
        """Sends it unless it is there; the version that was made, empty when there was one before.

        Sending again happens only after looking. An answer that comes too late to be seen may still leave a second
        version of the same bytes, with the same lock: the oldest is the object.
        """
        conditional = self._examination.bucket(deadline).conditional
        for attempt in count():
            # A server that keeps the condition looks by itself, the first time.
            if (attempt or not conditional) and self._look.oldest(key, deadline) is not None:
                return ""
            try:
                return self._sent(key, source, made, lock, _ONCE if conditional else {}, deadline)
            except StoreUnavailable as exc:
                if self._wire.wait(exc, attempt, deadline):
                    continue
                if attempt and exc.reason is reasons.BUSY:  # what looked before was answered
                    raise StoreUnavailable(reasons.NOT_WRITABLE, exc.detail, passing=True) from exc
                raise
        raise AssertionError("unreachable")

    def _sent(
        self,
        key: str,
        source: Path | bytes,
        made: Digests,
        lock: Lock | None,
        condition: dict[str, str],
        deadline: Deadline,
    ) -> str:
        try:
            sent = self._uploader.send(key, source, made, lock, condition=condition, deadline=deadline)
        except ServerSaid as exc:
            if exc.code in EXISTS:
                return ""
            if exc.code in _INVALID:
                self.examine()  # a bucket without Object Lock takes no lock: then this raises
                raise StoreUnavailable(reasons.LOCK_REFUSED, f"{self._where('PUT', key)}: {exc}") from exc
            if exc.code in SPOILED:
                self._digests(
                    key, source, made.sha256, kept=False
                )  # not on the way, but before: then this raises
            self._examination.forget()
            raise trouble(exc, self._where("PUT", key)) from exc
        if sent in ("", "null"):
            self._examination.forget()
            raise StoreUnavailable(reasons.NO_VERSIONING, self._where("PUT", key))
        return sent

    def _settled(self, first: Listed, made: Digests, lock: Lock | None, deadline: Deadline) -> StoredObject:
        """The object that is there, if it has these bytes, under the longer and the harder lock."""
        stored = self._look.shown(first.key, first.version, deadline)
        if stored is None:
            raise StoreUnavailable(reasons.NOT_SHOWN, self._where("HEAD", first.key), passing=True)
        if stored.sha256 != made.sha256:
            raise StorageRefused(archiving.OBJECT_EXISTS, key=first.key)
        if stored.size != made.size:
            raise ArchiveDamaged(f"{first.key}: has {stored.size} bytes, {made.size} were stored")
        return self._relocked(stored, _locked(stored, lock), deadline)

    def _relocked(self, stored: StoredObject, meant: StoredObject, deadline: Deadline) -> StoredObject:
        """The version under its new lock, read back."""
        if meant == stored or meant.retain_until is None or meant.mode is None:
            return stored
        lock = Lock(meant.retain_until, meant.mode)
        document = (
            f"<Retention><Mode>{lock.mode}</Mode><RetainUntilDate>{lock.date}</RetainUntilDate></Retention>"
        )
        # Without the right to bypass, GOVERNANCE can be extended and never hardened: AWS, SeaweedFS and RGW alike.
        hardened = stored.mode is LockMode.GOVERNANCE and lock.mode is LockMode.COMPLIANCE
        denied = reasons.HARDENING_DENIED if hardened else reasons.ACCESS_DENIED
        self._put_lock(stored, "retention", document, _BYPASS if hardened else {}, denied, deadline)
        shown = self._look.there(stored.key, stored.version, deadline)
        if shown.retain_until is None or shown.retain_until < lock.until or shown.mode is not lock.mode:
            raise ArchiveDamaged(f"{stored.key}: the store took a lock {lock} and shows {shown.retain_until}")
        return shown

    def _put_lock(
        self,
        stored: StoredObject,
        what: str,
        document: str,
        headers: dict[str, str],
        denied: Reason,
        deadline: Deadline,
    ) -> None:
        body = document.encode("ascii")
        try:
            self._wire.ask(
                "PUT",
                stored.key,
                query={what: "", "versionId": stored.version},
                headers={"Content-MD5": b64(md5(body, usedforsecurity=False).digest()), **headers},
                body=body,
                expected=DENIED | GONE | _INVALID,
                deadline=deadline,
            )
        except ServerSaid as exc:
            if exc.code in GONE:
                raise StorageRefused(archiving.OBJECT_MISSING, key=stored.key) from exc
            reason = denied if exc.code in DENIED else reasons.LOCK_REFUSED
            raise StoreUnavailable(reason, f"{self._where(f'PUT ?{what}', stored.key)}: {exc}") from exc

    def _delete(self, key: str, version: str, deadline: Deadline) -> None:
        try:
            self._wire.ask(
                "DELETE", key, query={"versionId": version}, expected=DENIED | GONE, deadline=deadline
            )
        except ServerSaid as exc:
            if exc.code in GONE:
                return
            stored = self._look.shown(key, version, deadline)
            if stored is not None and stored.hold:
                raise StorageRefused(archiving.UNDER_HOLD, key=key) from exc
            if stored is not None and stored.retain_until is not None:
                raise StorageRefused(archiving.UNDER_RETENTION, key=key) from exc
            raise trouble(exc, self._where("DELETE", key)) from exc

    # Looking.

    def _whole(self, key: str, version: str, made: Digests, deadline: Deadline) -> StoredObject | None:
        """A version that has these bytes, all of them read: `version` first, then the others, newest first."""
        there = [entry.version for entry in self._look.every(key, deadline) if not entry.deleted]
        damaged = {version, there[-1] if there else ""}
        for name in dict.fromkeys([version, *there] if version else there):
            stored = self._look.shown(key, name, deadline)
            if stored is None or (stored.sha256, stored.size) != (made.sha256, made.size):
                continue
            try:
                with self.open(key, name) as stream:
                    found = hash_blocks(stream)[0]
            except StoreUnavailable:
                if name not in damaged:
                    raise
                continue  # a server that finds its own bytes rotten gives none of them
            if found == made.sha256:
                return stored
        return None

    def _begun(self, key: str, size: int = 0) -> Deadline:
        """The time of an act that moves so many bytes, on a key that is allowed, in a bucket that is fit."""
        check_key(key)
        deadline = self._wire.deadline(size)
        self._examination.bucket(deadline)
        return deadline

    def _where(self, act: str, key: str) -> Where:
        return Where(self._wire.connection.place, f"{act} {key}")


def _locked(stored: StoredObject, lock: Lock | None) -> StoredObject:
    return locked(stored, lock.until, lock.mode) if lock else stored
