"""CMS SignedData for PAdES, from a DER template that is prepared once per key (RFC 5652; EN 319 142-1, 6).

    1. template   everything that only depends on key and certificates, once
    2. attributes content-type, message-digest, signing-certificate-v2, algorithm-protection; sorted as DER
    3. sign       one use of the key
    4. compare    the value must verify under the certificate's key, or it is dropped; a key may have done that itself
    5. assemble   the caller puts it into `/Contents`; a token may join later as an unsigned attribute

There is no signing-time attribute: PAdES forbids it, the claimed time stands in the signature dictionary.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1_x509

from policies.algorithms import DIGEST_BYTES, Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer import der
from signer.errors import SigningRefused
from signer.keys import primitives
from signer.ports import SigningKey

if TYPE_CHECKING:
    from hashlib import _Hash

ID_DATA = "1.2.840.113549.1.7.1"
ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

DIGEST_OIDS = {
    Digest.SHA256: "2.16.840.1.101.3.4.2.1",
    Digest.SHA384: "2.16.840.1.101.3.4.2.2",
    Digest.SHA512: "2.16.840.1.101.3.4.2.3",
}
_ECDSA_OIDS = {
    Digest.SHA256: "1.2.840.10045.4.3.2",
    Digest.SHA384: "1.2.840.10045.4.3.3",
    Digest.SHA512: "1.2.840.10045.4.3.4",
}
_NULL = der.encode(der.NULL)
_ATTRIBUTES = der.CONTEXT | der.CONSTRUCTED  # [0] IMPLICIT
_UNSIGNED = _ATTRIBUTES | 1


@dataclass(frozen=True, slots=True)
class _Template:
    """The fixed parts of one signer's SignedData. `before`/`after` surround the message digest; `started` is the
    digest over what stands before it in the signed attributes as a SET, and is only copied."""

    head: bytes
    content_type: bytes
    certificates: bytes
    signer: bytes
    before: bytes
    after: bytes
    signature_algorithm: bytes
    public_key: primitives.PublicKey
    algorithm: SignatureAlgorithm
    started: _Hash = field(compare=False, repr=False)
    frames: dict[int, tuple[bytes, bytes]] = field(default_factory=dict, compare=False, repr=False)

    def detached(self, digest: bytes, signature: bytes) -> bytes:
        """The whole ContentInfo without content, from a frame kept by the signature's length: what stands before
        the digest, and between digest and signature. The signature is the last thing in every structure."""
        size = len(signature)
        if size not in self.frames:
            whole = self.assemble(self.attributes(digest), signature)
            rest = der.encode(der.OCTET_STRING, signature)[:-size]
            middle = b"".join((self.after, self.signature_algorithm, rest))
            self.frames[size] = whole[: -size - len(middle) - len(digest)], middle
        before, middle = self.frames[size]
        return b"".join((before, digest, middle, signature))

    def to_sign(self, digest: bytes) -> bytes:
        """The digest over the signed attributes as a SET (RFC 5652, 5.4)."""
        state = self.started.copy()
        state.update(digest + self.after)
        return state.digest()

    def attributes(self, digest: bytes) -> bytes:
        """Content octets of the signed attributes."""
        return b"".join((self.before, digest, self.after))

    def assemble(self, attributes: bytes, signature: bytes, content: bytes = b"") -> bytes:
        """The whole ContentInfo. `content` is the encapsulated `[0]` field, empty when detached."""
        signer = der.encode(
            der.SEQUENCE,
            self.signer,
            der.encode(_ATTRIBUTES, attributes),
            self.signature_algorithm,
            der.encode(der.OCTET_STRING, signature),
        )
        data = der.encode(
            der.SEQUENCE,
            self.head,
            der.encode(der.SEQUENCE, self.content_type, content),
            self.certificates,
            der.encode(der.SET, signer),
        )
        return der.encode(der.SEQUENCE, der.oid(ID_SIGNED_DATA), der.encode(_ATTRIBUTES, data))


def build(digest: bytes, key: SigningKey) -> bytes:
    """DER of a detached SignedData over a document digest made with `key.algorithm.digest`.

    Uses the key once. Raises `SigningRefused` when the digest has the wrong length or the key answers a
    value that does not verify; what the key itself raises passes through.
    """
    template = _template(key.certificate, key.chain, key.algorithm, ID_DATA)
    return _signed(template, digest, key, b"")


def build_encapsulated(content_type: str, content: bytes, key: SigningKey) -> bytes:
    """DER of a SignedData that carries its content: a TimeStampToken for `TST_INFO` (RFC 3161, 2.4.2)."""
    template = _template(key.certificate, key.chain, key.algorithm, content_type)
    inside = der.encode(_ATTRIBUTES, der.encode(der.OCTET_STRING, content))
    return _signed(template, hashlib.new(key.algorithm.digest, content).digest(), key, inside)


def _signed(template: _Template, digest: bytes, key: SigningKey, content: bytes) -> bytes:
    if len(digest) != DIGEST_BYTES[template.algorithm.digest]:
        raise SigningRefused(reasons.ALGORITHM_MISMATCH, algorithm=key.algorithm, found=f"{len(digest)} byte")
    to_sign = template.to_sign(digest)
    signature = key.sign(to_sign)
    proven = getattr(key, "proves", False) is True
    if not proven and not primitives.verifies(template.public_key, template.algorithm, signature, to_sign):
        raise SigningRefused(reasons.WRONG_SIGNATURE)
    if content:
        return template.assemble(template.attributes(digest), signature, content)
    return template.detached(digest, signature)


def size(key: SigningKey, token: int = 0) -> int:
    """Bytes that `build` yields at most, with room for a token of `token` bytes when that is not 0.

    Exact for RSA; an ECDSA value may come out some bytes shorter than its maximum.
    """
    template = _template(key.certificate, key.chain, key.algorithm, ID_DATA)
    digest = bytes(DIGEST_BYTES[key.algorithm.digest])
    signature = bytes(primitives.signature_size(template.public_key))
    cms = template.assemble(template.attributes(digest), signature)
    return len(_with_unsigned(cms, _token_attribute(bytes(token)))) if token else len(cms)


def with_token(cms: bytes, token: bytes) -> bytes:
    """The SignedData with a signature-time-stamp as its one unsigned attribute (EN 319 122-1, 5.3).

    `cms` may be followed by the zeros that fill the hole. Raises `SigningRefused` when it is not one
    well-formed SignedData with one signer, or is time-stamped already.
    """
    try:
        der.check(token, size=1 << 16)
        return _with_unsigned(der.trim(cms), _token_attribute(token))
    except der.DerError as exc:
        raise SigningRefused(reasons.CMS_UNREADABLE) from exc


def signature_value(cms: bytes) -> bytes:
    """The signature value of the one signer: what a signature time-stamp covers. The caller hashes it."""
    try:
        cms = der.trim(cms)
        return _signature(cms, _signer_path(cms)[-1])
    except der.DerError as exc:
        raise SigningRefused(reasons.CMS_UNREADABLE) from exc


imprint = signature_value


def has_token(cms: bytes) -> bool:
    """Whether the one signer holds unsigned attributes already."""
    try:
        cms = der.trim(cms)
        return _last(cms, _signer_path(cms)[-1]).tag == _UNSIGNED
    except der.DerError as exc:
        raise SigningRefused(reasons.CMS_UNREADABLE) from exc


def _token_attribute(token: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(SIGNATURE_TIME_STAMP), der.encode(der.SET, token))


def _with_unsigned(cms: bytes, attribute: bytes) -> bytes:
    """Append `[1]` to the SignerInfo, the last thing in every structure around it, and re-length those."""
    path = _signer_path(cms)
    signer = path[-1]
    if _last(cms, signer).tag == _UNSIGNED:
        raise SigningRefused(reasons.ALREADY_TIMESTAMPED)
    grown = b"".join((cms[signer.content : signer.end], der.encode(_UNSIGNED, attribute)))
    inner = der.encode(signer.tag, grown)
    for parent, child in zip(path[-2::-1], path[:0:-1], strict=True):
        inner = der.encode(parent.tag, cms[parent.content : child.start], inner)
    return inner


def _signer_path(cms: bytes) -> tuple[der.Element, ...]:
    """ContentInfo, [0], SignedData, signerInfos, SignerInfo: each the last element of the one before."""
    info = der.expect(cms, 0, len(cms), der.SEQUENCE)
    if cms[info.content : der.read(cms, info.content, info.end).end] != der.oid(ID_SIGNED_DATA):
        raise der.DerError("not a SignedData")
    path = [info]
    for tag in (_ATTRIBUTES, der.SEQUENCE, der.SET):
        path.append(_last(cms, path[-1], tag))
    signer = _last(cms, path[-1], der.SEQUENCE)
    if signer.start != path[-1].content:
        raise der.DerError("not exactly one signer")
    return (*path, signer)


def _last(cms: bytes, parent: der.Element, tag: int | None = None) -> der.Element:
    last = None
    for last in der.children(cms, parent):  # noqa: B007 (the last one is meant)
        pass
    if last is None or tag not in (None, last.tag):
        raise der.DerError(f"no element of the tag {tag} at the end of the one at {parent.start}")
    return last


def _signature(cms: bytes, signer: der.Element) -> bytes:
    for part in der.children(cms, signer):
        if part.tag == der.OCTET_STRING:
            return cms[part.content : part.end]
    raise der.DerError("no signature value")


@lru_cache(maxsize=64)
def _template(
    certificate: bytes, chain: tuple[bytes, ...], algorithm: SignatureAlgorithm, content_type: str
) -> _Template:
    digest_algorithm = der.encode(der.SEQUENCE, der.oid(DIGEST_OIDS[algorithm.digest]))
    signature_algorithm = _signature_algorithm(algorithm)
    before, after = _attribute_halves(certificate, content_type, algorithm, digest_algorithm)
    covered = len(before) + DIGEST_BYTES[algorithm.digest] + len(after)
    started = hashlib.new(algorithm.digest, der.encode(der.SET, bytes(covered))[:-covered] + before)
    version = 1 if content_type == ID_DATA else 3  # RFC 5652, 5.1
    return _Template(
        head=der.integer(version) + der.encode(der.SET, digest_algorithm),
        content_type=der.oid(content_type),
        certificates=der.encode(_ATTRIBUTES, *sorted({certificate, *chain})),
        signer=der.integer(1) + _issuer_and_serial(certificate) + digest_algorithm,
        before=before,
        after=after,
        signature_algorithm=signature_algorithm,
        public_key=primitives.public_key(certificate),
        algorithm=algorithm,
        started=started,
    )


def forget_identities() -> None:
    """Nothing is kept of any identity: the next `build` prepares its own again. For measuring."""
    _template.cache_clear()


def _issuer_and_serial(certificate: bytes) -> bytes:
    """The issuer's name byte for byte as the certificate has it."""
    try:
        parsed = asn1_x509.Certificate.load(certificate, strict=True)
        return der.encode(
            der.SEQUENCE, parsed.issuer.dump(), parsed["tbs_certificate"]["serial_number"].dump()
        )
    except (ValueError, TypeError) as exc:
        raise SigningRefused(reasons.CERTIFICATE_UNREADABLE, cause="issuer") from exc


