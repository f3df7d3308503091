"""Certificates that must not sign, responders that are silent, keys that fail: refused with the reason."""

from __future__ import annotations

import pytest

from tests.crashes.test_service_races import uses
from tests.service import CLERK

pytestmark = pytest.mark.xdist_group("service-crashes")
CERTIFICATES = {
    "expired": "signing.certificate-expired",
    "not-yet-valid": "signing.certificate-not-yet-valid",
    "revoked": "signing.certificate-revoked",
    "other-leader": "signing.chain-broken",
    "tsa": "signing.certificate-usage",
}


@pytest.mark.parametrize("step", ["leader-signature", "seal"])
@pytest.mark.parametrize("identity", CERTIFICATES)
def test_a_certificate_that_must_not_sign(house, identity, step):
    document = house.prepared() if step == "leader-signature" else house.numbered()
    before = house.document(document)
    house.arm(identity)
    answer = house.act(document, step)
    house.disarm()
    problem = answer.json()
    assert (answer.status_code, problem["id"]) == (422, CERTIFICATES[identity]), problem
    assert "DEMO" in problem["text"]["vi"]
    assert house.document(document) == before
    assert uses(house, document, "sign") == ({} if step == "leader-signature" else {"intent": 1, "result": 1})
    assert not uses(house, document, "seal")


def test_without_an_answer_about_the_certificate_nothing_is_signed(house):
    document = house.prepared()
    before = house.document(document)
    house.arm("silent")
    answer = house.act(document, "leader-signature")
    house.disarm()
    problem = answer.json()
    assert (answer.status_code, problem["id"]) == (422, "signing.certificate-status-unknown")
    assert house.document(document) == before
    assert not uses(house, document, "sign")


@pytest.mark.long
def test_silent_responders_refuse_the_signature(make_house, authorities):
    """Over real HTTP, and from the first question on."""
    house = make_house()
    authorities.revocation_down = True
    house.start()
    document = house.prepared()
    before = house.document(document)
    answer = house.act(document, "leader-signature")
    assert (answer.status_code, answer.json()["id"]) == (422, "signing.certificate-status-unknown")
    assert house.document(document) == before
    assert not uses(house, document, "sign")
    authorities.revocation_down = False
    house.kill()
    house.start()  # nothing of the silence is remembered
    house.ended(house.act(document, "leader-signature"))
    assert house.document(document)["state"] == "leader-timestamped"


FAILURES = {
    "refuses": (422, "signing.key-refused"),
    "dies": (503, "unavailable.SignerUnavailable"),
    "dies-after-signing": (503, "unavailable.SignerUnavailable"),
    "wrong-signature": (422, "signing.wrong-signature"),
    "empty-signature": (422, "signing.wrong-signature"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_key_that_fails_leaves_the_document_as_it_was(house, failure):
    """The audit shows that the key was asked and that nothing came of it."""
    document = house.prepared()
    before = house.document(document)
    house.arm(failure)
    answer = house.act(document, "leader-signature")
    house.disarm()
    assert (answer.status_code, answer.json()["id"]) == FAILURES[failure], answer.text
    after = house.document(document)
    unmoved = ("state", "version", "sha256", "versions", "signers")
    assert [after[name] for name in unmoved] == [before[name] for name in unmoved]
    assert uses(house, document, "sign") == {"intent": 1, "failed": 1}
    assert house.ended(house.act(document, "leader-signature"))["state"] == "succeeded"


def test_a_seal_that_dies_keeps_the_number(house):
    document = house.numbered()
    number = house.document(document)["number"]
    house.arm("dies")
    answer = house.act(document, "seal")
    house.disarm()
    assert answer.status_code == 503
    assert uses(house, document, "seal") == {"intent": 1, "failed": 1}
    assert house.document(document)["number"] == number
    house.push(document)
    assert house.document(document)["number"] == number
    assert house.client(CLERK).get(f"/documents/{document}/receipt").status_code == 200
