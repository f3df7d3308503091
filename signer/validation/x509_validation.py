"""X.509 certificate validation (EN 319 102-1, 5.2.6): one certificate for one use at its proven time.

1. Build the paths to the anchors (signatures, not names).
2. Judge each: its anchor's standing, path rules, use, algorithms, periods at the proven time, revocation from the
   anchor down.
3. The best path counts; when none holds, the best of the failures is the answer.

Once a CA was compromised, whoever has its key can make certificates and answers of any date. What stood before then
still counts (5.6.2.2, validation time sliding; 5.6.2.4, past signature validation): the signature, every certificate
below that CA and an answer about each of them must be proven to be older, by time-stamps that do not rest on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from policies.reasons import trust as trust_reasons
from policies.reasons import verification as reasons
from policies.refusals import Reason
from policies.validation import (
    PASSED,
    Verdict,
    failed,
    indeterminate,
    severity_rank,
    weigh_algorithm,
    weigh_ca_algorithm,
    worst,
)
from policies.vocabulary import Severity, SubIndication, TrustDomain
from policies.words import DOMAINS
from signer.trust.certificates import Certificate
from signer.trust.paths import Path, build, dead_ends, violation
from signer.trust.signatures import AlgorithmUnknown, digest_name, facts
from signer.trust.status import Answer, Kind
from signer.validation import names
from signer.validation.context import Context
from signer.validation.names import common_name, day, moment
from signer.validation.proof import Proof
from signer.validation.revocation_freshness import HARMLESS, Status, status
from signer.validation.values import AnswerFacts, ChainFacts, Evidence, Finding, Outcome, PathCertificate


class Use(Enum):
    SIGNING = "signing"
    TIME_STAMPING = "time-stamping"


@dataclass(frozen=True, slots=True)
class Chain:
    """The outcome for one certificate: its path (the certificate alone when none was found), the answers that settled
    its status and its CAs', the certificate's condition at the proven time, (certificate, issuer) pairs whose status
    is unsettled, and the domain of the anchor (empty without one, or when none was said).
    `anchored`: the path ends in a trust anchor."""

    outcome: Outcome
    path: Path = ()
    answers: tuple[tuple[Certificate, Answer], ...] = ()
    condition: str = "unknown"
    unsettled: tuple[tuple[Certificate, Certificate], ...] = ()
    domain: str = ""
    anchored: bool = False

    @property
    def facts(self) -> ChainFacts:
        """For the report: who vouches for whom, and which answers decided."""
        path = tuple(PathCertificate(common_name(each), each.fingerprint.hex()) for each in self.path)
        return ChainFacts(path, self.anchored, tuple(_answer_facts(*pair) for pair in self.answers))

    @property
    def evidence(self) -> Evidence:
        """The certificates of the path and the answers that decided, as they can be given again."""
        answers = [answer for _, answer in self.answers]
        ocsp = tuple(each.der for each in answers if each.kind is Kind.OCSP)
        crls = tuple(each.der for each in answers if each.kind is Kind.CRL)
        return Evidence(tuple(each.der for each in self.path), ocsp, crls)

    @property
    def passed(self) -> bool:
        return self.outcome.verdict == PASSED


def _answer_facts(certificate: Certificate, answer: Answer) -> AnswerFacts:
    return AnswerFacts(
        certificate=certificate.fingerprint.hex(),
        answer=hashlib.sha256(answer.der).hexdigest(),
        kind=answer.kind.value,
        this_update=answer.this_update,
        revoked_at=answer.revoked_at,
        reason=answer.reason,
    )


def validate(
    context: Context, leaf: Certificate, use: Use, proof: Proof, *, fresh_since: datetime | None = None
) -> Chain:
    """Is this certificate good for this use at the proven time? Adds to the context's needs.

    `fresh_since`: good answers of that time or later settle the status (default: the proven time). For a
    time-stamp it is its genTime: who wants more puts a later time-stamp over it.
    """
    paths = build(leaf, context.certificates, context.anchors)
    if not paths:
        context.orphans.update(dict.fromkeys(dead_ends(leaf, context.certificates, context.anchors)))
        verdict = indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
        finding = Finding(reasons.NO_PATH, Severity.ERROR, {"subject": common_name(leaf)})
        return Chain(Outcome(verdict, (finding,)), (leaf,), (), _condition(leaf, proof.moment(context.at)))
    chains = []
    for path in paths:
        chains.append(_Judge(context, path, use, proof, fresh_since).judge())
        if chains[-1].passed:
            break
    best = max(chains, key=lambda each: severity_rank(each.outcome.verdict))
    for certificate, issuer in best.unsettled:
        context.need(certificate, issuer)
    return best


def _condition(leaf: Certificate, when: datetime) -> str:
    if leaf.valid_at(when):
        return "unknown"
    return "expired" if when > leaf.not_after else "not-yet-valid"


class _Judge:
    """Gathers the outcomes of one path."""

    def __init__(
        self, context: Context, path: Path, use: Use, proof: Proof, fresh_since: datetime | None
    ) -> None:
        self.context = context
        self.path = path
        self.standing = context.trust.standing(path[-1])
        self.use = use
        self.proof = proof
        self.moment = proof.moment(context.at)
        self.fresh_since = fresh_since or self.moment
        self.verdicts: list[Verdict] = []
        self.findings: list[Finding] = []
        self.answers: list[tuple[Certificate, Answer]] = []
        self.condition = "unknown"
        self.unsettled: list[tuple[Certificate, Certificate]] = []
        self.compromised: datetime | None = (
            None  # the earliest compromise of a CA above, all below it being older
        )

    def judge(self) -> Chain:
        self._anchor()
        self._rules()
        self._usage()
        self._algorithms()
        self._periods()
        for position in range(len(self.path) - 2, -1, -1):
            self._revocation(self.path[position], self.path[position + 1])
        if len(self.path) == 1 and self.condition == "unknown":
            self.condition = "valid"  # the anchor itself: trusted by whoever chose it
        outcome = Outcome(worst(self.verdicts) if self.verdicts else PASSED, tuple(self.findings))
        return Chain(
            outcome,
            self.path,
            tuple(self.answers),
            self.condition,
            tuple(self.unsettled),
            self.standing.domain,
            anchored=True,
        )

    def _add(self, verdict: Verdict, reason: Reason, severity: Severity, **values: str) -> None:
        if verdict != PASSED:
            self.verdicts.append(verdict)
        self.findings.append(Finding(reason, severity, values))

    def _anchor(self) -> None:
        """What the store says of it. An anchor without a domain was given by who asks, and stands for itself."""
        standing, profile = self.standing, self.context.profile
        anchor = common_name(self.path[-1])
        if standing.domain and standing.domain not in profile.domains:
            verdict = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
            values = {"subject": common_name(self.path[0]), "profile": profile.name}
            values.update(_domain_names("domain", [TrustDomain(standing.domain)]))
            values.update(
                _domain_names("accepted", [each for each in TrustDomain if each in profile.domains])
            )
            self._add(verdict, trust_reasons.OTHER_DOMAIN, Severity.ERROR, **values)
        if standing.stamps_only and self.use is Use.SIGNING:
            verdict = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
            self._add(verdict, trust_reasons.STAMPS_ONLY, Severity.ERROR, anchor=anchor)
        if standing.granted_since is not None and self.moment < standing.granted_since:
            verdict = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
            values = {
                "anchor": anchor,
                "since": moment(standing.granted_since),
                "moment": moment(self.moment),
            }
            self._add(verdict, trust_reasons.NOT_GRANTED_THEN, Severity.ERROR, **values)
        if standing.good_until is not None and self.context.at > standing.good_until:
            verdict = indeterminate(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)
            values = {"anchor": anchor, "until": day(standing.good_until)}
            self._add(verdict, trust_reasons.LIST_STALE, Severity.ERROR, **values)

    def _rules(self) -> None:
        problem = violation(self.path)
        if problem is not None:
            verdict = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
            subject = common_name(self.path[0])
            self._add(verdict, reasons.PATH_RULE, Severity.ERROR, subject=subject, what=problem)

    def _usage(self) -> None:
        leaf = self.path[0]
        if not (_may_stamp(leaf) if self.use is Use.TIME_STAMPING else _may_sign(leaf)):
            verdict = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
            self._add(verdict, reasons.KEY_USAGE, Severity.ERROR, subject=common_name(leaf))

    def _algorithms(self) -> None:
        for certificate, issuer in zip(self.path, self.path[1:], strict=False):
            try:
                name = digest_name(certificate.parsed["signature_algorithm"])
                used = facts(issuer.public_key, name)
            except AlgorithmUnknown:
                continue  # `build` verified it, so this cannot be reached
            profile = self.context.profile
            if certificate != self.path[0]:
                verdict = weigh_ca_algorithm(profile, used, certificate.not_before)
            else:
                verdict = weigh_algorithm(profile, used, self.proof.existed_at)
            verdict = worst((verdict, self.context.ended(used, certificate.der)))
            if verdict != PASSED or used.digest == "sha1":
                severity = Severity.WARNING if verdict == PASSED else Severity.ERROR
                algorithm = f"{used.digest}/{used.key}-{used.bits}".upper()
                where = common_name(certificate)
                self._add(verdict, reasons.WEAK_ALGORITHM, severity, algorithm=algorithm, where=where)

    def _periods(self) -> None:
        for certificate in self.path[:-1]:
            if self.moment > certificate.not_after:
                self._expired(certificate)
            elif self.moment < certificate.not_before:
                self._not_yet(certificate)

    def _expired(self, certificate: Certificate) -> None:
        values = {"subject": common_name(certificate), "until": day(certificate.not_after)}
        if certificate == self.path[0]:
            self.condition = "expired"
            # its last second is a good one (RFC 5280, 4.1.2.5)
            if self.proof.surely_after(certificate.not_after + timedelta.resolution):
                self._add(failed(SubIndication.EXPIRED), reasons.EXPIRED, Severity.ERROR, **values)
                return
        verdict = indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
        self._add(verdict, reasons.EXPIRED_NO_POE, Severity.ERROR, **values)

    def _not_yet(self, certificate: Certificate) -> None:
        values = {"subject": common_name(certificate), "since": day(certificate.not_before)}
        verdict = indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
        if certificate == self.path[0]:
            self.condition = "not-yet-valid"
            if self.proof.existed_at is not None:  # it existed before its certificate did
                verdict = failed(SubIndication.NOT_YET_VALID)
        self._add(verdict, reasons.NOT_YET_VALID, Severity.ERROR, **values)

    def _revocation(self, certificate: Certificate, issuer: Certificate) -> None:
        leaf = certificate == self.path[0]
        found = status(
            self.context, certificate, issuer, self.fresh_since, known_before=self.compromised, signs=leaf
        )
        if leaf and certificate.short_lived and found.answer is None and not found.contested:
            self._settled("valid")
            return
        if found.answer is None:
            self._unsettled(certificate, issuer, found)
            return
        self.answers.append((certificate, found.answer))
        if found.answer.revoked_at is not None:
            self._revoked(certificate, found.answer, leaf)
            return
        if leaf:
            self._settled("valid")
            if found.older_than_moment:
                subject = common_name(certificate)
                self._add(PASSED, reasons.REVOCATION_BEFORE_TIMESTAMP, Severity.INFO, subject=subject)

    def _settled(self, condition: str) -> None:
        if self.condition == "unknown":
            self.condition = condition

    def _unsettled(self, certificate: Certificate, issuer: Certificate, found: Status) -> None:
        if self.compromised is not None:  # no later answer can help
            verdict = indeterminate(SubIndication.REVOKED_CA_NO_POE)
            values = {"subject": common_name(certificate), "since": moment(self.compromised)}
            self._add(verdict, reasons.COMPROMISED_CA_NO_ANSWER, Severity.ERROR, **values)
            return
        self.unsettled.append((certificate, issuer))
        subject = common_name(certificate)
        for vi, en in found.rejected:
            values = {"subject": subject, "why_vi": vi, "why_en": en}
            self.findings.append(Finding(reasons.REVOCATION_UNUSABLE, Severity.WARNING, values))
        verdict = indeterminate(SubIndication.TRY_LATER)
        self._add(verdict, reasons.NO_REVOCATION, Severity.ERROR, subject=subject)

    def _revoked(self, certificate: Certificate, answer: Answer, leaf: bool) -> None:
        revoked_at = answer.doubtful_since or answer.this_update
        values = {
            "subject": common_name(certificate),
            "revoked": moment(revoked_at),
            "cause_vi": names.cause(answer.reason, "vi"),
            "cause_en": names.cause(answer.reason, "en"),
        }
        proven_before = self.proof.existed_at is not None and self.proof.existed_at < revoked_at
        if not leaf:
            if proven_before and answer.reason in HARMLESS:
                self._add(PASSED, reasons.REVOKED_CA, Severity.WARNING, **values)
            elif proven_before and self._all_below_existed(certificate, revoked_at):
                self.compromised = min(revoked_at, self.compromised or revoked_at)
                self._add(PASSED, reasons.COMPROMISED_CA_LATER, Severity.WARNING, **values)
            else:
                verdict = indeterminate(SubIndication.REVOKED_CA_NO_POE)
                self._add(verdict, reasons.REVOKED_CA, Severity.ERROR, **values)
        elif proven_before:
            self._settled("valid")
            self._add(PASSED, reasons.REVOKED_LATER, Severity.INFO, **values)
        elif self.use is Use.TIME_STAMPING and answer.reason in HARMLESS and self.fresh_since < revoked_at:
            self._settled("valid")
            self._add(PASSED, reasons.RETIRED_LATER, Severity.WARNING, **values)
        else:
            self.condition = "revoked"
            surely = self.proof.surely_after(answer.revoked_at or answer.this_update)
            verdict = failed(SubIndication.REVOKED) if surely else indeterminate(SubIndication.REVOKED_NO_POE)
            self._add(
                verdict, reasons.REVOKED if surely else reasons.REVOKED_NO_POE, Severity.ERROR, **values
            )

    def _all_below_existed(self, authority: Certificate, moment: datetime) -> bool:
        """Is every certificate of the path that this CA vouches for proven to be older?"""
        below = self.path[: self.path.index(authority)]
        return all(self.context.existed_before(each.der, moment) for each in below)


def _domain_names(name: str, domains: list[TrustDomain]) -> dict[str, str]:
    vi, en = (", ".join(DOMAINS[each][language] for each in domains) for language in (0, 1))
    return {f"{name}_vi": vi, f"{name}_en": en}


_SIGNING_USAGES = frozenset({"digital_signature", "non_repudiation"})
_OTHER_PURPOSES = frozenset({"time_stamping", "ocsp_signing", "server_auth", "code_signing"})
# E-mail, documents (RFC 9336; Microsoft, Adobe), or anything.
_DOCUMENT_PURPOSES = frozenset(
    {
        "email_protection", "1.3.6.1.5.5.7.3.36", "microsoft_document_signing",
        "adobe_authentic_documents_trust", "any_extended_key_usage",
    }
)  # fmt: skip


def _may_sign(certificate: Certificate) -> bool:
    """Key usage must allow signatures where it speaks (RFC 5280, 4.2.1.3); a certificate that was issued for
    servers, code, time-stamps or OCSP signs no documents unless it was issued for those as well (4.2.1.12)."""
    usages, purposes = certificate.usages, certificate.purposes
    if usages is not None and not usages & _SIGNING_USAGES:
        return False
    return purposes is None or not purposes & _OTHER_PURPOSES or bool(purposes & _DOCUMENT_PURPOSES)


def _may_stamp(certificate: Certificate) -> bool:
    """RFC 3161, 2.3: exactly this extended usage, and critical."""
    usages = certificate.usages
    if usages is not None and not usages & _SIGNING_USAGES:
        return False
    return certificate.purposes == frozenset({"time_stamping"}) and certificate.purposes_critical
