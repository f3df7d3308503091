from __future__ import annotations

import pytest

from tests.demo_pki import demo_pki
from tests.signer.creation.issuing import Desk


@pytest.fixture(scope="session")
def pki():
    return demo_pki()


@pytest.fixture
def desk(tmp_path, pki):
    return Desk(tmp_path, pki.leader, pki.seal)


@pytest.fixture(scope="module")
def issued(tmp_path_factory, pki):
    """One document through the whole path: base, prepared, leader, sealed."""
    return Desk(tmp_path_factory.mktemp("issued"), pki.leader, pki.seal).issued()
