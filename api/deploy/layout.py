"""Where each process of the deployment is reached, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MASTERS, VOLUMES, FILERS, GATEWAYS = (
    ("master-1", "master-2", "master-3"),
    ("volume-1", "volume-2", "volume-3"),
    ("filer-1", "filer-2"),
    ("s3-1", "s3-2"),
)
APIS, WORKERS = ("api-1", "api-2"), ("worker-1", "worker-2")
POSTGRES, PROXY = "postgres", "proxy"
SEAWEEDFS = MASTERS + VOLUMES + FILERS + GATEWAYS
ALL = (POSTGRES, *SEAWEEDFS, PROXY, *APIS, *WORKERS)
# In containers each process has the port that its makers gave it.
_USUAL = {POSTGRES: 5432, "master": 9333, "volume": 8080, "filer": 8888, "s3": 8333, "api": 8460, PROXY: 8443}
# The accounts of the images: An Tín's own (Dockerfile), and the group of PostgreSQL's in Debian's image.
_ANTIN = (10001, 10001, 0o600)
_OWNERS = {
    "postgres/server.key": (0, 999, 0o640),
    **dict.fromkeys(("site.key", "log.key", "secrets/pgpass", "secrets/s3-access", "secrets/s3-key"), _ANTIN),
    **dict.fromkeys(("secrets/s3-stranger-access", "secrets/s3-stranger-key"), _ANTIN),
    **dict.fromkeys(("secrets/s3-admin-access", "secrets/s3-admin-key"), _ANTIN),
}
PROXIED_S3 = "proxy-s3"  # the proxy's second port
GRPC = 10_000  # SeaweedFS: the port for its own kind is this much higher


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Layout:
    """`config` and `data` as the processes see them; `bind` is what they listen on.

    `owners`: whose the files are that others must not read, by name: user, group, mode. Empty: the caller's.
    """

    config: Path
    data: Path
    bind: str
    addresses: dict[str, Address]
    owners: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def at(self, name: str) -> Address:
        return self.addresses[name]

    def all(self, names: tuple[str, ...]) -> str:
        return ",".join(str(self.at(name)) for name in names)


def in_containers() -> Layout:
    """As `docker-compose.yml` has it: a host for each process."""
    ports = {name: _USUAL[name.rpartition("-")[0] or name] for name in ALL if name not in WORKERS}
    addresses = {name: Address(name, port) for name, port in ports.items()}
    return Layout(
        Path("/etc/antin"),
        Path("/var/lib"),
        "0.0.0.0",  # noqa: S104 (a container's own network)
        {**addresses, PROXIED_S3: Address(PROXY, _USUAL["s3"])},
        _OWNERS,
    )


def on_one_machine(directory: Path, first_port: int) -> Layout:
    """All on loopback, each on a port of its own from `first_port` on."""
    listening = [*(name for name in ALL if name not in WORKERS), PROXIED_S3]
    addresses = {name: Address("127.0.0.1", first_port + n) for n, name in enumerate(listening)}
    return Layout(directory / "config", directory / "data", "127.0.0.1", addresses)
