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
