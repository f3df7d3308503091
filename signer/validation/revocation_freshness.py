"""Revocation status at a moment, and the revocation freshness checker (EN 319 102-1, 5.2.5).

Which answers settle the status of a certificate at the proven time T, seen from now:

(a) an answer of T or later, whatever happened since: conclusive;
(b) the answer that is current now (thisUpdate ≤ now ≤ nextUpdate): the newest there is;
(c) for CA certificates also an answer whose period includes T: CAs publish about theirs a few times a year.

An older answer about a signer proves nothing about T: he may have been revoked in between. After a
certificate's expiry an answer counts only if its issuer says that it keeps the status of expired ones.
No answer is not a yes.

Whom an authentic answer calls revoked is not called good by an older one, though that answer alone would not do: then
nothing is settled.

Below a CA that was compromised only answers count that are proven to be older than that (5.6.2.2), and of what was
signed with an algorithm that has ended since only what is proven to be older than its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from policies.validation import PASSED, AlgorithmFacts, ValidationProfile, weigh_algorithm
from signer.trust import crl, ocsp
from signer.trust.certificates import Certificate
from signer.trust.signatures import digest_name, facts
from signer.trust.status import Answer, AnswerUnusable, Kind
from signer.validation.context import Context

_SKEW = timedelta(minutes=5)
_HOLD = "certificate_hold"
# A key that was compromised may have antedated anything; one that merely ceased has not.
HARMLESS = frozenset({"superseded", "cessation_of_operation", "affiliation_changed"})


class _Responder(Enum):
    GOOD = "good"
    UNSETTLED = "unsettled"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known: `answer` decides (None: nothing does); `rejected`: why (vi, en) others do not. `contested`: one
    of those says "revoked"."""

    answer: Answer | None
    rejected: tuple[tuple[str, str], ...] = ()
    older_than_moment: bool = False
    contested: bool = False

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
    *,
    signs: bool = False,
) -> Status:
    """Status of `certificate` at `moment` by the context's material.

    A revocation outweighs every good answer, unless it was a hold and a newer answer lifted it. `known_before`: only
    an answer settles the matter that is proven to be older; revocations count however old they are. `signs`: it is a
    signer's, who gets no concession of CAs whatever his certificate says.
    """
    usable: list[Answer] = []
    contrary: list[Answer] = []
    rejected: list[tuple[str, str]] = []
    for answer in _answers(context, certificate, issuer, rejected):
        problem = _problem(context, answer, issuer, depth, known_before)
        if problem is None:
            usable.append(answer)
            continue
        rejected.append(problem)
        if answer.revoked_at is not None and problem not in _VOID:
            contrary.append(answer)
    usable.sort(key=lambda each: each.this_update, reverse=True)
    if known_before is not None:
        proven = [each for each in usable if context.existed_before(each.der, known_before)]
        if _decisive(proven, certificate, moment, context, signs) is None:
            against = contrary or [each for each in usable if each.revoked_at is not None]
            return Status(None, tuple(dict.fromkeys(rejected)), contested=bool(against))
        usable = [each for each in usable if each in proven or each.revoked_at is not None]
    decisive = _decisive(usable, certificate, moment, context, signs)
    if any(_speaks_against(each, decisive) for each in contrary):
        return Status(None, tuple(dict.fromkeys(rejected)), contested=True)
    older = decisive is not None and decisive.this_update < moment - context.profile.clock_tolerance
    return Status(decisive, tuple(dict.fromkeys(rejected)), older)


def _speaks_against(revoked: Answer, decisive: Answer | None) -> bool:
    if decisive is None:
        return True
    return decisive.revoked_at is None and (
        revoked.reason != _HOLD or revoked.this_update >= decisive.this_update
    )


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
        return _LATER
    if answer.next_update is not None and answer.next_update < answer.this_update:
        return "thời hạn của nó không hợp lý", "its period makes no sense"
    if answer.doubt is not None:
        return answer.doubt
    proven, used = context.existed.get(answer.der), list(_algorithms(answer, issuer))
    if any(weigh_algorithm(context.profile, each, proven) != PASSED for each in used):
        return "dùng thuật toán yếu", "it uses a weak algorithm"
    if any(context.ended(each, answer.der) != PASSED for each in used):
        return (
            "dùng thuật toán đã hết tin cậy và không chứng minh được có từ trước",
            "its algorithm has ended, and nothing proves it to be older",
        )
    match _responder(context, answer, issuer, depth, known_before):
        case _Responder.REVOKED:
            return _SIGNER_REVOKED
        case _Responder.UNSETTLED:
            return "chứng thư của người trả lời chưa được kiểm tra", "its signer's own status is not settled"
    return None


_LATER = "được công bố sau thời điểm kiểm tra", "it is from after the time of checking"
_SIGNER_REVOKED = "chứng thư của người trả lời đã bị thu hồi", "its signer's own certificate was revoked"
_VOID = (_LATER, _SIGNER_REVOKED)  # what says so says nothing at all


