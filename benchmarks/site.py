"""The service in a process of its own, as `antin serve` runs it.

    python -m benchmarks.site DATA PORT [TSA [GRACE]]  the process, with its own authority in-process or the one at a
                                               URL; seconds until validation data is collected
    with started(data) as site: ...            from outside: HTTP clients, counts, resident memory

Counted are write transactions (durable ones: one fsync of the write-ahead log each; notes: none) and the fsyncs
of files and directories; what only reads is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Connection, Engine, event, func, select

from api.demo import tsa
from api.demo.furnish import kept_passwords
from api.demo.run import demo_settings, running
from api.fixity_child import read_all_due
from api.line import Stopped
from api.processor import keep_to_one
from api.services import Services
from archive.catalogue.copies import FIRST
from archive.catalogue.tables import fixity_runs, object_copies
from benchmarks.client import Client
from signer.sandbox_process import Worker
from signer.timestamping.direct import DirectTimestampAuthority
from signer.timestamping.token import TokenRules

CLERK, LEADER = "van-thu", "nguyen-van-an"
WAIT_SECONDS = 10.0  # for the end of an operation, in one question
SCANNING = ("scan", "rest")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GRACE_SECONDS = 86_400.0  # as in operation: validation data is collected a day later


@dataclass
class Counts:
    """Since the start of the process."""

    commits: int = 0
    notes: int = 0
    fsyncs: int = 0
    tasks: dict[str, float] = field(
        default_factory=dict
    )  # seconds that the parent waited, by task of the sandbox

    def watch(self) -> None:
        """Count from now on."""
        seen: dict[int, int] = {}
        real = os.fsync

        @event.listens_for(Engine, "commit")
        def committed(conn: Connection) -> None:
            raw: Any = conn.connection.dbapi_connection
            changes = raw.total_changes
            if seen.get(id(raw), 0) != changes:
                seen[id(raw)] = changes
                waits = (
                    conn.info.get("synchronous", "FULL") == "FULL"
                )  # as `api.store.sqlite_writer` keeps it
                self.commits += waits
                self.notes += not waits

        def fsync(descriptor: int) -> None:
            self.fsyncs += 1
            real(descriptor)

        os.fsync = fsync  # type: ignore[assignment]
        asked = Worker.call

        def call(
            worker: Worker, task: str, arguments: tuple[object, ...], wall: float
        ) -> tuple[str, Any, int]:
            start = time.perf_counter()
            try:
                return asked(worker, task, arguments, wall)
            finally:
                name = task.removeprefix("signer.").partition(":")[0].rpartition(".")[2]
                self.tasks[name] = self.tasks.get(name, 0.0) + time.perf_counter() - start

        Worker.call = call  # type: ignore[method-assign]


def serve(data: Path, port: int, tsa_url: str = "", grace: float = GRACE_SECONDS) -> None:
    """The process: until its standard input ends."""
    keep_to_one()
    counts = Counts()
    counts.watch()
    settings = demo_settings(data, port).model_copy(update={"grace_seconds": grace, "tsa_url": tsa_url})
    with running(settings) as (services, _passwords):
        if not tsa_url:
            _direct(services)
        print("ready", flush=True)
        scans = Scans(services)
        for line in sys.stdin:
            if line.strip() in SCANNING:
                scans.go_on(line.strip() == SCANNING[0])
                print(json.dumps(scans.done()), flush=True)
                continue
            print(
                json.dumps(
                    {
                        "commits": counts.commits,
                        "notes": counts.notes,
                        "fsyncs": counts.fsyncs,
                        **{f"task {name}": seconds for name, seconds in counts.tasks.items()},
                    }
                ),
                flush=True,
            )


@dataclass
class Scans:
    """Fixity as the night's job has it read, again and again while it is told to."""

    services: Services
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def go_on(self, on: bool) -> None:
        """From now on, or not any more."""
        if self.thread is not None:
            self.stopping.set()
            self.thread.join()
        self.stopping.clear()
        self.thread = threading.Thread(target=self._again_and_again, daemon=True) if on else None
        if self.thread is not None:
            self.thread.start()

    def _again_and_again(self) -> None:
        while not self.stopping.is_set():
            with self.services.transactions.write() as conn:
                conn.execute(object_copies.update().values(fixity_due=LONG_AGO))
            with contextlib.suppress(Stopped):
                read_all_due(self.services.settings, [FIRST], self.services.busy, self.stopping.is_set)

    def done(self) -> dict[str, float]:
        """Of all runs so far: seconds, objects, bytes."""
        with self.services.transactions.read() as conn:
            sums = (func.sum(fixity_runs.c[name]) for name in ("seconds", "objects", "size"))
            row = conn.execute(select(*sums)).one()
        return dict(zip(("seconds", "objects", "size"), (float(each or 0) for each in row), strict=True))


