"""Measuring: medians of warm runs, wall and processor time, the cost of one fsync, rows of one table."""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure, what it is compared with, what is wanted.

    For `bench.json` besides: milliseconds of ours, of the limit and of each peer, `ratio` over the limit, and
    what else a row has to tell.
    """

    id: str
    what: str
    measured: str
    compared: str
    wanted: str
    holds: bool | None
    value_ms: float
    limit_ms: float | None = None
    ratio: float | None = None
    peers: dict[str, float] = field(default_factory=dict)
    more: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """Median milliseconds of one call: by the clock, and of this process's processor time."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} ms (CPU {self.cpu:.2f})"


@dataclass(frozen=True)
class Clocked:
    """Seconds that an act measured itself, because it was done by another process."""

    wall: float
    cpu: float


def alternate(
    acts: Mapping[str, Callable[[], object]],
    runs: int,
    warm: int = 2,
    seldom: Collection[str] = (),
    every: int = 1,
    before: Callable[[], object] = lambda: None,
    burst: int = 1,
) -> dict[str, Times]:
    """The acts in turn, forwards and backwards, so that noise of the machine falls on all of them alike.

    Each is done `runs` times, `burst` of them in a row, as who signs many does: after a change the caches hold what
    the other one needed. Those in `seldom` (the slow ones) are done once in each `every`-th round. What is done
    `before` each act is not timed.
    """
    for act in acts.values():
        for _ in range(warm):
            before()
            act()
    walls: dict[str, list[float]] = {name: [] for name in acts}
    cpus: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(-(-runs // burst)):
        for name in list(acts) if turn % 2 == 0 else reversed(list(acts)):
            if name in seldom and turn % every:
                continue
            for _ in range(1 if name in seldom else burst):
                before()
                took = _clocked(acts[name])
                cpus[name].append(took.cpu)
                walls[name].append(took.wall)
    return {name: Times(_median_ms(walls[name]), _median_ms(cpus[name])) for name in acts}


def _clocked(act: Callable[[], object]) -> Clocked:
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    cpu = time.process_time() - cpu
    wall = time.perf_counter() - wall
    return result if isinstance(result, Clocked) else Clocked(wall, cpu)


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


def sha256_mb_s() -> float:
    """Millions of bytes that one core hashes in a second: the limit of large files hangs on it."""
    block = bytes(1 << 20)
    return len(block) / 1000 / median_ms(lambda: hashlib.sha256(block).digest(), 20)


def machine(run: Mapping[str, Any]) -> str:
    """Where a run was made, in one line."""
    return (
        f"Python {run['python']}, {run['cores']} cores, {run['system']}; one fsync: {run['fsync_ms']:.2f} ms; "
        f"SHA-256: {run['sha256_mb_s']:,.0f} MB/s"
    )


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table, as it stands in the README."""
    lines = ["| what | measured | compared with | reach | holds |", "|---|---|---|---|---|"]
    mark = {True: "yes", False: "**no**", None: "–"}
    lines += [f"| {r.what} | {r.measured} | {r.compared} | {r.wanted} | {mark[r.holds]} |" for r in rows]
    return "\n".join(lines)
