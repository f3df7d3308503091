"""Certificates, OCSP responses and CRLs as a test wants them, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, core, keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.demo.ocsp import produced
from signer.trust.certificates import Certificate, parse

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
NO_CHECK = x509.OCSPNoCheck()
OCSP_SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


@dataclass
class Party:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: object

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def parsed(self) -> Certificate:
        return parse(self.der)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    name,
    issuer: Party | None = None,
    *,
    ca=False,
    path_length=None,
    since=NOW - YEAR,
    until=NOW + YEAR,
    usage=None,
    extensions=(),
    key=None,
    digest=None,
    serial=None,
    subject=None,
) -> Party:
    """A certificate. `usage`: names of key-usage bits; default by `ca`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    above = issuer.certificate.subject if issuer else (subject or named(name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or named(name))
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        .add_extension(
            _usage(usage or (("key_cert_sign", "crl_sign") if ca else ("digital_signature",))), True
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = issuer.key if issuer else key
    return Party(builder.sign(signer, digest or hashes.SHA256()), key)


def _usage(names) -> x509.KeyUsage:
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


def family(**keywords):
    """Root, CA and leaf."""
    root = issue("Root", ca=True)
    ca = issue("CA", root, ca=True)
    return root, ca, issue("Leaf", ca, **keywords)


def answer(
    about: Party,
    issuer: Party,
    responder: Party | None = None,
    *,
    this=NOW,
    until=NOW + timedelta(days=1),
    revoked=None,
    reason=x509.ReasonFlags.key_compromise,
    unknown=False,
    embed=True,
    digest=None,
    made=None,
) -> bytes:
    """An OCSP response about a certificate, by the issuer or another; `made` when it says it was."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    if unknown:
        status = ocsp.OCSPCertStatus.UNKNOWN
    signer = responder or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate,
        issuer.certificate,
        hashes.SHA256(),
        status,
        this,
        until,
        revoked,
        reason if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
    if embed and responder is not None:
        builder = builder.certificates([responder.certificate])
    return produced(builder.sign(signer.key, digest or hashes.SHA256()), signer.key, made or this)


def crl(
    issuer: Party,
    revoked=(),
    *,
    this=NOW,
    until=NOW + timedelta(days=7),
    extensions=(),
    name=None,
    reason=x509.ReasonFlags.key_compromise,
    digest=None,
    key=None,
    of_entries=(),
) -> bytes:
    """A CRL; `revoked`: pairs of party and time. `of_entries` are extensions of each entry, critical or not."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or issuer.certificate.subject)
        .last_update(this)
        .next_update(until)
    )
    for party, at in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(party.certificate.serial_number)
            .revocation_date(at)
            .add_extension(x509.CRLReason(reason), critical=False)
        )
        for extension, critical in of_entries:
            entry = entry.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key or issuer.key, digest or hashes.SHA256()).public_bytes(DER)


def with_sha1(party: Party, issuer: Party) -> Party:
    """The same certificate signed with SHA-1, as the first generation of CAs did. RSA issuers only."""
    parsed = asn1_x509.Certificate.load(party.der)
    algorithm = {"algorithm": "sha1_rsa", "parameters": core.Null()}
    parsed["tbs_certificate"]["signature"] = algorithm
    parsed["signature_algorithm"] = algorithm
    body = parsed["tbs_certificate"].dump(force=True)
    parsed["signature_value"] = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return Party(x509.load_der_x509_certificate(parsed.dump(force=True)), party.key)


