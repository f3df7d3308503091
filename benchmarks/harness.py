"""Measuring: medians of warm runs, the cost of one fsync, rows of one table."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure, what it is compared with, what is wanted."""

    what: str
    measured: str
    compared: str
    wanted: str
    holds: bool | None


def median_ms(act: Callable[[], object], runs: int, warm: int = 2) -> float:
    """Median milliseconds of one call."""
    for _ in range(warm):
        act()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def fsync_ms(folder: Path | None = None, runs: int = 50) -> float:
    """Median milliseconds of write + fsync of one small block, on the disk that the durable rows use."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:

        def once() -> None:
            file.write(b"x" * 512)
            file.flush()
            os.fsync(file.fileno())

        return median_ms(once, runs)


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table, as it stands in the README."""
    lines = ["| what | measured | compared with | reach | holds |", "|---|---|---|---|---|"]
    mark = {True: "yes", False: "**no**", None: "–"}
    lines += [f"| {r.what} | {r.measured} | {r.compared} | {r.wanted} | {mark[r.holds]} |" for r in rows]
    return "\n".join(lines)
