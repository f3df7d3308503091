"""Databases with the tables of jobs, on either engine."""

from __future__ import annotations

import uuid

import pytest
from dbos import run_dbos_database_migrations

from api.transactions import Transactions

# The tests name the tables as on SQLite, where there are no schemas.
SEARCHED = "?options=-csearch_path%3Ddbos,public"


@pytest.fixture(scope="session")
def jobs_template(postgres):
    """A database with DBOS's tables, to be copied: to make them takes its time."""
    run_dbos_database_migrations(postgres.database("jobs_template"))
    return "jobs_template"


@pytest.fixture(params=("sqlite", "postgresql"))
def jobs_database(request, tmp_path):
    """The address of a database of this test's own with the tables of jobs, on one engine after the other."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
        transactions = Transactions(url)
        with transactions.write():
            pass  # the file is there, in its mode
        transactions.close()
        run_dbos_database_migrations(url)
        yield url
    else:
        server, name = request.getfixturevalue("postgres"), f"test_{uuid.uuid4().hex}"
        yield server.database(name, request.getfixturevalue("jobs_template")) + SEARCHED
        server.drop(name)
