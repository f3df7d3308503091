"""Keys and certificates: everything that must not sign, by name."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import RevocationUnavailable, SigningRefused
from signer.keys import checks, pkcs12
from signer.keys.checks import SigningRules, check_before_signing
from signer.keys.development import DevelopmentKey
from signer.keys.software import SoftwareKey
from signer.trust.anchors import TrustAnchors
from tests.demo_pki import AT, DemoRevocation, demo_pki, trust
from tests.signer.trust.forge import issue, of_version, rewritten

ECDSA = SignatureAlgorithm(Scheme.ECDSA)


def rules(revocation=None, production=False, anchors=None):
    return SigningRules(anchors or trust(demo_pki()), revocation, production)


def refused(name, at=AT, **keywords):
    with pytest.raises(SigningRefused) as refusal:
        check_before_signing(demo_pki().signing_key(name), at, rules(**keywords))
    assert refusal.value.text("vi") and refusal.value.text("en")
    return refusal.value.reason


def self_signed(key, *, common_name="Nguyễn Văn An", **keywords):
    """A certificate over its own key, DER; `usage`, `ca`, `hash_` bend it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - dt.timedelta(days=1))
        .not_valid_after(AT + dt.timedelta(days=1))
    )
    for extension in keywords.get("extensions", ()):
        builder = builder.add_extension(extension, critical=True)
    default = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    signed = builder.sign(key, keywords.get("hash_", default))
    return signed.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("name", ["leader", "seal", "second-leader", "initial", "ecdsa-p256", "pss"])
def test_good_certificates_pass_and_give_their_path(name):
    key = demo_pki().signing_key(name)
    path = check_before_signing(key, AT, rules(DemoRevocation(demo_pki())))
    assert [each.der for each in path] == [key.certificate, demo_pki().issuing, demo_pki().root]


def test_expired():
    assert refused("expired") is reasons.CERTIFICATE_EXPIRED


def test_not_yet_valid():
    assert refused("not-yet-valid") is reasons.CERTIFICATE_NOT_YET_VALID


def test_the_period_is_judged_at_the_moment_of_signing():
    assert refused("leader", AT + dt.timedelta(days=4 * 365)) is reasons.CERTIFICATE_EXPIRED
    assert check_before_signing(demo_pki().signing_key("expired"), AT - dt.timedelta(days=200), rules())


def test_the_last_second_counts():
    key = demo_pki().leader
    last = x509.load_der_x509_certificate(key.certificate).not_valid_after_utc
    assert check_before_signing(key, last, rules())
    assert refused("leader", last + dt.timedelta(seconds=1)) is reasons.CERTIFICATE_EXPIRED


@pytest.mark.parametrize("no_ocsp", [False, True])
def test_revoked_by_ocsp_or_by_crl(no_ocsp):
    source = DemoRevocation(demo_pki())
    source.no_ocsp = no_ocsp
    assert refused("revoked", revocation=source) is reasons.CERTIFICATE_REVOKED


def test_a_path_to_another_root():
    assert refused("other-leader") is reasons.CHAIN_BROKEN


def test_issuers_that_are_missing():
    leader = demo_pki().leader
    lonely = DevelopmentKey(leader.private_key, leader.certificate, (), leader.algorithm)
    with pytest.raises(SigningRefused) as refusal:
        check_before_signing(lonely, AT, rules())
    assert refusal.value.reason is reasons.CHAIN_BROKEN
    helped = TrustAnchors((demo_pki().root,), (demo_pki().issuing,))
    assert check_before_signing(lonely, AT, rules(anchors=helped))


class Silent:
    def ocsp(self, *_):
        raise RevocationUnavailable("timeout")

    crl = ocsp


class Nothing:
    def ocsp(self, *_):
        return None

    crl = ocsp


class Garbage:
    def ocsp(self, *_):
        return b"<html>"

    crl = ocsp


class OfYesterday(DemoRevocation):
    """Replays answers that were true two weeks ago."""

    def ocsp(self, certificate, issuer, at):
        return super().ocsp(certificate, issuer, at - dt.timedelta(days=14))

    def crl(self, certificate, issuer, at):
        return super().crl(certificate, issuer, at - dt.timedelta(days=14))


