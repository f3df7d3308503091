"""The evidence of a validation as a list for people and programs: what each piece is, and its fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from signer.validation.values import ChainFacts, DocumentReport

KINDS = ("certificate", "ocsp", "crl", "timestamp")


@dataclass(frozen=True, slots=True)
class EvidencePiece:
    """One certificate, OCSP response, CRL or time-stamp that was used. `kind`: `certificate`, `ocsp`, `crl` or
    `timestamp`; `subject` is whom it is about, else who made it; `time` is thisUpdate or genTime; `size` in bytes,
    None when the bytes are not at hand."""

    kind: str
    subject: str
    time: datetime | None
    size: int | None
    sha256: str


def pieces(report: DocumentReport) -> tuple[EvidencePiece, ...]:
    """Each piece once, in the order of kinds: certificates, answers, lists, time-stamps."""
    stamps = [each.timestamp for each in report.signatures if each.timestamp is not None]
    every = [*(each.chain for each in report.signatures), *(stamp.chain for stamp in stamps)]
    chains = [chain for chain in every if chain is not None]
    names = {step.fingerprint: step.subject for chain in chains for step in chain.path}
    about = _answers(chains, names)
    found: dict[str, EvidencePiece] = {}
    evidence = report.evidence
    for each in (answer for chain in chains for answer in chain.answers):
        found[each.answer] = EvidencePiece(each.kind, *about[each.answer], None, each.answer)
    for kind, ders in (
        ("certificate", evidence.certificates),
        ("ocsp", evidence.ocsp),
        ("crl", evidence.crls),
    ):
        for der in ders:
            sha256 = hashlib.sha256(der).hexdigest()
            subject, time = about.get(sha256, (names.get(sha256, ""), None))
            found[sha256] = EvidencePiece(kind, subject, time, len(der), sha256)
    for stamp in stamps:
        if stamp.token:
            sha256 = hashlib.sha256(stamp.token).hexdigest()
            found[sha256] = EvidencePiece("timestamp", stamp.authority, stamp.time, len(stamp.token), sha256)
    return tuple(sorted(found.values(), key=lambda piece: KINDS.index(piece.kind)))


def _answers(chains: list[ChainFacts], names: dict[str, str]) -> dict[str, tuple[str, datetime | None]]:
    """By an answer's digest: whose status it settles, and of when it is."""
    found: dict[str, tuple[str, datetime | None]] = {}
    for chain in chains:
        for each in chain.answers:
            subject = names.get(each.certificate, "")
            before = found.get(each.answer, ("", None))[0]
            several = f"{before}, {subject}" if before and subject not in before.split(", ") else subject
            found[each.answer] = several, each.this_update
    return found
