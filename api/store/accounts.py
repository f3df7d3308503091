"""Accounts, sessions and the brake on guessing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Row

from api.store.tables import accounts, sessions, sign_in_failures
from archive.catalogue.dialects import lock_name
from archive.catalogue.prepared import Prepared
from policies.vocabulary import Role

# Built once: every request runs it.
_SESSION = Prepared(
    select(accounts, sessions.c.kind, sessions.c.expires_at)
    .select_from(sessions.join(accounts, sessions.c.account == accounts.c.id))
    .where(
        sessions.c.token_hash == bindparam("token"),
        sessions.c.expires_at > bindparam("now"),
        accounts.c.active == 1,
    )
)
_BY_NAME = Prepared(select(accounts).where(accounts.c.name == bindparam("wanted"), accounts.c.active == 1))
_BY_ID = Prepared(select(accounts).where(accounts.c.id == bindparam("wanted")))
_ACTIVE = Prepared(_BY_ID.statement.where(accounts.c.active == 1))


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    display: str
    title: str
    roles: frozenset[Role]
    agency: str
    key_name: str


@dataclass(frozen=True, slots=True)
class Session:
    account: Account
    kind: str
    expires_at: datetime


def _account(row: Row[tuple[object, ...]]) -> Account:
    value = row._mapping
    roles = frozenset(Role(name) for name in value["roles"])
    return Account(
        value["id"],
        value["name"],
        value["display"],
        value["title"],
        roles,
        value["agency"],
        value["key_name"],
    )


def add(conn: Connection, account: Account, password_hash: str, at: datetime) -> None:
    """Insert an account; IntegrityError when the name is taken."""
    conn.execute(
        insert(accounts).values(
            id=account.id,
            name=account.name,
            display=account.display,
            title=account.title,
            roles=sorted(account.roles),
            agency=account.agency,
            key_name=account.key_name,
            password_hash=password_hash,
            created_at=at,
        )
    )


def by_name(conn: Connection, name: str) -> tuple[Account, str] | None:
    """The active account of that name with its password hash."""
    row = _BY_NAME(conn, {"wanted": name}).first()
    return (_account(row), row._mapping["password_hash"]) if row else None


def by_id(conn: Connection, account_id: str) -> Account | None:
    row = _BY_ID(conn, {"wanted": account_id}).first()
    return _account(row) if row else None


def active(conn: Connection, account_id: str) -> Account | None:
    """The account, unless it was closed: what it asked for is then not done any more."""
    row = _ACTIVE(conn, {"wanted": account_id}).first()
    return _account(row) if row else None


def displays(conn: Connection, agency: str) -> dict[str, str]:
    """How the people of an agency are called, by account name; those who left too."""
    rows = conn.execute(select(accounts.c.name, accounts.c.display).where(accounts.c.agency == agency))
    return {row.name: row.display for row in rows}


def with_role(conn: Connection, role: Role) -> tuple[Account, ...]:
    """Active accounts that hold the role, by display name."""
    rows = conn.execute(select(accounts).where(accounts.c.active == 1).order_by(accounts.c.display)).all()
    return tuple(account for account in map(_account, rows) if role in account.roles)


def open_session(
    conn: Connection,
    token_hash: str,
    account_id: str,
    kind: str,
    at: datetime,
    lasts: timedelta,
    label: str = "",
) -> None:
    conn.execute(
        insert(sessions).values(
            token_hash=token_hash,
            account=account_id,
            kind=kind,
            label=label,
            created_at=at,
            expires_at=at + lasts,
        )
    )


def session(conn: Connection, token_hash: str, at: datetime) -> Session | None:
    """The live session behind a token's hash, when its account is still active."""
    row = _SESSION(conn, {"token": token_hash, "now": at}).first()
    return Session(_account(row), row._mapping["kind"], row._mapping["expires_at"]) if row else None


def close_session(conn: Connection, token_hash: str) -> None:
    conn.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def lock_attempts(conn: Connection, name: str) -> None:
    """Whoever tries that name meanwhile waits: of guesses side by side each is counted."""
    lock_name(conn, f"sign-in {name}")


def failures(conn: Connection, name: str, since: datetime) -> int:
    """Wrong passwords for that name since then."""
    query = select(func.coalesce(func.max(sign_in_failures.c.count), 0))
    found = conn.execute(query.where(sign_in_failures.c.name == name, sign_in_failures.c.last_at > since))
    return int(found.scalar_one())


def count_failure(conn: Connection, name: str, at: datetime, previous: int) -> None:
    changed = conn.execute(
        update(sign_in_failures).where(sign_in_failures.c.name == name).values(count=previous + 1, last_at=at)
    )
    if changed.rowcount == 0:
        conn.execute(insert(sign_in_failures).values(name=name, count=previous + 1, last_at=at))


def forget_failures(conn: Connection, before: datetime) -> None:
    """Those that lock no name any more: a reading of the whole table, so not in every attempt."""
    conn.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at <= before))


def clear_failures(conn: Connection, name: str) -> None:
    conn.execute(delete(sign_in_failures).where(sign_in_failures.c.name == name))
