"""Keys of the trust store: Ed25519 (RFC 8032) in the form of C2SP signed notes, so that one line pins a store.

vkey   = name "+" hex(key id) "+" base64(0x01 || public key)
key id = SHA-256(name || "\\n" || 0x01 || public key)[:4]
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policies.reasons import trust as reasons
from signer.errors import TrustRefused

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"\A[^\s+]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class StorePin:
    """The public key that a store must be signed with, under its name."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4].hex()

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id}+{base64.b64encode(_ED25519 + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> StorePin:
        """The key of a vkey line. Raises `TrustRefused`."""
        name, key_id, material = _parts(text)
        pin = cls(name, material)
        if pin.key_id != key_id:
            raise TrustRefused(reasons.STORE_KEY_MALFORMED, what="key id")
        return pin

    def check(self, signature: bytes, message: bytes) -> None:
        """Raises `TrustRefused` unless the key signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as exc:
            raise TrustRefused(reasons.STORE_SIGNATURE, name=self.name) from exc


class StoreKey:
    """The private key of a store, in the hands of who keeps it."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not _NAME.match(name):
            raise TrustRefused(reasons.STORE_KEY_MALFORMED, what="name")
        self._key = key
        self.pin = StorePin(name, key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> StoreKey:
        """A new one. Raises `TrustRefused` for a name with white space or a plus."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, secret: str) -> StoreKey:
        """The key of `secret()`. Raises `TrustRefused`, without anything of the secret in it."""
        if not secret.startswith(_PRIVATE):
            raise TrustRefused(reasons.STORE_KEY_MALFORMED, what=_PRIVATE)
        name, key_id, material = _parts(secret.removeprefix(_PRIVATE))
        key = cls(name, Ed25519PrivateKey.from_private_bytes(material))
        if key.pin.key_id != key_id:
            raise TrustRefused(reasons.STORE_KEY_MALFORMED, what="key id")
        return key

    def secret(self) -> str:
        """One line to keep secret."""
        seed = base64.b64encode(_ED25519 + self._key.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.pin.name}+{self.pin.key_id}+{seed}"

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def _parts(text: str) -> tuple[str, str, bytes]:
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.match(parts[0]):
        raise TrustRefused(reasons.STORE_KEY_MALFORMED, what="name+id+key")
    try:
        material = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != 33 or material[:1] != _ED25519:
        raise TrustRefused(reasons.STORE_KEY_MALFORMED, what="Ed25519")
    return parts[0], parts[1], material[1:]
