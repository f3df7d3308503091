"""Time-stamp authorities that come and go over decades, each with a root and a CA of its own, and what they answer."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.demo import tsa as demo_tsa
from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from signer.augmentation import archive_timestamp, revocation_data
from signer.creation import append
from signer.keys.development import DevelopmentKey
from signer.timestamping.direct import DirectTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust.anchors import TrustAnchors
from tests.profiles import AGENCY
from tests.signer.trust.forge import DER, YEAR, Party, issue
from tests.signer.validation.office import Direct, PkiSource

PARTIES = ("root", "ca", "tsa")
PEM = serialization.Encoding.PEM
STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
HASHES = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}


class Authority:
    """Root → CA → TSA, valid from `since` for `years`, all signed with one digest. Answers by CRL."""

    def __init__(self, name, since, years=10, digest="sha256"):
        self.digest = digest
        span = {"since": since, "until": since + years * YEAR, "digest": HASHES[digest]}
        key = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
        self.root = issue(f"DEMO {name} Root", ca=True, key=key[0], **span)
        self.ca = issue(f"DEMO {name} CA", self.root, ca=True, key=key[1], **span)
        self.tsa = issue(f"DEMO {name} TSA", self.ca, key=key[2], extensions=[(STAMPING, True)], **span)
        self.revoked = {}  # certificate → (since when known, reason, suspected since)

    def save(self, folder):
        """For another process."""
        folder.mkdir()
        (folder / "digest").write_text(self.digest)
        for name in PARTIES:
            party = getattr(self, name)
            key = party.key.private_bytes(
                PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (folder / f"{name}.pem").write_bytes(key + party.certificate.public_bytes(PEM))

    @classmethod
    def load(cls, folder):
        made = cls.__new__(cls)
        made.digest, made.revoked = (folder / "digest").read_text(), {}
        for name in PARTIES:
            pem = (folder / f"{name}.pem").read_bytes()
            key = serialization.load_pem_private_key(pem, None)
            setattr(made, name, Party(x509.load_pem_x509_certificate(pem), key))
        return made

    def signing_key(self, _identity):
        algorithm = SignatureAlgorithm(Scheme.RSA_PKCS1V15, Digest(self.digest))
        return DevelopmentKey(self.tsa.key, self.tsa.der, (self.ca.der, self.root.der), algorithm)

    def token(self, imprint, digest, at):
        rules = TokenRules(TrustAnchors((self.root.der,)))
        return DirectTimestampAuthority(lambda request: demo_tsa.respond(self, request, at), rules).token(
            imprint, digest
        )

    def revoke(self, party, at, reason=x509.ReasonFlags.key_compromise, suspected=None):
        self.revoked[party.certificate.serial_number] = (at, reason, suspected)

    def crl(self, issuer, at):
        """What the issuer (DER) published by then; None when it is none of ours."""
        party = next((each for each in (self.root, self.ca) if each.der == issuer), None)
        return None if party is None else crl_of(party, self.revoked, at, HASHES[self.digest])


def crl_of(party, revoked, at, digest):
    """A CRL of the party that lists these serial numbers as far as it was known by then."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(party.certificate.subject)
    builder = builder.last_update(at).next_update(at + timedelta(days=7))
    for serial, (since, reason, suspected) in revoked.items():
        if since > at:
            continue
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if suspected is not None:
            entry = entry.add_extension(x509.InvalidityDate(suspected.replace(tzinfo=None)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(party.key, digest).public_bytes(DER)


class Answers:
    """All that is published at a time: by the demo PKI as long as that answers, and by every authority."""

    def __init__(self, pki, authorities, *, pki_answers=True):
        self.inner = PkiSource(pki) if pki_answers else None
        self.pki, self.authorities = pki, authorities

    def ocsp(self, certificate, issuer, at):
        if self.inner is None or issuer not in (self.pki.root, self.pki.issuing):
            return None
        return self.inner.ocsp(certificate, issuer, at)

    def crl(self, certificate, issuer, at):
        if self.inner is not None and issuer in (self.pki.root, self.pki.issuing):
            return self.inner.crl(certificate, issuer, at)
        found = (each.crl(issuer, at) for each in self.authorities)
        return next((each for each in found if each is not None), None)


class Century:
    """An office whose archive goes on: `at` is moved, authorities change, documents are renewed."""

    def __init__(self, office, *authorities):
        self.office, self.authorities = office, authorities
        self.trust = TrustAnchors((office.pki.root, *(each.root.der for each in authorities)), label="all")
        self.pki_answers = True

    @property
    def source(self):
        return Answers(self.office.pki, self.authorities, pki_answers=self.pki_answers)

    def long_term(self):
        path = self.office.issued()
        self.office.later(minutes=10)
        return self.office.with_dss(path)

    def stamped(self, path, authority, at, digest="sha256"):
        """A document time-stamp, and nothing besides."""
        self.office.now = at
        prepared = archive_timestamp.prepare_document_timestamp(path, digest)
        out = self.office.path()
        archive_timestamp.write(path, prepared, authority.token(prepared.digest, digest, at), out)
        return out

    def renewed(self, path, authority, at, digest="sha256", source=None, profile=None):
        """As the renewal does it: what settles the last time-stamp first, where the file does not have it."""
        self.office.now = at
        data = revocation_data.collect(
            Direct(), path, self.trust, at, source or self.source, profile or AGENCY
        )
        appended = revocation_data.append_if_new(path, data)
        if appended is not None:
            out = self.office.path()
            append.append(path, appended, out)
            path = out
        return self.stamped(path, authority, at + timedelta(minutes=1), digest)

    def judge(self, path, at, **keywords):
        return self.office.validate(path, source=self.source, trust=self.trust, at=at, **keywords)
