"""The development key: in memory, for demo and tests only, never in production."""

from __future__ import annotations

from dataclasses import dataclass

from policies.reasons import signing as reasons
from signer.errors import SigningRefused
from signer.keys import checks
from signer.keys.software import SoftwareKey


@dataclass(frozen=True)
class DevelopmentKey(SoftwareKey):
    """A `SigningKey` that only takes certificates named DEMO and refuses to exist in production mode."""

    production: bool = False

    def __post_init__(self) -> None:
        if self.production:
            raise SigningRefused(reasons.DEMO_IN_PRODUCTION, subject=checks.subject_of(self.certificate))
        if not checks.is_demo(self.certificate):
            raise SigningRefused(reasons.NOT_A_DEMO_CERTIFICATE, subject=checks.subject_of(self.certificate))
        super().__post_init__()
