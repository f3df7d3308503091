"""The raw acts that the canary needs: what S3 lets anybody send, also what this service never sends itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from archive.storage.canary.values import Answer, Flaw, Lock, LockRule, Row, Seen, Who


class LockProbe(Protocol):
    """One bucket of one server. Beside the archive's there may be a scratch bucket, which holds nothing but what the
    canary puts there and may be lost.

    Every act sends one request (multipart: three) and tells the server's answer; a refusal is an answer.
    Nothing is repeated, believed or made up for. Raises `ProbeUnanswered` when there is no answer, or one that
    decides nothing: 5xx, a broken connection, credentials that the server does not know.
    """

    @property
    def store(self) -> str:
        """Endpoint and bucket, for the report."""
        ...

    def identities(self) -> frozenset[Who]:
        """As whom requests can be sent."""
        ...

    def server(self) -> tuple[str, datetime]:
        """What the server calls itself (may be empty), and its clock. Answered without credentials."""
        ...

    # Versions.

    def put(
        self,
        key: str,
        data: bytes,
        lock: Lock | None = None,
        *,
        hold: bool = False,
        flaw: Flaw | None = None,
        only_new: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        """One PUT. `only_new`: If-None-Match: *."""
        ...

    def put_parts(self, key: str, data: bytes, lock: Lock | None = None, *, hold: bool = False) -> Answer:
        """The same in one part of a multipart upload, lock and hold given when it is begun."""
        ...

    def copy(self, source: str, version: str, key: str, lock: Lock | None = None) -> Answer:
        """The server copies that version on to `key`; onto itself with metadata of our own, as S3 wants it."""
        ...

    def delete(self, key: str, version: str = "", *, bypass: bool = False, who: Who = Who.SERVICE) -> Answer:
        """Without a version: what puts a delete marker on top. `bypass`: x-amz-bypass-governance-retention."""
        ...

    def delete_many(self, key: str, version: str, *, bypass: bool = False) -> Answer:
        """By the bulk request; an entry among its errors is told as a refusal with that entry's code."""
        ...

    def read(self, key: str, version: str) -> Seen | None:
        """Bytes, retention and hold of that version now; None when the server says that there is none."""
        ...

    def readable(self, key: str, version: str, who: Who) -> Answer:
        """Whether that caller is given the bytes."""
        ...

    def set_lock(
        self,
        key: str,
        version: str,
        lock: Lock | None,
        *,
        bypass: bool = False,
        who: Who = Who.SERVICE,
    ) -> Answer:
        """PutObjectRetention; None is the empty retention that takes it away."""
        ...

    def set_hold(self, key: str, version: str, held: bool, *, who: Who = Who.SERVICE) -> Answer: ...

    def delete_by_altered_url(self, key: str, version: str) -> Answer:
        """A presigned URL of another act on another key, changed into the deletion of this version."""
        ...

    def versions(self, prefix: str) -> Iterator[Row]:
        """All versions and markers under the prefix."""
        ...

    # The bucket.

    def versioning(self) -> str:
        """`Enabled`, `Suspended`, or empty."""
        ...

    def set_versioning(self, status: str) -> Answer: ...

    def lock_rule(self) -> LockRule | None:
        """None when the bucket has no Object Lock."""
        ...

    def set_lock_rule(self, rule: LockRule) -> Answer: ...

    def disable_lock(self) -> Answer:
        """An object-lock configuration that does not say Enabled."""
        ...

    def repeat_policy(self) -> Answer | None:
        """The bucket's own policy put again as it is; None when it has none that can be read."""
        ...

    def has_lifecycle(self) -> bool | None:
        """Whether it has rules of its own; None when that cannot be read."""
        ...

    def expire(self, prefix: str, days: int) -> Answer:
        """A lifecycle rule that lets everything under the prefix expire."""
        ...

    def forget_expiry(self) -> Answer: ...

    def scratch(self) -> LockProbe | None:
        """The same on the scratch bucket; None when none is configured."""
        ...

    def exists(self) -> bool:
        """Whether the bucket is there."""
        ...

    def delete_bucket(self) -> Answer:
        """Only of the scratch bucket: ValueError for the archive's own."""
        ...

    # Doors beside S3.

    def doors(self) -> Sequence[str]:
        """Names of the ways past S3 that can be looked for here."""
        ...

    def knock(self, door: str, key: str, version: str) -> Answer | None:
        """Delete that version through the door. None when nobody opens.

        What takes more than the version (MASTER, all of the bucket) is tried on the scratch bucket alone: ValueError
        for the archive's own. INNER only tells, by an accepted answer, that somebody opens."""
        ...
