"""What the server says of keys and versions now. Nothing of them is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import Listed, StoredObject
from archive.storage.keys import MUTABLE
from archive.storage.s3_answers import hold_of, object_of, retention_of
from archive.storage.s3_errors import GONE, UNLOCKED, ServerSaid
from archive.storage.s3_versions import newest_of, versions_of
from archive.storage.s3_wire import Deadline, Wire
from policies.reasons import archiving as reasons


class Look:
    """At one bucket over `wire`. Raises StoreUnavailable when there is no answer."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tells = False  # HEAD told a lock before: then it tells locks, to us

    def every(self, key: str, deadline: Deadline) -> Sequence[Listed]:
        """Versions and markers, newest first."""
        return (newest_of if key in MUTABLE else versions_of)(self._wire, key, deadline)

    def oldest(self, key: str, deadline: Deadline) -> Listed | None:
        return next((entry for entry in reversed(self.every(key, deadline)) if not entry.deleted), None)

    def first(self, key: str, deadline: Deadline) -> Listed | None:
        """The version that is the object: the oldest, of a mutable key the newest."""
        if key not in MUTABLE:
            return self.oldest(key, deadline)
        return next((entry for entry in self.every(key, deadline) if not entry.deleted), None)

    def named(self, key: str, deadline: Deadline) -> str:
        """The version that is the object. Raises StorageRefused when there is none."""
        first = self.first(key, deadline)
        if first is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return first.version

    def there(self, key: str, version: str, deadline: Deadline) -> StoredObject:
        """As `shown`, of the object without a version. Raises StorageRefused when there is none."""
        stored = self.shown(key, version or self.named(key, deadline), deadline)
        if stored is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return stored

    def shown(self, key: str, version: str, deadline: Deadline) -> StoredObject | None:
        """What HEAD tells of this version; None when there is none of that name. Raises as `told`."""
        query = {"versionId": version}
        try:
            headers = self._wire.ask("HEAD", key, query=query, expected=GONE, deadline=deadline).headers
        except ServerSaid:
            return None
        return self.told(key, version, headers, deadline)

    def told(
        self, key: str, version: str, headers: Mapping[str, str], deadline: Deadline, *, locks: bool = True
    ) -> StoredObject:
        """What an answer's headers say. Until they have told a lock of any object, one without is asked for by name:
        not every server and not every right shows it there. Raises ArchiveDamaged when another version is shown."""
        stored = object_of(key, headers)
        if stored.version not in ("", version):
            raise ArchiveDamaged(f"{key}: asked for version {version}, the store shows {stored.version[:80]}")
        stored = replace(stored, version=version)
        self._tells = self._tells or stored.mode is not None
        if self._tells or not locks:
            return stored
        found = self._lock_of(key, version, "retention", deadline)
        retention = retention_of(found) if found else None
        held = stored.hold or self.held(key, version, deadline)
        if retention is None:
            return replace(stored, hold=held)
        return replace(stored, retain_until=retention.until, mode=retention.mode, hold=held)

    def held(self, key: str, version: str, deadline: Deadline) -> bool:
        """Is it under a legal hold?"""
        found = self._lock_of(key, version, "legal-hold", deadline)
        return hold_of(found) if found else False

    def _lock_of(self, key: str, version: str, what: str, deadline: Deadline) -> bytes:
        query = {what: "", "versionId": version}
        try:
            return self._wire.ask("GET", key, query=query, expected=UNLOCKED, deadline=deadline).data
        except ServerSaid:
            return b""