class OfTomorrow(DemoRevocation):
    def ocsp(self, certificate, issuer, at):
        return super().ocsp(certificate, issuer, at + dt.timedelta(days=2))

    def crl(self, certificate, issuer, at):
        return super().crl(certificate, issuer, at + dt.timedelta(days=2))


class AboutAnother(DemoRevocation):
    """Good answers, about the seal's certificate, and the root's CRL for the issuing CA's."""

    def ocsp(self, _certificate, issuer, at):
        return super().ocsp(self.pki.seal.certificate, issuer, at)

    def crl(self, certificate, _issuer, at):
        return super().crl(certificate, self.pki.root, at)


@pytest.mark.parametrize("source", [Silent, Nothing, Garbage], ids=lambda kind: kind.__name__)
def test_no_answer_is_never_a_yes(source):
    assert refused("leader", revocation=source()) is reasons.STATUS_UNKNOWN


@pytest.mark.parametrize("source", [OfYesterday, OfTomorrow, AboutAnother], ids=lambda kind: kind.__name__)
def test_a_true_answer_for_another_day_or_another_certificate_is_no_answer(source):
    assert refused("leader", revocation=source(demo_pki())) is reasons.STATUS_UNKNOWN


def test_demo_certificates_in_production():
    assert refused("leader", production=True) is reasons.DEMO_IN_PRODUCTION
    leader = demo_pki().leader
    with pytest.raises(SigningRefused) as refusal:
        DevelopmentKey(leader.private_key, leader.certificate, production=True)
    assert refusal.value.reason is reasons.DEMO_IN_PRODUCTION


def test_a_development_key_takes_demo_certificates_only():
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(SigningRefused) as refusal:
        DevelopmentKey(key, self_signed(key))
    assert refusal.value.reason is reasons.NOT_A_DEMO_CERTIFICATE
    assert DevelopmentKey(key, self_signed(key, common_name="DEMO Nguyễn Văn An"))


def test_demo_is_a_word_not_a_syllable():
    key = ec.generate_private_key(ec.SECP256R1())
    assert not checks.is_demo(self_signed(key, common_name="DEMOCRACY Ltd"))


@pytest.mark.parametrize("usage", ["key_cert_sign", "key_encipherment"])
def test_certificates_for_other_uses(usage):
    key = rsa.generate_private_key(65537, 2048)
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    names += " key_cert_sign crl_sign encipher_only decipher_only"
    flags = dict.fromkeys(names.split(), False)
    der = self_signed(key, extensions=[x509.KeyUsage(**{**flags, usage: True})])
    with pytest.raises(SigningRefused) as refusal:
        check_before_signing(SoftwareKey(key, der), AT, rules(anchors=TrustAnchors((der,))))
    assert refusal.value.reason is reasons.CERTIFICATE_USAGE


def test_a_ca_certificate_does_not_sign_documents():
    key = rsa.generate_private_key(65537, 2048)
    der = self_signed(key, extensions=[x509.BasicConstraints(ca=True, path_length=None)])
    with pytest.raises(SigningRefused) as refusal:
        check_before_signing(SoftwareKey(key, der), AT, rules(anchors=TrustAnchors((der,))))
    assert refusal.value.reason is reasons.CERTIFICATE_USAGE


