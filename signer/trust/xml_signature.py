"""XML signatures over a whole document (W3C XML Signature 1.1; ETSI EN 319 132-1 for what XAdES adds), narrowly.

One enveloped signature, a child of the root, whose one reference to data is the whole document (`URI=""`, transforms
enveloped-signature and one canonicalization). Besides it only the reference to the signature's own SignedProperties.
Nothing else is understood, so nothing can be wrapped: what is returned are the very bytes that were digested, and
whoever reads them reads what was signed.

1. read hardened: UTF-8, no DTD, no entity, no network, bounded
2. the signature's place and form            3. the signer's certificate, by fingerprint
4. the signature over SignedInfo             5. the digests of what it refers to
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from policies.reasons import trust as reasons
from signer.errors import TrustRefused
from signer.trust import pss
from signer.trust.certificates import Certificate, parse
from signer.trust.signatures import AlgorithmUnknown, load_key
from signer.trust.unreadable import Unreadable

MAX_XML = 32 << 20
MIN_RSA_BITS = 2048
DS = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_PREFIXES = f"{{{_EXCLUSIVE}}}InclusiveNamespaces"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_DIGESTS = {_XMLENC + "sha256": "sha256", _MORE + "sha384": "sha384", _XMLENC + "sha512": "sha512"}
_METHODS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    f"{base}{name.format(size)}": (kind, algorithm)
    for size, algorithm in (("256", hashes.SHA256()), ("384", hashes.SHA384()), ("512", hashes.SHA512()))
    for base, name, kind in (
        (_MORE, "rsa-sha{}", "rsa"),
        (_MORE, "ecdsa-sha{}", "ecdsa"),
        (_MORE_2007, "sha{}-rsa-MGF1", "pss"),
    )
}


@dataclass(frozen=True, slots=True)
class Verified:
    """`data`: the canonical bytes of the document without its signature, as they were digested."""

    data: bytes
    signer: Certificate


def parse_hardened(data: bytes) -> Any:
    """The root element. Raises `TrustRefused` for what is no plain, bounded XML in UTF-8."""
    if len(data) > MAX_XML:
        raise _malformed("size")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _malformed("UTF-8") from exc
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _malformed("DTD")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise _malformed("XML") from exc


def verify_whole(root: Any, signer_sha256: str) -> Verified:
    """The document as its signer signed it. `signer_sha256`: of the certificate's DER, lower-case hexadecimal.

    Raises `TrustRefused`.
    """
    signature = _one_signature(root)
    info = _child(signature, "SignedInfo")
    signer = _signer(signature, signer_sha256)
    _verify_value(signature, info, signer)
    data = _references(root, signature, info)
    return Verified(data, signer)


def _one_signature(root: Any) -> Any:
    """Step 2. One in the whole document: a second one is a second reading."""
    found = list(root.iter(DS + "Signature"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise _wrong("one signature below the root is needed")
    return found[0]


def _child(parent: Any, name: str) -> Any:
    found = parent.findall(DS + name)
    if len(found) != 1:
        raise _wrong(name)
    return found[0]


def _signer(signature: Any, sha256: str) -> Certificate:
    """Step 3. The certificate is only carried by the document; who it must be is the caller's word."""
    for element in _child(signature, "KeyInfo").iter(DS + "X509Certificate"):
        try:
            certificate = parse(_decoded(element))
        except Unreadable:
            continue
        if certificate.fingerprint.hex() == sha256:
            return certificate
    raise TrustRefused(reasons.LIST_SIGNER, expected=sha256)


def _verify_value(signature: Any, info: Any, signer: Certificate) -> None:
    """Step 4."""
    method = _child(info, "SignatureMethod").get("Algorithm")
    if method not in _METHODS:
        raise _wrong("SignatureMethod")
    kind, algorithm = _METHODS[method]
    message = _canonical(info, _child(info, "CanonicalizationMethod"))
    value = _decoded(_child(signature, "SignatureValue"))
    try:
        _check_permitted(signer, kind, algorithm)
        _verify(load_key(signer.public_key), kind, algorithm, value, message)
    except (InvalidSignature, AlgorithmUnknown, UnsupportedAlgorithm, ValueError) as exc:
        raise _wrong("SignatureValue") from exc


def _check_permitted(signer: Certificate, kind: str, algorithm: hashes.HashAlgorithm) -> None:
    """A key for PSS alone, with or without parameters of its own (RFC 4055, 3.3)."""
    demanded = pss.restriction(signer.public_key)
    used = pss.Parameters(algorithm.name, algorithm.name, algorithm.digest_size) if kind == "pss" else None
    if demanded is not None and not demanded.permits(used):
        raise InvalidSignature


