"""Time-stamp validation (EN 319 102-1, 5.4; RFC 3161): does this token prove that something existed?

1. format, one signer, a TSTInfo inside   2. the authority's certificate, as the token names it
3. the imprint is that of the data        4. the token's own signature verifies
5. the certificate was good for time-stamping at the time that is proven for the token itself
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import tsp

from policies.reasons import verification as reasons
from policies.refusals import Reason
from policies.validation import (
    PASSED,
    AlgorithmFacts,
    Verdict,
    failed,
    indeterminate,
    weigh_algorithm,
    weigh_end,
    worst,
)
from policies.vocabulary import Integrity, Severity, SubIndication
from signer.trust import signatures
from signer.trust.signatures import AlgorithmUnknown
from signer.trust.unreadable import MALFORMED
from signer.validation.context import Context
from signer.validation.cryptographic import DigestOf, verify_message
from signer.validation.format_checking import (
    SIGNATURE_TIME_STAMP,
    TST_INFO,
    FormatProblem,
    SignedMessage,
    read,
)
from signer.validation.names import clean, common_name, moment
from signer.validation.proof import Proof
from signer.validation.revocation_freshness import is_current
from signer.validation.signing_certificate import identify
from signer.validation.values import Evidence, Finding, Outcome, TimestampFacts
from signer.validation.x509_validation import Chain, Use, validate

MAX_TOKENS = 8  # of one signature
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The outcome for one token. `time` is genTime, proven only when the verdict passed.

    `integrity` is about token and imprint: broken means that it belongs to other bytes or was altered.
    """

    outcome: Outcome
    integrity: Integrity
    time: datetime | None = None
    authority: str = ""
    digest: str = ""
    chain: Chain | None = None
    message: SignedMessage | None = None
    algorithms: tuple[AlgorithmFacts, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome.verdict == PASSED

    @property
    def facts(self) -> TimestampFacts:
        chain = None if self.chain is None else self.chain.facts
        token = b"" if self.message is None else self.message.der
        return TimestampFacts(self.authority, self.time, self.passed, self.outcome.verdict, token, chain)


@dataclass(frozen=True, slots=True)
class _Info:
    imprint: bytes
    digest: str
    time: datetime


def material(contents: bytes) -> Evidence:
    """Certificates and revocation material that a signature and the tokens in it carry, or a token alone; none of what
    cannot be read."""
    try:
        message = read(contents)
    except FormatProblem:
        return Evidence()
    found = Evidence(tuple(each.der for each in message.certificates), message.ocsp, message.crls)
    for token in message.unsigned.get(SIGNATURE_TIME_STAMP, [])[:MAX_TOKENS]:
        found = found + _of_token(token)
    return found.distinct()


def _of_token(token: Any) -> Evidence:
    try:
        message = read(token.dump())
    except (FormatProblem, *MALFORMED):
        return Evidence()
    return Evidence(tuple(each.der for each in message.certificates), message.ocsp, message.crls)


def validate_token(context: Context, token: bytes, data: DigestOf, proof: Proof) -> Stamp:
    """Validate one token over the data whose digests `data` gives. `proof`: of the token itself."""
    try:
        message = read(token)
        info = _info(message)
    except FormatProblem as exc:
        return _broken(exc.reason, **exc.values)
    found = identify(message, context.certificates, context.profile, must_name=True)
    certificate = found.certificate
    if certificate is None:
        return Stamp(found.outcome, Integrity.UNKNOWN, info.time, message=message)
    authority = common_name(certificate)
    verified = verify_message(message, certificate, _content_digest(message))
    outcomes = [verified.outcome, _imprint(info, data), found.outcome]
    broken = verified.integrity is Integrity.BROKEN or outcomes[1].verdict != PASSED
    chain = validate(context, certificate, Use.TIME_STAMPING, proof, fresh_since=info.time)
    if chain.passed and proof.existed_at is None:
        _look_again(context, chain)
    outcomes += [chain.outcome, _plausible(context, certificate.valid_at(info.time), authority, info)]
    used = _used((message.digest, verified.digest, info.digest), certificate.public_key)
    outcomes.append(_algorithms(context, used, proof))
    integrity = Integrity.BROKEN if broken else verified.integrity
    verdict = worst(each.verdict for each in outcomes)
    findings = tuple(finding for each in outcomes for finding in each.findings)
    if not message.padded_with_zeros:
        findings = (*findings, Finding(reasons.CMS_PADDING, Severity.WARNING))
    outcome = Outcome(verdict, findings)
    return Stamp(outcome, integrity, info.time, authority, info.digest, chain, message, used)


def _look_again(context: Context, chain: Chain) -> None:
    """Nothing proves when the token was made: whoever stole the authority's key could antedate it, so its status now is
    worth asking for (EN 319 102-1, 5.4). Without an answer that of its genTime stands."""
    issuers = dict(zip(chain.path, chain.path[1:], strict=False))
    for certificate, answer in chain.answers:
        if certificate in issuers and not is_current(answer, context):
            context.need(certificate, issuers[certificate])


def _broken(reason: Reason, **values: str) -> Stamp:
    outcome = Outcome(failed(SubIndication.FORMAT_FAILURE), (Finding(reason, Severity.ERROR, values),))
    return Stamp(outcome, Integrity.UNKNOWN)


def _info(message: SignedMessage) -> _Info:
    if message.content_type != TST_INFO or message.content is None or message.attributes is None:
        raise FormatProblem(reasons.TIMESTAMP_WRONG, what="không có TSTInfo / no TSTInfo")
    try:
        info = tsp.TSTInfo.load(message.content, strict=True)
        if info["version"].native != "v1" or any(
            each["critical"].native for each in info["extensions"] or ()
        ):
            raise FormatProblem(reasons.TIMESTAMP_WRONG, what="TSTInfo: version, critical extension")
        imprint = info["message_imprint"]
        time = info["gen_time"].native
        digest = str(imprint["hash_algorithm"]["algorithm"].native)
        return _Info(bytes(imprint["hashed_message"].native), digest, time.astimezone(UTC))
    except MALFORMED as exc:
        raise FormatProblem(reasons.TIMESTAMP_WRONG, what="TSTInfo") from exc


def _content_digest(message: SignedMessage) -> DigestOf:
    content = message.content or b""

    def compute(name: str) -> bytes:
        return signatures.digest(name, content)

    return compute


def _imprint(info: _Info, data: DigestOf) -> Outcome:
    try:
        if hmac.compare_digest(data(info.digest), info.imprint):
            return Outcome()
        verdict: Verdict = failed(SubIndication.HASH_FAILURE)
        what = "giá trị băm không khớp / imprint"
        return Outcome(verdict, (Finding(reasons.TIMESTAMP_WRONG, Severity.ERROR, {"what": what}),))
    except OSError:
        verdict = indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
        return Outcome(verdict, (Finding(reasons.DATA_NOT_FOUND, Severity.ERROR),))
    except AlgorithmUnknown as exc:
        verdict = indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
        values = {"what": clean(exc)}
        return Outcome(verdict, (Finding(reasons.ALGORITHM_UNKNOWN, Severity.ERROR, values),))


def _plausible(context: Context, inside: bool, authority: str, info: _Info) -> Outcome:
    """genTime outside of the authority's own certificate, or not yet come: clock or certificate is wrong."""
    if inside and info.time <= context.at + _SKEW:
        return Outcome()
    values = {"what": f"genTime {moment(info.time)}, {authority}"}
    finding = Finding(reasons.TIMESTAMP_WRONG, Severity.ERROR, values)
    return Outcome(indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE), (finding,))


def _used(digests: tuple[str, ...], public_key: bytes) -> tuple[AlgorithmFacts, ...]:
    """What the token, its content's digest and its imprint were made with, as far as it is known."""
    found = []
    for digest in dict.fromkeys(digests):
        try:
            found.append(signatures.facts(public_key, digest))
        except AlgorithmUnknown:
            continue  # the verification has said so already
    return tuple(found)


def _algorithms(context: Context, every: tuple[AlgorithmFacts, ...], proof: Proof) -> Outcome:
    verdicts, findings = [], []
    for used in every:
        verdict = weigh_algorithm(context.profile, used, proof.existed_at)
        verdict = worst((verdict, weigh_end(context.profile, used, proof.existed_at, context.at)))
        if verdict != PASSED:
            algorithm = f"{used.digest}/{used.key}-{used.bits}".upper()
            values = {"algorithm": algorithm, "where": "dấu thời gian / time-stamp"}
            verdicts.append(verdict)
            findings.append(Finding(reasons.WEAK_ALGORITHM, Severity.ERROR, values))
    return Outcome(worst(verdicts) if verdicts else PASSED, tuple(findings))
