"""Shared fixtures. Foreign tools: missing in CI is a failure, elsewhere a loud skip."""

from __future__ import annotations

import os
import shutil
import signal
import uuid

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code: an example may take as long as it takes, and so may its making.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_configure():
    """A shell lets what it starts in the background ignore Ctrl-C, and all that this starts; tests interrupt some."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def need_tool(name: str) -> str:
    """Path of a foreign tool; fails in CI and skips elsewhere when it is missing."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing; in CI every foreign tool must be there")
        pytest.skip(f"{name} is missing: its judgement was NOT checked")
    return path


def pytest_collection_modifyitems(items):
    """One service runs in a process. Those that start one of their own are in the group of those that share one, and
    come first: the shared one lives until the process ends."""
    items.sort(key=lambda item: item.get_closest_marker("own_service") is None)


def pytest_sessionstart(session):
    """Who starts a service in the tests' own process says so: else it meets another's, in some orders only."""
    from api.jobs import DbosJobs

    launch, process = DbosJobs._launch, os.getpid()

    def guarded(jobs):
        item = session.stash.get(_ITEM, None)
        if item is not None and os.getpid() == process and not _may_start(item):
            raise AssertionError("mark what starts a service with own_service and with xdist_group('site')")
        launch(jobs)

    DbosJobs._launch = guarded


_ITEM = pytest.StashKey[pytest.Item]()


def _may_start(item):
    """Its own or the shared one, in the group of both."""
    group = item.get_closest_marker("xdist_group")
    asked = item.get_closest_marker("own_service") or "site" in item.fixturenames
    return bool(asked and group and group.args == ("site",))


def pytest_runtest_setup(item):
    """Tests of one group share a service and run in one process. Versions that lose the groups do not say so."""
    item.session.stash[_ITEM] = item
    grouped = getattr(item.config.option, "loadgroup", False) and item.get_closest_marker("xdist_group")
    if grouped and "@" not in item.nodeid:
        pytest.fail("pytest and pytest-xdist of these versions do not keep groups of tests together")


def _sendable(found):
    """The same with text that UTF-8 can carry: what a test logged may hold half a surrogate pair."""
    if isinstance(found, str):
        return found.encode("utf-8", "backslashreplace").decode()
    if isinstance(found, dict):
        return {_sendable(key): _sendable(value) for key, value in found.items()}
    return type(found)(map(_sendable, found)) if isinstance(found, list | tuple) else found


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable():
    """A report that cannot be sent would end the process of pytest-xdist, and with it the run."""
    return _sendable((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """The names of what failed stand last, where a log that was cut to its end still shows them."""
    yield
    for report in (*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")):
        terminalreporter.write_line(f"failed: {report.nodeid}")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server for all tests of this process. Each makes databases of its own.

    It does not wait for the disk: nothing of it outlives the tests. What is tested of the server's own death has a
    server of its own.
    """
    from tests.engines.postgres import postgres_server

    with postgres_server(tmp_path_factory.mktemp("postgres"), fsync="off") as server:
        yield server
        server.kill()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory):
    """A SeaweedFS for all tests of this process. Each makes buckets of its own."""
    from tests.engines import seaweedfs as engine

    with engine.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def rgw(tmp_path_factory):
    """A Ceph RGW for all tests of this process, where it is installed. Each makes buckets of its own."""
    from tests.engines import rgw as engine

    for program in engine.PROGRAMS:
        need_tool(program)
    with engine.rgw(tmp_path_factory.mktemp("rgw") / "ceph") as server:
        yield server


@pytest.fixture
def postgres_database(postgres):
    """The address of an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.database(name)
    postgres.drop(name)


def _database(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    return request.getfixturevalue("postgres_database")


@pytest.fixture(params=("sqlite", "postgresql"))
def database(request, tmp_path):
    """The address of an empty database of this test's own, on one engine after the other."""
    return _database(request, tmp_path)


@pytest.fixture(params=("sqlite", pytest.param("postgresql", marks=pytest.mark.long)))
def database_at_length(request, tmp_path):
    """The same, for what takes long: on PostgreSQL in the long run."""
    return _database(request, tmp_path)


@pytest.fixture(scope="session")
def site(request, tmp_path_factory):
    """One running service for all tests of this process; with TEST_ENGINE=postgresql on PostgreSQL."""
    from tests.service import Site, start

    on_postgres = os.environ.get("TEST_ENGINE") == "postgresql"
    url = request.getfixturevalue("postgres").database("site") if on_postgres else ""
    with start(tmp_path_factory.mktemp("site"), url) as (services, passwords):
        yield Site(services.settings, services, passwords)
