"""Issuers that are no CA: by their version, by what they say of themselves, or as an anchor of somebody who signs."""

from __future__ import annotations

from asn1crypto import x509 as asn1_x509

from tests.attacks.pdf.cases import Found, Made, attack, genuine
from tests.attacks.pdf.certificates import demo, rsa_key
from tests.attacks.pdf.handmade import Way, signed_data
from tests.signer.document import build
from tests.signer.trust.forge import Party, issue, of_version, rewritten, said_before, without

_SOURCE = "RFC 5280, 4.2.1.3, 4.2.1.9, 6.1.1 (d), 6.1.4 (k) and (n)"
_FOUND = Found("INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE", ("Leader",), ("verification.path-rule",))
_NO_CA = asn1_x509.BasicConstraints({"ca": False})
_AUTHORITIES = {
    "of version 1": of_version("v1"),
    "of version 1, whose extensions say CA": of_version("v1", bare=False),
    "of version 2": of_version("v2"),
    "of version 2, whose extensions say CA": of_version("v2", bare=False),
    "of version 3, without basic constraints": without("basic_constraints"),
    "first no CA, then one": said_before("basic_constraints", _NO_CA),
}


def _below(desk, ca: Party) -> tuple[Party, Party]:
    """A signer of this CA, which answers about him by CRL."""
    leaf = issue("", desk.answers(ca), subject=demo("Người ký"), key=rsa_key())
    return leaf, ca


def signed_by(desk, leaf: Party, *chain: Party) -> bytes:
    """No key of ours would be loaded with some of these certificates."""
    way = Way("sha256", "rsa", tuple(each.der for each in chain))
    return desk.sign(build.prepared(), cms=signed_data(leaf, way))


@attack("issuer that is no CA", _SOURCE, dict.fromkeys(_AUTHORITIES, _FOUND))
def in_the_middle(desk, variant, malicious):
    root = desk.identity("root")
    ca = issue("DEMO CA thử", root, ca=True, key=rsa_key())
    return signed_by(desk, *_below(desk, rewritten(ca, root, _AUTHORITIES[variant]) if malicious else ca))


@attack("issuer that is no CA", _SOURCE, {"that may not sign certificates": _FOUND})
def without_the_usage(desk, _variant, malicious):
    usage = ("crl_sign", "digital_signature") if malicious else None
    ca = issue("DEMO CA thử", desk.identity("root"), ca=True, usage=usage, key=rsa_key())
    return signed_by(desk, *_below(desk, ca))


_ANCHORS = {
    "an anchor, which is a person's certificate": {"usage": ("digital_signature", "crl_sign")},
    "an anchor, which may not sign certificates": {"ca": True, "usage": ("digital_signature", "crl_sign")},
}


@attack("issuer that is no CA", _SOURCE, dict.fromkeys(_ANCHORS, _FOUND))
def as_an_anchor(desk, variant, malicious):
    """Somebody's own certificate was put into the store: it must not vouch for others."""
    options = _ANCHORS[variant] if malicious else {"ca": True}
    anchor = desk.answers(issue("DEMO neo", key=rsa_key(), **options))
    return Made(signed_by(desk, *_below(desk, anchor)), trust=desk.trust(anchor))


@genuine(
    "authorities that say little",
    (
        "an anchor of version 1",
        "an anchor without key usage",
        "a CA without key usage",
        "a signer of version 1",
        "a signer who is an anchor himself",
    ),
)
def that_say_little(desk, variant):
    if variant.startswith("an anchor"):
        anchor = issue("DEMO neo", ca=True, key=rsa_key())
        change = of_version("v1") if variant.endswith("1") else without("key_usage")
        anchor = desk.answers(rewritten(anchor, anchor, change))
        return Made(signed_by(desk, *_below(desk, anchor)), trust=desk.trust(anchor))
    if variant == "a signer who is an anchor himself":
        leaf = issue("", subject=demo("Người ký"), key=rsa_key())
        return Made(signed_by(desk, leaf), trust=desk.trust(leaf))
    root = desk.identity("root")
    ca = issue("DEMO CA thử", root, ca=True, key=rsa_key())
    if variant == "a CA without key usage":
        return signed_by(desk, *_below(desk, rewritten(ca, root, without("key_usage"))))
    leaf, ca = _below(desk, ca)
    return signed_by(desk, rewritten(leaf, ca, of_version("v1")), ca)
