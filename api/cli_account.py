"""`antin account`: local accounts and API tokens of an embedded service."""

from __future__ import annotations

from datetime import timedelta

import click

from api.identity import LocalIdentity
from api.settings import Settings, SettingsError
from api.store import accounts
from api.store.accounts import Account
from api.wiring import service
from api.wiring.clock import clock
from archive.catalogue.identity import new_id
from policies.vocabulary import Role

SHORTEST = 10


def add(
    settings: Settings, name: str, display: str, title: str, roles: tuple[str, ...], key: str, password: str
) -> str:
    """Create an account. Raises SettingsError when the name is taken or the password is too short."""
    if len(password) < SHORTEST:
        raise SettingsError(f"password: at least {SHORTEST} characters")
    with service.identity(settings) as identity:
        if _find(identity, name) is not None:
            raise SettingsError(f"account {name} exists already")
        at = clock()
        held = frozenset(Role(role) for role in roles)
        account = Account(new_id(at), name, display, title, held, settings.agency_code, key or name)
        identity.add_account(account, password, at)
    return f"{name}: {', '.join(sorted(held))}"


def token(settings: Settings, name: str, label: str, days: int) -> str:
    """A bearer token for a program, shown once."""
    with service.identity(settings) as identity:
        account = _find(identity, name)
        if account is None:
            raise SettingsError(f"there is no account {name}")
        return identity.api_token(account.id, label, clock(), timedelta(days=days))


def _find(identity: LocalIdentity, name: str) -> Account | None:
    with identity.transactions.read() as conn:
        found = accounts.by_name(conn, name)
    return found[0] if found else None


def ask_password() -> str:
    """From the terminal, twice; never from the command line, where others could read it."""
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
