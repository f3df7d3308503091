"""`witness.toml` in the witness's folder: which logs are watched. Unknown keys refuse the start."""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from api.settings import SettingsError
from archive.errors import ProofRefused
from archive.log.note import VerifierKey
from archive.witness.witness import WatchedLog

FILE = "witness.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(_Strict):
    """One log: its verifier key, and its origin when that is not the key's name."""

    vkey: str
    origin: str = ""


class WitnessFile(_Strict):
    """The whole file. Two tables with one origin are one log with two keys."""

    logs: tuple[LogSettings, ...] = ()


def watched_logs(folder: Path) -> tuple[WatchedLog, ...]:
    """The logs that the file names. Raises SettingsError that says which one is wrong."""
    keys: dict[str, list[VerifierKey]] = {}
    for row in _read(folder / FILE).logs:
        try:
            key = VerifierKey.parse(row.vkey.strip())
        except ProofRefused as exc:
            raise SettingsError(f"{folder / FILE}: vkey {row.vkey[:80]!r}: {exc.text('en')}") from exc
        keys.setdefault(row.origin or key.name, []).append(key)
    return tuple(WatchedLog(origin, tuple(dict.fromkeys(found))) for origin, found in keys.items())


def add_log(folder: Path, vkey: str, origin: str = "") -> str:
    """Write one more log into the file, atomically; the same one again changes nothing. Its origin.

    Raises SettingsError when the key or the file cannot be used.
    """
    try:
        key = VerifierKey.parse(vkey.strip())
    except ProofRefused as exc:
        raise SettingsError(f"not a log's verifier key: {exc.text('en')}") from exc
    known = watched_logs(folder)
    name = origin or key.name
    if any(log.origin == name and key in log.keys for log in known):
        return name
    path = folder / FILE
    text = path.read_text("utf-8") if path.exists() else "# Logs that this witness watches.\n"
    rows = [f"vkey = {json.dumps(str(key), ensure_ascii=False)}"]
    rows += [f"origin = {json.dumps(origin, ensure_ascii=False)}"] if origin else []
    _replace(path, text.rstrip("\n") + "\n\n[[logs]]\n" + "\n".join(rows) + "\n")
    return name


def _read(path: Path) -> WitnessFile:
    if not path.exists():
        return WitnessFile()
    try:
        return WitnessFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise SettingsError(f"{path}: {wrong}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{path} cannot be read: {exc}") from exc


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with part.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
