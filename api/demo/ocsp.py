"""The demo OCSP responder (RFC 6960) and CRLs (RFC 5280)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp

from api.demo.pki import DemoPki, Identity, Revocation
from signer.keys.primitives import PrivateKey

VALIDITY = timedelta(days=1)
CRL_VALIDITY = timedelta(days=7)
MAX_REQUEST = 4096
_HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


def respond(pki: DemoPki, request: bytes, at: datetime) -> bytes:
    """DER OCSPResponse about one certificate of the issuing CA; the nonce is echoed.

    Unknown serials are answered "unknown", malformed requests "malformedRequest".
    """
    try:
        parsed = ocsp.load_der_ocsp_request(request[:MAX_REQUEST])
        issuer, leaf = pki.identity("issuing").certificate, pki.identity("ocsp").certificate
        subject = pki.issued().get(parsed.serial_number)
        ours = _asks_about(parsed, leaf, issuer)
    except (
        ValueError,
        NotImplementedError,
    ):  # what the library raises for bytes and kinds that it cannot read
        return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    if not ours:
        return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    return _sign(pki, parsed, subject is not None and subject.issuer == issuer.subject, at)


def _asks_about(request: ocsp.OCSPRequest, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the request's issuer hashes are those of this CA, as a request about a leaf would have them."""
    if not isinstance(request.hash_algorithm, _HASHES):
        return False
    probe = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, request.hash_algorithm).build()
    return (request.issuer_name_hash, request.issuer_key_hash) == (
        probe.issuer_name_hash,
        probe.issuer_key_hash,
    )


def _sign(pki: DemoPki, request: ocsp.OCSPRequest, known: bool, at: datetime) -> bytes:
    responder = pki.identity("ocsp")
    moment = at.astimezone(UTC).replace(microsecond=0)
    row = _row(pki, request.serial_number, moment)
    status = ocsp.OCSPCertStatus.REVOKED if row else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        request.issuer_name_hash,
        request.issuer_key_hash,
        request.serial_number,
        request.hash_algorithm,
        status if known else ocsp.OCSPCertStatus.UNKNOWN,
        moment,
        moment + VALIDITY,
        row.at if row and known else None,
        x509.ReasonFlags(row.reason) if row and known else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    builder = builder.certificates([responder.certificate])
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    answer = builder.sign(responder.private_key, hashes.SHA256())
    return produced(answer, responder.private_key, moment)


def produced(answer: ocsp.OCSPResponse, key: PrivateKey, at: datetime) -> bytes:
    """DER of the answer as made at `at`, signed anew: the library takes producedAt from the machine's clock,
    and that a responder's certificate is valid is judged by it. `at` is aware UTC in whole seconds."""
    response = asn1_ocsp.OCSPResponse.load(answer.public_bytes(serialization.Encoding.DER))
    basic = response["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["produced_at"] = at
    digest = answer.signature_hash_algorithm or hashes.SHA256()
    basic["signature"] = _signature(key, basic["tbs_response_data"].dump(force=True), digest)
    made: bytes = response.dump(force=True)
    return made


def _signature(key: PrivateKey, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    return key.sign(data, ec.ECDSA(digest))


def _row(pki: DemoPki, serial: int, at: datetime) -> Revocation | None:
    return next((row for row in pki.revocations() if row.serial == serial and row.at <= at), None)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)


def crl(pki: DemoPki, name: str, at: datetime) -> bytes | None:
    """DER CRL of `root` or `issuing` as of `at`, None for other names. The CRL number grows with time."""
    if pki.authority(name) is None:
        return None
    authority = pki.identity(name)
    moment = at.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(moment)
        .next_update(moment + CRL_VALIDITY)
        .add_extension(x509.CRLNumber(int(moment.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.private_key.public_key()),
            critical=False,
        )
    )
    for entry in _entries(pki, authority, moment):
        builder = builder.add_revoked_certificate(entry)
    signed = builder.sign(authority.private_key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def _entries(pki: DemoPki, authority: Identity, at: datetime) -> list[x509.RevokedCertificate]:
    issued = pki.issued()
    return [
        x509.RevokedCertificateBuilder()
        .serial_number(row.serial)
        .revocation_date(row.at)
        .add_extension(x509.CRLReason(x509.ReasonFlags(row.reason)), critical=False)
        .build()
        for row in pki.revocations()
        if row.at <= at
        and row.serial in issued
        and issued[row.serial].issuer == authority.certificate.subject
    ]
