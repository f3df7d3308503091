"""Answers on revocation that do not speak of the signer, or say in critical words what nobody here knows."""

from __future__ import annotations

from asn1crypto import core
from cryptography import x509

from tests.attacks.pdf.cases import Found, attack, genuine
from tests.attacks.pdf.certificates import ANSWERED, demo, rsa_key, signed_by
from tests.signer.trust import forge
from tests.signer.trust.forge import NOW, Party, issue, named

_SOURCE = "RFC 5280, 5.2, 5.3 and 6.3.3; RFC 6960, 4.4"
_NO_ANSWER = Found("INDETERMINATE/TRY_LATER", ("Leader",), ("verification.revocation-unusable",))
_ODD = "1.3.6.1.4.1.99999.5"
_STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier(_ODD), b"\x05\x00")
_ELSEWHERE = x509.CertificateIssuer([x509.DirectoryName(named("DEMO CA khác"))])
_SUSPECTED = x509.InvalidityDate(NOW.replace(tzinfo=None))
_HERE = x509.UniformResourceIdentifier("http://crl.example.gov.vn/ca.crl")
_POINTS = x509.CRLDistributionPoints([x509.DistributionPoint([_HERE], None, None, None)])


def _scope(**given) -> tuple[x509.IssuingDistributionPoint, bool]:
    names = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    flags = (
        "only_contains_user_certs",
        "only_contains_ca_certs",
        "indirect_crl",
        "only_contains_attribute_certs",
    )
    return x509.IssuingDistributionPoint(**{**names, **dict.fromkeys(flags, False), **given}), True


_SOMEWHERE = x509.UniformResourceIdentifier("http://crl.example.gov.vn/other.crl")
_REASONS = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded})
_OF_ENTRIES = {
    "a critical extension of an entry": (_STRANGE, True),
    "an entry of another issuer": (_ELSEWHERE, True),
    "an entry of another issuer, not critical": (_ELSEWHERE, False),
}
_OF_LISTS = {
    "a critical extension of the list": (_STRANGE, True),
    "a delta": (x509.DeltaCRLIndicator(1), True),
    "for authorities": _scope(only_contains_ca_certs=True),
    "for attribute certificates": _scope(only_contains_attribute_certs=True),
    "for some reasons": _scope(only_some_reasons=_REASONS),
    "for another distribution point": _scope(full_name=[_SOMEWHERE]),
    "of several issuers": _scope(indirect_crl=True),
}
_OF_RESPONSES = {
    "a critical extension of the response": "of_all",
    "a critical extension of the answer": "of_one",
}


def _answered(desk, **options) -> bytes:
    """Signed below a CA that answers by this CRL, in which somebody else stands."""
    ca = issue("DEMO CA thử", desk.identity("root"), ca=True, key=rsa_key())
    other = issue("DEMO Khác", ca)
    desk.says(ca, crl=lambda at: forge.crl(ca, [(other, NOW)], this=at, **options))
    leaf = issue("", ca, subject=demo("Người ký"), key=rsa_key(), extensions=((_POINTS, False),))
    return signed_by(desk, leaf, ca)


@attack(
    "answer that is none",
    _SOURCE,
    dict.fromkeys((f"CRL: {name}" for name in (*_OF_ENTRIES, *_OF_LISTS)), _NO_ANSWER),
)
def by_list(desk, variant, malicious):
    name = variant.removeprefix("CRL: ")
    if not malicious:
        return _answered(desk)
    if name in _OF_ENTRIES:
        return _answered(desk, of_entries=(_OF_ENTRIES[name],))
    return _answered(desk, extensions=(_OF_LISTS[name],))


@attack(
    "answer that is none",
    _SOURCE,
    dict.fromkeys((f"OCSP response: {name}" for name in _OF_RESPONSES), _NO_ANSWER),
)
def by_response(desk, variant, malicious):
    place = _OF_RESPONSES[variant.removeprefix("OCSP response: ")]
    return _responded(desk, place, critical=malicious)


def _responded(desk, place: str, *, critical: bool) -> bytes:
    ca = issue("DEMO CA thử", desk.identity("root"), ca=True, key=rsa_key())
    leaf = issue("", ca, subject=demo("Người ký"), key=rsa_key(), extensions=((ANSWERED, False),))
    more = {place: [(_ODD, critical, core.ParsableOctetString(core.Null().dump()))]}
    desk.says(ca, ocsp=lambda at: forge.extended(forge.answer(leaf, ca, this=at), ca.key, **more))
    return signed_by(desk, leaf, ca)


@attack(
    "answer that is none",
    _SOURCE,
    {"CRL: about an authority, for users": Found("INDETERMINATE/TRY_LATER", ("Leader",))},
)
def about_an_authority(desk, _variant, malicious):
    upper = issue("DEMO CA trên", desk.identity("root"), ca=True, key=rsa_key())
    scope = _scope(only_contains_user_certs=True) if malicious else _scope(only_contains_ca_certs=True)
    desk.says(upper, crl=lambda at: forge.crl(upper, this=at, extensions=(scope,)))
    ca: Party = desk.answers(issue("DEMO CA dưới", upper, ca=True, key=rsa_key()))
    return signed_by(desk, issue("", ca, subject=demo("Người ký"), key=rsa_key()), ca, upper)


_GOOD_LISTS = {
    "for users": {"extensions": (_scope(only_contains_user_certs=True),)},
    "for the signer's distribution point": {"extensions": (_scope(full_name=[_HERE]),)},
    "with a critical number": {"extensions": ((x509.CRLNumber(7), True),)},
    "with an extension that nobody knows": {"extensions": ((_STRANGE, False),)},
    "with entries that nobody knows": {"of_entries": ((_STRANGE, False),)},
    "with critical dates of suspicion": {"of_entries": ((_SUSPECTED, True),)},
}


@genuine("revocation lists", tuple(_GOOD_LISTS))
def good_lists(desk, variant):
    return _answered(desk, **_GOOD_LISTS[variant])
