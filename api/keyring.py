"""Signing keys by name: the agency's seal, that of reports, and the leaders' keys that this service holds for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.reasons import reporting as report_reasons
from policies.reasons import signing as reasons
from signer.errors import SigningRefused
from signer.ports import SigningKey

SEAL = "seal"
REPORT = "report"


@dataclass(frozen=True)
class KeyRing:
    """Keys checked once at load. Looked up by name; a missing key is a refusal, never a default."""

    keys: Mapping[str, SigningKey]

    def get(self, name: str) -> SigningKey:
        """Raises SigningRefused when there is no such key."""
        if not name or name not in self.keys:
            raise SigningRefused(reasons.NO_KEY)
        return self.keys[name]

    @property
    def seal(self) -> SigningKey:
        return self.get(SEAL)

    @property
    def reports(self) -> bool:
        """Whether reports can be sealed here."""
        return REPORT in self.keys

    @property
    def report(self) -> SigningKey:
        """What seals validation reports. Raises SigningRefused NO_SEAL: the agency's seal never stands in for it."""
        if not self.reports:
            raise SigningRefused(report_reasons.NO_SEAL)
        return self.keys[REPORT]
