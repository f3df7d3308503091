"""SignedData written by hand: any key, any digest, any name for the algorithm, with or without what PAdES asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.signer.trust.forge import Party

_HASHES = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
    "shake256": hashes.SHAKE256(64),
}
# Names that asn1crypto does not give to these algorithms, or not in a SignerInfo.
_OIDS = {
    "ecPublicKey": "1.2.840.10045.2.1",
    "sha256_ecdsa": "1.2.840.10045.4.3.2",
    "sha384_ecdsa": "1.2.840.10045.4.3.3",
    "sha512_ecdsa": "1.2.840.10045.4.3.4",
    "sha3_256_ecdsa": "2.16.840.1.101.3.4.3.10",
    "sha3_384_ecdsa": "2.16.840.1.101.3.4.3.11",
    "sha3_512_ecdsa": "2.16.840.1.101.3.4.3.12",
    "rsa": "1.2.840.113549.1.1.1",
    "sha256_rsa": "1.2.840.113549.1.1.11",
    "sha512_rsa": "1.2.840.113549.1.1.13",
    "sha3_256_rsa": "2.16.840.1.101.3.4.3.14",
    "sha3_512_rsa": "2.16.840.1.101.3.4.3.16",
    "ed25519": "1.3.101.112",
    "ed448": "1.3.101.113",
}


@dataclass(frozen=True)
class Way:
    """How a SignedData is made. `algorithm` is a key of `_OIDS` or "pss"; `certificates` go into it, the signer's
    always first; `referenced` adds the signing-certificate attribute; `by_key` names the signer by his key; `mask` is
    the digest of PSS's mask where it is another."""

    digest: str = "sha256"
    algorithm: str = "rsa"
    certificates: tuple[bytes, ...] = ()
    referenced: bool = True
    attributes: bool = True
    by_key: bool = False
    salt: int = 32
    mask: str = ""
    more: tuple[tuple[str, object], ...] = field(default=())


def digest_of(name: str, data: bytes) -> bytes:
    context = hashes.Hash(_HASHES[name])
    context.update(data)
    return context.finalize()


def signed_data(
    leaf: Party, way: Way, kind: str = "data", *, detached: bool = False
) -> Callable[[bytes], bytes]:
    """Makes the detached SignedData over bytes; of another kind they stand in it unless it is `detached` as well."""

    def make(data: bytes) -> bytes:
        attributes = _attributes(leaf, way, digest_of(way.digest, data), kind) if way.attributes else None
        to_sign = attributes.untag().dump() if attributes is not None else data
        signer = {
            "version": "v3" if way.by_key else "v1",
            "sid": _identifier(leaf, way),
            "digest_algorithm": {"algorithm": way.digest},
            "signature_algorithm": _algorithm(way),
            "signature": _value(leaf.key, way, to_sign),
        }
        if attributes is not None:
            signer["signed_attrs"] = attributes
        certificates = [asn1_x509.Certificate.load(each) for each in (leaf.der, *way.certificates)]
        body = {
            "version": "v1" if kind == "data" else "v3",
            "digest_algorithms": [{"algorithm": way.digest}],
            "encap_content_info": {"content_type": kind} if detached else _content(kind, data),
            "certificates": certificates,
            "signer_infos": [signer],
        }
        info = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(body)})
        return info.dump()

    return make


def _identifier(leaf: Party, way: Way) -> cms.SignerIdentifier:
    parsed = asn1_x509.Certificate.load(leaf.der)
    if way.by_key:
        return cms.SignerIdentifier({"subject_key_identifier": parsed.key_identifier})
    serial = {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
    return cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(serial)})


def _algorithm(way: Way) -> algos.SignedDigestAlgorithm:
    if way.algorithm != "pss":
        return algos.SignedDigestAlgorithm({"algorithm": _OIDS[way.algorithm]})
    parameters = {
        "hash_algorithm": {"algorithm": way.digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": way.mask or way.digest}},
        "salt_length": way.salt,
    }
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


def token(leaf: Party, way: Way, imprint: bytes, at: datetime, **more: object) -> bytes:
    """A time-stamp token over a SHA-256 digest (RFC 3161, 2.4.2). `more`: other fields of its TSTInfo."""
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.3.6.1.4.1.99999.4",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
            "serial_number": 1,
            "gen_time": at,
            **more,
        }
    )
    return signed_data(leaf, way, "tst_info")(info.dump())


def _content(kind: str, data: bytes) -> dict:
    if kind == "data":
        return {"content_type": kind}
    return {"content_type": kind, "content": core.ParsableOctetString(data)}


def _attributes(leaf: Party, way: Way, digest: bytes, kind: str) -> cms.CMSAttributes:
    rows: list[tuple[str, object]] = [("content_type", kind), ("message_digest", digest)]
    if way.referenced:
        value = hashlib.sha256(leaf.der).digest()
        rows.append(("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [{"cert_hash": value}]})))
    rows += way.more
    made = [cms.CMSAttribute({"type": name, "values": (value,)}) for name, value in rows]
    return cms.CMSAttributes(sorted(made, key=lambda each: each.dump()))


def _value(key: object, way: Way, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(_HASHES[way.digest]))
    if isinstance(key, rsa.RSAPrivateKey):
        chosen = _HASHES[way.digest]
        mask = padding.MGF1(_HASHES[way.mask or way.digest])
        scheme = padding.PSS(mask, way.salt) if way.algorithm == "pss" else padding.PKCS1v15()
        return key.sign(data, scheme, chosen)
    return key.sign(data)


__all__ = ["Way", "core", "digest_of", "signed_data", "token"]
