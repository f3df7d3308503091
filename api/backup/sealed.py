"""Keys in a backup: AES-256-GCM under a key that scrypt (RFC 7914) makes of a passphrase.

`keys.enc` = salt (16) || nonce (12) || ciphertext with its tag. The whole rest of the manifest is authenticated with
it: who holds the passphrase finds any change of any part.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from api.backup.refusals import BackupRefused
from policies.reasons import backup as reasons

SHORTEST = 12
_SALT, _NONCE = 16, 12
_N, _R, _P = 2**17, 8, 1  # 128 MiB and about half a second for each guess


def seal(files: Mapping[str, bytes], passphrase: str, bound: bytes) -> bytes:
    """The files under the passphrase. Raises BackupRefused for a short one."""
    if len(passphrase) < SHORTEST:
        raise BackupRefused(reasons.WEAK_PASSPHRASE, least=SHORTEST)
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    plain = json.dumps({name: base64.b64encode(data).decode("ascii") for name, data in files.items()})
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain.encode("ascii"), bound)


def unseal(data: bytes, passphrase: str, bound: bytes) -> dict[str, bytes]:
    """Its inverse. Raises BackupRefused for another passphrase, or when data or `bound` was changed."""
    salt, nonce, rest = data[:_SALT], data[_SALT : _SALT + _NONCE], data[_SALT + _NONCE :]
    try:
        plain = AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, bound)
    except (InvalidTag, ValueError) as exc:
        raise BackupRefused(reasons.WRONG_PASSPHRASE) from exc
    return {name: base64.b64decode(text) for name, text in json.loads(plain).items()}


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode("utf-8"))
