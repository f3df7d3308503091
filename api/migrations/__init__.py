"""One history of the database's shape, for the catalogue and the service's own tables, on both dialects."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from archive.catalogue.dialects import lock_name

HERE = Path(__file__).parent


def upgrade(engine: Engine) -> None:
    """Bring the database to this release's shape, in one transaction; does nothing when it has it.

    Of several processes that start at once one does it, and the others wait for that.
    """
    with engine.begin() as conn:
        lock_name(conn, "migrations")
        if current(conn) != newest():
            command.upgrade(config(conn), "head")


def upgrade_to(engine: Engine, revision: str) -> None:
    """Bring an empty or an older database to that revision; one that is further is left as it is."""
    history = _history()
    with engine.begin() as conn:
        found = current(conn)
        if found is None or (found in history and history.index(found) < history.index(revision)):
            command.upgrade(config(conn), revision)


def knows(revision: str) -> bool:
    """Whether this release can bring a database of that revision to its own."""
    return revision in _history()


def _history() -> list[str]:
    """Revisions, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


def current(conn: Connection) -> str | None:
    """The revision that the database has, None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """The revision that this release needs."""
    return ScriptDirectory.from_config(config()).get_current_head()


def config(conn: Connection | None = None) -> Config:
    """Alembic's settings for use in the process; no file, no logging of its own."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE).replace("%", "%%"))
    settings.attributes["connection"] = conn
    return settings
