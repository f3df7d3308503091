"""A validation as a report by ETSI TS 119 102-2 V1.2.1 (XML), still to be signed: never given to anybody as it is.

One report per signature and document time-stamp, in their order; all evidence once, at the end; who validated.
What the standard has no element for is told in elements of `urn:antin:report` where it gives room for such.
"""

from __future__ import annotations

from policies.reasons import reporting as reasons
from policies.vocabulary import Level
from signer.errors import DocumentRefused
from signer.reporting import uris
from signer.reporting.objects import FILE, Objects, Piece
from signer.reporting.status import add_findings, add_status, signature_status, stamp_status, value
from signer.reporting.values import ReportedFile
from signer.reporting.xml import Element, binary, child, digest, root, time
from signer.validation.values import DocumentReport, SignatureReport

ROOM = 16 << 20  # bytes of evidence that are carried whole; of what comes after that, the digests


def build(report: DocumentReport, file: ReportedFile, validator: bytes) -> Element:
    """The `vr:ValidationReport` of a file. `validator`: DER certificate of whoever signs the report.

    Raises `DocumentRefused` NOTHING_SIGNED: the schema demands one signature at least.
    """
    if not report.signatures:
        raise DocumentRefused(reasons.NOTHING_SIGNED)
    made, objects = root("vr:ValidationReport"), Objects(report)
    for index, each in enumerate(report.signatures, 1):
        _signature(made, report, each, objects, index)
    _evidence(made, report, file, objects)
    binary(child(child(made, "vr:SignatureValidator"), "vr:DigitalId"), "tsl:X509Certificate", validator)
    return made


def _signature(
    parent: Element, report: DocumentReport, signature: SignatureReport, objects: Objects, index: int
) -> None:
    made = child(parent, "vr:SignatureValidationReport")
    _identifier(made, signature, index)
    _policy(made, report)
    _times(made, report, signature, objects)
    _signed_document(made, report, signature)
    _attributes(made, report, signature, objects)
    if signature.chain is not None:
        holder = child(made, "vr:SignerInformation")
        certificate = objects.certificate(signature.chain.path[0].fingerprint)
        child(holder, "vr:SignerCertificate", VOReference=certificate)
        child(holder, "vr:Signer", signature.signer)
    child(child(made, "vr:SignatureQuality"), "vr:SignatureQualityInformation", uris.level(signature.level))
    process = child(made, "vr:SignatureValidationProcess")
    child(process, "vr:SignatureValidationProcessID", uris.LONG_TERM_PROCESS)
    signature_status(made, report, signature, objects)


def _identifier(parent: Element, signature: SignatureReport, index: int) -> None:
    """4.3.3: digest of what the value signs, and the value."""
    made = child(parent, "vr:SignatureIdentifier", id=f"signature-{index}")
    identity = signature.identity
    if identity.digest:
        digest(made, "vr:DigestAlgAndValue", uris.digest(identity.digest_algorithm), identity.digest)
    if identity.value:
        binary(made, "ds:SignatureValue", identity.value)
    child(made, "vr:HashOnly", "false")
    child(made, "vr:DocHashOnly", "false")
    child(made, "vr:DAIdentifier", signature.field)


def _policy(parent: Element, report: DocumentReport) -> None:
    """4.3.5: the profile by the identifier under which it is published, with the digest of all that it says."""
    constraints = child(parent, "vr:ValidationConstraintsEvaluationReport")
    policy = child(constraints, "vr:SignatureValidationPolicy")
    named = child(child(policy, "vr:SignaturePolicyIdentifier"), "xades:SignaturePolicyId")
    identifier = child(named, "xades:SigPolicyId")
    child(identifier, "xades:Identifier", report.policy.identifier)
    child(identifier, "xades:Description", report.policy.basis)
    digest(named, "xades:SigPolicyHash", uris.digest("sha256"), report.policy.fingerprint)
    child(policy, "vr:PolicyName", report.profile)


def _times(parent: Element, report: DocumentReport, signature: SignatureReport, objects: Objects) -> None:
    """4.3.6: the time of validation; the best signature time is the proven one, else that."""
    made = child(parent, "vr:ValidationTimeInfo")
    child(made, "vr:ValidationTime", time(report.at))
    best = child(made, "vr:BestSignatureTime")
    child(best, "vr:POETime", time(signature.signing_time or report.at))
    child(best, "vr:TypeOfProof", uris.PROVEN_BY_VALIDATION)
    for each in (signature, *report.signatures):
        stamp = each.timestamp
        token = objects.token(stamp)
        if token is not None and stamp is not None and stamp.valid and stamp.time == signature.signing_time:
            child(best, "vr:POEObject", VOReference=token)
            return


