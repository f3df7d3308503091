"""Format checking (EN 319 102-1, 5.2.2): from the bytes of `/Contents` to one signer of a SignedData.

What comes out is bounded, read, and nothing of it is believed yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from asn1crypto import cms, core

from policies.reasons import verification as reasons
from policies.refusals import Reason
from signer import der
from signer.trust.certificates import Certificate, parse_all
from signer.trust.remembered import remembered_by_each_thread
from signer.trust.unreadable import MALFORMED

MAX_CMS = 4 << 20
MAX_CERTIFICATES = 200
MAX_MATERIAL = 200
DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
_ONCE = {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2}


class FormatProblem(Exception):
    """The signature is not conformant to its format: `reason` with the values of its sentence."""

    def __init__(self, reason: Reason, **values: str) -> None:
        super().__init__(reason.id)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """One SignedData with its one SignerInfo (RFC 5652, 5).

    `attributes` is the DER SET that was signed, None when the content itself was; `content` is the
    encapsulated content, None when detached. `padded_with_zeros` is false when something else follows the
    structure (for DER; a BER structure's end is not looked for). `signed` and `unsigned` map OIDs to attribute values.
    """

    der: bytes
    identifier: Any = field(repr=False)
    certificates: tuple[Certificate, ...]
    ocsp: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    digest: str
    algorithm: Any = field(repr=False)
    signature: bytes
    content_type: str
    content: bytes | None
    attributes: bytes | None
    signed: dict[str, list[Any]] = field(repr=False)
    unsigned: dict[str, list[Any]] = field(repr=False)
    padded_with_zeros: bool = True

    def one(self, oid: str) -> Any | None:
        """The value of a signed attribute that may occur once."""
        values = self.signed.get(oid)
        return values[0] if values else None

    @property
    def claimed_time(self) -> datetime | None:
        """The signing-time attribute (RFC 5652, 11.3)."""
        try:
            value = self.one(SIGNING_TIME)
            return None if value is None else value.native
        except MALFORMED:
            return None


@remembered_by_each_thread(16)
def read(contents: bytes) -> SignedMessage:
    """`/Contents` (DER, filled up with zeros) → message. Raises `FormatProblem`.

    The steps of one validation read the same bytes several times; what was read is not changed by anybody.
    """
    if not contents.strip(b"\0"):
        raise FormatProblem(reasons.CMS_UNREADABLE, what="rỗng / empty")
    if len(contents) > MAX_CMS:
        raise FormatProblem(reasons.CMS_UNREADABLE, what=f"> {MAX_CMS} byte")
    try:
        bounded = _bounded(contents)
        clean = len(bounded) == len(contents) or not contents[len(bounded) :].strip(b"\0")
        return replace(_read(bounded), padded_with_zeros=clean)
    except MALFORMED as exc:
        raise FormatProblem(reasons.CMS_UNREADABLE, what=type(exc).__name__) from exc


def _bounded(contents: bytes) -> bytes:
    """Strict DER where it is; BER with indefinite lengths, which old signers write, as it stands."""
    if contents[1:2] == b"\x80":
        return contents
    trimmed = contents[: der.read(contents).end]
    try:
        der.check(trimmed, size=MAX_CMS, elements=20_000)
    except der.DerError:
        if len(trimmed) > 1 << 18:
            raise
    return trimmed


def _read(data: bytes) -> SignedMessage:
    info = cms.ContentInfo.load(data)
    if info["content_type"].native != "signed_data":
        raise FormatProblem(reasons.CMS_UNREADABLE, what="không phải SignedData / not SignedData")
    signed = info["content"]
    if len(signed["signer_infos"]) != 1:
        raise FormatProblem(reasons.CMS_SIGNERS, count=str(len(signed["signer_infos"])))
    signer = signed["signer_infos"][0]
    attributes = _signed_attributes(signer)
    names = _by_oid(signer["signed_attrs"] if attributes is not None else ())
    for oid in _ONCE:
        if len(names.get(oid, ())) > 1:
            raise FormatProblem(reasons.ATTRIBUTE_DUPLICATE, name=oid)
    content = signed["encap_content_info"]["content"]
    responses, lists = _material(signed, names)
    return SignedMessage(
        der=data,
        identifier=signer["sid"],
        certificates=parse_all(_certificates(signed)),
        ocsp=responses,
        crls=lists,
        digest=str(signer["digest_algorithm"]["algorithm"].native),
        algorithm=signer["signature_algorithm"],
        signature=bytes(signer["signature"].native),
        content_type=signed["encap_content_info"]["content_type"].dotted,
        content=None if isinstance(content, core.Void) else bytes(content),
        attributes=attributes,
        signed=names,
        unsigned=_by_oid(signer["unsigned_attrs"] or ()),
    )


def _signed_attributes(signer: Any) -> bytes | None:
    """RFC 5652, 5.4: digested under the tag of SET OF, not under the [0] with which they travel."""
    if isinstance(signer["signed_attrs"], core.Void):
        return None
    if not signer["signed_attrs"]:
        raise FormatProblem(reasons.CMS_UNREADABLE, what="signedAttrs")  # SIZE (1..MAX), 5.3
    encoded = signer["signed_attrs"].dump()
    return b"\x31" + bytes(encoded[1:])


def _by_oid(attributes: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for attribute in attributes:
        found.setdefault(attribute["type"].dotted, []).extend(attribute["values"])
    return found


def _certificates(signed: Any) -> list[bytes]:
    choices = list(signed["certificates"] or ())[:MAX_CERTIFICATES]
    return [each.chosen.dump() for each in choices if each.name == "certificate"]


def _material(signed: Any, attributes: dict[str, list[Any]]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Revocation material that travels inside: the SignedData's own CRLs and Adobe's archival attribute."""
    lists = [each.chosen.dump() for each in signed["crls"] or () if each.name == "certificate_list"]
    responses: list[bytes] = []
    for value in attributes.get(ADOBE_REVOCATION, ()):
        more_lists, more_responses = _archive(value.dump())
        responses += more_responses
        lists += more_lists
    return tuple(responses[:MAX_MATERIAL]), tuple(lists[:MAX_MATERIAL])


def _archive(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """adbe-revocationInfoArchival (ISO 32000-2, 12.8.3.3.2): CRLs under [0], OCSP responses under [1]."""
    found: dict[int, list[bytes]] = {0xA0: [], 0xA1: []}
    for part in der.children(data, der.read(data)):
        if part.tag in found:
            for item in der.children(data, der.read(data, part.content, part.end)):
                found[part.tag].append(data[item.start : item.end])
    return found[0xA0], found[0xA1]
