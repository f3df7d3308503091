"""`antin deploy prepare`: every file that the deployment's processes read, with new secrets.

Nothing that is there is written over: secrets that a database or a store was begun with cannot be made again.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.deploy import layout as places
from api.deploy.certificates import Authority, Issued
from api.deploy.layout import Address, Layout
from api.deploy.texts import ANTIN, FILER, HAPROXY, HBA, INIT_SQL, SECURITY
from api.settings import SettingsError
from api.wiring.rights import seaweedfs_actions
from archive.log.note import Ed25519LogKey
from signer.trust import store, store_file
from signer.trust.store_keys import StoreKey

OWNER_ONLY, READABLE = 0o600, 0o644
TRUST_DAYS = 180  # until the store is to be reviewed
BUCKET, CANARY_BUCKET, WORK_BUCKET = "antin", "antin-canary", "antin-work"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Random, each for one purpose."""

    database: str
    filers: str
    superuser: str
    access: str
    access_key: str
    admin: str
    admin_key: str
    stranger: str
    stranger_key: str
    signing: dict[str, str]

    @classmethod
    def new(cls) -> Secrets:
        parts = ("volume", "volume_read", "filer", "filer_read")
        return cls(
            database=secrets.token_urlsafe(32),
            filers=secrets.token_urlsafe(32),
            superuser=secrets.token_urlsafe(32),
            access="antin-" + secrets.token_hex(6),
            access_key=secrets.token_urlsafe(32),
            admin="antin-admin-" + secrets.token_hex(6),
            admin_key=secrets.token_urlsafe(32),
            stranger="antin-stranger-" + secrets.token_hex(6),
            stranger_key=secrets.token_urlsafe(32),
            signing={part: secrets.token_urlsafe(32) for part in parts},
        )


def prepare(layout: Layout, target: Path, public_url: str, at: datetime) -> list[Path]:
    """All files below `target`, which the processes see as `layout.config`; the paths written, in order.

    Raises SettingsError when one of them is there already.
    """
    files = _files(layout, public_url, Secrets.new(), at)
    there = [name for name in files if (target / name).exists()]
    if there:
        raise SettingsError(
            f"{target / there[0]} is there already; its secrets are in use. Choose an empty folder"
        )
    written = [_write(target / name, content, mode) for name, (content, mode) in files.items()]
    for name, (user, group, mode) in layout.owners.items():
        os.chown(target / name, user, group)
        (target / name).chmod(mode)
    return written


def _files(layout: Layout, public_url: str, given: Secrets, at: datetime) -> dict[str, tuple[bytes, int]]:
    authority = Authority(f"An Tin deployment {secrets.token_hex(4)}", at)
    keeper = StoreKey.generate(_host(public_url) + "/trust")
    private: dict[str, bytes] = {
        "log.key": Ed25519LogKey.generate(_origin(public_url)).secret().encode() + b"\n",
        "trust.key": keeper.secret().encode() + b"\n",
        "secrets/pgpass": _pgpass(layout, given).encode(),
        "secrets/superuser": given.superuser.encode(),
        "secrets/s3-access": given.access.encode(),
        "secrets/s3-key": given.access_key.encode(),
        "secrets/s3-stranger-access": given.stranger.encode(),
        "secrets/s3-stranger-key": given.stranger_key.encode(),
        "secrets/s3-admin-access": given.admin.encode(),
        "secrets/s3-admin-key": given.admin_key.encode(),
        "seaweedfs/security.toml": _security(layout, given).encode(),
        "seaweedfs/filer.toml": _filer(layout, given).encode(),
        "seaweedfs/s3.json": _identities(given),
        "postgres/init.sql": INIT_SQL.format(antin=given.database, filers=given.filers).encode(),
    }
    public = {
        "ca.pem": authority.certificate,
        "postgres/pg_hba.conf": HBA.encode(),
        "haproxy.cfg": _haproxy(layout).encode(),
        "trust.json": store_file.write(store.begin(store.Step(at, TRUST_DAYS)), keeper),
        "antin.toml": _antin(layout, public_url, str(keeper.pin)).encode(),
    }
    for name, issued in _certificates(layout, authority).items():
        public[f"{name}.pem"] = issued.certificate
        private[f"{name}.key"] = issued.key
    return {
        **{name: (content, READABLE) for name, content in public.items()},
        **{name: (content, OWNER_ONLY) for name, content in private.items()},
    }


