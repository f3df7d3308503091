"""`antin migrate`: the database in the shape that this release needs."""

from __future__ import annotations

import click

from api import migrations
from api.settings import Settings
from api.wiring import database


def run_migrate(settings: Settings, *, check: bool) -> int:
    """0 when the database has the shape, or got it. Raises SchemaRefused and DatabaseUnavailable."""
    if check:
        database.opened(settings.model_copy(update={"migrate_at_start": False})).close()
        click.echo(f"database: at {migrations.newest()}, or a newer one that this release works with")
        return 0
    before, after = database.migrate(settings)
    click.echo(f"database: at {after}" if before == after else f"database: {before or 'empty'} → {after}")
    return 0
