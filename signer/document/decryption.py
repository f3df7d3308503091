"""Decryption by the standard security handler (ISO 32000-2, 7.6): revisions 2 to 6, RC4, AES-128, AES-256.

The file key comes from qpdf, which is given nothing but the encryption dictionary and the file's identifier, as
they were read here. Every string and stream is then decrypted by the key of the object in which it stands.

Never encrypted: the encryption dictionary, cross-reference streams, /Contents of signatures, and whatever stands
in an object stream (the object stream itself is encrypted).
"""

from __future__ import annotations

import hashlib
import io
import stringprep
import unicodedata
from typing import Any, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from policies.reasons import document as reasons
from signer.document.filters import damaged
from signer.document.objects import HexString, PdfObject, Ref
from signer.document.serializing import serialize, serialize_indirect
from signer.document.text_strings import pdf_doc_encoded
from signer.document.xref import Entry, XrefSection
from signer.errors import DocumentRefused

IDENTITY = "Identity"
_METHODS = {1: ("V2",), 2: ("V2",), 4: ("V2", "AESV2"), 5: ("AESV3",)}
_BLOCK = 16
_AES_SALT = b"sAlT"
_RC4_SIZES = frozenset(size // 8 for size in ARC4.key_sizes)
_LONGEST_PASSWORD = 127  # bytes; the standard uses no more
_MOST_ITEMS = 200


class Decryption:
    """The file key with the crypt filters of one file. `dictionary` is its encryption dictionary."""

    def __init__(self, dictionary: dict[str, Any], key: bytes) -> None:
        self.dictionary = dictionary
        self._key = key
        self._filters = _filters(dictionary)
        plain = "V2" if dictionary["V"] < 4 else IDENTITY
        stream = dictionary.get("StmF", plain)
        self._string = self._method(dictionary.get("StrF", plain))
        self._stream = self._method(stream)
        self._file = self._method(dictionary.get("EFF", stream))
        self._metadata = dictionary.get("EncryptMetadata") is not False or dictionary["V"] < 4

    def value(self, value: PdfObject, owner: Ref) -> PdfObject:
        """A copy of the value in which the strings are plain. `owner`: the indirect object it stands in."""
        if isinstance(value, bytes):
            return self._decrypt(self._string, bytes(value), owner)
        if isinstance(value, list):
            return [self.value(item, owner) for item in value]
        if isinstance(value, dict):
            kept = "Contents" if _is_signature(value) else None
            return {key: item if key == kept else self.value(item, owner) for key, item in value.items()}
        return value

    def stream(self, entries: dict[str, Any], data: bytes, owner: Ref, crypt_filter: str | None) -> bytes:
        """The bytes of a stream before its other filters. `crypt_filter`: the name that its /Crypt filter gives,
        None without one. Raises `DocumentRefused` when they cannot have been encrypted so."""
        if crypt_filter is not None:
            method = self._method(crypt_filter)
        elif entries.get("Type") == "EmbeddedFile":
            method = self._file
        elif entries.get("Type") == "Metadata" and not self._metadata:
            method = IDENTITY
        else:
            method = self._stream
        return self._decrypt(method, data, owner)

    def _method(self, name: object) -> str:
        found = self._filters.get(str(name))
        if found is None:
            raise unsupported(f"/{name}")
        return found

    def _decrypt(self, method: str, data: bytes, owner: Ref) -> bytes:
        if method == IDENTITY or not data:
            return data
        if method == "V2":
            return rc4(self._object_key(owner, b""), data)
        return _aes(self._key if method == "AESV3" else self._object_key(owner, _AES_SALT), data)

    def _object_key(self, owner: Ref, salt: bytes) -> bytes:
        """Algorithm 1 (7.6.3.1): MD5 is what the standard prescribes here."""
        number = owner.num.to_bytes(4, "little")[:3] + owner.gen.to_bytes(2, "little")
        digest = hashlib.md5(self._key + number + salt, usedforsecurity=False).digest()
        return digest[: min(len(self._key) + 5, 16)]


def _is_signature(value: dict[str, Any]) -> bool:
    """7.6.2: hexadecimal /Contents of a signature dictionary stay as they are; /Type may be left out."""
    contents = value.get("Contents")
    kind = value.get("Type", "Sig")
    return isinstance(contents, HexString) and "ByteRange" in value and kind in ("Sig", "DocTimeStamp")


def _filters(dictionary: dict[str, Any]) -> dict[str, str]:
    """Methods by the names of the crypt filters; before version 4 there is one for everything."""
    version = dictionary.get("V")
    methods = _METHODS.get(version) if type(version) is int else None
    if methods is None:
        raise unsupported(f"/V {version}")
    if version in (1, 2):
        return {"V2": "V2", IDENTITY: IDENTITY}
    found = {IDENTITY: IDENTITY}
    for name, entries in dictionary.get("CF", {}).items():
        method = entries.get("CFM") if isinstance(entries, dict) else None
        if name != IDENTITY and method in methods:
            found[name] = str(method)
    return found


class EncryptedFile(Protocol):
    """What is asked of a reader before anything is decrypted."""

    trailer: dict[str, Any]
    sections: tuple[XrefSection, ...]

    def entry(self, num: int) -> Entry | None: ...

    def resolve(self, value: Any) -> PdfObject: ...


def decryption_of(file: EncryptedFile, password: str | None, known: Decryption | None) -> Decryption:
    """The decryption of a file, or of an earlier view of one that `known` opens.

    There is one for all revisions: a reader that took another trailer's would show something else. Raises
    `DocumentRefused` as `open_with` does, and without password.
    """
    entry = file.trailer.get("Encrypt")
    older = [section.trailer["Encrypt"] for section in file.sections if "Encrypt" in section.trailer]
    if password is None and known is None:
        raise DocumentRefused(reasons.ENCRYPTED)
    place = file.entry(entry.num) if isinstance(entry, Ref) else None
    dictionary = file.resolve(entry)
    if any(each != entry for each in older) or not isinstance(dictionary, dict):
        raise unsupported("/Encrypt, /Prev")
    if (isinstance(entry, Ref) and (place is None or place.kind != "n")) or "V" not in dictionary:
        raise unsupported("/Encrypt")
    if known is not None:
        if known.dictionary != dictionary:
            raise unsupported("/Encrypt, /Prev")
        return known
    identifiers = file.resolve(file.trailer.get("ID"))
    first = file.resolve(identifiers[0]) if isinstance(identifiers, list) and identifiers else b""
    return open_with(dictionary, first if isinstance(first, bytes) else b"", password or "")


def open_with(dictionary: dict[str, Any], identifier: bytes, password: str) -> Decryption:
    """The decryption that this password (a user's or the owner's) opens.

    `identifier`: the first string of the trailer's /ID. Raises `DocumentRefused`: `document.wrong-password`,
    for the empty password `document.encrypted` (one is needed), `document.encryption-unsupported`.
    """
    _check(dictionary)
    for candidate in _candidates(password, dictionary["R"]):
        key = _file_key(dictionary, identifier, candidate)
        if key is not None:
            return Decryption(dictionary, key)
    raise DocumentRefused(reasons.WRONG_PASSWORD if password else reasons.ENCRYPTED)


def _check(dictionary: dict[str, Any]) -> None:
    """Only the standard handler, and nothing in its dictionary that leads elsewhere."""
    if dictionary.get("Filter") != "Standard":
        raise unsupported("/Filter")
    if dictionary.get("R") not in (2, 3, 4, 5, 6) or type(dictionary["R"]) is not int:
        raise unsupported("/R")
    stack: list[Any] = [dictionary]
    for _ in range(_MOST_ITEMS):
        if not stack:
            return
        item = stack.pop()
        if isinstance(item, Ref):
            break
        if isinstance(item, dict | list):
            stack.extend(item.values() if isinstance(item, dict) else item)
    raise unsupported("/Encrypt")


def _file_key(dictionary: dict[str, Any], identifier: bytes, password: bytes) -> bytes | None:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(_shell(dictionary, identifier)), password=password) as opened:
            return bytes(opened.encryption.encryption_key)
    except pikepdf.PasswordError:
        return None
    except (pikepdf.PdfError, ValueError, OverflowError) as exc:
        raise unsupported("/Encrypt") from exc


