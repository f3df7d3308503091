"""Settings: `antin.toml`, overridden by `ANTIN_*`. Unknown keys refuse the start; no secret has a default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from api.hosts import host_names

PREFIX = "ANTIN_"
GROUP = "__"  # ANTIN_OBJECT_STORE__BUCKET is `bucket` in the table [object_store]
ONLY_ENVIRONMENT = (
    "access_key",
    "secret_key",
)  # a file that others read, copy and back up is no place for them


class SettingsError(Exception):
    """The settings cannot be used; the text names the key and what to do, never a value."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySettings(_Strict):
    """One PKCS#12 container: who may use it (`account`, or the agency's seal when empty)."""

    pkcs12: Path
    password_file: Path
    account: str = ""


class WitnessSettings(_Strict):
    """One independent witness of the log: where it answers, its verifier key (vkey), how pages call it."""

    url: str = Field(pattern=r"^https?://[^\s?#]+$")
    vkey: str
    label: str = ""


class ObjectStoreSettings(_Strict):
    """One S3 server with Object Lock: where it is, the bucket, and who asks.

    Both parts of the credentials come from files of their own, or from the environment. `work_bucket` has no locks:
    bytes on their way to the archive lie there for every machine to find. The lock canary tries on `canary_bucket`
    what could destroy a bucket, and as the weaker account what nobody else may do; it knocks at `doors`.
    """

    endpoint: str
    bucket: str = Field(min_length=3, max_length=63)
    work_bucket: str = Field("", max_length=63)
    region: str = "us-east-1"
    access_key_file: Path | None = None
    secret_key_file: Path | None = None
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    ca_file: Path | None = None
    canary_bucket: str = Field("", max_length=63)
    weaker_access_key_file: Path | None = None
    weaker_secret_key_file: Path | None = None
    doors: tuple[str, ...] = ()

    @field_validator("endpoint")
    @classmethod
    def _encrypted(cls, endpoint: str) -> str:
        """https; without it only on this machine, where a tunnel or a test listens."""
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("an address like https://s3.example.gov.vn:8333 is needed")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(
                "http sends the bytes in the clear; use https, and ca_file for an authority of your own"
            )
        return endpoint.rstrip("/")

    @model_validator(mode="after")
    def _credentials_once(self) -> Self:
        for name in ONLY_ENVIRONMENT:
            if (getattr(self, name) is None) == (getattr(self, f"{name}_file") is None):
                raise ValueError(f"{name}_file: give the file, or {name} in the environment, and not both")
        if self.canary_bucket in (self.bucket, self.work_bucket or self.bucket):
            raise ValueError("canary_bucket: what lies there may be lost; it needs a bucket of its own")
        if (self.weaker_access_key_file is None) != (self.weaker_secret_key_file is None):
            raise ValueError("weaker_access_key_file: both parts of the weaker credentials, or none")
        if any(urlsplit(door).scheme not in ("http", "https", "grpc") for door in self.doors):
            raise ValueError("doors: addresses like http://filer:8888 or grpc://filer:18888 are needed")
        if self.work_bucket == self.bucket:
            raise ValueError(
                "work_bucket: the bucket of the archive has locks; the work area needs one without"
            )
        return self

    @property
    def credentials(self) -> tuple[str, str]:
        """Access key and secret key. Raises SettingsError that names the file that cannot be read."""
        access, secret = (self._credential(name) for name in ONLY_ENVIRONMENT)
        return access, secret

    @property
    def weaker_credentials(self) -> tuple[str, str] | None:
        """Those of somebody with fewer rights, None when there are none. Raises as `credentials` does."""
        if self.weaker_access_key_file is None:
            return None
        return self._credential("weaker_access_key"), self._credential("weaker_secret_key")

    def _credential(self, name: str) -> str:
        given: SecretStr | None = getattr(self, name, None)
        if given is not None:
            return given.get_secret_value()
        path: Path = getattr(self, f"{name}_file")
        try:
            found = path.read_text("utf-8-sig").splitlines()[0].strip()
        except (OSError, IndexError, UnicodeDecodeError) as exc:
            raise SettingsError(f"{name}_file {path} cannot be read") from exc
        if not found:
            raise SettingsError(f"{name}_file {path}: its first line is empty")
        return found


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(_Strict):
    """Everything that an operator may choose. Durations in seconds, sizes in bytes.

    `embedded`: one process does everything. `production`: any number of `antin serve` and `antin worker` share one
    PostgreSQL and one object store.
    """

    mode: Literal["embedded", "production"] = "embedded"
    demo_pki: bool = False
    data_dir: Path = Path("antin-data")
    database_url: str = ""
    object_store: ObjectStoreSettings | None = None
    second_store: ObjectStoreSettings | None = None
    work_dir: Path | None = None  # the work area: a volume that all processes share
    work_days: float = Field(30.0, ge=1)  # from archiving until the steps before it go from the work area
    dead_after: float = Field(20.0, ge=2)  # without a heartbeat others take over what a process had
    database_connections: int = Field(8, ge=2, le=200)  # of each process: for acts, and as many for readings
    fixity_bytes: float = Field(100_000_000.0, ge=0)  # a second; 0: as many as the store gives
    fixity_objects: float = Field(0.0, ge=0)
    renewals_nightly: int = Field(2000, ge=0)  # documents whose evidence one night renews
    migrate_at_start: bool = True  # else `antin migrate` does, whose account may then have more rights
    public_url: str = "http://127.0.0.1:8460"
    host: str = "127.0.0.1"
    port: int = Field(8460, ge=1, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    log_origin: str = ""
    log_key: Path | None = None
    agency_code: str = "H99.01"
    agency_name: str = "Ủy ban nhân dân tỉnh Sông Hồng"
    agency_symbol: str = "UBND"
    seal_key: KeySettings | None = None
    report_key: KeySettings | None = None  # seals validation reports, and nothing else
    leader_keys: tuple[KeySettings, ...] = ()
    trust: Path | None = None
    trust_key: str = ""
    offline: bool = False
    revocation_cache: Path | None = None
    revocation_age: float = Field(21_600.0, ge=60)  # an answer is kept no longer, whatever it says of itself
    issuer_hosts: tuple[
        str, ...
    ] = ()  # who may be asked for issuers' certificates that a signature leaves out
    stamps: Path | None = None
    seal_diameter_mm: float = Field(36.0, gt=10, le=60)
    tsa_url: str = ""
    tsa_timeout: float = Field(180.0, gt=0)
    tsa_attempts: int = Field(3, ge=1, le=10)
    tsa_parallel: int = Field(4, ge=1, le=16)  # the government authority's measured limit
    grace_seconds: float = Field(86_400.0, ge=0)
    upload_limit: int = Field(1 << 30, ge=1)
    page_limit: int = Field(2_000, ge=1)
    sandbox_workers: int = Field(2, ge=1, le=64)
    sandbox_seconds: float = Field(60.0, gt=0)
    session_hours: float = Field(8.0, gt=0)
    qr: bool = False
    retention_file: Path | None = None  # the agency's own retention codes
    witnesses: tuple[WitnessSettings, ...] = ()
    witness_seconds: float = Field(10.0, ge=1)
    witness_timeout: float = Field(5.0, gt=0, le=60)
    require_witness: bool = False
    known_checkpoints: tuple[Path, ...] = ()

    @field_validator("issuer_hosts", mode="before")
    @classmethod
    def _hosts_by_name(cls, given: Any) -> Any:
        """In the environment one line: `ca.example.gov.vn, ca2.example.gov.vn`."""
        names = [each for each in given.split(",") if each.strip()] if isinstance(given, str) else given
        if isinstance(names, list | tuple) and all(isinstance(each, str) for each in names):
            return host_names(names)
        return given

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.mode == "production":
            if self.demo_pki:
                raise ValueError("demo_pki: demo keys are refused in production mode")
            if not self.database_url.startswith("postgresql"):
                raise ValueError("database_url: production mode needs PostgreSQL")
            if self.trust is not None and not self.trust_key:
                raise ValueError("trust_key: production mode needs the signed trust store (antin trust init)")
            if self.object_store is None:
                raise ValueError(
                    "object_store: production mode needs an S3 bucket with Object Lock; the directory store is refused"
                )
            if (self.work_dir is None) == (self.object_store.work_bucket == ""):
                raise ValueError(
                    "work_dir: production mode needs either object_store.work_bucket or, in work_dir, a volume that "
                    "all processes share"
                )
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate: the certificate and its tls_key go together")
        return self

    @model_validator(mode="after")
    def _stores_are_two(self) -> Self:
        if self.second_store is None:
            return self
        if self.object_store is None:
            raise ValueError("second_store: there is no object_store that it could be the second of")
        if self.second_store.work_bucket:
            raise ValueError("second_store.work_bucket: the work area lies in the first store")
        first, second = ((each.endpoint, each.bucket) for each in (self.object_store, self.second_store))
        if first == second:
            raise ValueError("second_store: the same bucket twice is one copy; it needs a server of its own")
        return self

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def engine_url(self) -> str:
        """SQLAlchemy address of the catalogue."""
        return self.database_url or f"sqlite:///{self.data_dir / 'antin.sqlite3'}"

    @property
    def stamps_path(self) -> Path:
        """Where the pictures of signatures and seal lie."""
        return self.stamps or self.data_dir / "stamps"

    @property
    def revocation_path(self) -> Path:
        """Where answers on revocation are kept; processes of one machine may share it."""
        return self.revocation_cache or self.data_dir / "revocation"

    @property
    def spool_path(self) -> Path:
        """Where large bytes lie on their way from one store to the other."""
        return self.data_dir

    @property
    def log_key_path(self) -> Path:
        """Where the log's private key lies."""
        return self.log_key or self.data_dir / "log.key"

    @property
    def origin(self) -> str:
        """Name of the log and its key: the schema-less public address (C2SP tlog-checkpoint)."""
        return self.log_origin or self.public_url.split("://", 1)[-1].rstrip("/") + "/log"


def load(
    path: Path | None = None, environment: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Settings from a TOML file, the environment and explicit overrides, in rising order of weight.

    Raises SettingsError that names each wrong key; values are not repeated (they may be secrets).
    """
    found: dict[str, Any] = {}
    where = path or Path("antin.toml")
    if where.exists():
        found.update(_read_toml(where))
    elif path is not None:
        raise SettingsError(f"settings file {path} does not exist")
    _add_environment(found, os.environ if environment is None else environment)
    found.update({key: value for key, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(found)
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in exc.errors())
        raise SettingsError(f"wrong settings: {wrong}") from None


def _add_environment(found: dict[str, Any], environment: Mapping[str, str]) -> None:
    """`ANTIN_PORT` is `port`; `ANTIN_OBJECT_STORE__BUCKET` is `bucket` of the group `object_store`."""
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        group, _, key = name.removeprefix(PREFIX).lower().partition(GROUP)
        if key:
            rows = found.setdefault(group, {})
            if not isinstance(rows, dict):
                raise SettingsError(f"wrong settings: {group} is no group, so {name} has no meaning")
            rows[key] = value
        else:
            found[group] = value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"settings file {path} cannot be read: {exc}") from exc
    for group, rows in found.items():
        for name in ONLY_ENVIRONMENT:
            if isinstance(rows, dict) and name in rows:
                raise SettingsError(
                    f"wrong settings: {group}.{name} does not belong into {path}; put it into a file that the service "
                    f"alone can read, and name that in {name}_file"
                )
    return found
