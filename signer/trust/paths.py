"""Certification paths: built by signatures, never by name alone, then judged by RFC 5280, 6.1.

1. `build` walks from a certificate to the anchors through issuers whose key verifies the signature.
2. `violation` runs the path validation algorithm over one path, without time and without revocation:
   periods, revocation and algorithms are judged by the caller, against the moment that is proven.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, AcceptAllAlgorithms, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.sig_validate import SignatureValidator
from pyhanko_certvalidator.util import ConsList
from pyhanko_certvalidator.validate import intl_validate_path

from signer.trust.authority import problem
from signer.trust.certificates import Certificate, parse
from signer.trust.remembered import remembered
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, verify
from signer.trust.unreadable import MALFORMED

MAX_DEPTH = 8
MAX_PATHS = 8
MAX_SIGNATURE_CHECKS = 256

Path = tuple[Certificate, ...]
"""Leaf first, anchor last. A leaf that is itself an anchor is a path of one."""


@dataclass(slots=True)
class _Walk:
    anchors: frozenset[Certificate]
    by_subject: dict[bytes, list[Certificate]]
    found: list[Path]
    checks: int = 0


def build(leaf: Certificate, pool: Iterable[Certificate], anchors: Iterable[Certificate]) -> tuple[Path, ...]:
    """All paths from `leaf` to an anchor, shortest first; empty when there is none.

    Bounded in depth, count and signature checks: a hostile pool of certificates that all carry one name
    yields fewer paths, never more work.
    """
    walk = _Walk(frozenset(anchors), {}, [])
    for certificate in dict.fromkeys((*anchors, *pool)):
        walk.by_subject.setdefault(certificate.subject, []).append(certificate)
    _extend(walk, (leaf,))
    return tuple(sorted(walk.found, key=len))


def _extend(walk: _Walk, path: Path) -> None:
    last = path[-1]
    if last in walk.anchors:  # what the store says of the nearest one counts, whatever stands above it
        walk.found.append(path)
        return
    if len(path) >= MAX_DEPTH:
        return
    candidates = [c for c in walk.by_subject.get(last.issuer, ()) if c not in path]
    candidates.sort(key=lambda c: (c not in walk.anchors, _likelihood(last, c)))
    for issuer in candidates:
        if len(walk.found) >= MAX_PATHS or walk.checks >= MAX_SIGNATURE_CHECKS:
            return
        walk.checks += 1
        if issued(issuer, last):
            _extend(walk, (*path, issuer))


def dead_ends(
    leaf: Certificate, pool: Iterable[Certificate], anchors: Iterable[Certificate]
) -> tuple[Certificate, ...]:
    """The certificates above `leaf`, itself included, whose issuer is missing: nobody here signed them."""
    every = dict.fromkeys((*anchors, *pool))
    by_subject: dict[bytes, list[Certificate]] = {}
    for certificate in every:
        by_subject.setdefault(certificate.subject, []).append(certificate)
    waiting, seen, found = [leaf], {leaf}, []
    for certificate in waiting:
        above = [c for c in by_subject.get(certificate.issuer, ())[:MAX_PATHS] if issued(c, certificate)]
        if not above:
            found.append(certificate)
        new = [c for c in above if c not in seen][: MAX_DEPTH - len(seen)]
        seen.update(new)
        waiting += new
    return tuple(found)


def _likelihood(certificate: Certificate, issuer: Certificate) -> int:
    """Which candidates to try first: by key identifiers, a hint that proves nothing (RFC 5280, 4.2.1.1)."""
    wanted, given = certificate.authority_key_identifier, issuer.key_identifier
    if wanted is None or given is None:
        return 1
    return 0 if wanted == given else 2


def issued(issuer: Certificate, certificate: Certificate) -> bool:
    """Did this key sign this certificate? Names must agree as well (RFC 5280, 6.1.3 a)."""
    return issuer.subject == certificate.issuer and _signed_by(issuer.public_key, certificate.der)


@remembered(1024)
def _signed_by(public_key: bytes, der: bytes) -> bool:
    parsed = parse(der).parsed
    try:
        algorithm = parsed["signature_algorithm"]
        if algorithm.dump() != parsed["tbs_certificate"]["signature"].dump():
            return False
        verify(public_key, algorithm, parsed["signature_value"].native, parsed["tbs_certificate"].dump())
    except (SignatureWrong, AlgorithmUnknown, *MALFORMED):
        return False
    return True


def violation(path: Path) -> str | None:
    """The first rule of RFC 5280, 6.1 that the path breaks, as an English phrase; None when it holds.

    Name chaining, basic constraints, path length, key usage of CAs, name constraints, policies, critical
    extensions; and who may issue at all (`authority`). Signatures were verified by `build`.
    """
    return problem(path) or _violation(tuple(each.der for each in path))


class _AlreadyVerified(SignatureValidator):
    def validate_signature(self, *_args: Any, **_keywords: Any) -> None:
        """`build` admitted this link only after verifying it."""


_ANY_TIME = datetime(2020, 1, 1, tzinfo=UTC)
_ALWAYS = timedelta(days=365 * 1000)


@remembered(256)
def _violation(ders: tuple[bytes, ...]) -> str | None:
    leaf, *issuers = [parse(der).parsed for der in ders]
    if not issuers:
        return None
    anchor = CertTrustAnchor(issuers[-1])
    try:
        context = ValidationContext(
            trust_manager=SimpleTrustManager.build(trust_roots=[anchor]),
            moment=_ANY_TIME,
            time_tolerance=_ALWAYS,
            revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
            algorithm_usage_policy=AcceptAllAlgorithms(),
            signature_validator=_AlreadyVerified(),
        )
        candidate = ValidationPath(anchor, interm=issuers[-2::-1], leaf=leaf)
        state = ValProcState(cert_path_stack=ConsList.sing(candidate))
        _drive(intl_validate_path(context, candidate, proc_state=state))
    except (ValidationError, PathError) as exc:
        return str(exc.args[0])[:300]
    except MALFORMED as exc:
        return f"a certificate of the path cannot be read ({type(exc).__name__})"
    return None


def _drive(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that never waits: without fetchers there is nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()  # a guard: nothing that is wanted from outside while paths are judged is ever given
    raise NotImplementedError("path validation wanted the network")
