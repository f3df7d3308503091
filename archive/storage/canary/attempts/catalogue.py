"""All that is looked at and tried, in the order of the report."""

from __future__ import annotations

from archive.storage.canary.attempts import (
    bucket,
    checks,
    deleting,
    doors,
    keeping,
    overwriting,
    shortening,
    uploading,
)

CHECKS = checks.CHECKS
ATTEMPTS = (
    *keeping.ATTEMPTS,
    *overwriting.ATTEMPTS,
    *deleting.ATTEMPTS,
    *shortening.ATTEMPTS,
    *bucket.ATTEMPTS,
    *uploading.ATTEMPTS,
    *doors.ATTEMPTS,
)
