"""The database of one process, in the shape that this release needs."""

from __future__ import annotations

from dataclasses import replace

from dbos import run_dbos_database_migrations

from api import migrations
from api.backup.mark import refuse_half_restored
from api.settings import Settings
from api.transactions import Limits, Transactions


def opened(given: Settings) -> Transactions:
    """Connected and, unless the settings leave that to `antin migrate`, brought to this release's shape.

    Raises SchemaRefused, DatabaseUnavailable.
    """
    transactions = connected(given)
    try:
        migrations.upgrade(transactions.engine, allowed=given.migrate_at_start)
    except BaseException:
        transactions.close()
        raise
    return transactions


def connected(given: Settings) -> Transactions:
    """As the database is. Raises SettingsError where a restore was interrupted."""
    given.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_half_restored(given.data_dir)
    limits = Limits(connections=given.database_connections)
    if (
        given.production
    ):  # a process that froze in a transaction holds the others up no longer than it may be silent
        limits = replace(limits, idle=given.dead_after)
    return Transactions(given.engine_url, limits=limits)


def migrate(given: Settings) -> tuple[str | None, str]:
    """The shape that the database had and has now, also of the jobs' tables. Raises as `opened`."""
    transactions = connected(given)
    try:
        with transactions.write() as conn:  # on SQLite this makes the file, in its mode
            before = migrations.current(conn)
        migrations.upgrade(transactions.engine)
        run_dbos_database_migrations(transactions.url)
        with transactions.read() as conn:
            return before, migrations.current(conn) or ""
    finally:
        transactions.close()
