"""What a validation is worth: profiles, algorithm constraints, weights of changes, worst of a document.

ETSI EN 319 102-1 (indications and their order), ETSI TS 119 312 and TT 15/2025/TT-BKHCN, PL I (algorithms).
Pure: the signer's room finds facts, this module weighs them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policies.vocabulary import Changes, Indication, SubIndication


@dataclass(frozen=True, slots=True)
class Verdict:
    """An indication with its sub-indication (EN 319 102-1, 5.1.3). TOTAL-PASSED has no sub-indication."""

    indication: Indication
    sub_indication: SubIndication | None = None


PASSED = Verdict(Indication.TOTAL_PASSED)
NO_SIGNATURE = Verdict(Indication.NO_SIGNATURE)


def failed(sub_indication: SubIndication) -> Verdict:
    """TOTAL-FAILED: nothing that is learned later can make it good."""
    return Verdict(Indication.TOTAL_FAILED, sub_indication)


def indeterminate(sub_indication: SubIndication) -> Verdict:
    """INDETERMINATE: neither a yes nor a no."""
    return Verdict(Indication.INDETERMINATE, sub_indication)


# Among equals, what cannot be cured by more material comes first: a reader must not be told to try later
# when the content was altered as well.
_SUB_ORDER: tuple[SubIndication | None, ...] = (
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.FORMAT_FAILURE,
    SubIndication.REVOKED,
    SubIndication.EXPIRED,
    SubIndication.NOT_YET_VALID,
    SubIndication.SIG_CONSTRAINTS_FAILURE,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.TIMESTAMP_ORDER_FAILURE,
    SubIndication.POLICY_PROCESSING_ERROR,
    SubIndication.SIGNED_DATA_NOT_FOUND,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
    SubIndication.NO_POE,
    SubIndication.TRY_LATER,
    None,
)
_ORDER = (
    Indication.TOTAL_FAILED,
    Indication.INDETERMINATE,
    Indication.TOTAL_PASSED,
    Indication.NO_SIGNATURE,
)


def severity_rank(verdict: Verdict) -> tuple[int, int]:
    """Sort key: the smallest is the worst."""
    return _ORDER.index(verdict.indication), _SUB_ORDER.index(verdict.sub_indication)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts: a document is as good as its worst signature. Empty: NO-SIGNATURE."""
    return min(verdicts, key=severity_rank, default=NO_SIGNATURE)


def weigh_changes(changes: Changes, *, annotations_permitted: bool = False) -> Verdict:
    """What the changes after a signature make of it (ISO 32000-2, 12.8.2; EN 319 102-1, 5.2.8).

    `annotations_permitted` is true only where every DocMDP that binds the file says P=3.
    """
    match changes:
        case Changes.NONE | Changes.LONG_TERM_DATA | Changes.FORM_FILL:
            return PASSED
        case Changes.ANNOTATIONS if annotations_permitted:
            return PASSED
        case Changes.FORBIDDEN:
            return failed(SubIndication.FORMAT_FAILURE)
        case _:
            return indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)


@dataclass(frozen=True, slots=True)
class AlgorithmFacts:
    """What a signature was made with: digest name as in `hashlib`, key kind (`rsa`, `ec`, `ed`), key bits."""

    digest: str
    key: str
    bits: int


@dataclass(frozen=True, slots=True)
class ValidationProfile:
    """A signature policy (EN 319 102-1, 5.1.4.1). All lengths of time are `timedelta`.

    `weak_digests` and `short_keys` name algorithms with the time until which they were reliable; whatever is
    neither there nor among the good ones was never reliable. `legacy_ca_until`: a CA certificate issued
    before that may be signed with SHA-1 (two generations of the government's CA are). Without
    `current_answers_suffice` only revocation answers of the proven time or later settle a signer's status.
    """

    name: str
    basis: str
    effective_from: datetime
    effective_until: datetime | None = None
    digests: frozenset[str] = frozenset()
    weak_digests: tuple[tuple[str, datetime], ...] = ()
    minimum_bits: tuple[tuple[str, int], ...] = (("rsa", 2048), ("ec", 256), ("ed", 255))
    short_keys: tuple[tuple[str, int, datetime], ...] = ()
    accept_weak: bool = False
    legacy_ca_until: datetime | None = None
    formats: frozenset[str] = frozenset({"ETSI.CAdES.detached", "adbe.pkcs7.detached", "ETSI.RFC3161"})
    require_signing_certificate_reference: bool = False
    require_timestamp: bool = False
    clock_tolerance: timedelta = timedelta(seconds=10)
    revocation_age_without_next_update: timedelta = timedelta(hours=24)
    current_answers_suffice: bool = True


