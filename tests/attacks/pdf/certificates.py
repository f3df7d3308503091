"""Certificates that say the right names: from the wrong issuer, for another key, for another purpose."""

from __future__ import annotations

import hashlib

from asn1crypto import cms as asn1_cms
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from policies.algorithms import SignatureAlgorithm
from signer.creation import cms as cms_builder
from signer.keys.development import DevelopmentKey
from tests.attacks.pdf.cases import PATHS, Found, attack
from tests.attacks.pdf.handmade import Way, signed_data
from tests.signer.document import build
from tests.signer.trust.forge import Party, issue

_RESPONDER = x509.UniformResourceIdentifier("http://ocsp.example.gov.vn")
# pyHanko asks for no OCSP response about a certificate that names no responder.
ANSWERED = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _RESPONDER)]
)
_NO_CHAIN = Found("INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND", ("Leader",), ("verification.no-path",))
_CHAIN = Found("INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE", ("Leader",))


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def signed_by(desk, leaf: Party, *chain: Party) -> bytes:
    key = DevelopmentKey(leaf.key, leaf.der, tuple(party.der for party in chain), SignatureAlgorithm())
    return desk.sign(
        build.prepared(), cms=lambda signed: cms_builder.build(hashlib.sha256(signed).digest(), key)
    )


def demo(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"DEMO {name}")])


def _same_names(desk) -> tuple[Party, ...]:
    """A forged chain with the very names of the trusted one."""
    names = {name: desk.identity(name).certificate.subject for name in ("root", "issuing", "leader")}
    root = issue("", ca=True, subject=names["root"], key=rsa_key())
    ca = issue("", root, ca=True, subject=names["issuing"], key=rsa_key())
    return issue("", ca, subject=names["leader"], key=rsa_key()), ca, root


def _same_serial(desk) -> tuple[Party, ...]:
    """The forged leaf has the real one's serial number, and the real CA stands in the signature."""
    real = desk.identity("leader").certificate
    ca = issue("", ca=True, subject=desk.identity("issuing").certificate.subject, key=rsa_key())
    leaf = issue("", ca, subject=real.subject, serial=real.serial_number, key=rsa_key())
    return leaf, desk.identity("issuing")


def _self_signed(desk) -> tuple[Party, ...]:
    return (issue("", subject=desk.identity("leader").certificate.subject, key=rsa_key()),)


def _own_root(desk) -> tuple[Party, ...]:
    """The root's names and numbers, signed by itself, brought along in the signature."""
    real = desk.identity("root").certificate
    root = issue("", ca=True, subject=real.subject, serial=real.serial_number, key=rsa_key())
    return issue("", root, subject=demo("Người ký"), key=rsa_key()), root


def _leaf_as_authority(desk) -> tuple[Party, ...]:
    """A good certificate of a person issues another."""
    leader = desk.identity("leader")
    leaf = issue("", leader, subject=demo("Chủ tịch giả"), key=rsa_key())
    return leaf, leader, desk.identity("issuing")


def _too_long(desk) -> tuple[Party, ...]:
    """A CA that may issue to nobody but signers issues another CA."""
    first = desk.answers(issue("DEMO CA 1", desk.identity("root"), ca=True, path_length=0, key=rsa_key()))
    second = desk.answers(issue("DEMO CA 2", first, ca=True, key=rsa_key()))
    return issue("", second, subject=demo("Người ký"), key=rsa_key()), second, first


def _beyond_the_names(desk) -> tuple[Party, ...]:
    """A CA for one domain of names issues for another."""
    subtree = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO Sở A")]))
    limits = x509.NameConstraints(permitted_subtrees=[subtree], excluded_subtrees=None)
    ca = desk.answers(
        issue("DEMO CA A", desk.identity("root"), ca=True, key=rsa_key(), extensions=((limits, True),))
    )
    return issue("", ca, subject=demo("Sở B"), key=rsa_key()), ca


def _unknown_critical(desk) -> tuple[Party, ...]:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    ca = _fresh_authority(desk)
    return issue("", ca, subject=demo("Người ký"), key=rsa_key(), extensions=((strange, True),)), ca


def _for_a_server(desk) -> tuple[Party, ...]:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    ca = _fresh_authority(desk)
    return issue("", ca, subject=demo("Máy chủ"), key=rsa_key(), extensions=((usage, True),)), ca


def _for_encryption(desk) -> tuple[Party, ...]:
    ca = _fresh_authority(desk)
    return issue("", ca, subject=demo("Người ký"), key=rsa_key(), usage=("key_encipherment",)), ca


def _no_authority(desk) -> tuple[Party, ...]:
    """The issuer's certificate says that it is no CA."""
    ca = issue("DEMO CA", desk.identity("root"), usage=("digital_signature", "key_cert_sign"), key=rsa_key())
    return issue("", desk.answers(ca), subject=demo("Người ký"), key=rsa_key()), ca


