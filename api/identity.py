"""Who is asking: local accounts and API tokens, behind one port so that full identity can replace it.

Passwords are Argon2id; session and API tokens are 256 random bits of which only the SHA-256 is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from api.store import accounts
from api.store.accounts import Account, Session
from api.transactions import Transactions
from policies.reasons import access as reasons
from policies.refusals import Both, Refused
from policies.vocabulary import Role
from policies.words import ROLES

ATTEMPTS = 8
LOCKED_MINUTES = 10
COOKIE = "antin_session"
HASHES_AT_ONCE = 4  # 64 MiB each; whoever comes later waits
WAITING = 16  # of the 40 threads that answer requests: the others are for those who work here
PATIENCE = 2.0  # seconds
_hashing = BoundedSemaphore(HASHES_AT_ONCE)
_places = BoundedSemaphore(HASHES_AT_ONCE + WAITING)


class AccessRefused(Refused):
    """Not signed in, wrong password, wrong role, wrong request."""


class Identity(Protocol):
    """Port: turns credentials into a session, and a token into its account."""

    def sign_in(self, name: str, password: str, at: datetime) -> str: ...

    def session(self, token: str, at: datetime) -> Session | None: ...

    def sign_out(self, token: str) -> None: ...


@contextmanager
def _turn() -> Iterator[None]:
    """Raises AccessRefused SIGN_IN_BUSY: names that nobody has may be tried by the thousand."""
    if not _places.acquire(blocking=False):
        raise AccessRefused(reasons.SIGN_IN_BUSY)
    try:
        if not _hashing.acquire(timeout=PATIENCE):
            raise AccessRefused(reasons.SIGN_IN_BUSY)
        try:
            yield
        finally:
            _hashing.release()
    finally:
        _places.release()


@dataclass(frozen=True)
class LocalIdentity:
    """The accounts of this service's own database."""

    transactions: Transactions
    hasher: PasswordHasher
    lasts: timedelta

    def sign_in(self, name: str, password: str, at: datetime) -> str:
        """A fresh session token. Raises AccessRefused; a locked name is refused before its password is looked at, and
        whoever comes while too many do before his attempt is counted."""
        with _turn():
            return self._signed_in(name, password, at)

    def _signed_in(self, name: str, password: str, at: datetime) -> str:
        with self.transactions.write() as conn:
            accounts.lock_attempts(conn, name)
            wrong = accounts.failures(conn, name, at - timedelta(minutes=LOCKED_MINUTES))
            if wrong < ATTEMPTS:
                accounts.count_failure(conn, name, at, wrong)  # counted first: parallel guesses all count
            found = accounts.by_name(conn, name)
        if wrong >= ATTEMPTS:
            raise AccessRefused(reasons.TOO_MANY_ATTEMPTS, minutes=LOCKED_MINUTES)
        if not self._matches(found[1] if found else None, password) or found is None:
            raise AccessRefused(reasons.WRONG_PASSWORD)
        token = secrets.token_urlsafe(32)
        with self.transactions.write() as conn:
            accounts.clear_failures(conn, name)
            accounts.open_session(conn, token_hash(token), found[0].id, "browser", at, self.lasts)
        return token

    def _matches(self, stored: str | None, password: str) -> bool:
        # An unknown name costs as much as a known one, so that names cannot be probed by time.
        try:
            return self.hasher.verify(stored or _DUMMY, password) and stored is not None
        except VerificationError:
            return False

    def session(self, token: str, at: datetime) -> Session | None:
        with self.transactions.look() as conn:
            return accounts.session(conn, token_hash(token), at)

    def sign_out(self, token: str) -> None:
        with self.transactions.write() as conn:
            accounts.close_session(conn, token_hash(token))

    def forget_attempts(self, at: datetime) -> None:
        """Of names that are not locked any more, most of which nobody has."""
        with self.transactions.note() as conn:
            accounts.forget_failures(conn, at - timedelta(minutes=LOCKED_MINUTES))

    def api_token(self, account_id: str, label: str, at: datetime, lasts: timedelta) -> str:
        """A token for programs; shown once."""
        token = "antin_" + secrets.token_urlsafe(32)
        with self.transactions.write() as conn:
            accounts.open_session(conn, token_hash(token), account_id, "api", at, lasts, label)
        return token

    def add_account(self, account: Account, password: str, at: datetime) -> None:
        """Create a local account."""
        with self.transactions.write() as conn:
            accounts.add(conn, account, self.hasher.hash(password), at)


_DUMMY = PasswordHasher().hash(secrets.token_urlsafe(16))


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(session_token: str) -> str:
    """Form token bound to the session; useless without the cookie."""
    return hashlib.sha256(b"antin csrf " + session_token.encode()).hexdigest()


def require(account: Account | None, *roles: Role) -> Account:
    """The account, when it holds one of the roles; AccessRefused otherwise."""
    if account is None:
        raise AccessRefused(reasons.NOT_SIGNED_IN)
    if roles and not account.roles.intersection(roles):
        vi, en = (" / ".join(ROLES[role][column] for role in roles) for column in (0, 1))
        raise AccessRefused(reasons.WRONG_ROLE, role=Both(vi, en))
    return account