def _verify(key: Any, kind: str, algorithm: hashes.HashAlgorithm, value: bytes, message: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS and kind in ("rsa", "pss"):
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if kind == "pss":
            scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        key.verify(value, message, scheme, algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
        size = (key.curve.key_size + 7) // 8
        if len(value) != 2 * size:
            raise InvalidSignature
        pair = (int.from_bytes(part) for part in (value[:size], value[size:]))
        key.verify(encode_dss_signature(*pair), message, ec.ECDSA(algorithm))
    else:
        raise InvalidSignature


def _references(root: Any, signature: Any, info: Any) -> bytes:
    """Step 5: the whole document, and at most the signature's own properties."""
    whole = [each for each in info.findall(DS + "Reference") if each.get("URI") == ""]
    others = [each for each in info.findall(DS + "Reference") if each.get("URI") != ""]
    if len(whole) != 1 or len(others) > 1:
        raise _wrong("Reference")
    for reference in others:
        _check_digest(reference, _properties(signature, reference))
    transforms = _transforms(whole[0])
    if len(transforms) != 2 or transforms[0].get("Algorithm") != _ENVELOPED:
        raise _wrong("Transforms")
    data = _canonical(_without(root, signature), transforms[1])
    _check_digest(whole[0], data)
    return data


def _properties(signature: Any, reference: Any) -> bytes:
    """XAdES (EN 319 132-1, 5.1): SignedProperties of this signature, by an Id that no other element has."""
    uri = reference.get("URI") or ""
    if reference.get("Type") != _SIGNED_PROPERTIES or not uri.startswith("#") or len(uri) < 2:
        raise _wrong("Reference")
    root = signature.getroottree().getroot()
    named = [each for each in root.iter() if uri[1:] in (each.get("Id"), each.get("ID"), each.get("id"))]
    inside = signature.findall(f"{DS}Object/{_XADES}QualifyingProperties/{_XADES}SignedProperties")
    if len(named) != 1 or len(inside) != 1 or named[0] is not inside[0]:
        raise _wrong("SignedProperties")
    transforms = _transforms(reference)
    if len(transforms) > 1:
        raise _wrong("Transforms")
    return _canonical(inside[0], transforms[0] if transforms else None)


def _transforms(reference: Any) -> list[Any]:
    found = reference.findall(DS + "Transforms")
    if len(found) > 1:
        raise _wrong("Transforms")
    return [each for parent in found for each in parent if isinstance(each.tag, str)]


def _canonical(element: Any, method: Any) -> bytes:
    """Canonical bytes without comments, of an element with what it inherits."""
    algorithm = _INCLUSIVE if method is None else method.get("Algorithm")
    if algorithm not in (_INCLUSIVE, _EXCLUSIVE):
        raise _wrong("canonicalization")
    prefixes = None if algorithm == _INCLUSIVE else method.find(_PREFIXES)
    names = [] if prefixes is None else (prefixes.get("PrefixList") or "").split()
    try:
        return bytes(
            etree.tostring(
                element,
                method="c14n",
                exclusive=algorithm == _EXCLUSIVE,
                with_comments=False,
                inclusive_ns_prefixes=names or None,
            )
        )
    except (etree.LxmlError, ValueError) as exc:  # a relative namespace, say: such have no canonical form
        raise _wrong("canonicalization") from exc


def _without(root: Any, signature: Any) -> Any:
    """A copy without the signature (XML Signature, 6.6.4); the text behind it stays."""
    position = root.index(signature)
    made = copy.deepcopy(root)
    gone = made[position]
    tail = gone.tail or ""
    before = gone.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        made.text = (made.text or "") + tail
    made.remove(gone)
    return made


def _check_digest(reference: Any, data: bytes) -> None:
    name = _DIGESTS.get(_child(reference, "DigestMethod").get("Algorithm") or "")
    if name is None:
        raise _wrong("DigestMethod")
    if not hmac.compare_digest(hashlib.new(name, data).digest(), _decoded(_child(reference, "DigestValue"))):
        raise _wrong("DigestValue")


def _decoded(element: Any) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (Base64Error, ValueError) as exc:
        raise _wrong("base64") from exc


def _malformed(what: str) -> TrustRefused:
    return TrustRefused(reasons.LIST_MALFORMED, what=what)


def _wrong(what: str) -> TrustRefused:
    return TrustRefused(reasons.LIST_SIGNATURE, what=what)
