"""While a key is used on a document nobody takes it away: who asks meanwhile waits until the key's use is told."""

from __future__ import annotations

import threading

import pytest

from api import work
from api.signing import Signing
from api.store import accounts, audit
from archive.catalogue import documents
from policies.refusals import Refused
from tests.service import CLERK, INITIAL, LEADER, Site

pytestmark = pytest.mark.xdist_group("site")
WHY = {"json": {"reason": "Ban hành nhầm"}}
KEYS = {"initial": "initials", "sign": "leader-signature", "seal": "seal"}
TAKEN_AWAY = {"void": WHY, "return": WHY, "withdrawal": {}}
PAIRS = [
    ("initial", "void"),
    ("initial", "return"),
    ("initial", "withdrawal"),
    ("sign", "void"),
    ("sign", "return"),
    ("sign", "withdrawal"),
    ("seal", "void"),
]


def ready(site, act):
    if act == "initial":
        return site.prepared(initials=INITIAL)
    document = site.prepared() if act == "sign" else site.signed()
    if act == "seal":
        assert site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
    return document


@pytest.fixture
def meanwhile(site, monkeypatch):
    """`meanwhile(act)`: what another person asks for at the moment at which the key is used next, and its answer."""
    real, answers = work.two_step.complete, []
    waiting = []

    def complete(prepared, key):
        if waiting:
            thread = threading.Thread(target=lambda act: answers.append(act()), args=(waiting.pop(),))
            thread.start()
            thread.join(1.5)  # as long as a frozen machine, or a token that asks for its PIN
            threads.append(thread)
        return real(prepared, key)

    threads = []
    monkeypatch.setattr(work.two_step, "complete", complete)

    def ask(act):
        waiting.append(act)

        def answer():
            for thread in threads:
                thread.join()
            (one,) = answers
            return one

        return answer

    return ask


@pytest.mark.parametrize(("act", "other"), PAIRS)
def test_nobody_takes_a_document_away_between_intent_and_result(site: Site, meanwhile, act, other):
    document, who = ready(site, act), {"initial": INITIAL, "sign": LEADER, "seal": CLERK}[act]
    site.nobody_asks()
    taken = meanwhile(lambda: site.post(CLERK, f"/documents/{document}/{other}", **TAKEN_AWAY[other]))
    operation = site.wait(who, site.post(who, f"/documents/{document}/{KEYS[act]}"))
    answer = taken()
    with site.services.transactions.read() as conn:
        told = [(row.act, row.phase) for row in audit.of_subject(conn, document)]
    intent = told.index((act, "intent"))
    assert told[intent + 1] == (act, "result"), told
    if answer.status_code == 200:  # initials get their time-stamp later: meanwhile the document has not moved
        assert act == "initial"
        assert (operation["state"], operation["problem"]["id"]) == ("failed", "access.changed-meanwhile")
    else:
        assert answer.json()["id"] == "access.changed-meanwhile", answer.text
        assert operation["state"] == "succeeded", operation


def test_a_key_is_not_used_on_what_was_voided_before(site: Site):
    """As the job read it, and as it was when its turn came."""
    document = site.prepared(initials=INITIAL)
    with site.services.transactions.read() as conn:
        seen, (actor, _) = documents.get(conn, document), accounts.by_name(conn, INITIAL)
    assert site.post(CLERK, f"/documents/{document}/void", **WHY).status_code == 200
    with pytest.raises(Refused) as refused:
        Signing(site.services).initial(seen, actor, lambda _conn, sha256: sha256)
    assert refused.value.id == "access.changed-meanwhile"
    with site.services.transactions.read() as conn:
        assert ("initial", "intent") not in [(r.act, r.phase) for r in audit.of_subject(conn, document)]
