"""A service whose time-stamp authority is followed by another one, with a certificate that lasts for thirty years."""

from __future__ import annotations

from datetime import timedelta

from signer.trust.anchors import TrustAnchors
from tests.signer.validation.century import Authority


class Successor:
    """A `TimestampAuthority`; with an `error` it does not answer. `asked` counts."""

    name, reserve = "successor", 8192

    def __init__(self, authority, clock):
        self.authority, self.clock = authority, clock
        self.error, self.asked = None, 0

    def token(self, imprint, digest):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.authority.token(imprint, digest, self.clock())

    def close(self):
        """Nothing is kept."""


class Answering:
    """The service's own source, and what the successor's CA publishes; with `silent` that says nothing."""

    def __init__(self, inner, authority):
        self.inner, self.authority, self.silent = inner, authority, False

    def fresh(self):
        fresh = Answering(self.inner.fresh() if hasattr(self.inner, "fresh") else self.inner, self.authority)
        fresh.silent = self.silent
        return fresh

    def _ours(self, issuer):
        return issuer in (self.authority.root.der, self.authority.ca.der)

    def ocsp(self, certificate, issuer, at):
        return None if self._ours(issuer) else self.inner.ocsp(certificate, issuer, at)

    def crl(self, certificate, issuer, at):
        if self._ours(issuer):
            return None if self.silent else self.authority.crl(issuer, at)
        return self.inner.crl(certificate, issuer, at)


def successor_of(at):
    return Authority(f"Successor {at:%H%M%S}", at - timedelta(days=1), years=30, digest="sha256")


def follow(services, authority):
    """From now on the service asks this authority, and trusts its root."""
    old = services.trust
    services.trust = TrustAnchors(
        (*old.certificates, authority.root.der), old.intermediates, old.label, old.domain
    )
    services.revocation = Answering(services.revocation, authority)
    services.tsa = Successor(authority, services.clock)
    return services.tsa
