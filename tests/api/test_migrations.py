from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from api import migrations
from api.store import tables as store
from api.transactions import Transactions
from archive.catalogue import tables as catalogue


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path):
    transactions = Transactions(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    migrations.upgrade(transactions.engine)
    with transactions.write() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, [catalogue.metadata, store.metadata]) == []
        assert migrations.current(conn) == migrations.newest()
    transactions.close()


def test_an_upgrade_of_an_up_to_date_database_does_nothing(tmp_path):
    transactions = Transactions(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    migrations.upgrade(transactions.engine)
    migrations.upgrade(transactions.engine)
    transactions.close()
