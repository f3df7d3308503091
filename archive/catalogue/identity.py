"""Identifiers: UUIDv7 for rows, 128 random bits in base32 for the code that the public types."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from uuid import UUID


def new_id(at: datetime) -> str:
    """A UUIDv7 (RFC 9562, 5.7): milliseconds of `at`, then 74 random bits. Sorts by time."""
    milliseconds = int(at.timestamp() * 1000)
    bits = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 7 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    return str(UUID(int=bits))


def new_public_code() -> str:
    """26 characters a-z and 2-7: 128 random bits, so that codes cannot be listed by trying."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()
