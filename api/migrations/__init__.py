"""One history of the database's shape, for the catalogue and the service's own tables, on both dialects.

An upgrade is one transaction, and one process at a time does it: killed in the middle, it has not begun, and the
next start does it. Every revision only adds (`tests/api/test_migrations.py`), so processes of the release before
go on working meanwhile and afterwards: a release is rolled out process by process. A revision that takes something
away says in `works_with` which revision's code is the oldest that bears it; that stands in `schema_state`, for
older code to read at its start.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from api.store import postgresql, sqlite
from api.store.database_errors import DatabaseUnavailable, answering
from api.store.tables import schema_state
from archive.catalogue.dialects import lock_name
from archive.errors import ArchiveRefused
from policies.reasons import database as reasons

HERE = Path(__file__).parent
FIRST = "0001"
# A table that somebody reads for long cannot be changed, and whoever comes later waits behind the one who wants to:
# so it waits shortly, lets the others through, and tries again.
TRIES, TRY_SECONDS, PAUSE_SECONDS = 10, 4.0, 1.0
OTHERS_SECONDS = 900.0  # for another process that upgrades
log = logging.getLogger("antin.migrations")


class SchemaRefused(ArchiveRefused):
    """The database has a shape that this release cannot work with."""


def upgrade(engine: Engine, *, allowed: bool = True) -> None:
    """Bring the database to this release's shape; does nothing when it has it, or a newer one that bears this code.

    Raises SchemaRefused SCHEMA_UNKNOWN; MIGRATION_BROKEN, and then nothing has changed; SCHEMA_BEHIND when it is not
    `allowed`. Raises DatabaseUnavailable.
    """
    if is_ready(engine):
        return
    if not allowed:
        with answering(), engine.connect() as conn:
            raise SchemaRefused(reasons.SCHEMA_BEHIND, found=current(conn) or "–", needed=newest())
    changing = _engine(engine)
    try:
        _patiently(changing)
    finally:
        changing.dispose()


def is_ready(engine: Engine) -> bool:
    """Whether this release can work with the database as it is. Raises SchemaRefused SCHEMA_UNKNOWN."""
    with answering(), engine.connect() as conn:
        return _is_ready(conn)


def _is_ready(conn: Connection) -> bool:
    found = current(conn)
    if found is None or found in known():
        return found == newest()
    bears = conn.execute(select(schema_state.c.works_with)).scalar_one_or_none()
    if bears is None or bears > newest():
        raise SchemaRefused(reasons.SCHEMA_UNKNOWN, found=found)
    return True


def _engine(engine: Engine) -> Engine:
    url = engine.url.render_as_string(hide_password=False)
    if engine.dialect.name == "sqlite":
        return sqlite.for_migrations(url)
    return postgresql.for_migrations(url)


def _patiently(engine: Engine) -> None:
    for last in [False] * (TRIES - 1) + [True]:
        try:
            return _upgrade(engine)
        except DatabaseUnavailable as exc:
            if last or exc.reason is not reasons.TOO_SLOW or engine.dialect.name == "sqlite":
                raise
            log.warning("a table is in use; the upgrade of the database tries again")
            time.sleep(PAUSE_SECONDS)


def _upgrade(engine: Engine) -> None:
    """All or nothing."""
    with answering(), engine.begin() as conn:
        alone(conn)
        if _is_ready(conn):
            return
        found = current(conn)
        try:
            with answering():
                command.upgrade(config(conn), "head")
                _remember(conn)
                _check_keys(conn)
        except SQLAlchemyError as exc:
            log.exception("the database could not be upgraded")
            raise SchemaRefused(reasons.MIGRATION_BROKEN, found=found or "–") from exc
        # Crash: nothing of it is there.
    # COMMIT POINT: the new shape, whole.


def alone(conn: Connection) -> None:
    """The only process that upgrades: on SQLite by its BEGIN IMMEDIATE. Then a short wait for each table."""
    if conn.dialect.name == "sqlite":
        return
    conn.execute(text(f"SET LOCAL lock_timeout = {round(OTHERS_SECONDS * 1000)}"))
    lock_name(conn, "migrations")
    conn.execute(text(f"SET LOCAL lock_timeout = {round(TRY_SECONDS * 1000)}"))


def _check_keys(conn: Connection) -> None:
    """SQLite can rebuild a table only while it does not look after foreign keys: looked after here."""
    if conn.dialect.name == "sqlite":
        broken = conn.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise SQLAlchemyError(f"a row of {broken[0]} names none of {broken[2]}")


def upgrade_to(engine: Engine, revision: str) -> None:
    """For a restore: bring an empty or an older database to that revision; one that is further is left as it is."""
    history = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]
    changing = _engine(engine)
    try:
        with answering(), changing.begin() as conn:
            found = current(conn)
            if found is None or (found in history and history.index(found) < history.index(revision)):
                command.upgrade(config(conn), revision)
            if current(conn) == newest():
                _remember(conn)
    finally:
        changing.dispose()


def upgrade_within(conn: Connection) -> None:
    """For a restore: to the newest revision, in the caller's transaction, which began with `alone`."""
    command.upgrade(config(conn), "head")
    _remember(conn)


def _remember(conn: Connection) -> None:
    conn.execute(delete(schema_state))
    conn.execute(insert(schema_state).values(id=1, revision=newest(), works_with=works_with()))


def current(conn: Connection) -> str | None:
    """The revision that the database has, None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str:
    """The revision that this release needs."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise LookupError("the history of the database is missing")
    return head


def known() -> set[str]:
    """Every revision of this release's history."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def works_with() -> str:
    """The oldest revision whose code can work with the newest shape."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return max(str(getattr(script.module, "works_with", FIRST)) for script in scripts)


def config(conn: Connection | None = None) -> Config:
    """Alembic's settings for use in the process; no file, no logging of its own."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE).replace("%", "%%"))
    settings.attributes["connection"] = conn
    return settings
