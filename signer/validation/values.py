"""Values of a validation: what goes in beside the file, what comes out. All travel through the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from policies.refusals import Reason
from policies.renewal import Support
from policies.validation import PASSED, AlgorithmFacts, Verdict
from policies.vocabulary import Changes, Coverage, Integrity, Level, Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """Material given from outside the file, DER: certificates for paths, OCSP responses, CRLs."""

    certificates: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            self.certificates + other.certificates, self.ocsp + other.ocsp, self.crls + other.crls
        )

    def distinct(self) -> Evidence:
        """Each item once, in order."""
        certificates, ocsp, crls = (
            tuple(dict.fromkeys(each)) for each in (self.certificates, self.ocsp, self.crls)
        )
        return Evidence(certificates, ocsp, crls)


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Need:
    """A certificate whose revocation status is not settled by the material at hand; DER, with its issuer."""

    certificate: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class Orphan:
    """A certificate (DER) whose issuer's is missing, and the addresses where it says that this one lies. They were read
    by the worker: nobody vouches for the certificate yet, so that its bytes are hostile."""

    certificate: bytes
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `values` fill the reason's sentences; they are cleaned of control characters.

    `revision` is the 0-based revision of the file where it arose, None when that is of no matter.
    """

    reason: Reason
    severity: Severity
    values: dict[str, str] = field(default_factory=dict)
    revision: int | None = None

    def text(self, language: str = "vi") -> str:
        """The sentence in `vi` or `en`."""
        template = self.reason.en if language == "en" else self.reason.vi
        return template.format(**self.values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one building block: a verdict with what led to it."""

    verdict: Verdict = PASSED
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What TT 15/2025/TT-BKHCN wants shown of a certificate. `serial` is hexadecimal.

    `status` at the time of signing: `valid`, `expired`, `not-yet-valid`, `revoked` or `unknown`.
    `managing_organisation` is the body that the certificate names for its holder, else its issuer's.
    """

    subject: str
    title: str
    organisation: str
    issuer: str
    managing_organisation: str
    serial: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    status: str


@dataclass(frozen=True, slots=True)
class PathCertificate:
    """One certificate of a path: its holder as text, SHA-256 of its DER in hex. The DER stands in the evidence."""

    subject: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """A revocation answer that settled the status of a certificate; both are named by SHA-256 of their DER, in hex.

    `kind`: `ocsp` or `crl`. `revoked_at` is None for "good"; `reason` as asn1crypto names it (RFC 5280, 5.3.1).
    """

    certificate: str
    answer: str
    kind: str
    this_update: datetime
    revoked_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """The path that a certificate was judged by, leaf first, and the answers that decided.

    `anchored`: the last of the path is a trust anchor; else no path was found, and the leaf stands alone.
    """

    path: tuple[PathCertificate, ...]
    anchored: bool
    answers: tuple[AnswerFacts, ...]


@dataclass(frozen=True, slots=True)
class TimestampFacts:
    """A time-stamp of a signature or of the document. `time` is its genTime, UTC; `token` its DER."""

    authority: str
    time: datetime | None
    valid: bool
    verdict: Verdict
    token: bytes = b""
    chain: ChainFacts | None = None


@dataclass(frozen=True, slots=True)
class WeighedAlgorithm:
    """Key and digest of a signature value; `until`: when the profile stops taking them for reliable, `FOREVER` while
    there is no end, None: never."""

    used: AlgorithmFacts
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The profile beside its name: legal basis, digest of all that it says (SHA-256), version and identifier."""

    basis: str = ""
    fingerprint: bytes = b""
    version: int = 0
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class SignatureIdentity:
    """What tells a signature from all others: its ByteRange, its value, and the digest of what the value signs
    (EN 319 102-1, 4.2.8: the data to be signed representation), empty where that cannot be known."""

    byte_range: tuple[int, ...] = ()
    value: bytes = b""
    digest_algorithm: str = ""
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """One thing that was changed after a signature: what, in which 0-based revision, in which object.

    `broke`: names of the signatures whose signers did not permit it.
    """

    kind: Changes
    reason: Reason
    revision: int
    object_number: int | None = None
    values: dict[str, str] = field(default_factory=dict)
    broke: tuple[str, ...] = ()

    def text(self, language: str = "vi") -> str:
        """What was done, and which act it broke."""
        template = self.reason.en if language == "en" else self.reason.vi
        done = template.format(**self.values).strip()
        if not self.broke:
            return done
        names = ", ".join(self.broke)
        return f"{done} (breaks: {names})" if language == "en" else f"{done} (phá vỡ: {names})"


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature (or document time-stamp) of the file, in the terms of EN 319 102-1.

    `signing_time` is the proven one (earliest valid time-stamp), else None; `claimed_time` is what the
    signer wrote, not proven by anybody. `evidence`: the certificates walked and the answers that decided.
    `trust_domain`: whom the anchor of the signer's path stands for; empty without a path, or when none was said.
    `algorithm`: key and digest of the value, None when they are not known.
    """

    field: str
    type: str
    verdict: Verdict
    integrity: Integrity
    coverage: Coverage
    changes: Changes
    level: Level
    subfilter: str
    signer: str
    signing_time: datetime | None
    claimed_time: datetime | None
    certificate: CertificateFacts | None
    timestamp: TimestampFacts | None
    digest_algorithm: str
    signature_algorithm: str
    revision: int
    revisions: int
    change_items: tuple[ChangeFacts, ...]
    findings: tuple[Finding, ...]
    evidence: Evidence = NO_EVIDENCE
    trust_domain: str = ""
    identity: SignatureIdentity = SignatureIdentity()
    chain: ChainFacts | None = None
    algorithm: WeighedAlgorithm | None = None


@dataclass(frozen=True, slots=True)
class SignedDigest:
    """A digest of the bytes that a ByteRange covers, as it was computed from the file."""

    byte_range: tuple[int, ...]
    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """The answer about a file: its verdict is that of its worst signature and of its structure.

    `needs` lists certificates whose revocation status is unsettled: with answers about them, validate again.
    `orphans` are certificates of paths that end nowhere, because their issuer's is missing: likewise.
    `evidence` is the material that decided (kept beside the verdict, TT 15/2025/TT-BKHCN). `digests` saves the
    next round of the same validation the pass over the file. `supports`: what the verdict rests on today, until it is
    renewed; empty unless every signature passed.
    """

    verdict: Verdict
    signatures: tuple[SignatureReport, ...]
    findings: tuple[Finding, ...]
    profile: str
    trust_label: str
    at: datetime
    policy: PolicyFacts = PolicyFacts()
    needs: tuple[Need, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    evidence: Evidence = NO_EVIDENCE
    digests: tuple[SignedDigest, ...] = ()
    supports: tuple[Support, ...] = ()
