"""Rules that ship as TOML beside `policies`, read here and handed over as frozen values."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from api.settings import SettingsError
from policies.retention import Rule, rule, table


def retention_table(own: Path | None = None) -> tuple[Rule, ...]:
    """The shipped retention codes and the agency's own. Raises SettingsError that names file, code and fault."""
    shipped = _rules(
        files("policies").joinpath("retention.toml").read_text("utf-8"), "policies/retention.toml"
    )
    if own is None:
        return table(shipped)
    try:
        text = own.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"retention_file {own} cannot be read: {exc}") from exc
    try:
        return table(shipped, _rules(text, str(own)))
    except ValueError as exc:
        raise SettingsError(f"retention_file {own}: {exc}") from exc


def _rules(text: str, where: str) -> tuple[Rule, ...]:
    try:
        found = tomllib.loads(text)
        if set(found) - {"rule"} or not isinstance(found.get("rule", []), list):
            raise ValueError("only [[rule]] tables are known")
        return tuple(rule(row) for row in found.get("rule", []))
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"retention_file {where}: {exc}") from exc
