"""Pictures that go onto documents: leaders' signatures and the agency's seal, as PNG with transparency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from policies.reasons import signing as reasons
from signer.errors import SigningRefused

LIMIT = 2 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Stamps:
    """`{folder}/{account}.png` and `{folder}/seal.png`; the seal's registered diameter in millimetres."""

    folder: Path
    seal_diameter_mm: float

    def signature(self, account_name: str) -> bytes:
        """The leader's picture. Raises SigningRefused when there is none."""
        return self._read(account_name)

    def seal(self) -> bytes:
        return self._read("seal")

    def _read(self, name: str) -> bytes:
        path = self.folder / f"{name}.png"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise SigningRefused(reasons.NO_STAMP_IMAGE, name=name)
        if path.stat().st_size > LIMIT:
            raise SigningRefused(reasons.STAMP_IMAGE_TOO_LARGE, name=name, limit=LIMIT >> 20)
        return path.read_bytes()
