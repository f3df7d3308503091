"""Trusted lists (ETSI TS 119 612 V2.2.1): which services an authority grants, and since when.

Only what the list's signer signed is read (`xml_signature`). Runs in a worker: the list is anybody's bytes.
"""

from __future__ import annotations

import base64
import hashlib
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from policies.reasons import trust as reasons
from signer.errors import TrustRefused
from signer.trust.certificates import parse
from signer.trust.unreadable import Unreadable
from signer.trust.xml_signature import parse_hardened, verify_whole

TSL = "{http://uri.etsi.org/02231/v2#}"
SERVICE_TYPE = "http://uri.etsi.org/TrstSvc/Svctype/"
CA_QC = SERVICE_TYPE + "CA/QC"
STAMPING = SERVICE_TYPE + "TSA"
MOST_SERVICES = 20_000
_FOR = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/For"
_FOR_DOCUMENTS = frozenset({_FOR + "eSignatures", _FOR + "eSeals"})
_UNDERSTOOD = frozenset(
    {"AdditionalServiceInformation", "ExpiredCertsRevocationInfo", "Qualifications", "TakenOverBy"}
)
_STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
_OLD_STATUS = "http://uri.etsi.org/TrstSvc/Svcstatus/eSigDir-1999-93-EC-TrustedList/"
GRANTED = frozenset(_STATUS + each for each in ("granted", "recognisedatnationallevel"))
# What counted as granted before, so that the time since when a service is good reaches back (TS 119 612, 5.5.4).
_GRANTED_BEFORE = GRANTED | {
    prefix + each
    for prefix in (_STATUS, _OLD_STATUS)
    for each in ("undersupervision", "accredited", "supervisionincessation", "setbynationallaw")
}


@dataclass(frozen=True, slots=True)
class GrantedService:
    """One certificate of a service that is granted now, without a break since `granted_since`."""

    certificate: bytes
    name: str
    type: str
    granted_since: datetime


@dataclass(frozen=True, slots=True)
class TrustedList:
    """One issue of a list: who publishes it, its number, until when it is good, and what it grants.

    `signer`: fingerprint of the certificate that signed it; `sha256`: of the file. Times are aware, UTC.
    """

    name: str
    sequence: int
    issued_at: datetime
    next_update: datetime
    signer: str
    sha256: str
    services: tuple[GrantedService, ...]


def read(data: bytes, signer_sha256: str, types: tuple[str, ...] = (CA_QC,)) -> TrustedList:
    """The list that the holder of this certificate signed, with its granted services of these types (URIs).

    Raises `TrustRefused` when it is malformed, signed otherwise, or closed.
    """
    verified = verify_whole(parse_hardened(data), signer_sha256)
    root = parse_hardened(verified.data)
    if root.tag != TSL + "TrustServiceStatusList":
        raise _malformed("TrustServiceStatusList")
    scheme = _one(root, "SchemeInformation")
    return TrustedList(
        name=f"{_text(scheme, 'SchemeTerritory')} {_named(_one(scheme, 'SchemeOperatorName'))}"[:200],
        sequence=_number(_text(scheme, "TSLSequenceNumber")),
        issued_at=_time(_text(scheme, "ListIssueDateTime")),
        next_update=_time(_text(_one(scheme, "NextUpdate"), "dateTime")),
        signer=signer_sha256,
        sha256=hashlib.sha256(data).hexdigest(),
        services=tuple(_services(root, types)),
    )


def _services(root: Any, types: tuple[str, ...]) -> Iterator[GrantedService]:
    place = f"{TSL}TrustServiceProviderList/{TSL}TrustServiceProvider/{TSL}TSPServices/{TSL}TSPService"
    found: dict[bytes, GrantedService] = {}
    for count, service in enumerate(root.findall(place)):
        if count >= MOST_SERVICES:
            raise _malformed("too many services")
        information = _one(service, "ServiceInformation")
        kind = _text(information, "ServiceTypeIdentifier")
        if kind not in types or _text(information, "ServiceStatus") not in GRANTED:
            continue
        if not _is_for_documents(information):
            continue
        since = _granted_since(service, information)
        name = _named(_one(information, "ServiceName"))
        for der in _certificates(_one(information, "ServiceDigitalIdentity")):
            known = found.get(der)
            if known is None or _weight(kind, since) < _weight(known.type, known.granted_since):
                found[der] = GrantedService(der, name, kind, since)
    return iter(found.values())


def _weight(kind: str, since: datetime) -> tuple[bool, datetime]:
    """What is granted for certificates and for time-stamps is granted for certificates; the longest counts."""
    return kind.startswith(STAMPING), since


def _is_for_documents(information: Any) -> bool:
    """Neither for web sites alone (TS 119 612, 5.5.9.4), nor with something critical that is not understood (5.5.9)."""
    uses = set()
    for extension in information.findall(f"{TSL}ServiceInformationExtensions/{TSL}Extension"):
        names = {each.tag.rpartition("}")[2] for each in extension if isinstance(each.tag, str)}
        if extension.get("Critical", "").strip() in ("true", "1") and not names <= _UNDERSTOOD:
            return False
        for each in extension.findall(f"{TSL}AdditionalServiceInformation/{TSL}URI"):
            uses.add("".join((each.text or "").split()))
    stated = {each for each in uses if each.startswith(_FOR)}
    return not stated or bool(stated & _FOR_DOCUMENTS)


def _granted_since(service: Any, information: Any) -> datetime:
    """Back through the history (newest first) as long as the service was granted under whichever word."""
    since = _time(_text(information, "StatusStartingTime"))
    earlier = [
        (_time(_text(each, "StatusStartingTime")), _text(each, "ServiceStatus"))
        for each in service.findall(f"{TSL}ServiceHistory/{TSL}ServiceHistoryInstance")
    ]
    for start, status in sorted(earlier, reverse=True):
        if start > since or status not in _GRANTED_BEFORE:
            break
        since = start
    return since


def _certificates(identity: Any) -> Iterator[bytes]:
    for element in identity.findall(f"{TSL}DigitalId/{TSL}X509Certificate"):
        try:
            yield parse(base64.b64decode("".join((element.text or "").split()), validate=True)).der
        except (Base64Error, ValueError, Unreadable) as exc:
            raise _malformed("X509Certificate") from exc


def _one(parent: Any, name: str) -> Any:
    found = parent.findall(TSL + name)
    if len(found) != 1:
        raise _malformed(name)
    return found[0]


def _text(parent: Any, name: str) -> str:
    text = (_one(parent, name).text or "").strip()
    if not text:
        raise _malformed(name)
    return text


def _named(parent: Any) -> str:
    """The English name, else the first (TS 119 612, 5.1.4)."""
    names = [(each.get("{http://www.w3.org/XML/1998/namespace}lang"), each.text or "") for each in parent]
    chosen = next((text for language, text in names if language == "en"), names[0][1] if names else "")
    return " ".join(chosen.split())[:200]


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise _malformed("TSLSequenceNumber")
    return int(text)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise _malformed(text[:40]) from exc
    if moment.tzinfo is None:
        raise _malformed(text[:40])
    return moment.astimezone(UTC).replace(microsecond=0)


def _malformed(what: str) -> TrustRefused:
    return TrustRefused(reasons.LIST_MALFORMED, what=what)
