"""Pictures of pages, rendered in the sandbox from the very bytes, kept on disk by digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response

from api.intact import intact
from api.services import Services
from archive.catalogue.values import Document
from archive.storage.keys import check_sha256

NAMED = 16  # characters of a digest that name one
FORMATS = ("webp", "png")


@dataclass(frozen=True)
class Previews:
    """A picture depends on bytes, page and resolution alone, so it may be cached for ever."""

    services: Services

    def answer(
        self, document: Document, page: int, dpi: int, image_format: str = "webp", shown: str = ""
    ) -> Response:
        """The picture as an HTTP answer. Raises DocumentRefused when there is no such page.

        Only under an address with the digest in it, `shown`, a browser may go on showing what it has.
        """
        picture = self.picture(document.current_sha256 or "", page, dpi, image_format)
        headers = {
            "cache-control": f"private, {'max-age=86400' if len(shown) >= NAMED else 'no-cache'}",
            "etag": f'"{document.current_sha256}-{page}-{dpi}-{image_format}"',
        }
        return Response(picture, media_type=f"image/{image_format}", headers=headers)

    def picture(self, sha256: str, page: int, dpi: int, image_format: str = "webp") -> bytes:
        folder = self.services.settings.data_dir / "previews" / check_sha256(sha256)[:2]
        kept = folder / f"{sha256}-{page}-{dpi}.{image_format}"
        if kept.is_file():
            return kept.read_bytes()
        path = intact(self.services, sha256)
        picture: bytes = self.services.sandbox.call(
            "signer.document.preview:render_page", path, page, dpi, image_format
        )
        self._keep(kept, picture)
        return picture

    def _keep(self, kept: Path, picture: bytes) -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{secrets.token_hex(8)}.part")
        part.write_bytes(picture)
        part.replace(kept)
