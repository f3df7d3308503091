"""What a verdict rests on today (EN 319 102-1, 5.6; EN 319 142-1, 5.4): for `policies.renewal`.

For each signature the newest valid document time-stamp over it, else its own, else its certificate. While the file does
not carry what settles the signer's certificate (B-LT), that has to be asked still, so it counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from policies.renewal import Support, SupportKind
from policies.validation import PASSED, AlgorithmFacts
from policies.vocabulary import Level
from signer.trust.certificates import Certificate
from signer.trust.signatures import AlgorithmUnknown, digest_name, facts
from signer.validation.signature import Judgement
from signer.validation.timestamps import Stamp
from signer.validation.values import SignatureReport
from signer.validation.with_time import Placed
from signer.validation.x509_validation import Chain

_SELF_CONTAINED = {Level.B_LT, Level.B_LTA}


def of_document(
    opened: Mapping[int, Judgement],
    placed: Sequence[Placed],
    reports: Mapping[int, SignatureReport],
    at: datetime,
) -> tuple[Support, ...]:
    """Each once; none when there is no signature, or one did not pass. `at`: the time of validation."""
    found: dict[Support, None] = {}
    if any(reports[index].verdict != PASSED for index in opened):
        return ()
    covers = [each for each in placed if each.document and each.stamp.passed]
    for index, judgement in opened.items():
        name, revision = reports[index].field, judgement.subject.field.revision
        cover = max((c for c in covers if c.revision > revision), key=lambda c: c.revision, default=None)
        if cover is not None:
            found.setdefault(_stamped(SupportKind.DOCUMENT_TIMESTAMP, "", cover.stamp))
        elif judgement.stamp is not None and judgement.stamp.passed:
            found.setdefault(_stamped(SupportKind.SIGNATURE_TIMESTAMP, name, judgement.stamp))
        bare = cover is None and (judgement.stamp is None or not judgement.stamp.passed)
        if judgement.chain is not None and (bare or reports[index].level not in _SELF_CONTAINED):
            found.setdefault(_chained(SupportKind.CERTIFICATE, name, judgement.chain, at, ()))
    return tuple(found)


def _stamped(kind: SupportKind, name: str, stamp: Stamp) -> Support:
    if stamp.chain is None or stamp.time is None:
        raise ValueError("a time-stamp that passed has a time and a path")
    return _chained(kind, name, stamp.chain, stamp.time, stamp.algorithms)


def _chained(
    kind: SupportKind, name: str, chain: Chain, since: datetime, used: tuple[AlgorithmFacts, ...]
) -> Support:
    """The anchor is trusted by whoever chose it: it neither expires here nor was it signed by anybody."""
    vouched = chain.path[:-1] or chain.path
    pairs = zip(chain.path, chain.path[1:], strict=False)
    algorithms = dict.fromkeys((*used, *(each for pair in pairs for each in _signed(*pair))))
    return Support(kind, name, since, min(each.not_after for each in vouched), tuple(algorithms))


def _signed(certificate: Certificate, issuer: Certificate) -> tuple[AlgorithmFacts, ...]:
    try:
        return (facts(issuer.public_key, digest_name(certificate.parsed["signature_algorithm"])),)
    except AlgorithmUnknown:
        return ()  # a path is built of verified signatures, so this cannot be reached
