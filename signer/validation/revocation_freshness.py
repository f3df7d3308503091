"""Revocation status at a moment, and the revocation freshness checker (EN 319 102-1, 5.2.5).

Which answers settle the status of a certificate at the proven time T, seen from now:

(a) an answer of T or later, whatever happened since: conclusive;
(b) the answer that is current now (thisUpdate ≤ now ≤ nextUpdate): the newest there is;
(c) for CA certificates also an answer whose period includes T: CAs publish about theirs a few times a year.

An older answer about a signer proves nothing about T: he may have been revoked in between. After a
certificate's expiry an answer counts only if its issuer says that it keeps the status of expired ones.
No answer is not a yes.

Below a CA that was compromised only answers count that are proven to be older than that (5.6.2.2), and of what was
signed with an algorithm that has ended since only what is proven to be older than its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.validation import PASSED, AlgorithmFacts, ValidationProfile, weigh_algorithm
from signer.trust import crl, ocsp
from signer.trust.certificates import Certificate
from signer.trust.signatures import digest_name, facts
from signer.trust.status import Answer, AnswerUnusable, Kind
from signer.validation.context import Context

_SKEW = timedelta(minutes=5)
_HOLD = "certificate_hold"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known: `answer` decides (None: nothing does); `rejected`: why (vi, en) others do not."""

    answer: Answer | None
    rejected: tuple[tuple[str, str], ...] = ()
    older_than_moment: bool = False

    @property
    def revoked_at(self) -> datetime | None:
        return None if self.answer is None else self.answer.revoked_at


def status(
    context: Context,
    certificate: Certificate,
    issuer: Certificate,
    moment: datetime,
    depth: int = 0,
    known_before: datetime | None = None,
) -> Status:
    """Status of `certificate` at `moment` by the context's material.

    A revocation outweighs every good answer, unless it was a hold and a newer answer lifted it. `known_before`: only
    an answer settles the matter that is proven to be older; revocations count however old they are.
    """
    usable: list[Answer] = []
    rejected: list[tuple[str, str]] = []
    for answer in _answers(context, certificate, issuer, rejected):
        problem = _problem(context, answer, issuer, depth, known_before)
        if problem is None:
            usable.append(answer)
        else:
            rejected.append(problem)
    usable.sort(key=lambda each: each.this_update, reverse=True)
    if known_before is not None:
        proven = [each for each in usable if context.existed_before(each.der, known_before)]
        if _decisive(proven, certificate, moment, context) is None:
            return Status(None, tuple(dict.fromkeys(rejected)))
        usable = [each for each in usable if each in proven or each.revoked_at is not None]
    decisive = _decisive(usable, certificate, moment, context)
    older = decisive is not None and decisive.this_update < moment - context.profile.clock_tolerance
    return Status(decisive, tuple(dict.fromkeys(rejected)), older)


def _answers(
    context: Context, certificate: Certificate, issuer: Certificate, rejected: list[tuple[str, str]]
) -> Iterator[Answer]:
    responses = [der for der in context.ocsp if _may_be_about(der, certificate)]
    for read, material in ((ocsp.answer, responses), (crl.answer, context.crls)):
        for der in material:
            try:
                answer = read(der, certificate, issuer)
            except AnswerUnusable as exc:
                rejected.append((exc.vi, exc.en))
                continue
            if answer is not None:
                yield answer


def _may_be_about(response: bytes, certificate: Certificate) -> bool:
    known = ocsp.serials(response)
    return known is None or certificate.serial in known


def _problem(
    context: Context, answer: Answer, issuer: Certificate, depth: int, known_before: datetime | None
) -> tuple[str, str] | None:
    """Why an authentic answer must not be used here; None when it may."""
    if answer.this_update > context.at + _SKEW:
        return "được công bố sau thời điểm kiểm tra", "it is from after the time of checking"
    if answer.next_update is not None and answer.next_update < answer.this_update:
        return "thời hạn của nó không hợp lý", "its period makes no sense"
    if weigh_algorithm(context.profile, answer.algorithm, answer.this_update) != PASSED:
        return "dùng thuật toán yếu", "it uses a weak algorithm"
    if any(context.ended(used, answer.der) != PASSED for used in _algorithms(answer, issuer)):
        return (
            "dùng thuật toán đã hết tin cậy và không chứng minh được có từ trước",
            "its algorithm has ended, and nothing proves it to be older",
        )
    if not _responder_good(context, answer, issuer, depth, known_before):
        return "chứng thư của người trả lời chưa được kiểm tra", "its signer's own status is not settled"
    return None


def _algorithms(answer: Answer, issuer: Certificate) -> Iterator[AlgorithmFacts]:
    """What the answer was signed with, and its delegated signer's certificate."""
    yield answer.algorithm
    if answer.signer != issuer:
        yield facts(issuer.public_key, digest_name(answer.signer.parsed["signature_algorithm"]))


def _responder_good(
    context: Context, answer: Answer, issuer: Certificate, depth: int, known_before: datetime | None
) -> bool:
    """A delegated responder says that it needs no check, or is checked once by somebody else's answer."""
    responder = answer.signer
    if answer.kind is Kind.CRL or responder == issuer or responder.no_revocation_check:
        return True
    if responder.short_lived:
        return True
    if depth:
        return False
    found = status(context, responder, issuer, answer.produced_at, depth + 1, known_before)
    if found.answer is None:
        context.need(responder, issuer)
    return found.answer is not None and found.revoked_at is None


def _decisive(
    answers: list[Answer], certificate: Certificate, moment: datetime, context: Context
) -> Answer | None:
    """Of answers newest first, the one that settles the matter."""
    revoked = [each for each in answers if each.revoked_at is not None and each.reason != _HOLD]
    if revoked:
        return min(revoked, key=_revocation_time)
    settling = [each for each in answers if _settles(each, certificate, moment, context)]
    held = next((each for each in answers if each.reason == _HOLD), None)
    if held is not None and (not settling or settling[0].this_update <= held.this_update):
        return held
    # What the file itself carries decides first: the verdict then needs nothing from outside.
    settling.sort(key=lambda each: each.der not in context.embedded)
    return settling[0] if settling else None


def _revocation_time(answer: Answer) -> datetime:
    return answer.doubtful_since or answer.this_update


def _settles(answer: Answer, certificate: Certificate, moment: datetime, context: Context) -> bool:
    if not _still_kept(answer, certificate):
        return False
    profile = context.profile
    if answer.this_update >= moment - profile.clock_tolerance:
        return True
    until = _until(answer, profile)
    if profile.current_answers_suffice and answer.this_update - _SKEW <= context.at <= until:
        return True
    return certificate.authority and answer.this_update <= moment <= until


def _until(answer: Answer, profile: ValidationProfile) -> datetime:
    return answer.next_update or answer.this_update + profile.revocation_age_without_next_update


def _still_kept(answer: Answer, certificate: Certificate) -> bool:
    """ "Good" about a certificate that had expired may only mean that it was dropped from the list."""
    if answer.this_update <= certificate.not_after:
        return True
    since = answer.covers_expired_since
    return since is not None and since <= certificate.not_after
