from __future__ import annotations

import pytest

from tests.demo_pki import demo_pki
from tests.signer.creation.issuing import Desk


@pytest.fixture(scope="session")
def pki():
    return demo_pki()


WAYS = {"general": False, "native": True}


@pytest.fixture(params=WAYS)
def desk(request, tmp_path, pki):
    """Signs by either way."""
    return Desk(tmp_path, pki.leader, pki.seal, native=WAYS[request.param])


@pytest.fixture(scope="module", params=WAYS)
def issued(request, tmp_path_factory, pki):
    """One document through the whole path: base, prepared, leader, sealed; signed by either way."""
    desk = Desk(tmp_path_factory.mktemp("issued"), pki.leader, pki.seal, native=WAYS[request.param])
    files = desk.issued()
    assert desk.unfit == []
    return files
