"""The demo PKI: a root, an issuing CA, a TSA, an OCSP responder and the people of a sample agency.

Every name holds the word DEMO, and production mode refuses such names (`signer.keys.checks.is_demo`). Keys
and certificates lie in one directory as PEM, readable by their owner alone; what is there is loaded again.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from api.demo import certificates, roles
from policies.algorithms import SignatureAlgorithm
from signer.keys.development import DevelopmentKey
from signer.keys.primitives import PrivateKey


@dataclass(frozen=True)
class Identity:
    """A private key with its certificate and the DER certificates above it, nearest issuer first."""

    name: str
    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[bytes, ...] = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def signing_key(self, algorithm: SignatureAlgorithm | None = None) -> DevelopmentKey:
        """The identity as a `SigningKey`; the default scheme is the one its role asks for."""
        chosen = algorithm or roles.algorithm_of(self.name)
        return DevelopmentKey(self.private_key, self.der, self.chain, chosen)


@dataclass(frozen=True)
class Revocation:
    """One revoked serial number, since when and why (`x509.ReasonFlags` value)."""

    serial: int
    at: datetime
    reason: str


class DemoPki:
    """Identities by name, made when first asked for; revocations in a small file beside them.

    Safe for threads of one process. `epoch` is when the PKI was made: all validity periods derive from it.
    `public_url` is what certificates point to; it is fixed at making and may differ from the site's now.
    """

    def __init__(self, directory: Path, epoch: datetime, public_url: str, key_size: int) -> None:
        self.directory = directory
        self.epoch = epoch
        self.public_url = public_url
        self.key_size = key_size
        self._identities: dict[str, Identity] = {}
        self._keys: dict[tuple[str, SignatureAlgorithm | None], DevelopmentKey] = {}
        self._lock = threading.RLock()

    def identity(self, name: str) -> Identity:
        """The identity of this role (`api.demo.roles.ROLES`), made and stored when it is not there yet."""
        with self._lock:
            if name not in self._identities:
                self._identities[name] = self._load(name) or self._make(name)
            return self._identities[name]

    def signing_key(self, name: str, algorithm: SignatureAlgorithm | None = None) -> DevelopmentKey:
        """The identity's key as a `SigningKey`, checked once and kept."""
        with self._lock:
            if (name, algorithm) not in self._keys:
                self._keys[name, algorithm] = self.identity(name).signing_key(algorithm)
            return self._keys[name, algorithm]

    @property
    def root(self) -> bytes:
        """DER of the root certificate: the one trust anchor."""
        return self.identity("root").der

    @property
    def issuing(self) -> bytes:
        return self.identity("issuing").der

    @property
    def leader(self) -> DevelopmentKey:
        return self.signing_key("leader")

    @property
    def seal(self) -> DevelopmentKey:
        return self.signing_key("seal")

    @property
    def tsa(self) -> DevelopmentKey:
        return self.signing_key("tsa")

    @property
    def trust_pem(self) -> bytes:
        """The root as PEM, for `--trust`."""
        return self.identity("root").certificate.public_bytes(serialization.Encoding.PEM)

    def authority(self, name: str) -> x509.Certificate | None:
        """A CA certificate by its file name stem (`root`, `issuing`), None for others."""
        return self.identity(name).certificate if name in ("root", "issuing") else None

    def revoke(self, name: str, at: datetime, reason: str = "keyCompromise") -> None:
        """Put an identity on the list that OCSP and CRL answer from."""
        serial = self.identity(name).certificate.serial_number
        with self._lock:
            rows = {row.serial: row for row in self.revocations()}
            rows[serial] = Revocation(serial, at, reason)
            table = [[f"{row.serial:x}", row.at.isoformat(), row.reason] for row in rows.values()]
            _write(self.directory / "revoked.json", json.dumps(table).encode())

    def revocations(self) -> tuple[Revocation, ...]:
        """All revoked serials, read from the file each time: another process may have revoked."""
        path = self.directory / "revoked.json"
        if not path.exists():
            return ()
        table = json.loads(path.read_bytes())
        return tuple(Revocation(int(s, 16), datetime.fromisoformat(t), r) for s, t, r in table)

    def issued(self) -> dict[int, x509.Certificate]:
        """Certificates made so far, by serial number."""
        names = (path.stem for path in self.directory.glob("*.pem"))
        found = (self.identity(name).certificate for name in names if name in roles.ROLES)
        return {certificate.serial_number: certificate for certificate in found}

    def write_pkcs12(self, name: str, path: Path, password: str) -> None:
        """The identity as a PKCS#12 file, mode 0600."""
        identity = self.identity(name)
        encryption = serialization.BestAvailableEncryption(password.encode())
        chain = [x509.load_der_x509_certificate(der) for der in identity.chain]
        blob = pkcs12.serialize_key_and_certificates(
            name.encode(), identity.private_key, identity.certificate, chain, encryption
        )
        _write(path, blob)

    def _load(self, name: str) -> Identity | None:
        path = self.directory / f"{name}.pem"
        if not path.exists():
            return None
        blob = path.read_bytes()
        key = serialization.load_pem_private_key(blob, None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path}: neither an RSA nor an EC key")
        first, *above = x509.load_pem_x509_certificates(blob)
        return Identity(name, key, first, tuple(c.public_bytes(serialization.Encoding.DER) for c in above))

    def _make(self, name: str) -> Identity:
        role = roles.ROLES[name]
        key = role.make_key(self.key_size)
        issuer = self.identity(role.issuer) if role.issuer else None
        signer = issuer.private_key if issuer else key
        parent = issuer.certificate if issuer else None
        certificate = certificates.issue(role, key.public_key(), signer, parent, self.epoch, self.public_url)
        chain = (issuer.der, *issuer.chain) if issuer else ()
        identity = Identity(name, key, certificate, chain)
        _write(self.directory / f"{name}.pem", _pem(identity))
        if role.revoked_after is not None:
            self._identities[name] = identity
            self.revoke(name, self.epoch + role.revoked_after)
        return identity


def _pem(identity: Identity) -> bytes:
    key = identity.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    above = [x509.load_der_x509_certificate(der) for der in identity.chain]
    pem = serialization.Encoding.PEM
    return key + b"".join(c.public_bytes(pem) for c in (identity.certificate, *above))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, mode 0600 from the first byte."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def make_demo_pki(
    directory: Path, at: datetime, *, public_url: str = "http://127.0.0.1:8000", key_size: int = 2048
) -> DemoPki:
    """The demo PKI of this directory: loaded when it is there, else made with `at` as its epoch.

    `at` is aware UTC. `key_size` is for RSA, in bits. The main identities exist on return.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = directory / "pki.json"
    if not settings.exists():
        epoch = at.astimezone(UTC).replace(microsecond=0)
        row = {"epoch": epoch.isoformat(), "public_url": public_url.rstrip("/"), "key_size": key_size}
        _write(settings, json.dumps(row).encode())
    row = json.loads(settings.read_bytes())
    pki = DemoPki(directory, datetime.fromisoformat(row["epoch"]), row["public_url"], row["key_size"])
    for name in roles.MAIN:
        pki.identity(name)
    return pki
