"""What a validation is worth: algorithm constraints, weights of changes, worst of a document.

ETSI EN 319 102-1 (indications and their order), ETSI TS 119 312 and TT 15/2025/TT-BKHCN, PL I (algorithms).
Pure: the signer's room finds facts, this module weighs them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from policies.vocabulary import Changes, Indication, SubIndication, TrustDomain


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


POLICY = "urn:antin:validation-policy:"


@dataclass(frozen=True, slots=True)
class ValidationProfile:
    """A signature policy (EN 319 102-1, 5.1.4.1), read from `validation.toml`. All lengths of time are `timedelta`.

    It is in effect in [`effective_from`, `effective_until`). `domains`: whose anchors it believes; an anchor that was
    given without a domain stands outside of them. `weak_digests` and `short_keys` name algorithms with the time until
    which they were reliable; whatever is neither there nor among the good ones was never reliable. `legacy_ca_until`:
    a CA certificate issued before that may be signed with SHA-1 (two generations of the government's CA are). Without
    `current_answers_suffice` only revocation answers of the proven time or later settle a signer's status.

    `digest_ends` and `key_ends` (kind, bits up to which, end) are about good algorithms: from then on they prove
    nothing by themselves, and what is proven to be older stays good (EN 319 102-1, 5.6.2.2 and 5.6.2.4).

    `version` grows whenever anything of it changes: name and version are its identifier, and what is published under
    one identifier stays as it was (docs/policy.md).
    """

    name: str
    version: int
    basis: str
    domains: frozenset[TrustDomain]
    effective_from: datetime
    effective_until: datetime | None
    digests: frozenset[str]
    weak_digests: tuple[tuple[str, datetime], ...]
    minimum_bits: tuple[tuple[str, int], ...]
    short_keys: tuple[tuple[str, int, datetime], ...]
    accept_weak: bool
    legacy_ca_until: datetime | None
    formats: frozenset[str]
    require_signing_certificate_reference: bool
    require_timestamp: bool
    clock_tolerance: timedelta
    revocation_age_without_next_update: timedelta
    current_answers_suffice: bool
    digest_ends: tuple[tuple[str, datetime], ...]
    key_ends: tuple[tuple[str, int, datetime], ...]

    @property
    def identifier(self) -> str:
        """What reports name it by (ETSI TS 119 102-2, 4.3.5): an identifier of exactly this version."""
        return f"{POLICY}{self.name}:{self.version}"

    def in_effect(self, at: datetime) -> bool:
        """Whether it is to be applied at that time."""
        return self.effective_from <= at and (self.effective_until is None or at < self.effective_until)


def weigh_algorithm(profile: ValidationProfile, facts: AlgorithmFacts, proven_at: datetime | None) -> Verdict:
    """Is the algorithm good enough (EN 319 102-1, 5.2.8.4.1 and 5.2.6.4)?

    `proven_at` is the earliest proven existence of the signed thing, None when nothing proves it. An
    algorithm that was reliable until a time needs that proof from before it, not of that very second; without
    any proof the answer is …_NO_POE.
    """
    until = reliable_until(profile, facts)
    if until == FOREVER:
        return PASSED
    if until is None:
        return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    if proven_at is None:
        return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    if proven_at < until and profile.accept_weak:
        return PASSED
    return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)


def algorithm_end(profile: ValidationProfile, facts: AlgorithmFacts) -> datetime | None:
    """When a good algorithm ceases to prove anything; None while nobody foresees it."""
    ends = [end for name, end in profile.digest_ends if name == facts.digest]
    ends += [end for key, bits, end in profile.key_ends if key == facts.key and facts.bits <= bits]
    return min(ends, default=None)


def weigh_end(
    profile: ValidationProfile, facts: AlgorithmFacts, proven_at: datetime | None, at: datetime
) -> Verdict:
    """Has the algorithm ended before what was made with it is proven to exist (EN 319 102-1, 5.6.2.4)?

    `proven_at`: the earliest proof, of whatever else but this algorithm; None: nothing but that it is there now, `at`.
    """
    end = algorithm_end(profile, facts)
    if end is None or min(at, proven_at or at) < end:
        return PASSED
    return indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)


def weigh_ca_algorithm(profile: ValidationProfile, facts: AlgorithmFacts, issued: datetime) -> Verdict:
    """The same for the signature on a CA's certificate, where its issuing time is what counts.

    A second preimage of SHA-1 is out of reach still, and the issuing CA chose what it signed.
    """
    if profile.legacy_ca_until is not None and facts.digest == "sha1" and issued < profile.legacy_ca_until:
        facts = AlgorithmFacts("sha256", facts.key, facts.bits)
    return weigh_algorithm(profile, facts, None)


FOREVER = datetime.max.replace(tzinfo=UTC)


def reliable_until(profile: ValidationProfile, facts: AlgorithmFacts) -> datetime | None:
    """Until when the profile takes an algorithm for reliable; `FOREVER` while there is no end, None: never."""
    digest = FOREVER if facts.digest in profile.digests else dict(profile.weak_digests).get(facts.digest)
    key = _key_until(profile, facts)
    if digest is None or key is None:
        return None
    return min(digest, key)


def _key_until(profile: ValidationProfile, facts: AlgorithmFacts) -> datetime | None:
    needed = dict(profile.minimum_bits).get(facts.key)
    if needed is None:
        return None
    if facts.bits >= needed:
        return FOREVER
    until = [end for key, bits, end in profile.short_keys if key == facts.key and facts.bits >= bits]
    return max(until, default=None)


@lru_cache(maxsize=32)
def fingerprint(profile: ValidationProfile) -> bytes:
    """SHA-256 over everything that a profile says: what a report names as the policy that was applied."""
    said = json.dumps(asdict(profile), sort_keys=True, default=_plain, ensure_ascii=False)
    return hashlib.sha256(said.encode()).digest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
