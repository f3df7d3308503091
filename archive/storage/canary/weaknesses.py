"""Ways in which a server with Object Lock can be weak, and the attempt that is meant to find each."""

from __future__ import annotations

from enum import StrEnum


class Weakness(StrEnum):
    """Each value is the id of the attempt that must find it."""

    # How it is set up.
    CLOCK_AN_HOUR_OFF = "clock-hour"
    CLOCK_SIX_MINUTES_OFF = "clock-minutes"
    NO_VERSIONING = "versioning"
    NO_OBJECT_LOCK = "object-lock"
    NO_DEFAULT_RETENTION = "default-retention"
    # Locks that are not kept.
    DROPS_COMPLIANCE = "lock-kept"
    DROPS_GOVERNANCE = "soft-lock-kept"
    ROUNDS_LOCKS_UP = "lock-to-the-second"
    EXTENDS_NOTHING = "lock-extends"
    NEVER_HARDENS = "lock-hardens"
    DROPS_HOLDS = "hold-kept"
    PARTS_DROP_LOCKS = "lock-kept-parts"
    PARTS_DROP_HOLDS = "hold-kept-parts"
    PARTS_STAY_UNLOCKED = "lock-after-parts"
    # Writing over.
    OVERWRITES = "overwrite"
    PARTS_OVERWRITE = "overwrite-parts"
    COPIES_OVERWRITE = "overwrite-copy"
    COPY_ONTO_ITSELF_UNLOCKS = "copy-onto-itself"
    COPIES_DROP_LOCKS = "copy-keeps-lock"
    # Deleting.
    PLAIN_DELETION_IS_FINAL = "delete-plain"
    COMPLIANCE_DELETED = "delete-version"
    COMPLIANCE_BYPASSED = "delete-bypass"
    BULK_DELETES = "delete-bulk"
    BULK_BYPASSES = "delete-bulk-bypass"
    PARTS_ARE_DELETED = "delete-parts"
    HOLDS_HOLD_NOTHING = "delete-held"
    GOVERNANCE_DELETED = "delete-governance"
    SERVICE_BYPASSES = "bypass-governance"
    WEAKER_DELETES = "delete-weaker"
    WEAKER_BYPASSES = "bypass-weaker"
    OWNERS_BYPASS = "own-bypass-weaker"
    UNSIGNED_IS_ENOUGH = "delete-nobody"
    ANY_SECRET = "delete-forger"  # noqa: S105 - the id of an attempt
    ALTERED_URLS_WORK = "delete-altered-url"
    ANYBODY_READS = "read-nobody"
    # Shortening.
    COMPLIANCE_SHORTENED = "shorten"
    COMPLIANCE_BYPASSED_SHORTER = "shorten-bypass"
    COMPLIANCE_SOFTENED = "soften"
    COMPLIANCE_REMOVED = "remove-lock"
    GOVERNANCE_SHORTENED = "shorten-governance"
    SERVICE_SHORTENS_GOVERNANCE = "bypass-shorten-governance"
    WEAKER_SHORTENS = "shorten-weaker"
    WEAKER_SHORTENS_GOVERNANCE = "shorten-governance-weaker"
    WEAKER_RELEASES = "release-weaker"
    # The bucket.
    CLEANS_UP_LOCKED = "overnight"
    VERSIONING_SUSPENDS = "suspend-versioning"
    OBJECT_LOCK_DISABLES = "disable-lock"
    LOCK_RULE_CHANGES = "change-lock-rule"
    POLICY_CHANGES = "change-policy"
    LIFECYCLE_CHANGES = "expire"
    BUCKET_GOES = "delete-bucket"
    # Uploads.
    ANY_MD5 = "wrong-md5"
    ANY_CHECKSUM = "wrong-checksum"
    ANY_SIGNED_HASH = "wrong-signed-hash"
    IGNORES_CONDITIONS = "only-new"
    # Doors.
    FILER_OPEN = "door-filer"
    MASTER_OPEN = "door-master"
    RGW_ADMIN_RIGHTS = "door-rgw-admin"
    INNER_PORTS_OPEN = "door-inner"


# What also gives way, where one weakness cannot but show in several attempts.
ALSO = {
    Weakness.CLOCK_AN_HOUR_OFF: {"clock-minutes"},
    Weakness.NO_OBJECT_LOCK: {"default-retention"},
    Weakness.DROPS_COMPLIANCE: {"lock-to-the-second"},
    Weakness.PARTS_ARE_DELETED: {"lock-after-parts"},
    Weakness.PARTS_STAY_UNLOCKED: {"lock-kept-parts", "delete-parts"},
}
