"""A file of almost 1 GiB over HTTP, upload to receipt, then verified; resident memory of every process."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from api.demo.documents import DecisionSpec, of_this_year, write_decision
from api.wiring.clock import clock
from archive import receipt as receipts
from benchmarks.harness import Row
from benchmarks.site import CLERK, LEADER, Site, Walker, good, started

LIMIT = 256 << 20  # bytes resident
LARGE = (1 << 30) - (4 << 20)  # below the upload limit, with room for the revisions that are to come
SMALL = 64 << 20
SAMPLE_SECONDS = 0.05


@dataclass
class Memory:
    """The highest resident bytes of each process of a service while the block runs."""

    site: Site
    peaks: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            try:
                for process in self.site.processes().values():
                    self._see(process)
            except psutil.NoSuchProcess:
                continue

    def _see(self, process: psutil.Process) -> None:
        try:
            resident = process.memory_info().rss
            name = "service" if process.pid == self.site.process.pid else f"worker {process.pid}"
        except psutil.NoSuchProcess:
            return
        self.peaks[name] = max(self.peaks.get(name, 0), resident)

    @property
    def service(self) -> int:
        return self.peaks.get("service", 0)

    @property
    def workers(self) -> int:
        return max((peak for name, peak in self.peaks.items() if name != "service"), default=0)


@dataclass(frozen=True)
class Outcome:
    """What became of one large file."""

    size: int
    seconds: float
    memory: Memory
    steps: dict[str, float]
    indication: str

    @property
    def highest(self) -> int:
        return max(self.memory.peaks.values())


def run(quick: bool) -> list[Row]:
    """One row: the highest resident memory of any process."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        found = take(Path(name), SMALL if quick else LARGE)
    memory = found.memory
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in found.steps.items())
    compared = f"{found.indication}, receipt holds; {found.seconds:.0f} s: {steps} s"
    measured = f"service {memory.service >> 20} MiB, worker {memory.workers >> 20} MiB"
    holds = found.highest <= LIMIT and found.indication == "TOTAL-PASSED"
    what = f"{found.size / 1e9:.2f} GB PDF through HTTP to receipt, verified; resident memory"
    more: dict[str, float | str] = {"unit": "ms, upload to verified", "resident_bytes": found.highest}
    reach = f"≤ {LIMIT >> 20} MiB each"
    return [Row("large-memory", what, measured, compared, reach, holds, found.seconds * 1000, more=more)]


def take(folder: Path, size: int) -> Outcome:
    """The whole path of a file of about `size` bytes, then verification over HTTP and of its receipt."""
    source = folder / "large.pdf"
    write_decision(source, of_this_year(clock(), DecisionSpec(padding=size)))
    with started(folder / "data") as site:
        walker = Walker(site.client(CLERK), site.client(LEADER))
        clerk = site.httpx_client(CLERK)
        start = time.perf_counter()
        with Memory(site) as memory:
            done = walker.walk(source, "Quyết định kèm phụ lục lớn")
            archived = folder / "archived.pdf"
            walker._step("download", lambda: _download(clerk, done["id"], archived))
            report = walker._step("verify", lambda: _verify(clerk, archived))
        seconds = time.perf_counter() - start
        vkey = httpx.get(f"{site.url}/api/v1/log/key", trust_env=False).text.strip()
        receipts.verify(archived, json.dumps(done["receipt"]).encode(), vkey)
        return Outcome(source.stat().st_size, seconds, memory, walker.times, report)


def _download(client: httpx.Client, document: str, target: Path) -> None:
    with client.stream("GET", f"/documents/{document}/file?version=seal-timestamped") as answer:
        assert answer.is_success
        with target.open("wb") as file:
            for block in answer.iter_bytes(1 << 20):
                file.write(block)


def _verify(client: httpx.Client, pdf: Path) -> str:
    with pdf.open("rb") as file:
        answer = client.post("/verifications", files={"file": ("a.pdf", file, "application/pdf")})
    return str(good(answer).get("indication"))
