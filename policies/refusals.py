"""Typed, cited refusals: the one way in which every room says no.

    Refused                      bad input or a rule that forbids the act; nothing was changed
    └── (signer.errors, archive.errors add their own branches; api.problems maps them to HTTP)

A `Reason` is a row of a catalogue in `policies.reasons`: a stable id, the legal or technical basis, and
one sentence in Vietnamese and English that says what is wrong and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the catalogue. `vi` and `en` are `str.format` templates over the refusal's values."""

    id: str
    basis: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Both:
    """A value of a refusal that is said differently in the two languages."""

    vi: str
    en: str


class Refused(Exception):
    """A refusal with its reason. `values` fill the sentences and are shown to the user: no secrets."""

    def __init__(self, reason: Reason, **values: object) -> None:
        super().__init__(reason, values)
        self.reason = reason
        self.values = values

    @property
    def id(self) -> str:
        return self.reason.id

    @property
    def basis(self) -> str:
        return self.reason.basis

    def text(self, language: str = "vi") -> str:
        """The sentence in `vi` or `en`, with the values filled in."""
        template = self.reason.en if language == "en" else self.reason.vi
        values = {
            name: getattr(value, "en" if language == "en" else "vi") if isinstance(value, Both) else value
            for name, value in self.values.items()
        }
        return template.format(**values)

    def __str__(self) -> str:
        return f"{self.reason.id}: {self.text('en')}"
