"""Settings: `antin.toml`, overridden by `ANTIN_*`. Unknown keys refuse the start; no secret has a default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PREFIX = "ANTIN_"


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


class Settings(_Strict):
    """Everything that an operator may choose. Durations in seconds, sizes in bytes."""

    mode: Literal["embedded", "production"] = "embedded"
    demo_pki: bool = False
    data_dir: Path = Path("antin-data")
    database_url: str = ""
    database_connections: int = Field(8, ge=2, le=200)  # of each process: for acts, and as many for readings
    public_url: str = "http://127.0.0.1:8460"
    host: str = "127.0.0.1"
    port: int = Field(8460, ge=1, le=65535)
    log_origin: str = ""
    agency_code: str = "H99.01"
    agency_name: str = "Ủy ban nhân dân tỉnh Sông Hồng"
    agency_symbol: str = "UBND"
    seal_key: KeySettings | None = None
    leader_keys: tuple[KeySettings, ...] = ()
    trust: Path | None = None
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
    witnesses: tuple[WitnessSettings, ...] = ()
    witness_seconds: float = Field(10.0, ge=1)
    witness_timeout: float = Field(5.0, gt=0, le=60)
    require_witness: bool = False
    known_checkpoints: tuple[Path, ...] = ()

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.mode == "production":
            if self.demo_pki:
                raise ValueError("demo_pki: demo keys are refused in production mode")
            if not self.database_url or self.database_url.startswith("sqlite"):
                raise ValueError("database_url: production mode needs PostgreSQL")
            # The S3 adapter is not here yet; a directory cannot enforce retention against its own operator.
            raise ValueError(
                "mode: production needs a store with Object Lock; the directory store is refused"
            )
        return self

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def engine_url(self) -> str:
        """SQLAlchemy address of the catalogue."""
        return self.database_url or f"sqlite:///{self.data_dir / 'antin.sqlite3'}"

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
    env = os.environ if environment is None else environment
    found.update({k.removeprefix(PREFIX).lower(): v for k, v in env.items() if k.startswith(PREFIX)})
    found.update({key: value for key, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(found)
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in exc.errors())
        raise SettingsError(f"wrong settings: {wrong}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"settings file {path} cannot be read: {exc}") from exc