def _certificates(layout: Layout, authority: Authority) -> dict[str, Issued]:
    """By file name without its end. SeaweedFS compares no host names among its own."""
    hosts = {
        "site": (*places.APIS, places.PROXY),
        "postgres/server": (places.POSTGRES,),
        "seaweedfs/s3": (*places.GATEWAYS, places.PROXIED_S3),
        "seaweedfs/grpc": places.SEAWEEDFS,
    }
    return {
        name: authority.issue(name, sorted({layout.at(place).host for place in of} | {"localhost"}))
        for name, of in hosts.items()
    }


def _security(layout: Layout, given: Secrets) -> str:
    directory = layout.config / "seaweedfs"
    return SECURITY.format(
        ca=layout.config / "ca.pem", cert=directory / "grpc.pem", key=directory / "grpc.key", **given.signing
    )


def _filer(layout: Layout, given: Secrets) -> str:
    at = layout.at(places.POSTGRES)
    return FILER.format(host=at.host, port=at.port, password=given.filers, ca=layout.config / "ca.pem")


def _pgpass(layout: Layout, given: Secrets) -> str:
    at = layout.at(places.POSTGRES)
    return f"{at.host}:{at.port}:antin:antin:{given.database}\n"


def _origin(public_url: str) -> str:
    """The log's name, as `Settings.origin` has it."""
    return _host(public_url) + "/log"


def _host(public_url: str) -> str:
    return public_url.split("://", 1)[-1].rstrip("/")


def _identities(given: Secrets) -> bytes:
    service = {"accessKey": given.access, "secretKey": given.access_key}
    admin = {"accessKey": given.admin, "secretKey": given.admin_key}
    stranger = {"accessKey": given.stranger, "secretKey": given.stranger_key}
    identities = [
        {"name": "antin", "credentials": [service], "actions": _rights()},
        {
            "name": "antin-stranger",
            "credentials": [stranger],
            "actions": [f"{act}:{CANARY_BUCKET}" for act in ("Read", "Write", "List")],
        },
        {
            "name": "antin-admin",
            "credentials": [admin],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
    ]
    return json.dumps({"identities": identities}, indent=2).encode()


def _rights() -> list[str]:
    """Only what lies under locks is ever hardened."""
    return [*seaweedfs_actions((BUCKET,), may_harden=True), *seaweedfs_actions((CANARY_BUCKET, WORK_BUCKET))]


def _haproxy(layout: Layout) -> str:
    def servers(names: tuple[str, ...]) -> str:
        return "\n".join(f"    server {name} {layout.at(name)}" for name in names)

    return HAPROXY.format(
        bind=layout.bind,
        site=layout.at(places.PROXY).port,
        s3=layout.at(places.PROXIED_S3).port,
        apis=servers(places.APIS),
        gateways=servers(places.GATEWAYS),
    )


def _antin(layout: Layout, public_url: str, trust_key: str) -> str:
    return ANTIN.format(
        trust_key=trust_key,
        public_url=public_url,
        config=layout.config,
        database=layout.at(places.POSTGRES),
        s3=layout.at(places.PROXIED_S3),
        bucket=BUCKET,
        canary_bucket=CANARY_BUCKET,
        work_bucket=WORK_BUCKET,
        doors=json.dumps(_doors(layout)),
    )


def _doors(layout: Layout) -> list[str]:
    """SeaweedFS's inner ports: the canary sees each night that they are shut."""
    inner = [layout.at(name) for name in places.MASTERS + places.VOLUMES + places.FILERS]
    calls = [Address(at.host, at.port + places.GRPC) for at in inner]
    return [*(f"http://{at}" for at in inner), *(f"grpc://{at}" for at in calls)]


def _write(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path