def _direct(services: Services) -> None:
    pki = services.demo
    assert pki is not None
    rules = TokenRules(services.trust, now=services.clock)
    services.tsa = DirectTimestampAuthority(lambda query: tsa.respond(pki, query, services.clock()), rules)


@dataclass
class Site:
    """The running service, seen from outside."""

    url: str
    process: subprocess.Popen[str]
    passwords: dict[str, str]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, name: str) -> Client:
        """A signed-in client, as lean as one can be."""
        client = Client(int(self.url.rpartition(":")[2]))
        client.sign_in(name, self.passwords[name])
        return client

    def httpx_client(self, name: str) -> httpx.Client:
        """The same for what is not counted, and for every kind of request."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=900, trust_env=False)
        answer = client.post("/sessions", json={"name": name, "password": self.passwords[name]})
        client.headers["authorization"] = f"Bearer {good(answer)['token']}"
        return client

    def counts(self) -> dict[str, float]:
        """Commits, notes, fsyncs and seconds of each task of the service so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write("counts\n")
            self.process.stdin.flush()
            found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found

    def scan(self, on: bool) -> dict[str, float]:
        """Fixity goes on beside what is measured, or stops; seconds, objects and bytes of all its runs so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write(SCANNING[not on] + "\n")
            self.process.stdin.flush()
            found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found

    def processes(self) -> dict[int, psutil.Process]:
        """The service and its workers, by process id."""
        root = psutil.Process(self.process.pid)
        return {process.pid: process for process in (root, *root.children(recursive=True))}

    def cpu_seconds(self) -> tuple[float, float, float]:
        """Processor seconds of the service, of the path's workers, and of the one that steps back."""
        own = psutil.Process(self.process.pid).cpu_times()
        workers, background = own.children_user + own.children_system, 0.0
        for process in self.processes().values():
            if process.pid != self.process.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    if process.nice() > psutil.Process(self.process.pid).nice():
                        background += times.user + times.system
                    else:  # a template's children are the workers that it has reaped
                        workers += sum(times[:4])
        return own.user + own.system, workers, background


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(data: Path, tsa_url: str = "", port: int = 0, grace: float = GRACE_SECONDS) -> Iterator[Site]:
    """The service on a free port, or on that one."""
    port = port or free_port()
    command = [sys.executable, "-m", "benchmarks.site", str(data), str(port), tsa_url, str(grace)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        passwords = kept_passwords(data / "accounts.txt")
        yield Site(f"http://127.0.0.1:{port}", process, passwords)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Walker:
    """One client that takes documents from upload to receipt over HTTP."""

    clerk: Client
    leader: Client
    wait_seconds: float = 900.0
    times: dict[str, float] = field(default_factory=dict)

    def walk(self, pdf: Path | bytes, subject: str) -> dict[str, Any]:
        """Upload, prepare, sign, number, seal; the receipt. Raises AssertionError when a step is refused."""
        document = self._step("upload", lambda: self._upload(pdf, subject))["id"]
        place = f"/documents/{document}"
        ready = self._step("prepare", lambda: self.clerk.post(f"{place}/preparation", {}))
        seen = {"sha256": ready["sha256"]}
        self._step("sign", lambda: self._waits(self.leader, f"{place}/leader-signature", seen))
        self._step("number", lambda: self.clerk.post(f"{place}/number", {}))
        self._step("seal", lambda: self._waits(self.clerk, f"{place}/seal"))
        receipt: dict[str, Any] = self._step("receipt", lambda: self.clerk.get(f"{place}/receipt"))
        return {"id": document, "receipt": receipt}

    def _step(self, name: str, act: Any) -> Any:
        start = time.perf_counter()
        result = act()
        self.times[name] = self.times.get(name, 0.0) + time.perf_counter() - start
        return result

    def _upload(self, pdf: Path | bytes, subject: str) -> dict[str, Any]:
        form = {"subject": subject, "kind": "QĐ", "leaders": LEADER}
        return self.clerk.upload("/documents", form, "quyet-dinh.pdf", pdf)

    def _waits(self, client: Client, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        operation = client.post(path, body, prefer=f"wait={WAIT_SECONDS:.0f}")
        deadline = time.monotonic() + self.wait_seconds
        while operation["state"] not in ("succeeded", "failed"):
            assert time.monotonic() < deadline, operation
            operation = client.get(f"/operations/{operation['id']}?wait={WAIT_SECONDS}")
        assert operation["state"] == "succeeded", operation["problem"]
        return operation


def good(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON. Raises AssertionError for a refusal."""
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4], *map(float, sys.argv[4:5]))
