"""Pictures of the demo agency: a leader's blue signature and the agency's red seal, transparent PNGs.

The seal carries the word DEMO between its rings, so that it cannot pass for a real one.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from api.demo.agency import Agency
from api.demo.pdf_fonts import Style, font_bytes

Point = tuple[float, float]

SEAL_DIAMETER_MM = 36.0
_INK_BLUE, _SEAL_RED = (24, 48, 158), (212, 22, 30)
_OVERSAMPLING = 4
_ALPHA_STEPS = 13  # few levels of transparency compress well and still look smooth


@lru_cache(maxsize=32)
def leader_signature_png(name: str, width: int = 720) -> bytes:
    """A handwriting-like stroke, the same for the same name. RGBA, aspect about 2.4:1, 44 mm at 400 dpi."""
    height = round(width * 0.42)
    scale = _OVERSAMPLING
    ink = Image.new("L", (width * scale, height * scale), 0)
    pen = ImageDraw.Draw(ink)
    random = Random(name)  # noqa: S311 - a drawing, not a secret
    for stroke in _strokes(name, random):
        _draw_stroke(pen, [(x * width * scale, y * height * scale) for x, y in stroke], width * scale / 175)
    return _png(ink.resize((width, height), Image.Resampling.LANCZOS), _INK_BLUE, 400)


def _strokes(name: str, random: Random) -> list[list[Point]]:
    """Control points in the unit square: a tall initial, a run of low letters, a long last flourish."""

    def jitter(x: float, y: float, by: float = 0.012) -> Point:
        return x + random.uniform(-by, by), y + random.uniform(-by, by) * 1.6

    initial = [(0.10, 0.52), (0.06, 0.66), (0.12, 0.74), (0.20, 0.38), (0.255, 0.08), (0.225, 0.20)]
    initial += [(0.215, 0.62), (0.225, 0.72), (0.27, 0.46), (0.315, 0.34), (0.315, 0.52), (0.335, 0.60)]
    letters: list[Point] = []
    x = 0.36
    for index in range(3 + len(name) % 3):
        rise = 0.40 - 0.02 * index + random.uniform(-0.04, 0.03)
        letters += [(x + 0.025, rise), (x + 0.035, 0.60), (x + 0.06, 0.59)]
        x += 0.075
    tail = [(x + 0.03, 0.34), (x + 0.09, 0.16), (x + 0.07, 0.42), (x + 0.02, 0.72), (x - 0.10, 0.90)]
    tail += [(x - 0.30, 0.86), (x - 0.36, 0.76), (x - 0.12, 0.70), (0.80, 0.64), (0.965, 0.50)]
    first = [jitter(*point) for point in initial + letters + tail]
    dot = x + random.uniform(-0.03, 0.02)
    return [first, [jitter(dot - 0.13, 0.24), jitter(dot - 0.11, 0.205), jitter(dot - 0.075, 0.165)]]


def _draw_stroke(pen: ImageDraw.ImageDraw, points: list[Point], weight: float) -> None:
    """Sweeps a round nib along a smooth curve: thin where the hand is fast, and at both ends."""
    curve = _smooth(points)
    for index, (x, y) in enumerate(curve[1:], 1):
        speed = math.dist(curve[index - 1], (x, y)) / weight
        ends = min(1.0, 0.35 + min(index, len(curve) - index) / 60)
        radius = weight * ends * (0.50 + 0.62 / (1 + 1.1 * speed))
        pen.line([curve[index - 1], (x, y)], 255, max(1, round(radius * 2)))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)


def _smooth(points: list[Point], steps: int = 48) -> list[Point]:
    """A Catmull-Rom spline through all points."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for start in range(len(points) - 1):
        four = padded[start : start + 4]
        curve += [_spline(four, step / steps) for step in range(steps)]
    return [*curve, points[-1]]


