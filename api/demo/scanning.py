"""A page as a flat-bed scanner would deliver it: grey, 150 dpi, slightly turned, without text."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from api.demo.canvas import PAGE_HEIGHT, PAGE_WIDTH, Frame, Line, Page, Text
from api.demo.pdf_fonts import advances, font_bytes

_DPI = 150
_PAPER, _INK = 247, 35
_SCALE = _DPI / 72


def scan_jpeg(page: Page) -> tuple[int, int, bytes]:
    """Width and height in pixels and the JPEG of a page."""
    size = round(PAGE_WIDTH * _SCALE), round(PAGE_HEIGHT * _SCALE)
    picture = Image.new("L", size, _PAPER)
    pen = ImageDraw.Draw(picture)
    for item in page.items:
        if isinstance(item, Text):
            _draw_text(pen, item)
        elif isinstance(item, Line | Frame):
            _draw_rule(pen, item)
    turned = picture.rotate(0.35, Image.Resampling.BICUBIC, fillcolor=_PAPER)
    out = io.BytesIO()
    turned.save(out, "JPEG", quality=60, dpi=(_DPI, _DPI))
    return *size, out.getvalue()


def _draw_text(pen: ImageDraw.ImageDraw, item: Text) -> None:
    font = ImageFont.truetype(io.BytesIO(font_bytes(item.style)), round(item.size * _SCALE, 1))
    table, x = advances(item.style), item.x
    for character in item.text:
        pen.text((x * _SCALE, (PAGE_HEIGHT - item.y) * _SCALE), character, _INK, font, anchor="ls")
        x += table[character] * item.size / 1000 + (item.stretch if character == " " else 0.0)


def _draw_rule(pen: ImageDraw.ImageDraw, item: Line | Frame) -> None:
    points = (item.x0, PAGE_HEIGHT - item.y1, item.x1, PAGE_HEIGHT - item.y0)
    scaled = [value * _SCALE for value in points]
    width = max(1, round(item.thickness * _SCALE))
    if isinstance(item, Line):
        pen.line(scaled, _INK, width)
    else:
        pen.rectangle(scaled, outline=_INK, width=width)
