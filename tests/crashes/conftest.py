"""Authorities and a furnished data directory, made once; a house for each test."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid

import pytest

from tests.cluster.authorities import renamed
from tests.crashes.authorities import Authorities
from tests.crashes.deployment import NAMES, Deployment, add_accounts, hand_out_keys, store_settings
from tests.crashes.service_house import House, template


@pytest.fixture(scope="session")
def authorities(tmp_path_factory):
    found = Authorities(tmp_path_factory.mktemp("authorities"))
    yield found
    found.close()


class Furnished:
    """Data to be copied. With TEST_ENGINE=postgresql their database is on a server, else a file among them."""

    def __init__(self, data, authorities, postgres=None):
        self.postgres = postgres
        self.data = template(data, authorities, postgres.database("furnished") if postgres else "")

    def copied(self, data) -> str:
        """Into that directory; the address of the database, empty where it is a file there."""
        shutil.copytree(self.data, data)
        return self.postgres.database(f"house_{uuid.uuid4().hex}", "furnished") if self.postgres else ""


@pytest.fixture(scope="session")
def furnished(request, tmp_path_factory, authorities):
    on_postgres = os.environ.get("TEST_ENGINE") == "postgresql"
    postgres = request.getfixturevalue("postgres") if on_postgres else None
    return Furnished(tmp_path_factory.mktemp("template") / "data", authorities, postgres)


@contextlib.contextmanager
def houses(folder, furnished, authorities):
    made = []

    def make(**settings):
        authorities.reset()
        data = folder / f"house-{len(made)}"
        made.append(House(data, authorities, **{"database_url": furnished.copied(data), **settings}))
        return made[-1]

    yield make
    authorities.gate.set()
    for house in made:
        house.kill()


@pytest.fixture
def make_house(tmp_path, furnished, authorities):
    """A house over a fresh copy of the data; every process of it is gone afterwards."""
    with houses(tmp_path, furnished, authorities) as make:
        yield make


@pytest.fixture(scope="module")
def shared(request, tmp_path_factory, furnished, authorities):
    """A running house for the tests of a module that leave it as they found it; `SETTINGS` of the module are its."""
    settings = getattr(request.module, "SETTINGS", {})
    with houses(tmp_path_factory.mktemp("shared"), furnished, authorities) as make:
        yield make(tsa_parallel=2, **settings).start(keys=["leader", "seal"], faults=["silent"])


@pytest.fixture
def house(shared, authorities):
    authorities.reset()
    shared.disarm()
    yield shared
    authorities.reset()
    shared.disarm()


# A production deployment: several processes over a real PostgreSQL and a real SeaweedFS.


@pytest.fixture(scope="session")
def agency_authorities(tmp_path_factory):
    """As `authorities`; the signers' certificates do not say DEMO, which production refuses."""
    with renamed(*NAMES):
        found = Authorities(tmp_path_factory.mktemp("authorities"))
        for name in NAMES:
            found.pki.identity(name)
    yield found
    found.close()


@pytest.fixture(scope="session")
def begun(tmp_path_factory, postgres, agency_authorities):
    """The name of a database with the deployment's accounts, and the folder with its keys."""
    folder = tmp_path_factory.mktemp("deployment")
    hand_out_keys(folder / "keys", agency_authorities)
    add_accounts(postgres.database("begun"), folder / "accounts")
    return "begun", folder


@contextlib.contextmanager
def deployments(begun, postgres, seaweedfs, authorities):
    template, folder = begun
    made = []

    def make(**settings):
        authorities.reset()
        name = f"deployment_{uuid.uuid4().hex}"
        store = {**store_settings(seaweedfs), **settings.pop("store", {})}
        database = postgres.database(name, template)
        made.append(Deployment(folder / name, authorities, database, store, **settings))
        return made[-1]

    yield make
    authorities.gate.set()
    for house in made:
        house.kill()
        postgres.drop(house.data.name)


@pytest.fixture
def make_deployment(begun, postgres, seaweedfs, agency_authorities):
    """A deployment over a fresh copy of the database and new buckets; every process of it is gone afterwards."""
    with deployments(begun, postgres, seaweedfs, agency_authorities) as make:
        yield make


@pytest.fixture(scope="module")
def company(begun, postgres, seaweedfs, agency_authorities):
    """Two API processes and two workers that the tests of a module leave as they found them."""
    with deployments(begun, postgres, seaweedfs, agency_authorities) as make:
        house = make(tsa_parallel=2)
        for number in (1, 2):
            house.api(f"api-{number}", faults=["clock_jumps"])
            house.worker(f"worker-{number}", faults=["clock_jumps"])
        house.ready()
        yield house
