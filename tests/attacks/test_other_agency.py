"""An account of another agency on this service: it gets neither our symbol, nor our numbers, nor our seal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.issuing import Issuing
from api.preparing import Preparing
from api.signing import Signing
from api.store import accounts, audit
from api.store.accounts import Account
from archive.catalogue import documents
from archive.catalogue.identity import new_id
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import Role
from tests.service import CLERK, LEADER, Site

pytestmark = pytest.mark.xdist_group("site")
OTHER, STRANGER = "H99.OTHER", "van-thu-noi-khac"
ACTS = {
    "prepare": lambda services, *what: Preparing(services).prepare(what[0], (), what[1]),
    "sign": lambda services, *what: Signing(services).sign(*what),
    "number": lambda services, *what: Issuing(services).number(*what),
    "seal": lambda services, *what: Signing(services).seal(*what),
    "issue": lambda services, *what: Issuing(services).issue(*what),
}
READY = {"prepare": "draft", "sign": "prepared", "number": "signed", "seal": "numbered", "issue": "archived"}


@pytest.fixture(scope="module")
def stranger(site: Site):
    """A clerk whose account was made for another agency."""
    at = site.services.clock()
    account = Account(
        new_id(at), STRANGER, "Văn thư nơi khác", "", frozenset({Role.CLERK}), OTHER, key_name=""
    )
    site.passwords[STRANGER] = "mat-khau-cua-van-thu-noi-khac"
    site.services.identity.add_account(account, site.passwords[STRANGER], at)
    return account


def is_refused(problem):
    assert problem["id"] == reasons.OTHER_AGENCY.id
    assert "Điều 15" in problem["basis"] and "Điều 32" in problem["basis"]
    assert OTHER in problem["text"]["vi"] and "agency_code" in problem["text"]["vi"]


def test_nothing_is_received_from_another_agency(site: Site, stranger):
    answer = site.client(STRANGER).post(
        "/documents",
        headers={"idempotency-key": "from elsewhere"},
        data={"subject": "Nơi khác", "kind": "QĐ", "leaders": LEADER},
        files={"file": ("a.pdf", b"%PDF-1.7", "application/pdf")},
    )
    assert answer.status_code == 403, answer.text
    is_refused(answer.json())


def made(site, state):
    if state == "draft":
        return site.upload().json()["id"]
    if state == "numbered":
        document = site.signed()
        assert site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
        return document
    return getattr(site, state)()


@pytest.mark.parametrize("act", ACTS)
def test_a_document_of_another_agency_goes_no_further(site: Site, act):
    """Each from the state in which ours would go on."""
    document = made(site, READY[act])
    with site.services.transactions.read() as conn:
        ours = documents.get(conn, document)
        actor, _ = accounts.by_name(conn, LEADER if act == "sign" else CLERK)
        before = audit.length(conn, OTHER), len(audit.of_subject(conn, document))
    with pytest.raises(Refused) as refused:
        ACTS[act](site.services, replace(ours, agency=OTHER), actor)
    assert refused.value.reason is reasons.OTHER_AGENCY
    with site.services.transactions.read() as conn:
        assert (audit.length(conn, OTHER), len(audit.of_subject(conn, document))) == before
        assert documents.get(conn, document).state == ours.state
    ACTS[act](site.services, ours, actor)
