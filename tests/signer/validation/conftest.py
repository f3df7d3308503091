"""One agency per test process; its finished files are made once and copied by whoever changes them."""

from __future__ import annotations

import pytest

from api.demo.pki import make_demo_pki
from tests.signer.trust.forge import NOW
from tests.signer.validation.office import Office, Shelf


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return make_demo_pki(tmp_path_factory.mktemp("pki"), NOW)


@pytest.fixture(scope="session")
def shelf(pki, tmp_path_factory):
    """Files that many tests look at; nobody writes to them."""
    return Shelf(pki, tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def office(pki, tmp_path):
    return Office(pki, tmp_path, NOW)
