"""Acts in somebody's name that he did not, or may no longer, do."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from api.finishing import Finishing
from api.store import accounts
from api.store.tables import accounts as table
from policies.refusals import Refused
from tests.service import CLERK, LEADER, Site

pytestmark = pytest.mark.xdist_group("site")


def test_the_picture_of_other_bytes_under_the_address_of_these(site: Site):
    """A browser keeps the picture for a day under an address with the digest: the leader signs what it shows."""
    document = site.prepared()
    first = site.document(document)["sha256"]
    place = f"/documents/{document}/pages/0?dpi=50"
    assert site.client(LEADER).get(f"{place}&v={first[:16]}").status_code == 200
    assert site.post(CLERK, f"/documents/{document}/withdrawal").status_code == 200
    assert site.document(document)["sha256"] != first
    answer = site.client(LEADER).get(f"{place}&v={first[:16]}")
    assert answer.status_code in (409, 412)
    assert answer.json()["id"] == "access.changed-meanwhile"


@pytest.fixture
def dismissed(site: Site):
    """The leader, whose account was closed after he had asked for a batch."""
    with site.services.transactions.read() as conn:
        found = accounts.by_name(conn, LEADER)
    assert found is not None
    _set(site, found[0].id, 0)
    yield found[0]
    _set(site, found[0].id, 1)


def _set(site: Site, account: str, active: int) -> None:
    with site.services.transactions.write() as conn:
        conn.execute(update(table).where(table.c.id == account).values(active=active))


def test_a_closed_account_signs_nothing_that_still_waits(site: Site, dismissed):
    with pytest.raises(Refused) as caught:
        Finishing(site.services)._actor({"actor": dismissed.id})
    assert caught.value.id.startswith("access.")