def _fresh_authority(desk) -> Party:
    return desk.answers(issue("DEMO CA thử", desk.identity("root"), ca=True, key=rsa_key()))


_FORGED = {
    "the right names from the wrong issuer": (_same_names, _NO_CHAIN),
    "the right serial number from the wrong issuer": (_same_serial, _NO_CHAIN),
    "the right name, signed by itself": (_self_signed, _NO_CHAIN),
    "the root's name and number from somebody else": (_own_root, _NO_CHAIN),
}
_MISUSED = {
    "a person's certificate issues another": (_leaf_as_authority, _CHAIN),
    "a path longer than its CA permits": (_too_long, _CHAIN),
    "a name outside of what its CA may name": (_beyond_the_names, _CHAIN),
    "a critical extension that nobody knows": (_unknown_critical, _CHAIN),
    "a server's certificate signs": (_for_a_server, _CHAIN),
    "a key for encryption signs": (_for_encryption, _CHAIN),
    "the issuer is no CA": (_no_authority, _CHAIN),
}


@attack(
    "certificate with the right name from the wrong issuer",
    PATHS,
    {name: found for name, (_, found) in _FORGED.items()},
)
def forged(desk, variant, malicious):
    return signed_by(desk, *_FORGED[variant][0](desk)) if malicious else desk.signed()


@attack("certificate that may not sign", PATHS, {name: found for name, (_, found) in _MISUSED.items()})
def misused(desk, variant, malicious):
    if malicious:
        return signed_by(desk, *_MISUSED[variant][0](desk))
    ca = _fresh_authority(desk)
    return signed_by(desk, issue("", ca, subject=demo("Người ký"), key=rsa_key()), ca)


@attack(
    "certificate that may not sign",
    PATHS,
    {
        "a responder's certificate signs": _CHAIN,
        "a time-stamp authority's certificate signs": _CHAIN,
        "a revoked certificate signs": Found("INDETERMINATE/REVOKED_NO_POE", ("Leader",)),
        "an expired certificate signs": Found("INDETERMINATE/OUT_OF_BOUNDS_NO_POE", ("Leader",)),
        "a stranger's certificate signs": _NO_CHAIN,
    },
)
def of_the_demo(desk, variant, malicious):
    roles = {"responder": "ocsp", "time-stamp": "tsa", "revoked": "revoked", "expired": "expired"}
    role = next((role for word, role in roles.items() if word in variant), "other-leader")
    return desk.sign(build.prepared(), role=role if malicious else "leader")


@attack(
    "certificate substitution",
    "RFC 5035, 1; RFC 2634, 5",
    {
        "another certificate over the same key": Found(
            "INDETERMINATE/NO_SIGNING_CERTIFICATE_FOUND",
            ("Leader",),
            ("verification.signing-certificate-mismatch",),
        ),
        "the certificate is taken away": Found("INDETERMINATE/NO_SIGNING_CERTIFICATE_FOUND", ("Leader",)),
    },
)
def substituted(desk, variant, malicious):
    real = desk.identity("leader")
    subject, serial = real.certificate.subject, real.certificate.serial_number
    twin = issue("", desk.identity("issuing"), subject=subject, key=real.key, serial=serial)

    def swap(cms: bytes) -> bytes:
        info = asn1_cms.ContentInfo.load(cms)
        kept = [c for c in info["content"]["certificates"] if c.chosen.dump() != real.der]
        if variant.startswith("another"):
            kept.insert(0, asn1_cms.CertificateChoices({"certificate": asn1_cms.Certificate.load(twin.der)}))
        info["content"]["certificates"] = kept
        return info.dump(force=True)

    make = desk.cms_of("leader")
    return desk.sign(build.prepared(), cms=(lambda signed: swap(make(signed))) if malicious else make)


@attack(
    "certificate substitution",
    "RFC 5035, 3; RFC 2634, 5.4",
    {
        "the older attribute names another": Found(
            "INDETERMINATE/NO_SIGNING_CERTIFICATE_FOUND",
            ("Leader",),
            ("verification.signing-certificate-mismatch",),
        )
    },
)
def named_twice(desk, _variant, malicious):
    """SHA-1 and SHA-256 references side by side, for older readers: those see another signer."""
    real = desk.identity("leader")
    other = desk.identity("seal") if malicious else real
    digest = hashlib.sha1(other.der, usedforsecurity=False).digest()
    older = tsp.SigningCertificate({"certs": [{"cert_hash": digest}]})
    chain = (desk.identity("issuing").der, other.der)
    way = Way(certificates=chain, more=(("signing_certificate", older),))
    return desk.sign(build.prepared(), cms=signed_data(real, way))
