"""What a backup or a restore refuses."""

from __future__ import annotations

from policies.refusals import Refused


class BackupRefused(Refused):
    """Nothing was written over, and nothing was restored by halves."""
