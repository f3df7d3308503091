"""Where a certificate says that its status is published (RFC 5280, 4.2.1.13 and 4.2.2.1): http and https."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from signer.trust.certificates import Certificate
from signer.trust.unreadable import MALFORMED

_MOST = 4
_LONGEST = 2048


def ocsp_urls(certificate: Certificate) -> tuple[str, ...]:
    """OCSP responders of the authority information access extension, in its order."""
    return tuple(fetchable(_access(certificate, "ocsp")))[:_MOST]


def issuer_urls(certificate: Certificate) -> tuple[str, ...]:
    """Where the issuer's certificate is, by the authority information access extension, in its order."""
    return tuple(fetchable(_access(certificate, "ca_issuers")))[:_MOST]


def crl_urls(certificate: Certificate) -> tuple[str, ...]:
    """CRL distribution points, in their order."""
    return tuple(fetchable(distribution_points(certificate)))[:_MOST]


def _access(certificate: Certificate, method: str) -> Iterator[str]:
    try:
        for access in certificate.parsed.authority_information_access_value or ():
            location = access["access_location"]
            if access["access_method"].native == method and location.name == "uniform_resource_identifier":
                yield str(location.native)
    except MALFORMED:
        return


def distribution_points(certificate: Certificate, *, every_reason: bool = False) -> Iterator[str]:
    """URIs of the CRL distribution points, whatever their scheme; or of those alone that are for every reason."""
    try:
        for point in certificate.parsed.crl_distribution_points_value or ():
            if point["distribution_point"].name != "full_name" or (every_reason and point["reasons"].native):
                continue
            for name in point["distribution_point"].chosen:
                if name.name == "uniform_resource_identifier":
                    yield str(name.native)
    except MALFORMED:
        return


def fetchable(urls: Iterable[str]) -> Iterator[str]:
    """Those over http and https that can be asked."""
    for url in urls:
        try:
            parts = urlsplit(url)
            _ = parts.port  # raises for one that is none
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname and len(url) <= _LONGEST and url.isascii():
            yield url
