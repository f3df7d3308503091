"""The picture of the README: for each kind of document one panel of bars, milliseconds on a log scale (SVG)."""

from __future__ import annotations

import math
from html import escape

from benchmarks.harness import Row
from benchmarks.signing import KEPT, KINDS, PEERS

_COLUMNS, _WIDTH, _NAMES, _BARS = 2, 480, 172, 235
_LINE, _BAR, _TITLE, _GAP, _TOP = 16, 11, 20, 16, 40
_LOWEST, _HIGHEST = 0.1, 1000.0  # ms at the ends of the scale
_LIMIT, _OURS = "limit", "An Tín"
_STYLE = """
.card { fill: #ffffff } text { fill: #1f2328; font: 11px sans-serif } .title { font-weight: bold; font-size: 12px }
.scale { stroke: #d0d7de } .limit { fill: #8c959f } .ours { fill: #cf222e } .pdfbox { fill: #bf8700 }
.pyhanko { fill: #0969da }
@media (prefers-color-scheme: dark) {
.card { fill: #0d1117 } text { fill: #e6edf3 } .scale { stroke: #30363d } .limit { fill: #7d8590 }
.ours { fill: #ff7b72 } .pdfbox { fill: #d29922 } .pyhanko { fill: #58a6ff }
}
"""

Bar = tuple[str, str, float]  # name, class, milliseconds


def draw(rows: list[Row]) -> str:
    """The picture of these rows; those that are no kind of document are left out."""
    known = {row.id: row for row in rows}
    panels = [(kind.id, known[kind.id]) for kind in KINDS if kind.id in known]
    shown = [(row.what.removeprefix("sign, "), _bars(row, known)) for _, row in panels]
    columns = [shown[start::_COLUMNS] for start in range(_COLUMNS)]
    height = _TOP + max(sum(_height(bars) for _, bars in column) for column in columns)
    parts = [_panel(index, column) for index, column in enumerate(columns)]
    return _frame(_COLUMNS * _WIDTH, height, "".join(parts))


def _bars(row: Row, known: dict[str, Row]) -> list[Bar]:
    assert row.limit_ms is not None
    bars: list[Bar] = [(_LIMIT, "limit", row.limit_ms), (_OURS, "ours", row.value_ms)]
    if row.id == "sign-16m" and KEPT in known:
        bars.append((f"{_OURS}, hash state kept", "ours", known[KEPT].value_ms))
    return bars + [
        (PEERS[peer], peer.partition("-")[0], row.peers[peer]) for peer in PEERS if peer in row.peers
    ]


def _height(bars: list[Bar]) -> int:
    return _TITLE + _LINE * len(bars) + _GAP


def _panel(index: int, column: list[tuple[str, list[Bar]]]) -> str:
    parts, x, y = [], index * _WIDTH, _TOP
    for title, bars in column:
        parts.append(f'<text class="title" x="{x + 12}" y="{y + 12}">{escape(title)}</text>\n')
        top, bottom = y + _TITLE, y + _TITLE + _LINE * len(bars)
        parts += [_rule(x + _NAMES + _place(10.0**power), top, bottom) for power in range(-1, 4)]
        parts += [_drawn(x, top + number * _LINE, bar) for number, bar in enumerate(bars)]
        y += _height(bars)
    return "".join(parts)


def _place(ms: float) -> float:
    """Points from the left end of the scale."""
    inside = min(max(ms, _LOWEST), _HIGHEST)
    return round(_BARS * math.log(inside / _LOWEST) / math.log(_HIGHEST / _LOWEST), 1)


def _rule(x: float, top: int, bottom: int) -> str:
    return f'<path class="scale" d="M{x:.1f} {top}V{bottom}"/>\n'


def _drawn(x: int, y: int, bar: Bar) -> str:
    name, kind, ms = bar
    length = max(1.0, _place(ms))
    figure = f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"
    return (
        f'<text x="{x + _NAMES - 6}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{x + _NAMES}" y="{y + 2}" width="{length}" height="{_BAR}"/>'
        f'<text x="{x + _NAMES + length + 5:.1f}" y="{y + 11}">{figure} ms</text>\n'
    )


def _frame(width: int, height: int, inside: str) -> str:
    heading = (
        "Milliseconds for one signature, RSA-2048 (P-256 where said), on a log scale from 0.1 to 1,000 ms"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="card" width="{width}" height="{height}" rx="6"/>\n'
        f'<text class="title" x="12" y="22">{heading}</text>\n{inside}</svg>\n'
    )
