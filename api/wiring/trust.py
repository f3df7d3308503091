"""The trust of a process: its signed store, opened with the pinned key and never older than one it has seen; and where
its answers on revocation and the certificates that signatures leave out come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import Settings, SettingsError
from api.trust_files import Remembered, is_store, load_key, open_store, save_new, save_store
from api.wiring.clock import clock
from policies.anchors import AnchorRole
from policies.reasons import trust as reasons
from policies.vocabulary import TrustDomain
from signer.errors import DocumentRefused, SandboxUnavailable, TrustRefused
from signer.keys.checks import is_demo
from signer.sandbox import Sandbox
from signer.trust import anchors, store
from signer.trust.anchors import TrustAnchors
from signer.trust.certificates import parse
from signer.trust.issuers import HttpCertificateSource
from signer.trust.revocation import HttpRevocationSource, RevocationLimits
from signer.trust.revocation_cache import CachedRevocationSource, CacheLimits, Until
from signer.trust.store_file import Opened
from signer.trust.store_keys import StoreKey, StorePin

if TYPE_CHECKING:
    from api.demo.pki import DemoPki

_UNTIL = "signer.trust.kept_until:kept_until"


def of_service(given: Settings, demo: DemoPki | None) -> TrustAnchors:
    """What this process believes. Raises SettingsError without any, `TrustRefused` for a store that is not to be
    believed: by another key, altered, older than one seen, or with demo anchors in production."""
    if given.trust is None and demo is not None:
        return demo_store(demo)
    if given.trust is None:
        raise SettingsError("trust: the signed trust store is needed (antin trust init)")
    if given.trust_key:
        seen = Remembered(given.data_dir / "trust.seen")
        return of_store(given.trust, given.trust_key, seen, production=given.production)
    if given.production:
        raise TrustRefused(reasons.STORE_UNSIGNED)
    if is_store(given.trust):
        raise SettingsError(
            f"trust_key: the key that {given.trust} is signed with is needed; antin trust show tells it"
        )
    return anchors.load(given.trust)


def of_store(path: Path, pin: str, seen: Remembered | None, *, production: bool = False) -> TrustAnchors:
    """The anchors of a store's file. Raises as `of_service`."""
    opened = open_store(path, StorePin.parse(pin), seen)
    if production:
        _check_no_demo(opened)
    return store.anchors(opened.store, opened.sha256)


def demo_store(demo: DemoPki) -> TrustAnchors:
    """The demo's own store, made once, and signed anew when half of its time is over."""
    path, secret = demo.directory / "trust.json", demo.directory / "trust.key"
    at = clock()
    step = store.Step(at, store.MOST_DAYS)
    if not secret.exists():
        save_new(secret, StoreKey.generate("demo/antin-trust").secret().encode() + b"\n")
    key = load_key(secret)
    if path.exists():
        opened = open_store(path, key.pin, None)
        if opened.store.next_update - at > timedelta(days=store.MOST_DAYS / 2):
            return store.anchors(opened.store, opened.sha256)
        made = store.renew(opened.store, "demo", store.Step(at, store.MOST_DAYS, opened.sha256))
    else:
        root = store.New(parse(demo.root), TrustDomain.DEMO, AnchorRole.ANCHOR, "demo PKI", "DEMO")
        made = store.add(store.begin(step), [root], step)
    return store.anchors(made, save_store(path, made, key))


def _check_no_demo(opened: Opened) -> None:
    for each in opened.store.believed():
        if each.domain is TrustDomain.DEMO or is_demo(each.certificate):
            subject = parse(each.certificate).parsed.subject.human_friendly[:200]
            raise TrustRefused(reasons.DEMO_IN_PRODUCTION, subject=subject)


def revocation(
    folder: Path,
    sandbox: Sandbox,
    *,
    offline: bool,
    age: timedelta | None = None,
    count: Callable[[str, str], None] | None = None,
) -> CachedRevocationSource:
    """Answers of the network, kept in the folder; offline only what is kept there."""
    inner = None if offline else HttpRevocationSource(RevocationLimits(kept_bytes=0))
    limits = CacheLimits() if age is None else CacheLimits(age=age)
    return CachedRevocationSource(inner, folder, clock, until=in_worker(sandbox), limits=limits, count=count)


def issuers(hosts: Iterable[str], *, offline: bool) -> HttpCertificateSource | None:
    """Who may be asked for an issuer's certificate that a signature leaves out; None: nobody."""
    named = tuple(hosts)
    return None if offline or not named else HttpCertificateSource(named)


def in_worker(sandbox: Sandbox) -> Until:
    """What came from the network is read by a worker alone, also to learn how long it may be kept."""

    def until(kind: str, body: bytes, certificate: bytes, issuer: bytes) -> datetime | None:
        try:
            found = sandbox.call(_UNTIL, kind, body, certificate, issuer)
        except (DocumentRefused, SandboxUnavailable):
            return None
        return found if isinstance(found, datetime) else None

    return until
