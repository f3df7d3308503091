"""The whole path over HTTP, upload to receipt, several documents in flight; the service in its own process."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from api.demo.documents import DecisionSpec, decision, of_this_year
from api.wiring.clock import clock
from benchmarks.harness import Row, busy_seconds, fsync_ms
from benchmarks.site import CLERK, LEADER, Site, Walker, started

WANTED = 60.0
IN_FLIGHT = 12


def run(quick: bool) -> list[Row]:
    """Documents per second in a steady state, with commits, fsyncs and processor time for each."""
    warm, measured = (2, 4) if quick else (2 * IN_FLIGHT, 20 * IN_FLIGHT)
    specs = [DecisionSpec(subject=f"Phê duyệt Kế hoạch số {i}") for i in range(warm + measured)]
    pages = [decision(of_this_year(clock(), spec)) for spec in specs]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        fsync = fsync_ms(folder)
        with started(folder / "data") as site:
            return [_measure(site, pages, warm, fsync)]


def _measure(site: Site, pages: list[bytes], warm: int, fsync: float) -> Row:
    numbers = count()
    walkers = [Walker(site.client(CLERK), site.client(LEADER)) for _ in range(IN_FLIGHT)]

    def take(walker: Walker, limit: int) -> None:
        while (index := next(numbers)) < limit:
            walker.walk(pages[index], f"Quyết định {index}")

    def all_take(limit: int) -> None:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(lambda walker: take(walker, limit), walkers))

    all_take(warm)
    numbers = count(warm)
    for walker in walkers:
        walker.times.clear()
    before, cpu, own, busy = site.counts(), site.cpu_seconds(), time.process_time(), busy_seconds()
    start = time.perf_counter()
    all_take(len(pages))
    seconds, after = time.perf_counter() - start, site.counts()
    done = len(pages) - warm
    service, workers, background = (
        (now - then) / done * 1000 for now, then in zip(site.cpu_seconds(), cpu, strict=True)
    )
    clients = (time.process_time() - own) / done * 1000
    others = (busy_seconds() - busy) / done * 1000 - service - workers - background - clients
    each = {key: (after[key] - before[key]) / done for key in ("commits", "notes", "fsyncs")}
    tasks = {
        key.removeprefix("task "): (after[key] - before.get(key, 0.0)) / done * 1000
        for key in sorted(after)
        if key.startswith("task ")
    }
    steps = {
        step: sum(walker.times.get(step, 0.0) for walker in walkers) / done * 1000
        for step in walkers[0].times
    }
    compared = "; ".join(
        (
            f"{each['commits']:.0f} durable commits, {each['notes']:.0f} notes, {each['fsyncs']:.0f} file fsyncs "
            f"a document (one fsync {fsync:.1f} ms)",
            f"CPU a document: service {service:.0f} ms, its workers {workers:.0f}, the worker that steps back "
            f"{background:.0f}, clients {clients:.0f}, strangers on this machine {max(0.0, others):.0f}",
            "in workers " + ", ".join(f"{task} {ms:.0f}" for task, ms in tasks.items() if ms >= 1) + " ms",
            "each waits " + ", ".join(f"{step} {ms:.0f}" for step, ms in steps.items()) + " ms",
        )
    )
    rate = done / seconds
    what = f"whole path over HTTP, upload to receipt, in-process TSA, {IN_FLIGHT} in flight, {len(pages[0]) // 1000} KB"
    each_ms = {f"wait_{step}_ms": ms for step, ms in steps.items()}
    return Row(
        "path-embedded",
        what,
        f"{rate:.1f} documents/s",
        compared,
        f"≥ {WANTED:.0f} /s",
        rate >= WANTED,
        1000 / rate,
        more={"unit": "ms a document", "documents_per_second": rate, **each_ms},
    )
