"""What the pages are given of the validation policy: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """A profile that a visitor may choose; `usual` is the one that counts when nobody chooses."""

    name: str
    usual: bool


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A profile as it is published: lists in words of the reader's language, `fingerprint` in hexadecimal."""

    name: str
    usual: bool
    in_effect: bool
    identifier: str
    version: int
    basis: str
    since: date
    until: date | None
    domains: str
    formats: str
    digests: str
    keys: str
    weak: str
    accepts_weak: bool
    needs_timestamp: bool
    needs_reference: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The policies of this service: what it signs with, whom it believes, and by what it judges."""

    algorithms: str
    trust: str
    trust_until: date | None
    profiles: tuple[ProfileView, ...]