def _algorithms(answer: Answer, issuer: Certificate) -> Iterator[AlgorithmFacts]:
    """What the answer was signed with, and its delegated signer's certificate."""
    yield answer.algorithm
    if answer.signer != issuer:
        yield facts(issuer.public_key, digest_name(answer.signer.parsed["signature_algorithm"]))


def _responder(
    context: Context, answer: Answer, issuer: Certificate, depth: int, known_before: datetime | None
) -> _Responder:
    """A delegated responder says that it needs no check, or is checked once by somebody else's answer."""
    responder = answer.signer
    if answer.kind is Kind.CRL or responder == issuer:
        return _Responder.GOOD
    unchecked = responder.no_revocation_check or responder.short_lived
    if depth:
        return _by_the_issuer(context, responder, issuer) if unchecked else _Responder.UNSETTLED
    found = _status_of(context, responder, issuer, answer.produced_at, known_before)
    if found is not None and found.answer is not None and found.answer.revoked_at is not None:
        return _before_its_end(context, answer, found.answer)
    if found is None or (found.answer is None and not (unchecked and not found.contested)):
        context.need(responder, issuer)
        return _Responder.UNSETTLED
    return _Responder.GOOD


def _status_of(
    context: Context, responder: Certificate, issuer: Certificate, at: datetime, known_before: datetime | None
) -> Status | None:
    """None when there is too much to read. Of one that need not be checked only a revocation counts, whenever."""
    unchecked = responder.no_revocation_check or responder.short_lived
    key = responder, issuer, None if unchecked else at, known_before
    if key not in context.checked:
        if not context.may_look_up(responder):
            return None
        context.checked[key] = status(context, responder, issuer, at, 1, known_before)
    found: Status = context.checked[key]
    return found


def _by_the_issuer(context: Context, responder: Certificate, issuer: Certificate) -> _Responder:
    """Of the responder of a responder: what the CA itself says against it."""
    key = responder, issuer
    if key not in context.checked:
        if not context.may_look_up(responder):
            return _Responder.UNSETTLED
        said = _answers(context, responder, issuer, [])
        context.checked[key] = any(each.revoked_at is not None and each.signer == issuer for each in said)
    return _Responder.REVOKED if context.checked[key] else _Responder.GOOD


def _before_its_end(context: Context, answer: Answer, revocation: Answer) -> _Responder:
    """What stood before the responder was revoked still counts, by proof, or by its word where nobody stole its key.
    What it called revoked before then lets nothing else be settled."""
    since = revocation.doubtful_since or revocation.this_update
    before = answer.produced_at < since
    if context.existed_before(answer.der, since) or (before and revocation.reason in HARMLESS):
        return _Responder.GOOD
    return _Responder.UNSETTLED if before and answer.revoked_at is not None else _Responder.REVOKED


def _decisive(
    answers: list[Answer], certificate: Certificate, moment: datetime, context: Context, signs: bool
) -> Answer | None:
    """Of answers newest first, the one that settles the matter."""
    revoked = [each for each in answers if each.revoked_at is not None and each.reason != _HOLD]
    if revoked:
        return min(revoked, key=_revocation_time)
    settling = [each for each in answers if _settles(each, certificate, moment, context, signs)]
    held = next((each for each in answers if each.reason == _HOLD), None)
    if held is not None and (not settling or settling[0].this_update <= held.this_update):
        return held
    # What the file itself carries decides first: the verdict then needs nothing from outside.
    settling.sort(key=lambda each: each.der not in context.embedded)
    return settling[0] if settling else None


def _revocation_time(answer: Answer) -> datetime:
    return answer.doubtful_since or answer.this_update


def _settles(
    answer: Answer, certificate: Certificate, moment: datetime, context: Context, signs: bool
) -> bool:
    if not _still_kept(answer, certificate):
        return False
    profile = context.profile
    if answer.this_update >= moment - profile.clock_tolerance:
        return True
    until = _until(answer, profile)
    if profile.current_answers_suffice and answer.this_update - _SKEW <= context.at <= until:
        return True
    return certificate.authority and not signs and answer.this_update <= moment <= until


def is_current(answer: Answer, context: Context) -> bool:
    """Whether it is the newest that there is to be had now."""
    return context.at <= _until(answer, context.profile)


def _until(answer: Answer, profile: ValidationProfile) -> datetime:
    return answer.next_update or answer.this_update + profile.revocation_age_without_next_update


def _still_kept(answer: Answer, certificate: Certificate) -> bool:
    """ "Good" about a certificate that had expired may only mean that it was dropped from the list."""
    if answer.this_update <= certificate.not_after:
        return True
    since = answer.covers_expired_since
    return since is not None and since <= certificate.not_after
