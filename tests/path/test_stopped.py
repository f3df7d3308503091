"""What the service stopped: before its issue it can be voided, after it only recalled; meanwhile it is not in force."""

from __future__ import annotations

import pytest

from api.archiving import carry_out_event
from api.owed import Owed
from api.presenters import documents as present
from api.store import accounts
from archive.catalogue import deposit_rows, documents
from policies.vocabulary import State
from tests.service import CLERK

pytestmark = pytest.mark.xdist_group("site")
WHY = {"json": {"reason": "Sai nội dung"}}


def stop(site, document):
    """As pyHanko's disagreement does."""
    with site.services.transactions.write() as conn:
        documents.lock_row(conn, document)
        deposit = Owed(site.services)._stop(conn, document, "pyHanko: khác kết luận")
    assert deposit is not None
    carry_out_event(site.services, deposit)


def row(site, document):
    with site.services.transactions.read() as conn:
        return documents.get(conn, document)


def archived(site, pdf):
    """What anybody is told of these bytes."""
    return site.client(None).post("/verifications", files={"file": ("a.pdf", pdf)}).json()["archive"]


def test_what_went_out_is_recalled_while_it_is_stopped_and_never_voided(site):
    document = site.issued(subject="Dừng sau khi phát hành")
    pdf, code = site.file(document, "seal-timestamped"), site.document(document)["code"]
    assert archived(site, pdf)["in_force"] is True
    stop(site, document)
    assert (archived(site, pdf)["state"], archived(site, pdf)["in_force"]) == ("stopped", False)
    refused = site.post(CLERK, f"/documents/{document}/void", **WHY)
    assert (refused.status_code, refused.json()["id"]) == (409, "issuing.issued-already")
    number = site.document(document)["number"]
    rows = {one["cells"][0]: one["cells"] for one in site.get(CLERK, "/registers/outgoing?limit=500")["rows"]}
    assert "Hủy" not in rows[number][-1]
    recalled = site.post(CLERK, f"/documents/{document}/recall", **WHY)
    assert recalled.status_code == 200, recalled.text
    assert (recalled.json()["state"], bool(recalled.json()["recalled_at"])) == ("stopped", True)
    resumed = site.post(CLERK, f"/documents/{document}/resumption", json={"reason": "Đã xem xét"})
    assert (resumed.json()["state"], archived(site, pdf)["in_force"]) == ("issued", False)
    page = site.client(None).get(f"{site.url}/v/{code}", headers={"accept": "text/html"}).text
    assert "Sai nội dung" in page and "Đã xem xét" not in page
    with site.services.transactions.read() as conn:
        kinds = [event.kind for event in deposit_rows.events_of(conn, document)]
    assert kinds == ["issued", "stopped", "recalled", "resumed"]


def test_what_was_stopped_before_its_issue_is_voided_and_not_recalled(site):
    document = site.archived(subject="Dừng trước khi phát hành")
    pdf = site.file(document, "seal-timestamped")
    stop(site, document)
    refused = site.post(CLERK, f"/documents/{document}/recall", **WHY)
    assert (refused.status_code, refused.json()["id"]) == (409, "issuing.wrong-order")
    assert archived(site, pdf)["in_force"] is False
    assert site.post(CLERK, f"/documents/{document}/void", **WHY).json()["state"] == "voided"
    assert archived(site, pdf)["in_force"] is False


@pytest.mark.parametrize(("before", "may"), [("issued", "recall"), ("archived", "void")])
def test_the_desk_offers_what_will_be_done(site, before, may):
    document = getattr(site, before)()
    stop(site, document)
    found = row(site, document)
    assert found.state is State.STOPPED
    with site.services.transactions.read() as conn:
        clerk, _ = accounts.by_name(conn, CLERK)
    acts = present.work(site.services, found, clerk, "vi").acts
    assert acts & {"void", "recall", "resume"} == {may, "resume"}
