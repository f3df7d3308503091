"""Validation profiles from the rows of `validation.toml`: strict, nothing left out, nothing unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.validation import ValidationProfile
from policies.vocabulary import TrustDomain

MAY_BE_MISSING = frozenset({"effective_until", "legacy_ca_until"})


def profile(row: Mapping[str, Any]) -> ValidationProfile:
    """One `[[profile]]`. ValueError names the profile, the key and what is wrong."""
    name = row.get("name", "?")
    missing = set(_READERS) - set(row) - MAY_BE_MISSING
    unknown = set(row) - set(_READERS)
    if missing or unknown:
        what = [
            *(f"{key} is missing" for key in sorted(missing)),
            *(f"unknown {key}" for key in sorted(unknown)),
        ]
        raise ValueError(f"profile {name}: {', '.join(what)}")
    values: dict[str, Any] = {}
    for key, read in _READERS.items():
        try:
            values[key] = None if key not in row else read(row[key])
        except (TypeError, ValueError, KeyError, AttributeError) as exc:
            raise ValueError(f"profile {name}: {key} cannot be read ({type(exc).__name__})") from exc
    made = ValidationProfile(**values)
    if made.effective_until is not None and made.effective_until <= made.effective_from:
        raise ValueError(f"profile {name}: effective_until is not after effective_from")
    return made


def profiles(rows: Iterable[Mapping[str, Any]]) -> dict[str, ValidationProfile]:
    """All of a file, by name. ValueError for two of one name, and as `profile`."""
    found: dict[str, ValidationProfile] = {}
    for row in rows:
        made = profile(row)
        if made.name in found:
            raise ValueError(f"profile {made.name} is there twice")
        found[made.name] = made
    if not found:
        raise ValueError("no profile")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _version(value: Any) -> int:
    if _whole(value) == 0:
        raise ValueError
    return int(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _words(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise ValueError
    return frozenset(_text(each) for each in value)


def _domains(value: Any) -> frozenset[TrustDomain]:
    return frozenset(TrustDomain(each) for each in _words(value))


def _ends(value: Any) -> tuple[tuple[str, datetime], ...]:
    return tuple((_text(key), _moment(end)) for key, end in value.items())


def _bits(value: Any) -> tuple[tuple[str, int], ...]:
    return tuple((_text(key), _whole(bits)) for key, bits in value.items())


def _short(value: Any) -> tuple[tuple[str, int, datetime], ...]:
    return tuple((_text(each["key"]), _whole(each["bits"]), _moment(each["until"])) for each in value)


def _seconds(value: Any) -> timedelta:
    return timedelta(seconds=_whole(value))


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _text,
    "version": _version,
    "basis": _text,
    "domains": _domains,
    "effective_from": _moment,
    "effective_until": _moment,
    "digests": _words,
    "weak_digests": _ends,
    "minimum_bits": _bits,
    "short_keys": _short,
    "digest_ends": _ends,
    "key_ends": _short,
    "accept_weak": _flag,
    "legacy_ca_until": _moment,
    "formats": _words,
    "require_signing_certificate_reference": _flag,
    "require_timestamp": _flag,
    "clock_tolerance": _seconds,
    "revocation_age_without_next_update": _seconds,
    "current_answers_suffice": _flag,
}