def _shell(dictionary: dict[str, Any], identifier: bytes) -> bytes:
    """An empty document that is encrypted in the same way: all that qpdf gets to see."""
    out = bytearray(b"%PDF-2.0\n")
    offsets = []
    for num, value in ((1, b"<</Type/Catalog/Pages 2 0 R>>"), (2, b"<</Type/Pages/Kids[]/Count 0>>")):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (num, value)
    offsets.append(len(out))
    out += serialize_indirect(Ref(3), dictionary)
    at = len(out)
    out += b"xref\n0 4\n0000000000 65535 f\r\n" + b"".join(
        b"%010d 00000 n\r\n" % offset for offset in offsets
    )
    one = serialize(HexString(identifier))
    out += b"trailer\n<</Size 4/Root 1 0 R/Encrypt 3 0 R/ID[%b%b]>>\nstartxref\n%d\n%%%%EOF\n" % (
        one,
        one,
        at,
    )
    return bytes(out)


def _candidates(password: str, revision: int) -> list[bytes]:
    """The bytes that a password may stand for: as the standard says, then as programs often do it."""
    plain = password.encode("utf-8", "surrogatepass")[:_LONGEST_PASSWORD]
    if revision >= 5:
        first: bytes | None = _prepared(password).encode("utf-8", "surrogatepass")[:_LONGEST_PASSWORD]
    else:
        first = pdf_doc_encoded(password)
    return list(dict.fromkeys(each for each in (first, plain) if each is not None))


def _prepared(password: str) -> str:
    """SASLprep (RFC 4013, 2.1 and 2.2); prohibited characters are left for the comparison to refuse."""
    mapped = (" " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c))
    return unicodedata.normalize("NFKC", "".join(mapped))


def unsupported(what: str) -> DocumentRefused:
    """The refusal for encryption that is not the standard handler's, or not whole."""
    return DocumentRefused(reasons.ENCRYPTION_UNSUPPORTED, what=what[:64])


# --- the ciphers


def _aes(key: bytes, data: bytes) -> bytes:
    """CBC; the first block is the initialisation vector, the last byte says how many bytes fill the end."""
    if len(data) % _BLOCK or len(data) < 2 * _BLOCK:
        raise damaged("AES")
    decryptor = Cipher(AES(key), CBC(data[:_BLOCK])).decryptor()
    plain = decryptor.update(data[_BLOCK:]) + decryptor.finalize()
    fill = plain[-1]
    if not 1 <= fill <= _BLOCK or plain[-fill:] != bytes((fill,)) * fill:
        raise damaged("AES")
    return plain[:-fill]


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4; by `cryptography` where it knows the length of the key (40 and 128 bits give such)."""
    if len(key) in _RC4_SIZES:
        cipher = Cipher(ARC4(key), mode=None).decryptor()
        return cipher.update(data) + cipher.finalize()
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out = bytearray(len(data))
    i = j = 0
    for at, byte in enumerate(data):
        i = (i + 1) & 255
        a = state[i]
        j = (j + a) & 255
        b = state[i] = state[j]
        state[j] = a
        out[at] = byte ^ state[(a + b) & 255]
    return bytes(out)
