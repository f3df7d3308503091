"""Measuring: medians of warm runs, wall and processor time, the cost of one fsync, rows of one table."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure, what it is compared with, what is wanted.

    For the file of figures besides: a stable id, milliseconds of ours and of the limit, their ratio.
    """

    what: str
    measured: str
    compared: str
    wanted: str
    holds: bool | None
    id: str = ""
    value_ms: float = 0.0
    limit_ms: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class Times:
    """Median milliseconds of one call: by the clock, and of this process's processor time."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} ms (CPU {self.cpu:.2f})"


def alternate(acts: dict[str, Callable[[], object]], runs: int, warm: int = 2) -> dict[str, Times]:
    """The acts in turn, `runs` times each, so that noise of the machine falls on all of them alike."""
    for act in acts.values():
        for _ in range(warm):
            act()
    walls: dict[str, list[float]] = {name: [] for name in acts}
    cpus: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(runs):
        for name, act in acts.items():
            wall, cpu = time.perf_counter(), time.process_time()
            act()
            cpus[name].append(time.process_time() - cpu)
            walls[name].append(time.perf_counter() - wall)
    return {name: Times(_median_ms(walls[name]), _median_ms(cpus[name])) for name in acts}


def median_ms(act: Callable[[], object], runs: int, warm: int = 2) -> float:
    """Median milliseconds of one call, by the clock."""
    return alternate({"": act}, runs, warm)[""].wall


def _median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def busy_seconds() -> float:
    """Processor seconds that the machine has spent on anything so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


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
