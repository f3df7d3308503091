"""What each process of the deployment is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from api.deploy import layout as places
from api.deploy.layout import Layout

# Nothing is told to the makers, no bucket appears by itself, and none goes with its objects.
_QUIET_S3 = (
    "-iam=false",
    "-autoCreateBucket=false",
    "-allowDeleteBucketNotEmpty=false",
    "-port.iceberg=0",
    "-port.lance=0",
)


@dataclass(frozen=True, slots=True)
class Command:
    """`directory`: where it is started; SeaweedFS reads its files from there."""

    arguments: tuple[str, ...]
    directory: Path
    environment: dict[str, str] = field(default_factory=dict)


def command(name: str, layout: Layout) -> Command:
    """The command of that process. Raises KeyError for a name that the deployment has not."""
    kind = name.rpartition("-")[0] or name
    if kind in ("master", "volume", "filer", "s3"):
        seaweedfs = layout.config / "seaweedfs"
        return Command(("weed", "-logtostderr=true", kind, *_SEAWEEDFS[kind](name, layout)), seaweedfs)
    if kind == places.PROXY:
        return Command(("haproxy", "-W", "-db", "-f", str(layout.config / "haproxy.cfg")), layout.config)
    if kind == places.POSTGRES:
        return Command(("postgres", *_postgres(layout)), layout.config)
    return _antin(name, kind, layout)


def _antin(name: str, kind: str, layout: Layout) -> Command:
    environment = {"ANTIN_DATA_DIR": str(layout.data / name)}
    if kind == "worker":
        return Command(("antin", "worker"), layout.config, environment)
    environment |= {"ANTIN_HOST": layout.bind, "ANTIN_PORT": str(layout.at(name).port)}
    return Command(("antin", "serve"), layout.config, environment)


def _postgres(layout: Layout) -> tuple[str, ...]:
    at, tls = layout.at(places.POSTGRES), layout.config / "postgres"
    options = {
        "listen_addresses": "*" if layout.bind == "0.0.0.0" else layout.bind,  # noqa: S104
        "port": str(at.port),
        "max_connections": "200",
        "password_encryption": "scram-sha-256",
        "ssl": "on",
        "ssl_cert_file": str(tls / "server.pem"),
        "ssl_key_file": str(tls / "server.key"),
        "ssl_min_protocol_version": "TLSv1.3",
        "hba_file": str(tls / "pg_hba.conf"),
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }
    return tuple(part for name, value in options.items() for part in ("-c", f"{name}={value}"))


def _listening(name: str, layout: Layout) -> tuple[str, ...]:
    at = layout.at(name)
    return (
        f"-ip={at.host}",
        f"-ip.bind={layout.bind}",
        f"-port={at.port}",
        f"-port.grpc={at.port + places.GRPC}",
    )


def _master(name: str, layout: Layout) -> tuple[str, ...]:
    return (
        *_listening(name, layout),
        f"-mdir={layout.data / name}",
        f"-peers={layout.all(places.MASTERS)}",
        "-defaultReplication=001",  # two copies, on two servers
        "-volumeSizeLimitMB=1024",
        "-telemetry=false",
        "-disableHttp",  # its pages delete whole collections
    )


def _volume(name: str, layout: Layout) -> tuple[str, ...]:
    masters = f"-master={layout.all(places.MASTERS)}"
    return (*_listening(name, layout), f"-dir={layout.data / name}", masters, "-max=100", "-preStopSeconds=1")


def _filer(name: str, layout: Layout) -> tuple[str, ...]:
    masters = f"-master={layout.all(places.MASTERS)}"
    return (*_listening(name, layout), masters, "-disableHttp", "-exposeDirectoryData=false")


def _s3(name: str, layout: Layout) -> tuple[str, ...]:
    files = layout.config / "seaweedfs"
    return (
        *_listening(name, layout),
        f"-filer={layout.all(places.FILERS)}",
        f"-config={files / 's3.json'}",
        f"-cert.file={files / 's3.pem'}",
        f"-key.file={files / 's3.key'}",
        *_QUIET_S3,
    )


_SEAWEEDFS = {"master": _master, "volume": _volume, "filer": _filer, "s3": _s3}
