"""X.509 certificates of the demo PKI (RFC 5280), one builder for all profiles."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from api.demo.roles import Profile, Role
from signer.keys.primitives import PrivateKey, PublicKey

_NO_USAGE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}
_USAGE = {
    Profile.AUTHORITY: ("key_cert_sign", "crl_sign"),
    Profile.TIMESTAMPING: ("digital_signature", "content_commitment"),
    Profile.PLAIN_TIMESTAMPING: ("digital_signature", "content_commitment"),
    Profile.OCSP: ("digital_signature",),
    Profile.SIGNER: ("digital_signature", "content_commitment"),
}


def issue(
    role: Role,
    public_key: PublicKey,
    signer: PrivateKey,
    issuer: x509.Certificate | None,
    epoch: datetime,
    public_url: str,
) -> x509.Certificate:
    """The certificate of a role, self-signed without an issuer. Its URLs lie under `{public_url}/demo`."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject(role))
        .issuer_name(issuer.subject if issuer else subject(role))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(epoch + role.since)
        .not_valid_after(_until(role, issuer, epoch))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    for extension, critical in (*_usage(role), *_links(role, signer, public_url)):
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def _until(role: Role, issuer: x509.Certificate | None, epoch: datetime) -> datetime:
    """No certificate outlives its issuer."""
    until = epoch + role.until
    return min(until, issuer.not_valid_after_utc - timedelta(seconds=1)) if issuer else until


def subject(role: Role) -> x509.Name:
    """C, O, title where there is one, CN: as certificates of Vietnamese agencies have them."""
    parts = [(NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, role.organization)]
    if role.title:
        parts.append((NameOID.TITLE, role.title))
    parts.append((NameOID.COMMON_NAME, role.common_name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _usage(role: Role) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(**{**_NO_USAGE, **dict.fromkeys(_USAGE[role.profile], True)})
    found: list[tuple[x509.ExtensionType, bool]] = [(usage, True)]
    match role.profile:
        case Profile.AUTHORITY:
            found.append((x509.BasicConstraints(ca=True, path_length=0 if role.issuer else None), True))
        case Profile.TIMESTAMPING:
            found.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True))
        case Profile.OCSP:
            found.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))
            found.append((x509.OCSPNoCheck(), False))
    return found


def _links(role: Role, signer: PrivateKey, public_url: str) -> list[tuple[x509.ExtensionType, bool]]:
    """Where the issuer's certificate, CRL and (for leaves of the issuing CA) OCSP are found."""
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    ]
    if role.issuer is None:
        return found
    access = [_access(AuthorityInformationAccessOID.CA_ISSUERS, f"{public_url}/demo/ca/{role.issuer}.crt")]
    if role.issuer == "issuing":
        access.insert(0, _access(AuthorityInformationAccessOID.OCSP, f"{public_url}/demo/ocsp"))
    found.append((x509.AuthorityInformationAccess(access), False))
    if role.profile is not Profile.OCSP:
        url = x509.UniformResourceIdentifier(f"{public_url}/demo/crl/{role.issuer}.crl")
        found.append((x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)]), False))
    return found


def _access(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
