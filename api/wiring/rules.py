"""Rules that ship as TOML beside `policies`, read here and handed over as frozen values."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from api.settings import SettingsError
from policies.anchors import KnownAnchor, known_anchors
from policies.profiles import profiles
from policies.retention import Rule, rule, table
from policies.validation import ValidationProfile
from policies.vocabulary import TrustDomain


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


def validation_profiles(*, production: bool = False) -> dict[str, ValidationProfile]:
    """The shipped validation profiles by name. In production none of them believes the demo's domain."""
    found = profiles(_shipped("validation.toml", "profile"))
    if not production:
        return found
    without = {TrustDomain.DEMO}
    return {name: replace(each, domains=each.domains - without) for name, each in found.items()}


def anchors_by_fingerprint() -> dict[str, KnownAnchor]:
    """The shipped table of known anchors, by SHA-256."""
    return known_anchors(_shipped("anchors.toml", "anchor"))


def _shipped(name: str, rows: str) -> list[dict[str, Any]]:
    found = tomllib.loads(files("policies").joinpath(name).read_text("utf-8"))
    if set(found) != {rows}:
        raise ValueError(f"policies/{name}: only [[{rows}]] tables are known")
    return list(found[rows])
