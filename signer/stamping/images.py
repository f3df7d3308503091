"""Pictures of signatures and seals: transparent PNG in, PDF image with a soft mask out.

NĐ 30/2020/NĐ-CP, PL I, mục II.7 and II.8: .png, transparent background. Transparent margins are cut off, so
that a seal's diameter is the diameter of what is drawn. A picture is decoded once per process and reused.
"""

from __future__ import annotations

import hashlib
import io
import warnings
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from PIL import Image, UnidentifiedImageError

from policies.reasons import signing as reasons
from signer.errors import SigningRefused

MAX_PIXELS = 25_000_000
MAX_SIDE = 1_200  # 600 dpi at 50 mm
_VISIBLE = 8  # alpha below this is not ink
_KEEP = 32


@dataclass(frozen=True, slots=True)
class Picture:
    """`rgb` and `alpha` are 8-bit samples, row by row, deflated; `ink` is the mean drawn colour."""

    width: int
    height: int
    rgb: bytes
    alpha: bytes
    ink: tuple[int, int, int]

    @property
    def aspect(self) -> float:
        """Width ÷ height."""
        return self.width / self.height


_kept: OrderedDict[bytes, Picture] = OrderedDict()
_lock = Lock()


def picture(png: bytes) -> Picture:
    """The decoded picture of these bytes.

    Raises `SigningRefused` when it is no PNG, too large, opaque, or empty.
    """
    key = hashlib.sha256(png).digest()
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _decode(png)
    with _lock:
        _kept[key] = made
        while len(_kept) > _KEEP:
            _kept.popitem(last=False)
    return made


def _decode(png: bytes) -> Picture:
    image = _open(png)
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        raise SigningRefused(reasons.IMAGE_NOT_TRANSPARENT)
    bounds = alpha.point([0] * _VISIBLE + [255] * (256 - _VISIBLE)).getbbox()
    if bounds is None:
        raise SigningRefused(reasons.IMAGE_EMPTY)
    image = _shrink(image.crop(bounds))
    alpha = image.getchannel("A")
    ink = _mean_ink(image, alpha)
    # The colour under full transparency is never seen: one value there deflates to nothing.
    flat = Image.composite(image.convert("RGB"), Image.new("RGB", image.size, ink), _mask(alpha))
    return Picture(
        image.width, image.height, zlib.compress(flat.tobytes(), 6), zlib.compress(alpha.tobytes(), 6), ink
    )


def _open(png: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise SigningRefused(
                        reasons.IMAGE_TOO_LARGE, pixels=image.width * image.height, limit=MAX_PIXELS
                    )
                return image.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise SigningRefused(reasons.IMAGE_TOO_LARGE, pixels="?", limit=MAX_PIXELS) from exc
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, zlib.error) as exc:
        raise SigningRefused(reasons.IMAGE_NOT_PNG) from exc


def _shrink(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    if longest <= MAX_SIDE:
        return image
    size = (max(1, image.width * MAX_SIDE // longest), max(1, image.height * MAX_SIDE // longest))
    return image.resize(size, Image.Resampling.LANCZOS)


def _mask(alpha: Image.Image) -> Image.Image:
    return alpha.point([0] + [255] * 255)


def _mean_ink(image: Image.Image, alpha: Image.Image) -> tuple[int, int, int]:
    histogram = image.convert("RGB").histogram(mask=_mask(alpha))
    count = max(1, sum(histogram[:256]))
    means = [
        round(sum(level * amount for level, amount in enumerate(histogram[start : start + 256])) / count)
        for start in (0, 256, 512)
    ]
    return means[0], means[1], means[2]
