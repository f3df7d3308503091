"""Alembic's entry: runs on the connection that `api.migrations.upgrade` opened, never on one of its own."""

from __future__ import annotations

from alembic import context

from api.store import tables as store
from archive.catalogue import tables as catalogue

TARGETS = [catalogue.metadata, store.metadata]


def run() -> None:
    """Run the revisions in the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=TARGETS, render_as_batch=True)
    context.run_migrations()


run()