def _utc(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


_GOOD = frozenset(
    {"sha256", "sha384", "sha512", "sha512_256", "sha3_256", "sha3_384", "sha3_512", "shake_256", "shake256"}
)
_SHA1_ENDED = _utc(2017)

AGENCY = ValidationProfile(
    name="agency",
    basis="TT 15/2025/TT-BKHCN, PL I và PL II; NĐ 68/2024/NĐ-CP",
    effective_from=_utc(2025),
    digests=_GOOD,
    weak_digests=(("sha1", _SHA1_ENDED), ("md5", _utc(2005)), ("sha224", _utc(2026))),
    short_keys=(("rsa", 1024, _utc(2011)), ("rsa", 1536, _utc(2017)), ("ec", 224, _utc(2017))),
    legacy_ca_until=_SHA1_ENDED,
)
PUBLIC = ValidationProfile(
    name="public",
    basis="TT 15/2025/TT-BKHCN, PL I và PL II; NĐ 23/2025/NĐ-CP, Điều 16",
    effective_from=_utc(2025),
    digests=_GOOD,
    weak_digests=AGENCY.weak_digests,
    short_keys=AGENCY.short_keys,
    legacy_ca_until=_SHA1_ENDED,
)
STRICT = ValidationProfile(
    name="strict",
    basis="ETSI EN 319 142-1 V1.2.1, mục 6; ETSI TS 119 312",
    effective_from=_utc(2025),
    digests=_GOOD,
    weak_digests=AGENCY.weak_digests,
    short_keys=AGENCY.short_keys,
    formats=frozenset({"ETSI.CAdES.detached", "ETSI.RFC3161"}),
    require_signing_certificate_reference=True,
    require_timestamp=True,
)
HISTORICAL = ValidationProfile(
    name="historical",
    basis="ETSI TS 119 312, thuật toán theo thời điểm ký",
    effective_from=_utc(2000),
    digests=_GOOD | {"sha224"},
    formats=frozenset(
        {
            "ETSI.CAdES.detached",
            "adbe.pkcs7.detached",
            "adbe.pkcs7.sha1",
            "adbe.x509.rsa_sha1",
            "ETSI.RFC3161",
        }
    ),
    weak_digests=AGENCY.weak_digests,
    short_keys=AGENCY.short_keys,
    accept_weak=True,
    legacy_ca_until=_SHA1_ENDED,
)
PROFILES: dict[str, ValidationProfile] = {
    profile.name: profile for profile in (AGENCY, PUBLIC, STRICT, HISTORICAL)
}


def weigh_algorithm(profile: ValidationProfile, facts: AlgorithmFacts, proven_at: datetime | None) -> Verdict:
    """Is the algorithm good enough (EN 319 102-1, 5.2.8.4.4.2)?

    `proven_at` is the earliest proven existence of the signed thing, None when nothing proves it. An
    algorithm that was reliable until a time needs that proof from before it; without any proof the answer
    is …_NO_POE.
    """
    until = _reliable_until(profile, facts)
    if until == _FOREVER:
        return PASSED
    if until is None:
        return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    if proven_at is None:
        return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    if proven_at <= until and profile.accept_weak:
        return PASSED
    return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)


def weigh_ca_algorithm(profile: ValidationProfile, facts: AlgorithmFacts, issued: datetime) -> Verdict:
    """The same for the signature on a CA's certificate, where its issuing time is what counts.

    A second preimage of SHA-1 is out of reach still, and the issuing CA chose what it signed.
    """
    if profile.legacy_ca_until is not None and facts.digest == "sha1" and issued < profile.legacy_ca_until:
        facts = AlgorithmFacts("sha256", facts.key, facts.bits)
    return weigh_algorithm(profile, facts, None)


_FOREVER = datetime.max.replace(tzinfo=UTC)


def _reliable_until(profile: ValidationProfile, facts: AlgorithmFacts) -> datetime | None:
    """None: never reliable."""
    digest = _FOREVER if facts.digest in profile.digests else dict(profile.weak_digests).get(facts.digest)
    key = _key_until(profile, facts)
    if digest is None or key is None:
        return None
    return min(digest, key)


def _key_until(profile: ValidationProfile, facts: AlgorithmFacts) -> datetime | None:
    needed = dict(profile.minimum_bits).get(facts.key)
    if needed is None:
        return None
    if facts.bits >= needed:
        return _FOREVER
    until = [end for key, bits, end in profile.short_keys if key == facts.key and facts.bits >= bits]
    return max(until, default=None)