def _signed_document(parent: Element, report: DocumentReport, signature: SignatureReport) -> None:
    """4.3.7: the bytes under the ByteRange by their digest, and the whole file that they stand in."""
    made = child(parent, "vr:SignersDocument")
    found = next(
        (
            each
            for each in report.digests
            if each.byte_range == signature.identity.byte_range
            and each.algorithm == signature.digest_algorithm
        ),
        None,
    )
    if found is None:
        child(made, "vr:SignersDocumentRepresentation", VOReference=FILE)
        return
    digest(made, "vr:DigestAlgAndValue", uris.digest(found.algorithm), found.value)
    child(made, "vr:SignersDocumentRef", VOReference=FILE)


def _attributes(
    parent: Element, report: DocumentReport, signature: SignatureReport, objects: Objects
) -> None:
    """4.3.8 and annex A: what the signature says of itself, and the time-stamps over it."""
    made = child(parent, "vr:SignatureAttributes")
    if signature.claimed_time is not None:
        child(child(made, "vr:SigningTime", Signed="true"), "vr:Time", time(signature.claimed_time))
    chain = signature.chain
    if chain is not None and signature.level not in (Level.CMS, Level.DTS):
        holder = chain.path[0].fingerprint
        referenced = child(made, "vr:SigningCertificate", Signed="true")
        child(referenced, "vr:AttributeObject", VOReference=objects.certificate(holder))
        identifier = child(referenced, "vr:CertID")
        child(identifier, "ds:DigestMethod", Algorithm=uris.digest("sha256"))
        binary(identifier, "ds:DigestValue", bytes.fromhex(holder))
    if signature.type == "signature":
        _stamp(made, "vr:SignatureTimeStamp", signature, objects)
    for each in report.signatures:
        if each.type != "signature" and each.revision > signature.revision:
            _stamp(made, "vr:DocTimeStamp", each, objects)
    child(child(made, "vr:SubFilter", Signed="true"), "vr:SubFilterElement", signature.subfilter)
    child(made, "vr:ByteRange", " ".join(map(str, signature.identity.byte_range)))


def _stamp(parent: Element, name: str, signature: SignatureReport, objects: Objects) -> None:
    stamp, token = signature.timestamp, objects.token(signature.timestamp)
    if stamp is not None and stamp.time is not None and token is not None:
        made = child(parent, name)
        child(made, "vr:AttributeObject", VOReference=token)
        child(made, "vr:TimeStampValue", time(stamp.time))


def _evidence(parent: Element, report: DocumentReport, file: ReportedFile, objects: Objects) -> None:
    """4.4: the file first, then everything that was used."""
    made = child(parent, "vr:SignatureValidationObjects")
    _file(made, report, file)
    room = ROOM
    for piece in objects:
        entry = child(made, "vr:ValidationObject", id=piece.identifier)
        child(entry, "vr:ObjectType", piece.kind)
        shown = child(entry, "vr:ValidationObjectRepresentation")
        if piece.der is not None and len(piece.der) <= room:
            room -= len(piece.der)
            binary(shown, "vr:base64", piece.der)
        else:
            digest(shown, "vr:DigestAlgAndValue", uris.digest("sha256"), bytes.fromhex(piece.sha256))
        _proven(entry, piece, objects)


def _proven(entry: Element, piece: Piece, objects: Objects) -> None:
    """What a time-stamp proves, and how it was judged itself (4.4.7, 4.4.8)."""
    stamp, signature = piece.stamp, piece.signature
    if stamp is None or signature is None:
        return
    if stamp.valid and stamp.time is not None:
        made = child(entry, "vr:POEProvisioning")
        child(made, "vr:POETime", time(stamp.time))
        if signature.type == "signature":
            child(child(made, "vr:SignatureReference"), "vr:PAdESFieldName", signature.field)
    stamp_status(child(entry, "vr:ValidationReport"), stamp.verdict, stamp.chain, objects)


def _file(parent: Element, report: DocumentReport, file: ReportedFile) -> None:
    """The whole file, with the verdict on the document: that of its worst signature and of its structure."""
    entry = child(parent, "vr:ValidationObject", id=FILE)
    child(entry, "vr:ObjectType", uris.SIGNED_DATA)
    shown = child(entry, "vr:ValidationObjectRepresentation")
    digest(shown, "vr:DigestAlgAndValue", uris.digest("sha256"), bytes.fromhex(file.sha256))
    status = add_status(child(entry, "vr:ValidationReport"), *uris.of_object(report.verdict))
    data = child(child(status, "vr:AssociatedValidationReportData"), "vr:AdditionalValidationReportData")
    room = value(data, uris.FACTS)
    child(room, "antin:File", name=file.name, size=str(file.size))
    child(room, "antin:Trust", store=report.trust_label)
    add_findings(data, report.findings)
