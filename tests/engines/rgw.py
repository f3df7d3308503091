"""A real Ceph RGW: one monitor, one OSD that keeps its objects in memory, and the gateway, from Debian's packages.

with rgw(directory) as server:
    Minio(server.endpoint, *server.admin, secure=server.secure, region=server.region)

`weak` is a user who may do nothing in the buckets of `admin` until a bucket policy lets it; it is named in one as
`WEAK_PRINCIPAL`. `least` is another (`LEAST_PRINCIPAL`), for the policy that `antin storage prepare` prints. `kill` and
`restart` concern the gateway: an OSD in memory would come back empty.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minio import Minio
from minio.error import S3Error
from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError

from tests.engines.servers import Keys, Process, StartError, free_ports, listens, wait_until

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool")
WEAK_PRINCIPAL = "arn:aws:iam:::user/weak"
LEAST_PRINCIPAL = "arn:aws:iam:::user/least"
_OSD_BYTES = 4 << 30  # a limit; it takes what is stored
# Alone on loopback there is nobody to prove an identity to. The gateway wants its connections encrypted unless told.
_GATEWAY = (
    "--auth_client_required=none",
    "--auth_cluster_required=none",
    "--auth_service_required=none",
    "--ms_mon_client_mode=crc",
)
_SETTINGS = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = {here}/run
admin socket = {here}/run/$name.$pid.asok
pid file = {here}/run/$name.pid
log file = {here}/$name.log
keyring = {here}/keyring
mon data = {here}/mon
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 0
paxos propose interval = 0.02
ms tcp nodelay = true
osd data = {here}/osd
osd journal =
osd objectstore = memstore
memstore device bytes = {bytes}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd client watch timeout = 2
rgw enable usage log = false
"""


def missing() -> list[str]:
    """Programs that are not installed (Debian: ceph-mon ceph-osd radosgw ceph-common)."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Rgw:
    """`S3Server`."""

    region = "us-east-1"
    secure = False
    ca = None

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.admin = Keys("admin", secrets.token_hex(16))
        self.weak = Keys("weak", secrets.token_hex(16))
        self.least = Keys("least", secrets.token_hex(16))
        self.log = directory / "radosgw.out"
        self._port, self._conf = 0, directory / "ceph.conf"
        self._cluster: list[Process] = []
        self._gateway: Process | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when a bucket can be made. Ports that somebody else took meanwhile are chosen anew."""
        if missing():
            raise StartError(
                f"missing: {', '.join(missing())}; apt-get install ceph-mon ceph-osd radosgw ceph-common"
            )
        for last in (False, False, True):
            try:
                return self._start()
            except (StartError, subprocess.SubprocessError):
                self.stop()
                if last:
                    raise
        return None

    def restart(self) -> None:
        command = ["radosgw", "-c", self._conf, "-f", "-n", "client.rgw", *_GATEWAY]
        command.append(f"--rgw_frontends=beast endpoint={self.endpoint} tcp_nodelay=1")
        self._gateway = Process(command, self.log, cwd=self.directory)
        wait_until(self._listens, [self._gateway, *self._cluster], "radosgw")
        if not (self.directory / "users").exists():
            self._make_user("admin", self.admin)
            self._make_user("weak", self.weak)
            self._make_user("least", self.least)
            (self.directory / "users").touch()
        wait_until(self._serves, [self._gateway], "radosgw")

    def kill(self) -> None:
        if self._gateway is not None:
            self._gateway.kill()

    def freeze(self) -> None:
        assert self._gateway is not None
        self._gateway.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._gateway is not None
        self._gateway.signal(signal.SIGCONT)

    def stop(self) -> None:
        """All of it, with what it kept."""
        self.kill()
        for process in self._cluster:
            process.kill()
        self._cluster, self._gateway = [], None

    def client(self, keys: Keys | None = None) -> Minio:
        """The SDK as it comes, without patience."""
        access, secret = keys or self.admin
        pool = PoolManager(timeout=10.0, retries=Retry(total=0))
        return Minio(self.endpoint, access, secret, secure=False, region=self.region, http_client=pool)

    def _start(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        for name in ("run", "mon", "osd"):
            (self.directory / name).mkdir(parents=True)
        monitor, self._port = free_ports(2)
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        here = self.directory
        self._conf.write_text(_SETTINGS.format(fsid=fsid, mon=monitor, here=here, bytes=_OSD_BYTES))
        monmap = here / "monmap"
        self._run(
            "monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor}]", monmap
        )
        self._run("ceph-mon", "-c", self._conf, "--mkfs", "-i", "a", "--monmap", monmap)
        self._daemon("ceph-mon", "-i", "a")
        wait_until(lambda: listens(monitor), self._cluster, "ceph-mon")
        self._run("ceph", "-c", self._conf, "--connect-timeout", "60", "osd", "new", osd, "0")
        self._run("ceph-osd", "-c", self._conf, "--mkfs", "-i", "0", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0")
        self.restart()

    def _daemon(self, program: str, *more: str) -> None:
        command = [program, "-c", self._conf, "-f", *more]
        self._cluster.append(Process(command, self.directory / f"{program}.out", cwd=self.directory))

    def _make_user(self, name: str, keys: Keys) -> None:
        who = [
            "--uid",
            name,
            "--display-name",
            name,
            "--access-key",
            keys.access,
            "--secret-key",
            keys.secret,
        ]
        self._run("radosgw-admin", "-c", self._conf, "-n", "client.rgw", *_GATEWAY, "user", "create", *who)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.directory,
            env={**os.environ, "CEPH_CONF": str(self._conf)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        if done.returncode != 0:
            raise StartError(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")

    def _listens(self) -> bool:
        return listens(self._port)

    def _serves(self) -> bool:
        client = self.client()
        try:
            # What changes a bucket waits until a gateway that was killed is forgotten.
            client.make_bucket(f"antin-started-{secrets.token_hex(4)}")
        except (S3Error, HTTPError):
            return False
        return True


@contextmanager
def rgw(directory: Path) -> Iterator[Rgw]:
    """A gateway that takes objects, empty at first, forgotten afterwards. `directory` is made anew."""
    server = Rgw(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
