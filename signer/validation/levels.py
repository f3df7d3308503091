"""The PAdES level that a signature has reached in this file (EN 319 142-1, 6): what is there and holds."""

from __future__ import annotations

from collections.abc import Iterable

from policies.validation import PASSED, Verdict
from policies.vocabulary import Integrity, Level, SubIndication
from signer.trust.certificates import Certificate
from signer.validation.timestamps import Stamp
from signer.validation.x509_validation import Chain

_WAITING = {SubIndication.TRY_LATER, SubIndication.OUT_OF_BOUNDS_NO_POE}


def level(
    *,
    baseline: bool,
    chain: Chain | None,
    stamps: Iterable[Stamp],
    embedded: Iterable[bytes],
    archived: Iterable[frozenset[bytes]],
) -> Level:
    """The level of one signature.

    `baseline`: it has the format and attributes of B-B. `stamps`: time-stamps over it. `embedded`: material
    in the file. `archived`: for each later, intact document time-stamp, the material that it covers.
    """
    if not baseline:
        return Level.CMS
    proving = [stamp for stamp in stamps if _proves(stamp)]
    if not proving:
        return Level.B_B
    needed = None if chain is None else _material(chain, proving[0])
    if needed is None or not needed <= set(embedded):
        return Level.B_T
    if any(needed <= covered for covered in archived):
        return Level.B_LTA
    return Level.B_LT


def _proves(stamp: Stamp) -> bool:
    """Intact, of a trusted authority; its certificate's status may still be waiting for an answer."""
    return stamp.integrity is Integrity.INTACT and holds(stamp.outcome.verdict)


def holds(verdict: Verdict) -> bool:
    """Nothing is wrong with it, though more material may be wanted."""
    return verdict == PASSED or verdict.sub_indication in _WAITING


def _material(chain: Chain, stamp: Stamp) -> set[bytes] | None:
    """Certificates and answers for the signer and its time-stamp; None when something is missing."""
    found: set[bytes] = set()
    for each in (chain, stamp.chain):
        if each is None:
            return None
        settled = dict(each.answers)
        for certificate in each.path[:-1]:
            if not _settled(certificate, settled.keys()):
                return None
            found.add(certificate.der)
        found.update(answer.der for answer in settled.values())
    return found


def _settled(certificate: Certificate, settled: Iterable[Certificate]) -> bool:
    return certificate.short_lived or certificate in settled
