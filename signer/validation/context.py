"""Validation context initialisation (EN 319 102-1, 5.2.4): one context per document, never shared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.validation import AlgorithmFacts, ValidationProfile, Verdict, weigh_end
from signer.trust.anchors import TrustAnchors
from signer.trust.certificates import Certificate, certificates_in, parse_all
from signer.trust.ocsp import responders
from signer.validation.values import Evidence, Need

MAX_ITEMS = 2000
MOST_READINGS = 5_000  # of lists by responders; each takes some 0.4 ms


@dataclass(slots=True)
class Context:
    """Anchors, profile and the time of validation, with the material that the document's parts bring along.

    `embedded` is the material of the file itself (DSS and signatures): only that makes a level of B-LT.
    `needs`, and `orphans`, whose issuers are missing, are filled while signatures are judged. `existed`: since when a
    valid document time-stamp proves that an item was there (EN 319 102-1, 5.6.2.3); one over a signature's value proves
    neither the key nor the attributes, which can be made to fit it. `checked`: what was found of responders.
    """

    profile: ValidationProfile
    at: datetime
    trust: TrustAnchors
    anchors: tuple[Certificate, ...]
    certificates: dict[Certificate, None] = field(default_factory=dict)
    ocsp: dict[bytes, None] = field(default_factory=dict)
    crls: dict[bytes, None] = field(default_factory=dict)
    embedded: set[bytes] = field(default_factory=set)
    needs: dict[Need, None] = field(default_factory=dict)
    orphans: dict[Certificate, None] = field(default_factory=dict)
    existed: dict[bytes, datetime] = field(default_factory=dict)
    checked: dict[object, Any] = field(default_factory=dict)
    readings: int = 0

    @classmethod
    def start(cls, trust: TrustAnchors, profile: ValidationProfile, at: datetime, given: Evidence) -> Context:
        """Anchors and given material; what the file embeds is added by `embed`. `at` must be aware."""
        if at.tzinfo is None:
            raise ValueError("the time of validation must be aware")
        context = cls(profile, at, trust, trust.anchors())
        context._add(Evidence(trust.intermediates))
        context._add(given)
        return context

    def embed(self, material: Evidence) -> None:
        """Add material that stands in the file."""
        self._add(material)
        self.embedded.update(material.certificates, material.ocsp, material.crls)

    def _add(self, material: Evidence) -> None:
        found = tuple(each for data in material.certificates for each in certificates_in(data))
        for response in material.ocsp:
            found += parse_all(responders(response))
        for certificate in found[: max(0, MAX_ITEMS - len(self.certificates))]:
            self.certificates.setdefault(certificate)
        for known, new in ((self.ocsp, material.ocsp), (self.crls, material.crls)):
            for item in new[: max(0, MAX_ITEMS - len(known))]:
                known.setdefault(item)

    def prove(self, items: Iterable[bytes], time: datetime) -> None:
        """A valid document time-stamp of that time covers these."""
        for item in items:
            self.existed[item] = min(time, self.existed.get(item, time))

    def existed_before(self, item: bytes, moment: datetime) -> bool:
        """Is it proven to be older?"""
        time = self.existed.get(item)
        return time is not None and time < moment

    def ended(self, used: AlgorithmFacts, item: bytes) -> Verdict:
        """What the end of an algorithm makes of an item that was signed with it."""
        return weigh_end(self.profile, used, self.existed.get(item), self.at)

    def may_look_up(self, responder: Certificate) -> bool:
        """Whether the answers may still be read about this responder: else it stays unsettled. A list that was read
        about somebody once takes little the next time."""
        known = responder in self.checked
        self.checked[responder] = True
        self.readings += (len(self.crls) + len(self.ocsp) // 8) // (64 if known else 1) + 1
        return self.readings <= MOST_READINGS

    def need(self, certificate: Certificate, issuer: Certificate) -> None:
        """Remember that the status of this certificate is unsettled."""
        self.needs.setdefault(Need(certificate.der, issuer.der))
