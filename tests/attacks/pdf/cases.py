"""The registry of the two suites: attacks, each with its genuine twin, and genuine files of every kind.

An attack is a function `make(desk, variant, malicious)` under its name in the literature. It makes each of its
variants twice: as the attacker would, and (`malicious` false) with what is malicious left out. The twin must pass.
A genuine kind of file is a function `make(desk, variant)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from policies.validation import ValidationProfile
from signer.trust.anchors import TrustAnchors
from tests.profiles import AGENCY

# Where the attacks are described.
REFUND = "Mladenov et al., 1 Trillion Dollar Refund: How To Spoof PDF Signatures, ACM CCS 2019"
SHADOW = "Mainka et al., Shadow Attacks: Hiding and Replacing Content in Signed PDFs, NDSS 2021"
CERTIFIED = "Rohlmann et al., Breaking the Specification: PDF Certification, IEEE S&P 2021"
INSECURE = "Müller et al., Processing Dangerous Paths: Security and Privacy of PDF, NDSS 2021"
ISO = "ISO 32000-2, 12.8"
RFC3161 = "RFC 3161, 4; ETSI EN 319 102-1, 5.4"
PATHS = "RFC 5280, 6.1; ETSI EN 319 102-1, 5.2.6"


@dataclass(frozen=True)
class Made:
    """A file of a case, with what it is judged by where that is not the desk's own: time, profile, trust."""

    data: bytes
    password: str | None = None
    at: datetime | None = None
    profile: ValidationProfile = AGENCY
    trust: TrustAnchors | None = None


@dataclass(frozen=True)
class Found:
    """What must be found of an attack. `verdict` is the document's, "INDICATION/SUB-INDICATION", or the id of a
    typed refusal; `broken` are the fields of the signatures that do not pass, oldest first; `ids` are among the
    findings and changes."""

    verdict: str
    broken: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attack:
    """One variant of one attack."""

    name: str
    variant: str
    source: str
    found: Found
    _make: Callable[..., Made | bytes]

    @property
    def id(self) -> str:
        return f"{self.name}: {self.variant}"

    def make(self, desk) -> Made:
        """The file as the attacker makes it. Each desk makes each file once."""
        return _kept(desk, self.id, lambda: self._make(desk, self.variant, True))

    def twin(self, desk) -> Made:
        """The same without what is malicious."""
        return _kept(desk, f"{self.id}, the twin", lambda: self._make(desk, self.variant, False))


@dataclass(frozen=True)
class Genuine:
    """One good file. `ids` are findings that must be told, though it passes."""

    name: str
    variant: str
    ids: tuple[str, ...]
    _make: Callable[..., Made | bytes]

    @property
    def id(self) -> str:
        return f"{self.name}: {self.variant}" if self.variant else self.name

    def make(self, desk) -> Made:
        """The file. Each desk makes it once."""
        return _kept(desk, self.id, lambda: self._make(desk, self.variant))


def _kept(desk, name: str, make: Callable[[], Made | bytes]) -> Made:
    if name not in desk.made:
        made = make()
        desk.made[name] = Made(made) if isinstance(made, bytes) else made
    return desk.made[name]


ATTACKS: list[Attack] = []
GENUINE: list[Genuine] = []
Maker = TypeVar("Maker", bound=Callable[..., Made | bytes])


def attack(name: str, source: str, variants: dict[str, Found]) -> Callable[[Maker], Maker]:
    """Enter an attack with its variants into the suite."""

    def enter(make: Maker) -> Maker:
        ATTACKS.extend(Attack(name, variant, source, found, make) for variant, found in variants.items())
        return make

    return enter


def genuine(
    name: str, variants: dict[str, tuple[str, ...]] | tuple[str, ...] = ("",), ids: tuple[str, ...] = ()
) -> Callable[[Maker], Maker]:
    """Enter a kind of good file. `variants`: names, or names with the findings that each must have told."""

    def enter(make: Maker) -> Maker:
        each = variants if isinstance(variants, dict) else dict.fromkeys(variants, ids)
        GENUINE.extend(Genuine(name, variant, told, make) for variant, told in each.items())
        return make

    return enter
