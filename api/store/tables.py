"""Tables of the service itself: accounts, sessions, API tokens, idempotency, operations, tokens received, audit,
and, where several processes share the database, who they are and what each of them holds."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from archive.catalogue.types import NAMING, BigKey, UtcDateTime

metadata = MetaData(naming_convention=NAMING)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("display", String(200), nullable=False),
    Column("title", String(200), nullable=False, default=""),
    Column("roles", JSON, nullable=False),
    Column("agency", String(64), nullable=False),
    Column("password_hash", String(300), nullable=False),
    Column("key_name", String(64), nullable=False, default=""),
    Column("active", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(36), ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # "browser" or "api"
    Column("label", String(100), nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account", String(36), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("route", String(300), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer, nullable=True),  # null while the first request runs
    Column("headers", JSON, nullable=True),
    Column("body", LargeBinary, nullable=True),
    Column("at", UtcDateTime, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("document", String(36), nullable=True, index=True),
    Column("account", String(36), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, running, succeeded, failed
    Column("payload", JSON, nullable=False),
    Column("result", JSON, nullable=True),
    Column("problem", JSON, nullable=True),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

timestamp_tokens = Table(
    "timestamp_tokens",
    metadata,
    Column("imprint", String(64), primary_key=True),
    Column("token", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

processes = Table(
    "processes",
    metadata,
    Column("id", String(64), primary_key=True),  # a new one for each start, and after it was held to be dead
    Column("role", String(16), nullable=False),  # api or worker
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beats", BigInteger, nullable=False),  # what the others watch: no clock has to be right
    Column("state", JSON, nullable=False),  # what it tells of itself
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),  # by the database's clock, to be shown
    Column("gone_at", UtcDateTime, nullable=True),
    Column("ending", String(16), nullable=False, server_default=""),  # stopped, or lost: the others took over
)

held = Table(
    "held",
    metadata,
    Column("kind", String(16), primary_key=True),  # turn, key, place
    Column("name", String(200), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),  # processes.id
    Column("token", String(32), nullable=False),
    Column("route", String(300), nullable=False, server_default=""),
    Column("body_hash", String(64), nullable=False, server_default=""),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("since", String(64), nullable=False, server_default=""),
    Column("granted", Integer, nullable=False, server_default="1"),  # 0: waits in line for a place
)

audit = Table(
    "audit",
    metadata,
    Column("agency", String(64), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("act", String(64), nullable=False),
    Column("phase", String(16), nullable=False),  # intent, result, refused, event
    Column("subject", String(64), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("agency", "hash"),
)

storage_checks = Table(
    "storage_checks",
    metadata,
    Column("ordinal", BigKey, primary_key=True),  # in the order of keeping: clocks may go back
    Column("store", String(300), nullable=False, index=True),
    Column("process", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("conclusion", String(16), nullable=False),  # sound, broken, unusable, no-answer
    Column("report", JSON, nullable=False),
)

# One row: the database's shape, and the oldest revision whose code can work with it.
schema_state = Table(
    "schema_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(32), nullable=False),
    Column("works_with", String(32), nullable=False),
)
