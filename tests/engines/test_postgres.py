"""The server of the tests is what it says: it loses nothing that was committed, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.engines.postgres import postgres_server
from tests.service import until

DIES = """
import os, sys
from pathlib import Path
from tests.engines.postgres import postgres_server

with postgres_server(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


def test_it_is_postgresql_18_and_waits_for_the_disk(server):
    with server.connect() as conn:
        assert conn.execute("SHOW server_version_num").fetchone()[0].startswith("18")
        assert (
            conn.execute("SHOW fsync").fetchone()
            == conn.execute("SHOW synchronous_commit").fetchone()
            == ("on",)
        )


def test_a_database_is_a_copy_of_its_template(server):
    server.database("template")
    with server.connect("template") as conn:
        conn.execute("CREATE TABLE kept (id integer)")
    server.database("copy", template="template")
    with server.connect("copy") as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    server.drop("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        server.connect("copy")


def test_it_comes_back_after_a_kill_with_what_was_committed(server):
    server.database("killed")
    before = server.connect("killed")
    before.execute("CREATE TABLE kept AS SELECT 1 AS id")
    url = server.url("killed")
    server.kill()
    assert not server.answers()
    with pytest.raises(psycopg.OperationalError):
        before.execute("SELECT 1")
    server.start()
    assert server.url("killed") == url
    with server.connect("killed") as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (1,)


def test_frozen_it_keeps_its_connections(server):
    conn = server.connect()
    server.freeze()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(server.url().replace("+psycopg", ""), connect_timeout=2)
    server.thaw()
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_it_ends_with_a_process_that_is_killed(tmp_path):
    command = [sys.executable, "-c", DIES, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    killed = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert killed.returncode == -9, killed.stderr
    pid = int(killed.stdout)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "its end")
