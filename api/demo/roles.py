"""Who there is in the demo PKI: names, issuers, keys and validity, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from policies.algorithms import DEFAULT, Digest, Scheme, SignatureAlgorithm
from signer.keys.primitives import PrivateKey

AGENCY = "UBND tỉnh DEMO Sông Hồng"
YEAR = timedelta(days=365)


class Profile(StrEnum):
    """What the certificate is for: decides its extensions."""

    AUTHORITY = "authority"
    TIMESTAMPING = "timestamping"
    OCSP = "ocsp"
    SIGNER = "signer"
    PLAIN_TIMESTAMPING = "plain-timestamping"  # a TSA certificate without its EKU, to be refused


@dataclass(frozen=True, slots=True)
class Role:
    """One certificate. Validity is relative to the PKI's epoch; `algorithm` is how its holder signs."""

    common_name: str
    issuer: str | None = "issuing"
    profile: Profile = Profile.SIGNER
    title: str | None = None
    organization: str = AGENCY
    since: timedelta = -30 * timedelta(days=1)
    until: timedelta = 3 * YEAR
    rsa_bits: int | None = None
    curve: type[ec.EllipticCurve] | None = None
    algorithm: SignatureAlgorithm = DEFAULT
    revoked_after: timedelta | None = None

    def make_key(self, default_bits: int) -> PrivateKey:
        """A fresh private key as the role wants it; RSA of `default_bits` when it does not say."""
        if self.curve is not None:
            return ec.generate_private_key(self.curve())
        return rsa.generate_private_key(65537, self.rsa_bits or default_bits)


_CA = "DEMO An Tin CA"
_TSA = "DEMO An Tin TSA"

ROLES: dict[str, Role] = {
    "root": Role("DEMO An Tin Root CA", None, Profile.AUTHORITY, None, _CA, since=-YEAR, until=20 * YEAR),
    "issuing": Role(
        "DEMO An Tin Issuing CA", "root", Profile.AUTHORITY, None, _CA, since=-YEAR, until=10 * YEAR
    ),
    "tsa": Role("DEMO An Tin TSA", profile=Profile.TIMESTAMPING, organization=_TSA, until=9 * YEAR),
    "ocsp": Role("DEMO An Tin OCSP", profile=Profile.OCSP, organization=_CA),
    "leader": Role("DEMO Nguyễn Văn An", title="Phó Chủ tịch"),
    "seal": Role("DEMO Ủy ban nhân dân tỉnh Sông Hồng"),
    "report": Role("DEMO Dịch vụ kiểm tra chữ ký An Tín"),
    "second-leader": Role("DEMO Trần Thị Bình", title="Chủ tịch"),
    "initial": Role("DEMO Lê Văn Cường", title="Chánh Văn phòng"),
    "other-seal": Role("DEMO Sở Nội vụ tỉnh Sông Hồng", organization="Sở Nội vụ tỉnh DEMO Sông Hồng"),
    "expired": Role("DEMO Người Hết Hạn", since=-YEAR + timedelta(days=1), until=-timedelta(days=1)),
    "not-yet-valid": Role("DEMO Người Chưa Hiệu Lực", since=timedelta(days=30)),
    "revoked": Role("DEMO Người Bị Thu Hồi", revoked_after=-timedelta(days=1)),
    "other-root": Role(
        "DEMO Other Root CA", None, Profile.AUTHORITY, None, "DEMO Other CA", since=-YEAR, until=20 * YEAR
    ),
    "other-leader": Role("DEMO Người Lạ", "other-root", title="Phó Chủ tịch"),
    "other-tsa": Role("DEMO Other TSA", "other-root", Profile.TIMESTAMPING, None, "DEMO Other TSA"),
    "plain-tsa": Role("DEMO Plain TSA", profile=Profile.PLAIN_TIMESTAMPING, organization=_TSA),
    "expired-tsa": Role(
        "DEMO Expired TSA",
        profile=Profile.TIMESTAMPING,
        organization=_TSA,
        since=-YEAR + timedelta(days=1),
        until=-timedelta(days=1),
    ),
    "pss": Role("DEMO Người Ký PSS", algorithm=SignatureAlgorithm(Scheme.RSA_PSS, Digest.SHA256)),
    "rsa-4096": Role(
        "DEMO Người Ký RSA 4096",
        rsa_bits=4096,
        algorithm=SignatureAlgorithm(Scheme.RSA_PKCS1V15, Digest.SHA512),
    ),
    "ecdsa-p256": Role(
        "DEMO Người Ký P-256",
        curve=ec.SECP256R1,
        algorithm=SignatureAlgorithm(Scheme.ECDSA, Digest.SHA256),
    ),
    "ecdsa-p384": Role(
        "DEMO Người Ký P-384",
        curve=ec.SECP384R1,
        algorithm=SignatureAlgorithm(Scheme.ECDSA, Digest.SHA384),
    ),
}

MAIN = ("root", "issuing", "tsa", "ocsp", "leader", "seal")
"""Made at once; the others when first asked for."""


def algorithm_of(name: str) -> SignatureAlgorithm:
    """How the holder of this role signs."""
    return ROLES[name].algorithm
