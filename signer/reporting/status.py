"""Indications and what led to them (TS 119 102-2, 4.3.4 and 4.3.12)."""

from __future__ import annotations

from collections.abc import Sequence

from policies.validation import FOREVER, Verdict
from signer.reporting import uris
from signer.reporting.objects import Objects
from signer.reporting.xml import LANGUAGE, Element, child, time
from signer.validation.values import ChainFacts, ChangeFacts, DocumentReport, Finding, SignatureReport

MOST_TOLD = 200  # findings, and changes, of one signature: the JSON report has them all
LANGUAGES = ("vi", "en")


def add_status(parent: Element, indication: str, sub_indication: str | None) -> Element:
    """The status element with its URIs; what belongs to it is added by the caller."""
    made = child(parent, "vr:SignatureValidationStatus")
    child(made, "vr:MainIndication", indication)
    if sub_indication is not None:
        child(made, "vr:SubIndication", sub_indication)
    return made


def signature_status(
    parent: Element, report: DocumentReport, signature: SignatureReport, objects: Objects
) -> None:
    """The status of one signature with chain, revocation, algorithm, findings and changes."""
    status = add_status(parent, *uris.of_signature(signature.verdict))
    data = child(status, "vr:AssociatedValidationReportData")
    chain = signature.chain
    if chain is not None:
        add_chain(data, chain)
    for identifier in _related(signature, objects):
        child(data, "vr:RelatedValidationObject", VOReference=identifier)
    if chain is not None:
        add_revocation(data, chain, objects)
        _algorithm(data, report, signature, objects.certificate(chain.path[0].fingerprint))
    told = child(data, "vr:AdditionalValidationReportData")
    _signature_facts(told, report, signature)
    add_findings(told, signature.findings)
    _changes(told, signature.change_items)


def stamp_status(parent: Element, verdict: Verdict, chain: ChainFacts | None, objects: Objects) -> None:
    """The status of a time-stamp as an object of its own."""
    status = add_status(parent, *uris.of_object(verdict))
    if chain is not None:
        data = child(status, "vr:AssociatedValidationReportData")
        add_chain(data, chain)
        for each in chain.answers:
            child(data, "vr:RelatedValidationObject", VOReference=objects.answer(each.kind, each.answer))
        add_revocation(data, chain, objects)


def add_chain(data: Element, chain: ChainFacts) -> None:
    """Trust anchor and path (4.3.12.3, 4.3.12.4)."""
    signer, *above = (f"C-{step.fingerprint}" for step in chain.path)
    anchor = (above[-1] if above else signer) if chain.anchored else None
    if anchor is not None:
        child(data, "vr:TrustAnchor", VOReference=anchor)
    made = child(data, "vr:CertificateChain")
    child(made, "vr:SigningCertificate", VOReference=signer)
    for each in above[:-1] if chain.anchored else above:
        child(made, "vr:IntermediateCertificate", VOReference=each)
    if anchor is not None:
        child(made, "vr:TrustAnchor", VOReference=anchor)


def add_revocation(data: Element, chain: ChainFacts, objects: Objects) -> None:
    """The revocation that was found (4.3.12.6); the schema has room for one: the one nearest to the signer."""
    order = {step.fingerprint: place for place, step in enumerate(chain.path)}
    revoked = [each for each in chain.answers if each.revoked_at is not None]
    found = min(revoked, key=lambda each: order.get(each.certificate, len(order)), default=None)
    if found is None or found.revoked_at is None:
        return
    made = child(data, "vr:RevocationStatusInformation")
    child(made, "vr:ValidationObjectId", VOReference=objects.certificate(found.certificate))
    child(made, "vr:RevocationTime", time(found.revoked_at))
    child(made, "vr:RevocationReason", uris.revocation_reason(found.reason))
    child(made, "vr:RevocationObject", VOReference=objects.answer(found.kind, found.answer))


def add_findings(data: Element, findings: Sequence[Finding]) -> None:
    """Each finding with its id, the clause that it rests on, and its sentence in both languages."""
    for each in findings[:MOST_TOLD]:
        attributes = {"id": each.reason.id, "severity": each.severity.value, "basis": each.reason.basis}
        if each.revision is not None:
            attributes["revision"] = str(each.revision + 1)
        made = child(value(data, uris.FINDING), "antin:Finding", **attributes)
        for language in LANGUAGES:
            child(made, "antin:Text", each.text(language)).set(LANGUAGE, language)
    _left_out(data, "findings", len(findings))


def value(data: Element, kind: str) -> Element:
    """Room for a value of ours among the additional data (4.3.12.8)."""
    made = child(data, "vr:ReportData")
    child(made, "vr:Type", kind)
    return child(made, "vr:Value")


def _left_out(data: Element, what: str, count: int) -> None:
    if count > MOST_TOLD:
        child(value(data, uris.LEFT_OUT), "antin:LeftOut", what=what, count=str(count - MOST_TOLD))


def _changes(data: Element, items: Sequence[ChangeFacts]) -> None:
    for each in items[:MOST_TOLD]:
        attributes = {"id": each.reason.id, "kind": each.kind.value, "revision": str(each.revision + 1)}
        if each.object_number is not None:
            attributes["object"] = str(each.object_number)
        made = child(value(data, uris.CHANGE), "antin:Change", **attributes)
        for language in LANGUAGES:
            child(made, "antin:Text", each.text(language)).set(LANGUAGE, language)
    _left_out(data, "changes", len(items))


def _related(signature: SignatureReport, objects: Objects) -> list[str]:
    """Time-stamp and answers of signer and time-stamp, each once."""
    stamp = signature.timestamp
    token = objects.token(stamp)
    chains = [each for each in (signature.chain, stamp.chain if stamp else None) if each is not None]
    found = [] if token is None else [token]
    found += [objects.answer(each.kind, each.answer) for chain in chains for each in chain.answers]
    return list(dict.fromkeys(found))


def _algorithm(data: Element, report: DocumentReport, signature: SignatureReport, identifier: str) -> None:
    """The algorithm of the signature value, and whether the profile takes it for secure (4.3.12.7)."""
    found = signature.algorithm
    if found is None:
        return
    used, until = found.used, found.until
    made = child(data, "vr:CryptoInformation")
    child(made, "vr:ValidationObjectId", VOReference=identifier)
    child(made, "vr:Algorithm", uris.signature(signature.signature_algorithm, used.digest))
    secure = until is not None and report.at <= until
    child(made, "vr:SecureAlgorithm", "true" if secure else "false")
    if until is not None and until != FOREVER:
        child(made, "vr:NotAfter", time(until))


def _signature_facts(data: Element, report: DocumentReport, signature: SignatureReport) -> None:
    room = value(data, uris.FACTS)
    child(
        room,
        "antin:Signature",
        field=signature.field,
        type=signature.type,
        integrity=signature.integrity.value,
        coverage=signature.coverage.value,
        changes=signature.changes.value,
        level=signature.level.value,
        revision=str(signature.revision + 1),
        revisions=str(signature.revisions),
    )
    child(room, "antin:Trust", store=report.trust_label, domain=signature.trust_domain)
