"""What the health page says of the database while readings go on and acts do not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from api.health import FAILING, OK, Health
from api.store.database_errors import DatabaseUnavailable
from api.transactions import Transactions
from archive.catalogue.tables import metadata


@pytest.fixture
def transactions(tmp_path):
    found = Transactions(f"sqlite:///{tmp_path / 'rows.db'}", busy_seconds=0.02)
    with found.write() as conn:
        metadata.create_all(conn)
    yield found
    found.close()


def database(transactions):
    parts = Health(SimpleNamespace(transactions=transactions))
    try:
        return parts._database()["state"]
    except DatabaseUnavailable:
        return FAILING


def test_readings_alone_do_not_say_that_all_is_well(transactions):
    other = Transactions(transactions.url)
    with other.write():
        with pytest.raises(DatabaseUnavailable), transactions.write():
            pass
        assert database(transactions) == FAILING
    assert database(transactions) == OK
    assert transactions.trouble is None
    other.close()
