"""Until when what proves a document can be checked, and when it must be renewed. Pure.

A time-stamp proves what it covers for as long as its authority's certificates have not expired and its algorithms are
reliable; before that a newer one has to cover it and everything that is needed to check it (ETSI EN 319 102-1, 5.6; a
preservation service watches both: ETSI TS 119 511; TT 15/2025/TT-BKHCN, PL I, names EN 319 142-1, whose 5.4.2 and 5.4.3
say what a renewal is made of. When it is due no clause of those says in days: that is ours).

    365 days   before that end a document is renewed, spread over the first quarter of a year
    180 days   before it an alarm is told: nights of half a year have failed by then, half a year remains

An authority whose certificate ends sooner is renewed after half of what was left when it stamped, and alarms after
three quarters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policies.validation import AlgorithmFacts, ValidationProfile, algorithm_end
from policies.vocabulary import State

MARGIN = timedelta(days=365)
ALARM = timedelta(days=180)
SPREAD = timedelta(days=90)  # documents that were stamped under one certificate all end on one day
WORTH = timedelta(days=30)  # a version that proves no longer than that is not kept
AGAIN = timedelta(hours=20)  # after a night that could not renew it: the next one
NO_GAIN = timedelta(days=30)  # until an authority is asked again whose certificate is still the old one
DIGEST_LIFE = timedelta(
    days=3650
)  # what a new time-stamp uses must not end within that, where there is a choice
DIGESTS = ("sha256", "sha384", "sha512")  # that authorities take, the usual one first
RENEWED = frozenset({State.ARCHIVED, State.ISSUED, State.FILED})


class SupportKind(StrEnum):
    DOCUMENT_TIMESTAMP = "document-timestamp"
    SIGNATURE_TIMESTAMP = "signature-timestamp"
    CERTIFICATE = "certificate"  # the signer's: its status is still asked of its issuer


@dataclass(frozen=True, slots=True)
class Support:
    """Something that a verdict rests on today, and that nothing newer covers.

    `since`: when it was made, `until`: the first expiry among its certificates, the anchor's aside; aware UTC.
    """

    kind: SupportKind
    field: str
    since: datetime
    until: datetime
    algorithms: tuple[AlgorithmFacts, ...] = ()


class Renewal(StrEnum):
    """What the next renewal is (EN 319 142-1, 5.4.3)."""

    FIRST = "first"  # the first archive time-stamp
    FURTHER = "further"  # one more, before the certificate of the last one expires
    STRONGER = "stronger"  # one more with another digest, before an algorithm ends


class Cause(StrEnum):
    """What ends the evidence."""

    CERTIFICATE = "certificate"
    ALGORITHM = "algorithm"


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the evidence of one version is good. `since`: when what ends first was made. Aware UTC."""

    good_until: datetime
    since: datetime
    cause: Cause
    kind: Renewal

    @property
    def renew_from(self) -> datetime:
        """When it has to be renewed: the margin before its end, and never before half of its life."""
        return max(self.good_until - MARGIN, self.since + (self.good_until - self.since) / 2)

    @property
    def alarm_from(self) -> datetime:
        """When an operator is told that it was not."""
        return max(self.good_until - ALARM, self.since + (self.good_until - self.since) * 3 / 4)

    def due(self, spread: float) -> datetime:
        """When this document is renewed. `spread`: 0 to 1, the document's own; never near the alarm."""
        room = min(SPREAD, (self.alarm_from - self.renew_from) / 2)
        return self.renew_from + max(room, timedelta()) * spread


def outlook(supports: Iterable[Support], profile: ValidationProfile) -> Outlook | None:
    """The outlook of what rests on all of these; None when there is nothing that proves anything."""
    found = tuple(supports)
    if not found:
        return None
    ends = [(until, cause, support.since) for support in found for until, cause in _ends(support, profile)]
    good_until, cause, since = min(ends, key=lambda each: each[0])
    kind = Renewal.FURTHER
    if cause is Cause.ALGORITHM:
        kind = Renewal.STRONGER
    elif all(each.kind is not SupportKind.DOCUMENT_TIMESTAMP for each in found):
        kind = Renewal.FIRST
    return Outlook(good_until, min(since, good_until), cause, kind)


def _ends(support: Support, profile: ValidationProfile) -> list[tuple[datetime, Cause]]:
    ends = [algorithm_end(profile, used) for used in support.algorithms]
    return [
        (support.until, Cause.CERTIFICATE),
        *((end, Cause.ALGORITHM) for end in ends if end is not None),
    ]


def digest_for(profile: ValidationProfile, at: datetime) -> str:
    """The digest of a new document time-stamp: the usual one that lasts, else the one that lasts longest."""
    ends = {name: dict(profile.digest_ends).get(name) for name in DIGESTS if name in profile.digests}
    for name, end in ends.items():
        if end is None or end >= at + DIGEST_LIFE:
            return name
    return max(ends, key=lambda name: ends[name] or at)


def worth_keeping(before: Outlook | None, after: Outlook | None) -> bool:
    """Whether a renewed version proves noticeably longer than the one before it."""
    if after is None:
        return False
    return before is None or after.good_until >= before.good_until + WORTH


def rules_of(profile: ValidationProfile) -> str:
    """A name for the profile's ends of algorithms: outlooks made under others are made again."""
    table = repr((sorted(profile.digests), sorted(profile.digest_ends), sorted(profile.key_ends)))
    return hashlib.sha256(table.encode()).hexdigest()[:16]


def spread_of(document: str) -> float:
    """Where in the spread a document stands: always the same, and its neighbours elsewhere."""
    return int.from_bytes(hashlib.sha256(document.encode()).digest()[:4]) / 2**32


def told(found: Outlook | None, profile: ValidationProfile) -> dict[str, str]:
    """An outlook as the record of its version carries it; empty without one."""
    if found is None:
        return {}
    return {
        "good_until": found.good_until.isoformat(),
        "since": found.since.isoformat(),
        "cause": found.cause,
        "kind": found.kind,
        "rules": rules_of(profile),
    }


def of_told(value: object) -> tuple[Outlook, str] | None:
    """What a record tells, with the name of its rules; None when it tells nothing that is understood."""
    if not isinstance(value, Mapping):
        return None
    fields = {name: str(text) for name, text in value.items()}
    try:
        good_until, since = (datetime.fromisoformat(fields[name]) for name in ("good_until", "since"))
        if good_until.tzinfo is None or since.tzinfo is None or since > good_until:
            return None
        return Outlook(good_until, since, Cause(fields["cause"]), Renewal(fields["kind"])), fields["rules"]
    except (KeyError, ValueError):
        return None
