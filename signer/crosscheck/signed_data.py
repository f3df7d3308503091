"""The second look at CMS: one SignedData against a digest, by asn1crypto and pyca/cryptography alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Wrong(Exception):
    """The point at which a SignedData does not hold; `point` is its name."""

    def __init__(self, point: str) -> None:
        super().__init__(point)
        self.point = point


@dataclass(frozen=True, slots=True)
class Signed:
    """One parsed SignedData with its one signer; `attributes` are the signed ones as they stand, as a SET OF
    (RFC 5652, 5.4), taken before anything is looked at: asn1crypto may encode anew what was looked at."""

    data: Any
    signer: Any
    attributes: bytes

    @property
    def digest_algorithm(self) -> str:
        return str(self.signer["digest_algorithm"]["algorithm"].native)

    @property
    def signature(self) -> bytes:
        return bytes(self.signer["signature"].native)


def read(padded: bytes) -> Signed:
    """The SignedData at the start of a hole; only zeros may follow. Raises `Wrong`."""
    info = cms.ContentInfo.load(padded)
    encoded = info.dump()
    if padded[len(encoded) :].strip(b"\0") or not padded.startswith(encoded):
        raise Wrong("cms-padding")
    if info["content_type"].native != "signed_data" or len(info["content"]["signer_infos"]) != 1:
        raise Wrong("cms-one-signer")
    signer = info["content"]["signer_infos"][0]
    found = Signed(info["content"], signer, b"\x31" + signer["signed_attrs"].dump()[1:])
    if found.digest_algorithm not in _HASHES:
        raise Wrong("digest-algorithm")
    return found


def _attribute(signer: Any, name: str) -> Any:
    sets = [each["values"] for each in signer["signed_attrs"] if each["type"].native == name]
    if len(sets) != 1 or len(sets[0]) != 1:
        raise Wrong(f"attribute-{name}")
    return sets[0][0]


def check(signed: Signed, digest: bytes, content_type: str) -> x509.Certificate:
    """Message digest, content type, certificate binding and signature; the signer's certificate.

    Raises `Wrong`.
    """
    if signed.data["encap_content_info"]["content_type"].native != content_type:
        raise Wrong("content-type")
    if _attribute(signed.signer, "content_type").native != content_type:
        raise Wrong("content-type")
    if _attribute(signed.signer, "message_digest").native != digest:
        raise Wrong("message-digest")
    bound = _attribute(signed.signer, "signing_certificate_v2")["certs"][0]
    algorithm = bound["hash_algorithm"]["algorithm"].native
    encoded = [each.chosen.dump() for each in signed.data["certificates"]]
    matching = [
        each for each in encoded if hashlib.new(algorithm, each).digest() == bound["cert_hash"].native
    ]
    if len(matching) != 1:
        raise Wrong("signing-certificate")
    certificate = x509.load_der_x509_certificate(matching[0])
    sid = signed.signer["sid"].chosen
    if sid["serial_number"].native != certificate.serial_number:
        raise Wrong("signer-identifier")
    _verify(certificate, signed)
    return certificate


def _verify(certificate: x509.Certificate, signed: Signed) -> None:
    key = certificate.public_key()
    hashing = _HASHES[signed.digest_algorithm]
    attributes = signed.attributes
    scheme = signed.signer["signature_algorithm"].signature_algo
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
            key.verify(signed.signature, attributes, ec.ECDSA(hashing))
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pss":
            salt = signed.signer["signature_algorithm"]["parameters"]["salt_length"].native
            key.verify(signed.signature, attributes, padding.PSS(padding.MGF1(hashing), salt), hashing)
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pkcs1v15":
            key.verify(signed.signature, attributes, padding.PKCS1v15(), hashing)
        else:
            raise Wrong("signature-algorithm")
    except InvalidSignature as exc:
        raise Wrong("signature") from exc


def check_token(signed: Signed) -> None:
    """The one signature time-stamp: its imprint is of this signature value and its own signature holds.

    Raises `Wrong`.
    """
    sets = [each["values"] for each in signed.signer["unsigned_attrs"] or ()]
    names = [each["type"].native for each in signed.signer["unsigned_attrs"] or ()]
    if names != ["signature_time_stamp_token"] or len(sets[0]) != 1:
        raise Wrong("token-missing")
    token = read(sets[0][0].dump())
    algorithm, imprint = imprint_of(token)
    if imprint != hashlib.new(algorithm, signed.signature).digest():
        raise Wrong("token-imprint")
    check_authority(token)


def imprint_of(token: Signed) -> tuple[str, bytes]:
    """The digest algorithm of a time-stamp token, and what it says that the digest is."""
    content = token.data["encap_content_info"]["content"]
    imprint = tsp.TSTInfo.load(bytes(content))["message_imprint"]
    return str(imprint["hash_algorithm"]["algorithm"].native), bytes(imprint["hashed_message"].native)


def check_authority(token: Signed) -> None:
    """The token's own signature, by a certificate for time-stamping alone. Raises `Wrong`."""
    content = token.data["encap_content_info"]["content"]
    try:
        certificate = check(token, hashlib.new(token.digest_algorithm, bytes(content)).digest(), "tst_info")
    except Wrong as exc:
        raise Wrong(f"token-{exc.point}") from exc
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not purposes.critical or list(purposes.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Wrong("token-usage")
