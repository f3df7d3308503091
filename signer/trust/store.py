"""The trust store: which certificates are believed, for which domain, since when and why; and how that may change.

Values alone: `store_file` writes and reads them, signed. A store only grows: what is no longer believed stays listed
as removed, each change makes the next version, and the file says of every version what was done. So whoever holds the
newest file can tell which anchors stood at any time.

    add, remove, import_list, renew    store, what, when → the next version, or `TrustRefused`
    anchors                            store → what validation takes
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from policies.anchors import AnchorRole
from policies.reasons import trust as reasons
from policies.refusals import Both
from policies.vocabulary import TrustDomain
from policies.words import DOMAINS
from signer.errors import TrustRefused
from signer.trust.anchors import Standing, TrustAnchors
from signer.trust.certificates import Certificate, parse
from signer.trust.trusted_lists import SERVICE_TYPE, STAMPING, TrustedList

MOST_ENTRIES = 1000  # that are believed now: each is read for every file that is validated
MOST_DAYS = 400  # a store that nobody looks at for longer is no store


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate. `removed_in` is the version in which it was taken out, 0 while it is believed.

    `from_list`: the trusted list that named it, empty when a person did; `granted_since` and `service`, what kind of
    service it is for (URI), are the list's word.
    """

    certificate: bytes
    domain: TrustDomain
    role: AnchorRole
    source: str
    reason: str
    added_in: int
    added_at: datetime
    granted_since: datetime | None = None
    from_list: str = ""
    removed_in: int = 0
    removed_at: datetime | None = None
    removed_why: str = ""
    service: str = ""

    @property
    def believed(self) -> bool:
        return self.removed_in == 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, hexadecimal."""
        return parse(self.certificate).fingerprint.hex()


@dataclass(frozen=True, slots=True)
class ListState:
    """The newest issue of a trusted list that was taken in (TS 119 612, 5.3)."""

    name: str
    domain: TrustDomain
    sequence: int
    issued_at: datetime
    next_update: datetime
    signer: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Version:
    """What was done to make one version, by which act and why. `previous`: SHA-256 of the file before it."""

    number: int
    at: datetime
    act: str
    detail: str
    previous: str


@dataclass(frozen=True, slots=True)
class TrustStore:
    """One version of the store. Times are aware, UTC, in whole seconds; after `next_update` it is stale."""

    version: int
    issued_at: datetime
    next_update: datetime
    entries: tuple[Entry, ...]
    lists: tuple[ListState, ...]
    history: tuple[Version, ...]

    def believed(self) -> tuple[Entry, ...]:
        """What is not removed."""
        return tuple(each for each in self.entries if each.believed)


@dataclass(frozen=True, slots=True)
class Step:
    """When a change is made, how long the new version is good, and the digest of the file that it follows."""

    at: datetime
    days: int
    previous: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MOST_DAYS:
            raise ValueError(f"a version is good for 1 to {MOST_DAYS} days")


@dataclass(frozen=True, slots=True)
class New:
    """A certificate to be believed."""

    certificate: Certificate
    domain: TrustDomain
    role: AnchorRole
    source: str
    reason: str


def begin(step: Step) -> TrustStore:
    """The first version, which believes nobody."""
    at = _whole(step.at)
    return TrustStore(1, at, at + timedelta(days=step.days), (), (), (Version(1, at, "init", "", ""),))


def add(store: TrustStore, new: Iterable[New], step: Step) -> TrustStore:
    """With these certificates. Raises `TrustRefused` when one is there already, is no authority, or is too many."""
    number, entries = store.version + 1, list(store.entries)
    known = {each.certificate: each for each in store.believed()}
    added = []
    for each in new:
        der = each.certificate.der
        if der in known:
            domain = Both(*DOMAINS[known[der].domain])
            raise TrustRefused(reasons.ALREADY_THERE, found=each.certificate.fingerprint.hex(), domain=domain)
        _check_authority(each.certificate)
        entry = Entry(der, each.domain, each.role, each.source, each.reason, number, _whole(step.at))
        known[der] = entry
        added.append(entry)
    if not added:
        raise TrustRefused(reasons.NOTHING_NEW)
    detail = "; ".join(f"{each.domain} {each.role} {each.fingerprint}: {each.reason}" for each in added)
    return _next(store, "add", detail, step, entries=(*entries, *added))


def remove(store: TrustStore, fingerprint: str, why: str, step: Step) -> TrustStore:
    """Without the certificate of this SHA-256 fingerprint (lower-case hexadecimal). Raises `TrustRefused`."""
    number, found = store.version + 1, False
    entries = []
    for each in store.entries:
        if each.believed and each.fingerprint == fingerprint:
            each, found = _removed(each, number, step, why), True
        entries.append(each)
    if not found:
        raise TrustRefused(reasons.NOT_THERE, found=fingerprint)
    return _next(store, "remove", f"{fingerprint}: {why}", step, entries=tuple(entries))


def renew(store: TrustStore, why: str, step: Step) -> TrustStore:
    """The same, looked through by a person and found right."""
    return _next(store, "renew", why, step)


def import_list(store: TrustStore, found: TrustedList, domain: TrustDomain, step: Step) -> TrustStore:
    """With the services that a trusted list grants, and without those of its earlier issues that it no longer does.

    Raises `TrustRefused` for an issue older than the known one, or one that is past its NextUpdate.
    """
    known = next((each for each in store.lists if each.name == found.name), None)
    _check_issue(found, known, domain, step.at)
    number, at = store.version + 1, _whole(step.at)
    granted = {each.certificate: each for each in found.services}
    entries, here = [], set[bytes]()
    for each in store.entries:
        if each.believed and each.from_list == found.name:
            service = granted.get(each.certificate)
            same = service is not None and (each.granted_since, each.service, each.domain) == (
                service.granted_since,
                service.type,
                domain,
            )
            if not same:
                each = _removed(each, number, step, f"list {found.name}, issue {found.sequence}")
        if each.believed:
            here.add(each.certificate)
        entries.append(each)
    for service in granted.values():
        if service.certificate not in here:
            why = f"{service.name} ({service.type.rpartition('Svctype/')[2]}), issue {found.sequence}"
            source = f"trusted list {found.name}"
            anchor = AnchorRole.ANCHOR
            entry = Entry(
                service.certificate,
                domain,
                anchor,
                source,
                why,
                number,
                at,
                service.granted_since,
                found.name,
                service=service.type,
            )
            entries.append(entry)
    state = ListState(
        found.name, domain, found.sequence, found.issued_at, found.next_update, found.signer, found.sha256
    )
    lists = (*(each for each in store.lists if each.name != found.name), state)
    detail = f"{found.name}, issue {found.sequence}, {len(granted)} certificates"
    return _next(store, "import-list", detail, step, entries=tuple(entries), lists=lists)


def anchors(store: TrustStore, sha256: str) -> TrustAnchors:
    """What validation takes; its label is domains, version and short digest. Raises `TrustRefused` when it is empty."""
    believed = store.believed()
    tops = [each for each in believed if each.role is AnchorRole.ANCHOR]
    if not tops:
        raise TrustRefused(
            reasons.STORE_MALFORMED, what=Both("chưa có chứng thư gốc nào", "it has no anchor yet")
        )
    until = {each.name: each.next_update for each in store.lists}
    domains = "+".join(domain for domain in TrustDomain if any(each.domain is domain for each in believed))
    return TrustAnchors(
        tuple(each.certificate for each in tops),
        tuple(each.certificate for each in believed if each.role is AnchorRole.INTERMEDIATE),
        f"{domains} v{store.version} {sha256[:12]}",
        standings=tuple(
            Standing(
                each.certificate,
                each.domain,
                each.granted_since,
                until.get(each.from_list),
                _kind(each).startswith(STAMPING),
            )
            for each in tops
        ),
        good_until=store.next_update,
    )


def _kind(entry: Entry) -> str:
    """What its list grants it for; of entries from before that was kept, by the reason that was written then."""
    said = (
        re.search(r"\((\S+)\), issue \d+$", entry.reason) if entry.from_list and not entry.service else None
    )
    return SERVICE_TYPE + said[1] if said else entry.service


def _check_authority(certificate: Certificate) -> None:
    if not certificate.authority:
        shown = certificate.parsed.subject.human_friendly[:200]
        raise TrustRefused(reasons.NOT_AN_AUTHORITY, subject=shown)


def _check_issue(found: TrustedList, known: ListState | None, domain: TrustDomain, at: datetime) -> None:
    """TS 119 612, 5.3.2: the sequence number never goes back, and one number has one content."""
    if known is not None:
        older = found.sequence < known.sequence
        other = found.sequence == known.sequence and found.sha256 != known.sha256
        if older or other:
            numbers = {"found": found.sequence, "known": known.sequence}
            raise TrustRefused(reasons.LIST_ROLLED_BACK, name=found.name, **numbers)
        if found.sequence == known.sequence and domain is known.domain:
            raise TrustRefused(reasons.NOTHING_NEW)
    if at > found.next_update:
        raise TrustRefused(reasons.LIST_OUT_OF_DATE, name=found.name, until=f"{found.next_update:%d/%m/%Y}")
    if not found.services:
        raise TrustRefused(reasons.LIST_EMPTY, name=found.name)


def _removed(entry: Entry, number: int, step: Step, why: str) -> Entry:
    return replace(entry, removed_in=number, removed_at=_whole(step.at), removed_why=why)


def _next(
    store: TrustStore,
    act: str,
    detail: str,
    step: Step,
    *,
    entries: tuple[Entry, ...] | None = None,
    lists: tuple[ListState, ...] | None = None,
) -> TrustStore:
    at = _whole(step.at)
    version = Version(store.version + 1, at, act, detail, step.previous)
    made = replace(
        store,
        version=version.number,
        issued_at=at,
        next_update=at + timedelta(days=step.days),
        entries=store.entries if entries is None else entries,
        lists=store.lists if lists is None else lists,
        history=(*store.history, version),
    )
    if len(made.believed()) > MOST_ENTRIES:
        raise TrustRefused(reasons.TOO_MANY, limit=MOST_ENTRIES)
    return made


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
