"""The twin of the work bucket: same contract in memory; can be silent, lose what it took, and give other bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveUnavailable, StorageRefused
from policies.reasons import archiving as reasons


class MemoryWorkObjects:
    """`archive.storage.shared_work.WorkObjects`. `silent`: so many acts to come get no answer; `kept`: and are done."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.silent, self.kept = 0, False
        self.asked: list[str] = []

    def put(self, name: str, source: Path) -> None:
        data = source.read_bytes()
        self._answer(f"put {name}", lambda: self.objects.__setitem__(name, data))

    def open(self, name: str) -> BinaryIO:
        self._answer(f"open {name}")
        if name not in self.objects:
            raise StorageRefused(reasons.OBJECT_MISSING, key=name)
        return io.BytesIO(self.objects[name])

    def names(self, prefix: str) -> Iterator[str]:
        self._answer(f"names {prefix}")
        yield from sorted(name for name in self.objects if name.startswith(prefix))

    def remove(self, name: str) -> None:
        self._answer(f"remove {name}", lambda: self.objects.pop(name, None))

    def sweep(self) -> None:
        self._answer("sweep")

    def _answer(self, what: str, effect: Callable[[], object] = lambda: None) -> None:
        self.asked.append(what)
        if not self.silent:
            effect()
            return
        self.silent -= 1
        if self.kept:
            effect()
        raise ArchiveUnavailable(f"{what}: no answer")