WEAK = {
    "RSA 1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 (to be refused)
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("make", WEAK.values(), ids=WEAK.keys())
def test_weak_and_foreign_keys_are_refused_at_load(make):
    key = make()
    algorithm = ECDSA if isinstance(key, ec.EllipticCurvePrivateKey) else SignatureAlgorithm()
    with pytest.raises(SigningRefused) as refusal:
        SoftwareKey(key, self_signed(key), (), algorithm)
    assert refusal.value.reason is reasons.WEAK_KEY


def test_rsa_below_2048_by_one_bit():
    key = rsa.generate_private_key(65537, 2047)  # noqa: S505 (to be refused)
    with pytest.raises(SigningRefused) as refusal:
        SoftwareKey(key, self_signed(key))
    assert refusal.value.reason is reasons.WEAK_KEY


def test_key_and_certificate_that_do_not_match():
    with pytest.raises(SigningRefused) as refusal:
        SoftwareKey(demo_pki().leader.private_key, demo_pki().seal.certificate)
    assert refusal.value.reason is reasons.KEY_MISMATCH


@pytest.mark.parametrize(
    ("name", "algorithm"), [("leader", ECDSA), ("ecdsa-p256", SignatureAlgorithm(Scheme.RSA_PSS))]
)
def test_a_scheme_that_does_not_fit_the_key(name, algorithm):
    with pytest.raises(SigningRefused) as refusal:
        demo_pki().signing_key(name, algorithm)
    assert refusal.value.reason is reasons.ALGORITHM_MISMATCH


@pytest.mark.parametrize("broken", [b"", b"\x30\x00", b"no certificate", b"\x30\x82\xff\xff"])
def test_broken_certificates(broken):
    leader = demo_pki().leader
    with pytest.raises(SigningRefused) as refusal:
        SoftwareKey(leader.private_key, broken)
    assert refusal.value.reason is reasons.CERTIFICATE_UNREADABLE
    with pytest.raises(SigningRefused):
        SoftwareKey(leader.private_key, leader.certificate, (broken,))


def test_a_certificate_of_version_2_is_refused_like_any_other_that_cannot_be_read():
    root = issue("Root", ca=True)
    with pytest.raises(SigningRefused) as refusal:
        SoftwareKey(demo_pki().leader.private_key, rewritten(root, root, of_version("v2")).der)
    assert refusal.value.reason is reasons.CERTIFICATE_UNREADABLE


def test_too_many_or_too_large_certificates():
    leader = demo_pki().leader
    for chain in ((demo_pki().issuing,) * 7, (bytes(20_000),)):
        with pytest.raises(SigningRefused) as refusal:
            SoftwareKey(leader.private_key, leader.certificate, chain)
        assert refusal.value.reason is reasons.CERTIFICATE_UNREADABLE


def test_the_private_key_is_never_printed():
    shown = repr(demo_pki().leader)
    assert "private" not in shown
    assert "30" not in shown


def test_pkcs12_round_trip(tmp_path):
    path = tmp_path / "leader.p12"
    demo_pki().write_pkcs12("leader", path, "mật khẩu")
    assert path.stat().st_mode & 0o777 == 0o600
    for source in (path, path.read_bytes()):
        key = pkcs12.load(source, "mật khẩu", SignatureAlgorithm(Scheme.RSA_PSS, Digest.SHA384))
        assert key.certificate == demo_pki().leader.certificate
        assert set(key.chain) == set(demo_pki().leader.chain)
        assert check_before_signing(key, AT, rules())


def test_pkcs12_that_does_not_open(tmp_path):
    path = tmp_path / "leader.p12"
    demo_pki().write_pkcs12("leader", path, "right")
    blob = path.read_bytes()
    for source, password in (
        (blob, "wrong"),
        (blob, None),
        (blob[:-30], "right"),
        (b"", "right"),
        (b"junk", None),
        (bytes(2 << 20), "right"),
    ):
        with pytest.raises(SigningRefused) as refusal:
            pkcs12.load(source, password)
        assert refusal.value.reason is reasons.PKCS12_UNREADABLE


def test_pkcs12_with_a_certificate_alone():
    certificate = x509.load_der_x509_certificate(demo_pki().leader.certificate)
    blob = serialization.pkcs12.serialize_key_and_certificates(
        b"x", None, certificate, None, serialization.BestAvailableEncryption(b"p")
    )
    with pytest.raises(SigningRefused) as refusal:
        pkcs12.load(blob, "p")
    assert refusal.value.reason is reasons.PKCS12_UNREADABLE


def test_pkcs12_with_a_demo_key_in_production(tmp_path):
    path = tmp_path / "leader.p12"
    demo_pki().write_pkcs12("leader", path, "p")
    with pytest.raises(SigningRefused) as refusal:
        pkcs12.load(path, "p", production=True)
    assert refusal.value.reason is reasons.DEMO_IN_PRODUCTION


def test_a_certificate_signed_with_sha1_is_refused(monkeypatch):
    monkeypatch.setattr(checks, "hash_name", lambda _certificate: "sha1")
    assert refused("leader") is reasons.WEAK_CERTIFICATE
