"""Who may issue certificates, where RFC 5280 says more than the path algorithm of our library asks.

A certificate of version 1 or 2 cannot say that it is a CA's (6.1.4 k), whatever extensions it carries against the
rules. An anchor is a name and a key (6.1.1 d), and whoever put it into the store answers for it; but a certificate of
version 3 says itself whether its key may verify certificates, and is believed where it says no (4.2.1.3, 4.2.1.9):
a signer or a time-stamp authority that was made an anchor stands for itself and for nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence

from signer.trust.certificates import Certificate


def problem(path: Sequence[Certificate]) -> str | None:
    """What forbids one of the issuers of this path to issue, leaf first and anchor last; None when nothing does."""
    if len(path) == 1:
        return None
    for certificate in path[:-1]:
        if certificate.version != 3 and certificate.extensions:
            return f"a certificate of version {certificate.version} carries extensions"
    if any(len(set(each.extensions)) < len(each.extensions) for each in path):
        return "a certificate of the path carries an extension twice"
    for issuer in path[1:-1]:
        if not issuer.authority:
            return "an intermediate certificate is not a CA"
    return _of_anchor(path[-1])


def _of_anchor(anchor: Certificate) -> str | None:
    if anchor.version != 3:
        return None
    if not anchor.authority:
        return "the trust anchor is not a CA: it stands for itself alone"
    if anchor.usages is not None and "key_cert_sign" not in anchor.usages:
        return "the trust anchor is not allowed to sign certificates"
    return None
