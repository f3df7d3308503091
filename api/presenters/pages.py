"""Pictures of pages with their sizes and text, asked from the sandbox once per version of the bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from api.intact import intact
from api.pages import views
from api.services import Services
from signer.document.preview import PageSize

WITH_TEXT = 12  # pages whose text is offered to screen readers at once
SHOWN = 200
DPI = 144  # sharp on a phone when zoomed to twice its width
MM = 25.4 / 72


def images(
    services: Services, sha256: str, address: Callable[[int], str], *, shown: int = SHOWN
) -> tuple[tuple[views.PageImage, ...], int]:
    """The first pages as pictures, and how many pages there are."""
    facts = _facts(services, sha256)
    pictures = tuple(
        views.PageImage(
            number=index + 1,
            url=address(index),
            width=round(size.width * DPI / 72),
            height=round(size.height * DPI / 72),
            text=facts.texts[index] if index < len(facts.texts) else "",
        )
        for index, size in enumerate(facts.sizes[:shown])
    )
    return pictures, len(facts.sizes)


def sizes(services: Services, sha256: str) -> tuple[tuple[float, float], ...]:
    """Width and height in millimetres of each displayed page."""
    return tuple((size.width * MM, size.height * MM) for size in _facts(services, sha256).sizes)


class _PageFacts:
    def __init__(self, sizes: tuple[PageSize, ...], texts: tuple[str, ...]) -> None:
        self.sizes = sizes
        self.texts = texts


def _facts(services: Services, sha256: str) -> _PageFacts:
    return _cached(_Key(services, sha256))


class _Key:
    """Equal by digest alone: bytes decide, not the process's services."""

    def __init__(self, services: Services, sha256: str) -> None:
        self.services = services
        self.sha256 = sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Key) and other.sha256 == self.sha256


@lru_cache(maxsize=256)
def _cached(key: _Key) -> _PageFacts:
    path = intact(key.services, key.sha256)
    found: tuple[PageSize, ...] = key.services.sandbox.call("signer.document.preview:page_sizes", path)
    texts = tuple(
        key.services.sandbox.call("signer.document.preview:page_text", path, index)
        for index in range(min(WITH_TEXT, len(found)))
    )
    return _PageFacts(found, texts)
