"""One desk for all tests of these suites: its documents are made once."""

from __future__ import annotations

import pytest

from tests.attacks.pdf.desk import Desk
from tests.demo_pki import demo_pki


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    return Desk(demo_pki(), tmp_path_factory.mktemp("suite"))
