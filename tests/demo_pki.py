"""One demo PKI per test process, and revocation from its responder."""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as x509_ocsp

from api.demo import ocsp, tsa
from api.demo.pki import DemoPki, make_demo_pki
from signer.timestamping.direct import DirectTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust.anchors import TrustAnchors

AT = dt.datetime(2026, 11, 20, 3, 4, 5, tzinfo=dt.UTC)


@cache
def demo_pki() -> DemoPki:
    """Made once per process; do not revoke its main identities."""
    directory = Path(mkdtemp(prefix="antin-test-pki-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return make_demo_pki(directory, AT)


def trust(pki: DemoPki) -> TrustAnchors:
    return TrustAnchors((pki.root,), label="demo", domain="demo")


def timestamp_authority(
    pki: DemoPki, at: dt.datetime = AT, identity: str = "tsa"
) -> DirectTimestampAuthority:
    return DirectTimestampAuthority(
        lambda request: tsa.respond(pki, request, at, identity=identity), TokenRules(trust(pki))
    )


class DemoRevocation:
    """A `RevocationSource` straight from the demo responder; with `no_ocsp` only the CRL answers."""

    def __init__(self, pki: DemoPki) -> None:
        self.pki = pki
        self.no_ocsp = False

    def ocsp(self, certificate: bytes, issuer: bytes, at: dt.datetime) -> bytes | None:
        subject, above = map(x509.load_der_x509_certificate, (certificate, issuer))
        if self.no_ocsp or issuer != self.pki.issuing:
            return None
        request = x509_ocsp.OCSPRequestBuilder().add_certificate(subject, above, hashes.SHA256()).build()
        return ocsp.respond(self.pki, request.public_bytes(serialization.Encoding.DER), at)

    def crl(self, _certificate: bytes, issuer: bytes, at: dt.datetime) -> bytes | None:
        return ocsp.crl(self.pki, "issuing" if issuer == self.pki.issuing else "root", at)
