"""Proofs of existence (EN 319 102-1, 5.6.1): what is known about when a signature was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """`existed_at`: a valid time-stamp proves the signature as old as that. `made_after`: what it signs
    contains a time-stamp of that time, so it cannot be older. `claimed`: what the signer wrote."""

    existed_at: datetime | None = None
    made_after: datetime | None = None
    claimed: datetime | None = None

    def moment(self, now: datetime) -> datetime:
        """The time at which certificates are judged: the proven one, else now."""
        return now if self.existed_at is None else min(self.existed_at, now)

    def surely_after(self, event: datetime) -> bool:
        """Was the signature certainly made after the event?

        By what it signs; or by the signer's own statement, when a time-stamp bears it out and it speaks
        against him. A claim later than the token (a common quirk) is not believed.
        """
        if self.made_after is not None and self.made_after >= event:
            return True
        if self.existed_at is None or self.claimed is None:
            return False
        return event <= self.claimed <= self.existed_at
