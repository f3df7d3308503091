"""C2SP signed-note: text signed by one or more keys, Ed25519 (type 0x01). Other signers' lines are kept.

key id = SHA-256(name || "\\n" || type || public key)[:4]
vkey   = name "+" hex(key id) "+" base64(type || public key)
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from archive.errors import ProofRefused
from archive.ports import LogSigner
from policies.reasons import archiving as reasons

MAX_NOTE = 100_000  # bytes: 16 post-quantum signatures fit
MAX_SIGNATURES = 32
ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_SIGNATURE_LINE = re.compile(r"\A— ([^\s+]+) ([A-Za-z0-9+/]+=*)\Z")
_NAME = re.compile(r"\A[^\s+]+\Z")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. `key_id` is 4 bytes; what `signature` holds depends on the key's type."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A parsed, not yet verified, note. `text` ends with a newline."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def serialize(self) -> bytes:
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode("utf-8")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's public key under its name."""

    name: str
    public_key: bytes

    kind: ClassVar[bytes] = ED25519

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode("utf-8") + b"\n" + self.kind + self.public_key).digest()[:4]

    def __str__(self) -> str:
        material = base64.b64encode(self.kind + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key in a vkey line (a final newline is allowed). Raises `ProofRefused`."""
        parts = vkey.removesuffix("\n").split("+", 2)
        if len(parts) != 3 or not _NAME.match(parts[0]):
            raise ProofRefused(reasons.VERIFIER_KEY_MALFORMED, detail="name+id+key")
        material = strict_base64(parts[2])
        if material is None or len(material) != 33 or material[:1] != cls.kind:
            raise ProofRefused(reasons.VERIFIER_KEY_MALFORMED, detail=f"Ed25519, 0x{cls.kind.hex()}")
        key = cls(parts[0], material[1:])
        if parts[1] != key.key_id.hex():
            raise ProofRefused(reasons.VERIFIER_KEY_MALFORMED, detail="key id")
        return key

    def lines_of(self, note: SignedNote) -> list[NoteSignature]:
        """The lines under this key's name and id, not verified."""
        return [s for s in note.signatures if s.name == self.name and s.key_id == self.key_id]

    def check(self, signature: bytes, message: bytes) -> None:
        """Raises `ProofRefused` unless the key signed the message (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature as exc:
            raise ProofRefused(reasons.NOTE_SIGNATURE_BROKEN, name=self.name) from exc


class Ed25519LogKey:
    """A log key in memory (`archive.ports.LogSigner`). A device that holds the key is another adapter."""

    verifier: ClassVar[type[VerifierKey]] = VerifierKey

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not _NAME.match(name):
            raise ValueError("a key name has neither spaces nor a plus")
        self._key = key
        self._public = self.verifier(name, key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> Self:
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, secret: str) -> Self:
        """The key of `secret()`. ValueError, without the secret in it, when it is malformed."""
        parts = secret.strip().removeprefix(_PRIVATE).split("+", 2)
        material = strict_base64(parts[2]) if len(parts) == 3 else None
        if material is None or len(material) != 33 or material[:1] != cls.verifier.kind:
            raise ValueError("not an Ed25519 key of this type")
        key = cls(parts[0], Ed25519PrivateKey.from_private_bytes(material[1:]))
        if key._public.key_id.hex() != parts[1]:
            raise ValueError("the key's id does not match its name and key")
        return key

    def secret(self) -> str:
        """One line to keep secret: PRIVATE+KEY+name+id+base64(type || seed)."""
        seed = base64.b64encode(self.verifier.kind + self._key.private_bytes_raw()).decode("ascii")
        return f"{_PRIVATE}{self.name}+{self._public.key_id.hex()}+{seed}"

    @property
    def name(self) -> str:
        return self._public.name

    @property
    def vkey(self) -> str:
        return str(self._public)

    @property
    def public_key(self) -> bytes:
        return self._public.public_key

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def strict_base64(text: str) -> bytes | None:
    """Bytes of standard base64 in its one encoding, else None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def sign_note(text: str, signer: LogSigner) -> bytes:
    """A note with one signature."""
    key_id = VerifierKey.parse(signer.vkey).key_id
    signature = NoteSignature(signer.name, key_id, signer.sign(text.encode("utf-8")))
    return SignedNote(text, (signature,)).serialize()


def parse_note(data: bytes) -> SignedNote:
    """Splits text and signature lines, strictly. Raises `ProofRefused`."""
    if len(data) > MAX_NOTE:
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="size")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="UTF-8") from exc
    if any(character < " " and character != "\n" for character in note) or not note.endswith("\n"):
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="control character or last line")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not text:
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="no signature")
    return SignedNote(text + "\n", parse_signatures(lines.removesuffix("\n").split("\n")))


def parse_signatures(lines: list[str]) -> tuple[NoteSignature, ...]:
    """Signature lines without their newlines. Raises `ProofRefused`."""
    if len(lines) > MAX_SIGNATURES:
        raise ProofRefused(reasons.NOTE_MALFORMED, detail="too many signatures")
    found = []
    for line in lines:
        match = _SIGNATURE_LINE.match(line)
        raw = strict_base64(match[2]) if match else None
        if match is None or raw is None or len(raw) < 5:
            raise ProofRefused(reasons.NOTE_MALFORMED, detail="signature line")
        found.append(NoteSignature(match[1], raw[:4], raw[4:]))
    return tuple(found)


def verify_note(note: SignedNote, key: VerifierKey) -> None:
    """The key signed the text, and no line under its name and id is false. Raises `ProofRefused`."""
    own = key.lines_of(note)
    if not own:
        raise ProofRefused(reasons.WRONG_LOG_KEY, name=key.name)
    for line in own:
        key.check(line.signature, note.text.encode("utf-8"))
