"""The validation profiles as they ship, for tests that judge without a service."""

from __future__ import annotations

from api.wiring.rules import validation_profiles

PROFILES = validation_profiles()
AGENCY, PUBLIC, STRICT, HISTORICAL = (PROFILES[name] for name in ("agency", "public", "strict", "historical"))
PRODUCTION = validation_profiles(production=True)