def _attribute_halves(
    certificate: bytes, content_type: str, algorithm: SignatureAlgorithm, digest_algorithm: bytes
) -> tuple[bytes, bytes]:
    """The sorted signed attributes, cut open where the message digest goes.

    The digest's value cannot change the order: an attribute that sorts next to it differs before that.
    """
    hole = bytes(DIGEST_BYTES[algorithm.digest])
    message_digest = _attribute(MESSAGE_DIGEST, der.encode(der.OCTET_STRING, hole))
    attributes = sorted(
        (
            _attribute(CONTENT_TYPE, der.oid(content_type)),
            message_digest,
            _attribute(SIGNING_CERTIFICATE_V2, _signing_certificate(certificate)),
            _attribute(ALGORITHM_PROTECTION, _algorithm_protection(algorithm, digest_algorithm)),
        )
    )
    place = attributes.index(message_digest)
    before = b"".join((*attributes[:place], message_digest[: -len(hole)]))
    return before, b"".join(attributes[place + 1 :])


def _attribute(kind: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(kind), der.encode(der.SET, value))


def _signing_certificate(certificate: bytes) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2; SHA-256 is its default and therefore left out (RFC 5035)."""
    identifier = der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, hashlib.sha256(certificate).digest()))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, identifier))


def _algorithm_protection(algorithm: SignatureAlgorithm, digest_algorithm: bytes) -> bytes:
    """CMSAlgorithmProtection (RFC 6211): digest algorithm and, as [1] IMPLICIT, signature algorithm."""
    protected = bytearray(_signature_algorithm(algorithm))
    protected[0] = der.CONTEXT | der.CONSTRUCTED | 1
    return der.encode(der.SEQUENCE, digest_algorithm, bytes(protected))


def _signature_algorithm(algorithm: SignatureAlgorithm) -> bytes:
    """AlgorithmIdentifier of the SignerInfo (RFC 3370, 3.2; RFC 4056; RFC 5754, 3.3)."""
    if algorithm.scheme is Scheme.ECDSA:
        return der.encode(der.SEQUENCE, der.oid(_ECDSA_OIDS[algorithm.digest]))
    if algorithm.scheme is Scheme.RSA_PSS:
        return der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.10"), _pss_parameters(algorithm.digest))
    return der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.1"), _NULL)


def _pss_parameters(digest: Digest) -> bytes:
    """RSASSA-PSS-params: the same hash inside and in MGF1, salt as long as the hash (RFC 4055, 3.1)."""
    hashing = der.encode(der.SEQUENCE, der.oid(DIGEST_OIDS[digest]), _NULL)
    mask = der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.8"), hashing)
    explicit = der.CONTEXT | der.CONSTRUCTED
    return der.encode(
        der.SEQUENCE,
        der.encode(explicit, hashing),
        der.encode(explicit | 1, mask),
        der.encode(explicit | 2, der.integer(DIGEST_BYTES[digest])),
    )
