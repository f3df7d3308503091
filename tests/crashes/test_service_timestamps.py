"""A time-stamp authority that fails in every way that one has been seen to fail, over real HTTP.

Never a document that claims B-T without a good token; it waits in `signed`, says why, and goes on when asked.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.crashes.service_house import House
from tests.service import CLERK

pytestmark = pytest.mark.xdist_group("service-crashes")

UNAVAILABLE = ("unavailable.TimestampUnavailable", 503)
WRONG = {
    "down": UNAVAILABLE,
    "slow": UNAVAILABLE,
    "drips": UNAVAILABLE,
    "http-500": UNAVAILABLE,
    "http-403": ("timestamp.http-error", 502),
    "rejects": ("timestamp.rejected", 502),
    "garbage": ("timestamp.unreadable", 502),
    "empty": ("timestamp.unreadable", 502),
    "huge": ("timestamp.too-large", 502),
    "wrong-nonce": ("timestamp.wrong-nonce", 502),
    "wrong-imprint": ("timestamp.wrong-imprint", 502),
    "wrong-certificate": ("timestamp.wrong-certificate", 502),
    "plain-certificate": ("timestamp.wrong-certificate", 502),
    "wrong-time": ("timestamp.wrong-time", 502),
    "wrong-signature": ("timestamp.wrong-signature", 502),
}
SETTINGS = {"tsa_timeout": 4.0}  # seconds; authorities that do not answer are waited for
QUICK = ("down", "slow", "huge", "garbage", "wrong-nonce", "wrong-imprint", "wrong-certificate")


def levels(house: House, document: str) -> list[str]:
    """What our own validation says of the newest bytes."""
    pdf = house.client(CLERK).get(f"/documents/{document}/file").content
    report = house.client(None).post("/verifications", files={"file": ("a.pdf", pdf, "application/pdf")})
    return [signature["level"] for signature in report.json()["signatures"]]


@pytest.mark.parametrize(
    "mode", [mode if mode in QUICK else pytest.param(mode, marks=pytest.mark.long) for mode in WRONG]
)
def test_a_bad_answer_leaves_the_document_waiting_and_says_why(house, authorities, mode):
    document = house.prepared()
    before = psutil.Process(house.process.pid).memory_info().rss
    authorities.fail_next(mode)
    operation = house.ended(house.act(document, "leader-signature"))
    reason, status = WRONG[mode]
    problem = operation["problem"]
    assert (operation["state"], problem["status"]) == ("failed", status), problem
    assert problem["id"].endswith(reason), problem
    assert "dấu thời gian" in problem["text"]["vi"].lower()
    waiting = house.document(document)
    assert (waiting["state"], waiting["state_text"]["vi"]) == ("signed", "Chờ dấu thời gian")
    assert waiting["leader_token_time"] is None
    assert levels(house, document) == ["B-B"]
    assert house.act(document, "number").json()["id"] == "issuing.wrong-order"
    assert sum(authorities.asked.values()) == 1
    assert psutil.Process(house.process.pid).memory_info().rss - before < 40 << 20
    assert house.client(None).get("/health").json()["parts"]["tsa"]["state"] == "failing"

    again = house.ended(house.act(document, "continuation"))
    assert again["state"] == "succeeded", again["problem"]
    assert house.document(document)["state"] == "leader-timestamped"
    assert levels(house, document) == ["B-T"]
    assert list(authorities.asked.values()) == [2]  # the same signature: nothing was signed anew


def test_an_answer_that_comes_after_the_client_gave_up_changes_nothing(house, authorities):
    document = house.prepared()
    authorities.fail_next("slow")
    house.ended(house.act(document, "leader-signature"))
    before = house.document(document)
    house.until(lambda: authorities.late == 1, "the late answer")
    time.sleep(0.2)
    assert house.document(document) == before


def test_each_signature_asks_once(house, authorities):
    house.archived()
    assert list(authorities.asked.values()) == [1, 1]


def test_a_seal_without_its_token_is_never_archived(house, authorities):
    document = house.numbered()
    authorities.mode = "wrong-imprint"
    operation = house.ended(house.act(document, "seal"))
    assert operation["problem"]["id"].endswith("timestamp.wrong-imprint")
    found = house.document(document)
    assert (found["state"], found["archived_at"]) == ("sealed", None)
    assert levels(house, document) == ["B-T", "B-B"]
    assert house.act(document, "issue").status_code == 409
    authorities.reset()
    assert house.ended(house.act(document, "continuation"))["state"] == "succeeded"
    assert house.document(document)["archived_at"]


def test_one_slow_answer_holds_nobody_else_up(house, authorities):
    slow, quick = house.prepared(), house.prepared()
    authorities.fail_next("slow")
    waiting = house.act(slow, "leader-signature")
    house.until(lambda: authorities.running == 1, "the slow question")
    assert house.ended(house.act(quick, "leader-signature"))["state"] == "succeeded"
    assert house.document(slow)["state"] == "signed"
    house.ended(waiting)
    assert house.ended(house.act(slow, "continuation"))["state"] == "succeeded"


@pytest.mark.long
def test_no_more_questions_at_once_than_the_setting_allows(make_house, authorities):
    house = make_house(tsa_parallel=2).start()
    documents = [house.prepared() for _ in range(5)]
    authorities.gate.clear()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda each: house.act(each, "leader-signature"), documents))
    house.until(lambda: authorities.running == 2, "two questions")
    time.sleep(0.3)
    authorities.gate.set()
    assert {house.ended(answer)["state"] for answer in answers} == {"succeeded"}
    assert authorities.most_running == 2  # tsa_parallel
    assert list(authorities.asked.values()) == [1] * 5


@pytest.mark.long
def test_the_most_urgent_is_stamped_first(make_house, authorities):
    house = make_house(tsa_parallel=1).start()
    urgencies = (0, 1, 2, 3, 0, 3, 1, 2, 0, 0)
    first, *documents = [house.prepared(urgency=urgency) for urgency in (0, *urgencies)]
    authorities.gate.clear()
    house.act(first, "leader-signature")
    house.until(lambda: authorities.running == 1, "the first question")
    for document in documents:
        house.act(document, "leader-signature")
    house.until(lambda: house.get(None, "/health")["parts"]["tsa"]["waiting"] == 10, "all ten in line")
    authorities.gate.set()
    house.settle()
    order = house.stamped_in_order()
    assert order[0] == first
    expected = sorted(range(10), key=lambda place: (-urgencies[place], place))
    assert order[1:] == [documents[place] for place in expected]


@pytest.mark.long
def test_what_a_silent_responder_leaves_is_taken_up_with_the_same_token(make_house, authorities):
    """No revocation answer while our own output is judged: the token is kept, the authority not asked again."""
    house = make_house().start(faults=["no_revocation_answer"])
    document = house.prepared()
    house.arm()
    operation = house.ended(house.act(document, "leader-signature"))
    assert operation["problem"]["id"] == "unavailable.RevocationUnavailable"
    assert house.document(document)["state"] == "signed"
    house.disarm()
    assert house.ended(house.act(document, "continuation"))["state"] == "succeeded"
    assert list(authorities.asked.values()) == [1]