def _spline(four: list[Point], t: float) -> Point:
    def blend(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)

    xs, ys = zip(*four, strict=True)
    return blend(*xs), blend(*ys)


@lru_cache(maxsize=32)
def seal_png(agency: Agency, diameter_mm: float = SEAL_DIAMETER_MM, dpi: int = 360) -> bytes:
    """A round seal in true size: double ring, the agency's name around it, a star in the middle."""
    size = round(diameter_mm / 25.4 * dpi)
    side = size * 2
    ink = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(ink)
    centre, radius = side / 2, side / 2
    for share, thickness in ((0.995, 0.030), (0.935, 0.010), (0.62, 0.010)):
        _ring(pen, centre, radius * share, radius * thickness)
    upper, lower = agency.name_lines[0], " ".join(agency.name_lines[1:])
    _around(ink, upper, centre, radius * 0.775, radius * 0.20, top=True)
    _around(ink, lower, centre, radius * 0.775, radius * 0.20, top=False)
    for angle in (0.0, 180.0):
        x = centre + math.cos(math.radians(angle)) * radius * 0.775
        pen.polygon(_star(x, centre, radius * 0.075), 255)
    pen.polygon(_star(centre, centre - radius * 0.04, radius * 0.42), 255)
    _around(ink, "DEMO", centre, radius * 0.515, radius * 0.11, top=False)
    worn = _worn(ink.resize((size, size), Image.Resampling.LANCZOS), agency.name)
    return _png(worn, _SEAL_RED, dpi)


def _ring(pen: ImageDraw.ImageDraw, centre: float, radius: float, thickness: float) -> None:
    box = (centre - radius, centre - radius, centre + radius, centre + radius)
    pen.ellipse(box, outline=255, width=max(1, round(thickness)))


def _star(x: float, y: float, radius: float) -> list[Point]:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    return [
        (x + length * math.sin(math.pi * step / 5), y - length * math.cos(math.pi * step / 5))
        for step in range(10)
        for length in ((radius, inner)[step % 2],)
    ]


def _around(ink: Image.Image, text: str, centre: float, radius: float, size: float, *, top: bool) -> None:
    """Writes along a circle whose radius runs through the middle of the capitals."""
    font = ImageFont.truetype(io.BytesIO(font_bytes(Style.BOLD)), round(size))
    spacing = size * 0.08
    advance = [font.getlength(character) + spacing for character in text]
    position = -sum(advance) / 2
    for character, step in zip(text, advance, strict=True):
        turn = (position + step / 2) / radius
        position += step
        angle = turn if top else -turn
        tile = Image.new("L", (round(size * 3), round(size * 3)), 0)
        middle = size * 1.5
        ImageDraw.Draw(tile).text((middle, middle + size * 0.33), character, 255, font, anchor="ms")
        rotated = tile.rotate(-math.degrees(angle), Image.Resampling.BICUBIC)
        reach = -radius if top else radius
        x, y = centre + radius * math.sin(turn), centre + reach * math.cos(turn)
        ink.paste(255, (round(x - middle), round(y - middle)), rotated)


def _worn(ink: Image.Image, seed: str) -> Image.Image:
    """Uneven inking: soft, faint blotches, as a rubber seal leaves them."""
    random = Random(seed)  # noqa: S311 - a drawing, not a secret
    coarse = Image.new("L", (14, 14))
    coarse.putdata([random.randint(196, 255) for _ in range(14 * 14)])
    blotches = coarse.resize(ink.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))
    return Image.composite(blotches, Image.new("L", ink.size, 0), ink)


def _png(alpha: Image.Image, colour: tuple[int, int, int], dpi: int) -> bytes:
    step = 255 / (_ALPHA_STEPS - 1)
    coarse = alpha.point([round(round(level / step) * step) for level in range(256)])
    picture = Image.new("RGBA", alpha.size, (*colour, 0))
    picture.putalpha(coarse)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True, dpi=(dpi, dpi))
    return out.getvalue()