@dataclass(frozen=True)
class Pss:
    """RSASSA-PSS with these parameters (RFC 4055, 3.1): of a signature, or of a key that announces them."""

    digest: str = "sha256"
    mask: str = "sha256"
    salt: int = 32

    @property
    def algorithm(self) -> dict:
        parameters = {
            "hash_algorithm": {"algorithm": self.digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": self.mask}},
            "salt_length": self.salt,
        }
        return {"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(parameters)}

    def sign(self, key: rsa.RSAPrivateKey, data: bytes) -> bytes:
        digest, mask = (getattr(hashes, name.upper())() for name in (self.digest, self.mask))
        return key.sign(data, padding.PSS(padding.MGF1(mask), self.salt), digest)


@dataclass
class Rewritten(Party):
    """A certificate that no builder makes. `certificate` has its names and its number."""

    bytes_: bytes

    @property
    def der(self) -> bytes:
        return self.bytes_


def rewritten(party: Party, issuer: Party, change: Callable, pss: Pss | None = None) -> Party:
    """The same certificate after `change` of its tbsCertificate, signed again by the issuer."""
    parsed = asn1_x509.Certificate.load(party.der)
    change(parsed["tbs_certificate"])
    signed_again(parsed, ("tbs_certificate", "signature_value"), issuer.key, pss)
    return Rewritten(party.certificate, party.key, parsed.dump(force=True))


def signed_again(structure, fields: tuple[str, str], key, pss: Pss | None = None) -> None:
    """Sign this ASN.1 structure: `fields` are its body and its signature. With `pss`, else as the key does at first."""
    body, value = fields
    algorithm = pss.algorithm if pss else _usual(key)
    structure["signature_algorithm"] = algorithm
    if "signature" in {field[0] for field in structure[body]._fields}:
        structure[body]["signature"] = algorithm
    structure[value] = _value(key, structure[body].dump(force=True), pss)


def _usual(key) -> dict:
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    return (
        {"algorithm": "sha256_ecdsa"} if elliptic else {"algorithm": "sha256_rsa", "parameters": core.Null()}
    )


def _value(key, data: bytes, pss: Pss | None) -> bytes:
    if pss:
        return pss.sign(key, data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def of_version(version: str, *, bare: bool = True) -> Callable:
    """For `rewritten`: a certificate of this version, as such a one is without extensions."""

    def change(body) -> None:
        body["version"] = version
        if bare:
            body["extensions"] = None

    return change


def without(name: str) -> Callable:
    """For `rewritten`: this extension is left out."""

    def change(body) -> None:
        body["extensions"] = [each for each in body["extensions"] if each["extn_id"].native != name]

    return change


def said_before(name: str, value) -> Callable:
    """For `rewritten`: this critical extension stands there once more, before the others."""

    def change(body) -> None:
        first = asn1_x509.Extension({"extn_id": name, "critical": True, "extn_value": value})
        body["extensions"] = [first, *body["extensions"]]

    return change


def announced_key(key: rsa.RSAPublicKey, parameters: Pss | None) -> bytes:
    """SubjectPublicKeyInfo of a key for PSS alone, restricted to these parameters (RFC 4055, 1.2)."""
    info = keys.PublicKeyInfo.load(key.public_bytes(DER, SPKI))
    info["algorithm"] = parameters.algorithm if parameters else {"algorithm": "rsassa_pss"}
    return info.dump(force=True)


def announcing(parameters: Pss | None) -> Callable:
    """For `rewritten`: the key is for PSS alone, restricted to these parameters."""

    def change(body) -> None:
        key = body["subject_public_key_info"]
        key["algorithm"] = parameters.algorithm if parameters else {"algorithm": "rsassa_pss"}

    return change


def joined(issuer: Party, first: bytes, *others: bytes) -> bytes:
    """One OCSP response with the statements of all."""
    whole, *more = (asn1_ocsp.OCSPResponse.load(each) for each in (first, *others))
    basic = whole["response_bytes"]["response"].parsed
    for each in more:
        statements = each["response_bytes"]["response"].parsed["tbs_response_data"]["responses"]
        basic["tbs_response_data"]["responses"].append(statements[0])
    signed_again(basic, ("tbs_response_data", "signature"), issuer.key)
    return whole.dump(force=True)


def extended(response: bytes, key, *, of_all=(), of_one=()) -> bytes:
    """An OCSP response with more extensions (identifier, critical, value), signed again."""
    parsed = asn1_ocsp.OCSPResponse.load(response)
    basic = parsed["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"]
    for place, name, more in (
        (data, "response_extensions", of_all),
        (data["responses"][0], "single_extensions", of_one),
    ):
        rows = [{"extn_id": oid, "critical": critical, "extn_value": value} for oid, critical, value in more]
        if rows:
            place[name] = rows
    signed_again(basic, ("tbs_response_data", "signature"), key)
    return parsed.dump(force=True)
