"""An enveloped XAdES-BASELINE-B signature over an XML document (EN 319 132-1, 6; W3C XML Signature 1.1).

    1. digest    of the document in exclusive canonical form, as it is without the signature
    2. properties  claimed time, digest of the certificate, media type; their digest
    3. sign      one use of the key, over the canonical SignedInfo
    4. compare   the value must verify under the certificate's key, or it is dropped
    5. write     the whole document; there is no way to have it without its signature

Key and document never meet: the key gets a digest, as it does for a PDF.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import SigningRefused
from signer.keys import primitives
from signer.ports import SigningKey

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = f"{DS}enveloped-signature"
_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"
_SIGNATURE, _DOCUMENT, _PROPERTIES = "xades", "xades-document", "xades-properties"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_DIGESTS = {
    Digest.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
    Digest.SHA384: f"{_MORE}sha384",
    Digest.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}


def sign_enveloped(root: Any, key: SigningKey, at: datetime, *, media_type: str = "text/xml") -> bytes:
    """The bytes of the document whose root element is `root` (lxml), signed; the signature is its last child.

    Uses the key once. `at`: the claimed signing time, aware. `root` is changed, and is not to be used afterwards.
    Raises `SigningRefused` when there is a signature in it already, or the key answers a value that does not verify;
    what the key itself raises passes through.
    """
    if root.find(f".//{{{DS}}}Signature") is not None:
        raise SigningRefused(reasons.SIGNED_ALREADY)
    algorithm = key.algorithm
    whole = _digest(root, algorithm)
    signature = etree.SubElement(
        root, f"{{{DS}}}Signature", {"Id": _SIGNATURE}, nsmap={"ds": DS, "xades": XADES}
    )
    info = _child(signature, "SignedInfo")
    value = _child(signature, "SignatureValue")
    _key_info(signature, key)
    properties = _signed_properties(signature, key, at, media_type)
    _child(info, "CanonicalizationMethod", Algorithm=EXCLUSIVE)
    _child(info, "SignatureMethod", Algorithm=method(algorithm))
    _reference(info, algorithm, whole, (_ENVELOPED, EXCLUSIVE), Id=_DOCUMENT, URI="")
    within = _digest(properties, algorithm)
    _reference(info, algorithm, within, (EXCLUSIVE,), URI=f"#{_PROPERTIES}", Type=_PROPERTIES_TYPE)
    value.text = _base64(_signed(_digest(info, algorithm), key))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def method(algorithm: SignatureAlgorithm) -> str:
    """The URI of a signature algorithm (RFC 9231, 2.3). PSS: salt as long as the digest, MGF1 with the same."""
    match algorithm.scheme:
        case Scheme.RSA_PSS:
            return f"http://www.w3.org/2007/05/xmldsig-more#{algorithm.digest}-rsa-MGF1"
        case Scheme.ECDSA:
            return f"{_MORE}ecdsa-{algorithm.digest}"
        case Scheme.RSA_PKCS1V15:
            return f"{_MORE}rsa-{algorithm.digest}"


def _signed(digest: bytes, key: SigningKey) -> bytes:
    """One use of the key. An ECDSA value is r and s side by side here, each as long as the curve (RFC 9231, 2.3.6)."""
    value, public = key.sign(digest), primitives.public_key(key.certificate)
    proven = getattr(key, "proves", False) is True
    if not proven and not primitives.verifies(public, key.algorithm, value, digest):
        raise SigningRefused(reasons.WRONG_SIGNATURE)
    if key.algorithm.scheme is not Scheme.ECDSA:
        return value
    octets = (public.key_size + 7) // 8
    return b"".join(number.to_bytes(octets, "big") for number in decode_dss_signature(value))


def _reference(
    info: Any, algorithm: SignatureAlgorithm, digest: bytes, transforms: tuple[str, ...], **attributes: str
) -> None:
    made = _child(info, "Reference", **attributes)
    steps = _child(made, "Transforms")
    for each in transforms:
        _child(steps, "Transform", Algorithm=each)
    _child(made, "DigestMethod", Algorithm=_DIGESTS[algorithm.digest])
    _child(made, "DigestValue").text = _base64(digest)


def _key_info(signature: Any, key: SigningKey) -> None:
    data = _child(_child(signature, "KeyInfo"), "X509Data")
    for certificate in dict.fromkeys((key.certificate, *key.chain)):
        _child(data, "X509Certificate").text = _base64(certificate)


def _signed_properties(signature: Any, key: SigningKey, at: datetime, media_type: str) -> Any:
    qualifying = _xades(_child(signature, "Object"), "QualifyingProperties", Target=f"#{_SIGNATURE}")
    properties = _xades(qualifying, "SignedProperties", Id=_PROPERTIES)
    own = _xades(properties, "SignedSignatureProperties")
    claimed = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    _xades(own, "SigningTime").text = claimed
    certificate = _xades(_xades(_xades(own, "SigningCertificateV2"), "Cert"), "CertDigest")
    _child(certificate, "DigestMethod", Algorithm=_DIGESTS[key.algorithm.digest])
    digest = hashlib.new(key.algorithm.digest, key.certificate).digest()
    _child(certificate, "DigestValue").text = _base64(digest)
    objects = _xades(properties, "SignedDataObjectProperties")
    described = _xades(objects, "DataObjectFormat", ObjectReference=f"#{_DOCUMENT}")
    _xades(described, "MimeType").text = media_type
    return properties


def _digest(element: Any, algorithm: SignatureAlgorithm) -> bytes:
    canonical = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return hashlib.new(algorithm.digest, canonical).digest()


def _child(parent: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def _xades(parent: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{XADES}}}{name}", attributes)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
