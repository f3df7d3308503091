"""Bytes of the work area, checked against the digest that names them before anybody signs, sees or gets them.

Whoever can write the disk can change a file there; what a leader reviews and signs, and what the public is
shown, must be the bytes that the catalogue and the log speak of.
"""

from __future__ import annotations

from pathlib import Path

from api.services import Services
from archive.errors import ArchiveDamaged
from archive.storage.blocks import hash_blocks


def intact(services: Services, sha256: str) -> Path:
    """Where the bytes lie. Raises StorageRefused when they are not there, ArchiveDamaged when they differ."""
    path = services.work_area.work_path(sha256)
    found, _ = hash_blocks(path)
    if found != sha256:
        raise ArchiveDamaged(f"work area: {sha256} holds other bytes ({found})")
    return path
