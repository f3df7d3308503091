"""The policies for people: what may be chosen, and what is published (docs/policy.md)."""

from __future__ import annotations

from datetime import datetime

from api.pages import policy as views
from api.services import Services
from api.verification import DEFAULT_PROFILE
from policies.algorithms import DEFAULT, RSA_BITS
from policies.numbering import civil_date
from policies.validation import ValidationProfile, fingerprint
from policies.vocabulary import TrustDomain
from policies.words import DOMAINS
from signer.validation.names import clean


def choices(services: Services) -> tuple[views.ProfileChoice, ...]:
    """The profiles that are in effect now, and always the usual one."""
    at = services.clock()
    return tuple(
        views.ProfileChoice(name, name == DEFAULT_PROFILE)
        for name, profile in services.profiles.items()
        if name == DEFAULT_PROFILE or profile.in_effect(at)
    )


def policy(services: Services, language: str) -> views.PolicyView:
    """The page of the policies."""
    at, believed = services.clock(), services.trust
    return views.PolicyView(
        algorithms=f"RSA {RSA_BITS[0]}–{RSA_BITS[-1]}, {DEFAULT}",
        trust=clean(believed.label),
        trust_until=None if believed.good_until is None else civil_date(believed.good_until),
        profiles=tuple(_profile(each, at, language) for each in services.profiles.values()),
    )


def _profile(profile: ValidationProfile, at: datetime, language: str) -> views.ProfileView:
    until = profile.effective_until
    domains = [DOMAINS[each][language == "en"] for each in TrustDomain if each in profile.domains]
    return views.ProfileView(
        name=profile.name,
        usual=profile.name == DEFAULT_PROFILE,
        in_effect=profile.in_effect(at),
        identifier=profile.identifier,
        version=profile.version,
        basis=profile.basis,
        since=civil_date(profile.effective_from),
        until=None if until is None else civil_date(until),
        domains=", ".join(domains),
        formats=", ".join(sorted(profile.formats)),
        digests=", ".join(sorted(profile.digests)),
        keys=", ".join(f"{key.upper()} {bits}" for key, bits in profile.minimum_bits),
        weak=", ".join(_weak(profile)),
        accepts_weak=profile.accept_weak,
        needs_timestamp=profile.require_timestamp,
        needs_reference=profile.require_signing_certificate_reference,
        fingerprint=fingerprint(profile).hex(),
    )


def _weak(profile: ValidationProfile) -> list[str]:
    """Weak digests and short keys, each with the day until which it was reliable."""
    digests = [f"{name} {_day(end)}" for name, end in profile.weak_digests]
    return digests + [f"{key.upper()} {bits} {_day(end)}" for key, bits, end in profile.short_keys]


def _day(end: datetime) -> str:
    return civil_date(end).strftime("%d/%m/%Y")
