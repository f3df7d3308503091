"""Every reason there is, by id: for documentation, for the test that ids are unique, for look-up."""

from __future__ import annotations

from types import ModuleType

from policies.reasons import (
    access,
    archiving,
    backup,
    changes,
    database,
    document,
    issuing,
    keeping,
    reporting,
    signing,
    storage,
    texts,
    trust,
    verification,
)
from policies.refusals import Reason

MODULES: tuple[ModuleType, ...] = (
    access,
    archiving,
    backup,
    changes,
    database,
    document,
    issuing,
    keeping,
    reporting,
    signing,
    storage,
    texts,
    trust,
    verification,
)


def all_reasons() -> dict[str, Reason]:
    """Reasons by id, over all modules of the catalogue."""
    found: dict[str, Reason] = {}
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, Reason):
                found[value.id] = value
    return found
