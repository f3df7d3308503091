"""Trusted lists (TS 119 612) as a test wants them: signed enveloped, whole, or in ways that must not be believed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.signer.trust.forge import NOW, Party

TSL = "http://uri.etsi.org/02231/v2#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
TYPES = "http://uri.etsi.org/TrstSvc/Svctype/"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
OLD_STATUS = "http://uri.etsi.org/TrstSvc/Svcstatus/eSigDir-1999-93-EC-TrustedList/"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Service:
    """One service; `history`: (status, since), newest first. `extensions`: whether critical, and what stands in it."""

    certificate: bytes
    kind: str = "CA/QC"
    status: str = STATUS + "granted"
    since: datetime = SINCE
    history: tuple[tuple[str, datetime], ...] = ()
    name: str = "Service"
    extensions: tuple[tuple[str, str], ...] = ()


@dataclass
class Scheme:
    """What a list says of itself."""

    sequence: int = 7
    issued: datetime = NOW - timedelta(days=1)
    until: datetime | None = NOW + timedelta(days=90)
    territory: str = "XX"
    operator: str = "Example Authority"
    services: list[Service] = field(default_factory=list)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unsigned(scheme: Scheme) -> etree._Element:
    """The list without a signature, with comments and white space as lists have them."""
    until = "" if scheme.until is None else f"<dateTime>{moment(scheme.until)}</dateTime>"
    services = "".join(_service(each) for each in scheme.services)
    return etree.fromstring(
        f"""<TrustServiceStatusList xmlns="{TSL}" xmlns:extra="urn:extra" Id="tl"
    TSLTag="http://uri.etsi.org/19612/TSLTag">
  <!-- một chú thích -->
  <SchemeInformation>
    <TSLVersionIdentifier>5</TSLVersionIdentifier>
    <TSLSequenceNumber>{scheme.sequence}</TSLSequenceNumber>
    <SchemeOperatorName><Name xml:lang="vi">Cơ quan</Name>
      <Name xml:lang="en">{scheme.operator}</Name></SchemeOperatorName>
    <SchemeTerritory>{scheme.territory}</SchemeTerritory>
    <ListIssueDateTime>{moment(scheme.issued)}</ListIssueDateTime>
    <NextUpdate>{until}</NextUpdate>
  </SchemeInformation>
  <TrustServiceProviderList><TrustServiceProvider><TSPServices>{services}</TSPServices></TrustServiceProvider>
  </TrustServiceProviderList>
</TrustServiceStatusList>""".encode()
    )


def _service(service: Service) -> str:
    history = "".join(
        f"""<ServiceHistoryInstance><ServiceStatus>{status}</ServiceStatus>
        <StatusStartingTime>{moment(since)}</StatusStartingTime></ServiceHistoryInstance>"""
        for status, since in service.history
    )
    extensions = "".join(
        f"""<Extension Critical="{critical}">{inside}</Extension>"""
        for critical, inside in service.extensions
    )
    if extensions:
        extensions = f"<ServiceInformationExtensions>{extensions}</ServiceInformationExtensions>"
    certificate = base64.encodebytes(service.certificate).decode()
    return f"""<TSPService><ServiceInformation>
      <ServiceTypeIdentifier>{TYPES}{service.kind}</ServiceTypeIdentifier>
      <ServiceName><Name xml:lang="en">{service.name}</Name></ServiceName>
      <ServiceDigitalIdentity><DigitalId><X509Certificate>{certificate}</X509Certificate></DigitalId>
        <DigitalId><X509SubjectName>CN=x</X509SubjectName></DigitalId></ServiceDigitalIdentity>
      <ServiceStatus>{service.status}</ServiceStatus>
      <StatusStartingTime>{moment(service.since)}</StatusStartingTime>{extensions}
    </ServiceInformation><ServiceHistory>{history}</ServiceHistory></TSPService>"""


def use(uri: str, *, critical: str = "true") -> tuple[str, str]:
    """An extension that says what a service is for (5.5.9.4)."""
    told = f"""<AdditionalServiceInformation><URI xml:lang="en">{uri}</URI></AdditionalServiceInformation>"""
    return critical, told


def canonical(element: etree._Element, method: str) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=method == EXCLUSIVE, with_comments=False)


def signed(
    root: etree._Element,
    signer: Party,
    *,
    uri: str = "",
    c14n: str = EXCLUSIVE,
    transforms: tuple[str, ...] | None = None,
    xades: bool = True,
    over: etree._Element | None = None,
    into: etree._Element | None = None,
    digest: str = "sha256",
) -> bytes:
    """The list with an enveloped signature as its last child (or in `into`), over `over` (default: the whole)."""
    chosen = (ENVELOPED, c14n) if transforms is None else transforms
    digest_uri = {"sha256": "http://www.w3.org/2001/04/xmlenc#sha256", "sha1": DS + "sha1"}[digest]
    references = [
        _reference(
            uri,
            chosen,
            digest_uri,
            hashlib.new(digest, canonical(root if over is None else over, c14n)).digest(),
        )
    ]
    properties = f"""<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#sig">
        <xades:SignedProperties Id="props"><xades:SignedSignatureProperties><xades:SigningTime>{moment(NOW)}
        </xades:SigningTime></xades:SignedSignatureProperties></xades:SignedProperties>
        </xades:QualifyingProperties></ds:Object>"""
    is_ec = isinstance(signer.key, ec.EllipticCurvePrivateKey)
    method = "ecdsa-sha256" if is_ec else "rsa-sha256"
    text = f"""<ds:Signature xmlns:ds="{DS}" Id="sig"><ds:SignedInfo>
      <ds:CanonicalizationMethod Algorithm="{c14n}"/>
      <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{method}"/></ds:SignedInfo>
      <ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{
        base64.b64encode(signer.der).decode()
    }</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{properties if xades else ""}</ds:Signature>"""
    signature = etree.fromstring(text)
    (root if into is None else into).append(signature)
    info = signature.find(f"{{{DS}}}SignedInfo")
    if xades:
        inside = signature.find(f".//{{{XADES}}}SignedProperties")
        value = hashlib.sha256(canonical(inside, EXCLUSIVE)).digest()
        kind = ' Type="http://uri.etsi.org/01903#SignedProperties"'
        references.append(
            _reference("#props", (EXCLUSIVE,), "http://www.w3.org/2001/04/xmlenc#sha256", value, kind)
        )
    for reference in references:
        info.append(etree.fromstring(reference))
    sign_again(signature, signer, c14n)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def sign_again(signature: etree._Element, signer: Party, c14n: str = EXCLUSIVE) -> None:
    """A new value over SignedInfo as it stands now."""
    info = signature.find(f"{{{DS}}}SignedInfo")
    value = _value(signer.key, canonical(info, c14n))
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()


def _value(key: object, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, PKCS1v15(), hashes.SHA256())
    size = (key.curve.key_size + 7) // 8
    return b"".join(
        part.to_bytes(size) for part in decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    )


def _reference(uri: str, transforms: tuple[str, ...], digest: str, value: bytes, kind: str = "") -> str:
    inner = "".join(f'<ds:Transform Algorithm="{each}"/>' for each in transforms)
    return f"""<ds:Reference xmlns:ds="{DS}" URI="{uri}"{kind}><ds:Transforms>{inner}</ds:Transforms>
      <ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{base64.b64encode(value).decode()}</ds:DigestValue>
      </ds:Reference>"""
