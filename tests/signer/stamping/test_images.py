from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image, ImageDraw

from signer.errors import SigningRefused
from signer.stamping import images
from signer.stamping.images import picture


def png(size=(200, 100), ink=(10, 20, 200, 255), box=(50, 25, 149, 74), mode="RGBA", kind="PNG"):
    image = Image.new("RGBA", size, (255, 255, 255, 0))
    if box:
        ImageDraw.Draw(image).rectangle(box, fill=ink)
    out = io.BytesIO()
    image.convert(mode).save(out, kind)
    return out.getvalue()


def refusal(data):
    with pytest.raises(SigningRefused) as caught:
        picture(data)
    return caught.value.id


def test_margins_are_cut_and_colour_measured():
    made = picture(png())
    assert (made.width, made.height, made.aspect) == (100, 50, 2.0)
    assert made.ink == (10, 20, 200)
    assert zlib.decompress(made.rgb) == bytes((10, 20, 200)) * 5000
    assert zlib.decompress(made.alpha) == b"\xff" * 5000


def test_a_picture_is_decoded_once():
    assert picture(png()) is picture(png())


def test_large_pictures_are_made_smaller():
    made = picture(png((4000, 2000), box=(0, 0, 3999, 1998)))
    assert made.width == images.MAX_SIDE and abs(made.aspect - 2) < 0.01


def test_palette_and_gray_with_transparency():
    assert picture(png(mode="LA")).width == 100
    with Image.open(io.BytesIO(png())) as image:
        out = io.BytesIO()
        image.quantize(4).save(out, "PNG")
    assert b"tRNS" in out.getvalue() and picture(out.getvalue()).width == 100


def test_refused_pictures(monkeypatch):
    assert refusal(png(mode="RGB", kind="JPEG")) == "signing.image-not-png"
    assert refusal(b"") == "signing.image-not-png"
    assert refusal(b"\x89PNG\r\n\x1a\nxxxx") == "signing.image-not-png"
    assert refusal(png()[:-40]) == "signing.image-not-png"
    assert refusal(png(mode="RGB")) == "signing.image-not-transparent"
    assert refusal(png(box=None)) == "signing.image-empty"
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    assert refusal(png(box=(1, 1, 9, 9))) == "signing.image-too-large"


def test_a_bomb_is_refused_by_its_header():
    """Attack: a PNG of 100,000 x 100,000 pixels in a few bytes."""
    import struct

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    assert refusal(bomb) == "signing.image-too-large"
