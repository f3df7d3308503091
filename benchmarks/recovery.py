"""Everything is killed with -9 under work, at a million archived documents, and started again.

The clock runs from the start of the new process, whose stores (a file and a directory) answer at once, until health
says that acts can be done and the receipt of a document archived long ago is given and holds.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from api.demo.documents import DecisionSpec, decision, of_this_year
from api.transactions import Transactions
from api.wiring.clock import clock
from archive import receipt as receipts
from archive.log.note import Ed25519LogKey
from archive.storage.directory import DirectoryStore
from benchmarks.client import Client
from benchmarks.harness import Row
from benchmarks.simulated_archive import FastDisk, SimulatedArchive
from benchmarks.simulated_documents import AT
from benchmarks.site import CLERK, LEADER, Walker, free_port, started

DOCUMENTS = 1_000_000
RUNS, QUICK_RUNS = 5, 2
REACH_SECONDS = 10.0
WORK_SECONDS = 4.0
IN_FLIGHT = 4
# Validation data waits for the end of its grace period.
UNDER_WAY = "SELECT count(*) FROM operations WHERE state IN ('waiting', 'running') AND kind <> 'augment'"


def run(quick: bool) -> list[Row]:
    """One row. Set-up takes about a minute and a half at a million; `quick` takes 20,000 documents."""
    size = DOCUMENTS // 50 if quick else DOCUMENTS
    with tempfile.TemporaryDirectory(prefix="antin-bench-recovery-", dir=Path.cwd()) as folder:
        place = Place(Path(folder) / "data", free_port(), size)
        setup = place.fill()
        times = [place.killed_and_back() for _ in range(QUICK_RUNS if quick else RUNS)]
        place.check()
    worst = max(times)
    return [
        Row(
            "recovery",
            f"kill -9 of service and workers under work, at {size:,} archived documents (SQLite, directory)",
            f"serving after {median(times):.1f} s, at worst {worst:.1f} s of {len(times)}",
            f"health and an old document's receipt; then log, numbers and jobs agree; set-up {setup:.0f} s",
            f"≤ {REACH_SECONDS:.0f} s",
            worst <= REACH_SECONDS,
            1000 * median(times),
            more={
                "unit": "ms until it serves",
                "worst_ms": 1000 * worst,
                "setup_s": setup,
                "documents": size,
            },
        )
    ]


@dataclass
class Place:
    """A data directory with a simulated archive, and the service that is killed in it."""

    data: Path
    port: int
    size: int

    def fill(self) -> float:
        """Seconds that it took, the demo's own furnishing included."""
        start = time.perf_counter()
        with started(self.data, port=self.port) as site:  # keys, accounts, tables
            self.tokens = {name: site.client(name).authorization for name in (CLERK, LEADER)}
        key = Ed25519LogKey.parse((self.data / "log.key").read_text("ascii").strip())
        transactions = Transactions(f"sqlite:///{self.data / 'antin.sqlite3'}")
        self.archive = SimulatedArchive(self.size, key)
        self.archive.fill(
            transactions, DirectoryStore(self.data / "store", clock=lambda: AT, disk=FastDisk())
        )
        transactions.close()
        self.vkey = key.vkey
        return time.perf_counter() - start

    def killed_and_back(self) -> float:
        """Seconds from the new process's start until it serves."""
        with self._process() as (_, process):
            self._until_serving()
            with self._work():
                time.sleep(WORK_SECONDS)
                kill_all(process.pid)
        with self._process() as (start, process):
            self._until_serving()
            seconds = time.perf_counter() - start
            kill_all(process.pid)
        return seconds

    @contextmanager
    def _process(self) -> Iterator[tuple[float, subprocess.Popen[str]]]:
        command = [sys.executable, "-m", "benchmarks.site", str(self.data), str(self.port)]
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
        )
        try:
            yield start, process
        finally:
            kill_all(process.pid)
            process.wait()

    def _until_serving(self) -> None:
        """Both answers are right. Raises AssertionError after some minutes, or for a receipt that does not hold."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._serves():
                    return
            time.sleep(0.02)
        raise AssertionError("the service did not come back")

    def _serves(self) -> bool:
        if self._get("/api/v1/health")[0] != 200:
            return False
        i = random.randrange(self.size)
        status, receipt = self._get(f"/v/{self.archive.code(i)}/receipt")
        if status != 200:
            return False
        digest = json.loads(receipt)["pdf"]["sha256"]
        facts = receipts.verify(digest, receipt, self.vkey)
        assert facts.index == self.archive.leaf_of(i), (facts.index, i)
        return True

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @contextmanager
    def _work(self) -> Iterator[None]:
        """Clerks and leaders at work, who find the service gone."""
        stopping = threading.Event()

        def walk() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError, ValueError):
                walker = self._walker()
                while not stopping.is_set():
                    walker.walk(decision(of_this_year(clock(), DecisionSpec())), "Quyết định")

        threads = [threading.Thread(target=walk, daemon=True) for _ in range(IN_FLIGHT)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join(60)

    def _walker(self) -> Walker:
        """Signed in since before the first kill."""
        clerk, leader = (Client(self.port, self.tokens[name]) for name in (CLERK, LEADER))
        return Walker(clerk, leader)

    def check(self) -> None:
        """One more life, in which every job ends; then what the database says agrees with itself and the log."""
        with started(self.data, port=self.port):
            walker = self._walker()
            walker.walk(decision(of_this_year(clock(), DecisionSpec())), "Quyết định cuối")
            deadline = time.monotonic() + 300
            while self._ask(UNDER_WAY):
                assert time.monotonic() < deadline, "jobs that were killed did not end"
                time.sleep(0.2)
        leaves, size = (
            self._ask("SELECT max(log_index) + 1 FROM leaves"),
            self._ask("SELECT size FROM checkpoint"),
        )
        shown = int((self.data / "store/objects/log/checkpoint").read_bytes().split(b"\n")[1])
        assert leaves == size == shown, (leaves, size, shown)
        numbers = (
            self._ask("SELECT count(*) FROM numbers"),
            self._ask("SELECT sum(last_number) FROM number_series"),
        )
        assert numbers[0] == numbers[1], numbers
        assert numbers[0] > self.size

    def _ask(self, query: str) -> int:
        with contextlib.closing(
            sqlite3.connect(f"file:{self.data / 'antin.sqlite3'}?mode=ro", uri=True)
        ) as conn:
            return int(conn.execute(query).fetchone()[0])


def kill_all(pid: int) -> None:
    """The process and everything that it started, at once."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
