"""The state of a digest over a whole file, kept from when its bytes were hashed anyway.

A signature over the file and what is appended to it then costs no second pass over the file. The state belongs to
the bytes that were hashed: whoever keeps it keeps it under their digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True, slots=True)
class KeptDigest:
    """SHA-2 over the first `size` bytes, that is all, of one file; `state` is never updated, only copied."""

    size: int
    state: _Hash

    @property
    def algorithm(self) -> str:
        """The digest's name as hashlib has it."""
        return self.state.name

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> KeptDigest:
        """The state over bytes in memory."""
        return cls(len(data), hashlib.new(algorithm, data))

    def started(self) -> _Hash:
        """A copy to go on with."""
        return self.state.copy()
