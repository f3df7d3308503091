"""An authority that takes minutes holds nobody up, is asked by few at a time, and once for one signature.

"Slow" here is an authority that answers when the test says so: what must not wait for it is done before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crashes.service_house import House
from tests.crashes.test_service_races import uses
from tests.service import CLERK, INITIAL

pytestmark = pytest.mark.xdist_group("service-crashes")
PATIENT = {"tsa_timeout": 120.0}


def questions(house: House) -> tuple[int, int]:
    """How many are out and how many wait, as the health page tells."""
    part = house.client(None).get("/health").json()["parts"]["tsa"]
    return part["asking"], part["waiting"]


def hanging(house: House, authorities, documents: list[str], out: int) -> list:
    """The leader signs them all while the authority answers nobody; returns when `out` questions are out."""
    authorities.gate.clear()
    answers = [house.act(document, "leader-signature") for document in documents]
    house.until(lambda: authorities.running == out, "the questions")
    return answers


@pytest.mark.long
def test_the_setting_that_nobody_made_is_four(make_house, authorities):
    house = make_house(**PATIENT).start()
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(lambda _: house.prepared(), range(6)))
    answers = hanging(house, authorities, documents, 4)
    house.until(lambda: questions(house) == (4, 2), "the line to be told")
    authorities.gate.set()
    assert {house.ended(answer)["state"] for answer in answers} == {"succeeded"}
    assert authorities.most_running == 4
    assert list(authorities.asked.values()) == [1] * 6


@pytest.mark.long
def test_nobody_else_is_held_up(make_house, authorities):
    """Every place is taken by a question without an answer, and more stand in line."""
    house = make_house(tsa_parallel=2, **PATIENT).start()
    out = house.archived()
    numbered, another = house.numbered(), house.prepared()
    house.settle()
    waiting = hanging(house, authorities, [house.prepared() for _ in range(4)], 2)

    document = house.prepared()
    assert house.act(document, "leader-signature").status_code == 202
    assert house.act(another, "withdrawal").status_code == 200
    assert house.act(numbered, "seal").status_code == 202
    assert house.act(out, "issue").status_code == 200
    pdf = house.client(CLERK).get(f"/documents/{out}/file").content
    report = house.client(None).post("/verifications", files={"file": ("a.pdf", pdf, "application/pdf")})
    assert report.json()["signatures"][0]["level"] == "B-LT"
    assert house.get(None, "/health")["parts"]["sandbox"]["state"] == "ok"
    assert house.get(CLERK, "/registers/outgoing")["rows"]
    assert house.fsck()["clean"]

    assert authorities.running == 2  # all this while
    authorities.gate.set()
    assert {house.ended(answer)["state"] for answer in waiting} == {"succeeded"}
    house.settle()
    assert house.document(numbered)["archived_at"]
    assert authorities.most_running == 2


@pytest.mark.long
def test_who_has_his_token_works_on_beside_the_next_question(make_house, authorities):
    """With one place: the first document is still being judged while the second's question is out."""
    house = make_house(tsa_parallel=1, **PATIENT).start(faults=["judging_waits"])
    first, second = house.prepared(), house.prepared()
    house.arm()
    one, two = house.act(first, "leader-signature"), house.act(second, "leader-signature")
    house.until(lambda: sum(authorities.asked.values()) == 2, "both questions")
    assert house.document(first)["state"] == "signed"
    house.disarm()
    assert {house.ended(answer)["state"] for answer in (one, two)} == {"succeeded"}
    assert authorities.most_running == 1


@pytest.mark.long
def test_a_document_that_has_its_token_is_not_behind_those_that_wait(make_house, authorities):
    house = make_house(tsa_parallel=1, **PATIENT).start(faults=["store_full"])
    sealed = house.numbered()
    house.settle()
    house.arm()
    assert house.ended(house.act(sealed, "seal"))["problem"]["id"] == "unavailable.ArchiveUnavailable"
    assert house.document(sealed)["state"] == "validated"
    house.disarm()
    (waiting,) = hanging(house, authorities, [house.prepared()], 1)
    operation = house.ended(house.act(sealed, "continuation"))
    assert operation["state"] == "succeeded", operation
    queue = "select queue_name from workflow_status where workflow_uuid = ?"
    assert house.sql(queue, operation["id"]) == [("acts",)]
    assert house.sql(queue, waiting.json()["id"]) == [("stamps",)]
    assert authorities.running == 1
    authorities.gate.set()
    assert house.ended(waiting)["state"] == "succeeded"


@pytest.mark.long
def test_one_document_is_stamped_before_the_rest_of_a_batch(make_house, authorities):
    house = make_house(tsa_parallel=1, **PATIENT).start()
    batched, single, urgent = (
        [house.prepared() for _ in range(4)],
        house.prepared(),
        house.prepared(urgency=3),
    )
    authorities.gate.clear()
    house.operation(house.batch(batched))
    house.until(lambda: questions(house) == (1, 3), "the batch in line")
    for document in (single, urgent):
        house.act(document, "leader-signature")
    house.until(lambda: questions(house) == (1, 5), "all in line")
    authorities.gate.set()
    house.settle()
    order = house.stamped_in_order()
    assert order[1:] == [urgent, single, *(document for document in batched if document != order[0])]


def test_a_stop_waits_for_no_authority_and_loses_nothing(make_house, authorities):
    house = make_house(tsa_parallel=1, **PATIENT).start()
    documents = [house.prepared() for _ in range(3)]
    answers = hanging(house, authorities, documents, 1)
    house.stop()  # within the half minute that it gives, while no answer comes
    states = house.sql("select state from operations where kind = 'stamp-leader'")
    assert states == [("waiting",)] * 3
    authorities.gate.set()
    house.start()
    assert {house.ended(answer)["state"] for answer in answers} == {"succeeded"}
    # The question that was out is asked again: HTTP has no way to fetch its answer. The others were never asked.
    assert list(authorities.asked.values()) == [2, 1, 1]
    for document in documents:
        assert uses(house, document, "sign") == {"intent": 1, "result": 1}


def test_the_window_killed_while_the_authority_is_asked_it_is_asked_again(make_house, authorities):
    house = make_house(tsa_parallel=1, **PATIENT).start()
    documents = [house.prepared() for _ in range(3)]
    answers = hanging(house, authorities, documents, 1)
    house.kill()
    authorities.gate.set()
    house.start()
    assert {house.ended(answer)["state"] for answer in answers} == {"succeeded"}
    assert list(authorities.asked.values()) == [2, 1, 1]
    for document in documents:
        assert uses(house, document, "sign") == {"intent": 1, "result": 1}


@pytest.mark.long
def test_initials_killed_while_the_authority_is_asked_are_not_signed_again(make_house, authorities):
    house = make_house(**PATIENT).start()
    document = house.prepared(initials=INITIAL)
    authorities.gate.clear()
    pressed = house.post(INITIAL, f"/documents/{document}/initials")
    house.until(lambda: authorities.running == 1, "the question")
    again = house.post(INITIAL, f"/documents/{document}/initials")
    assert again.json()["id"] == pressed.json()["id"]  # an impatient second press is the same operation
    house.kill()
    authorities.gate.set()
    house.start()
    assert house.ended(pressed)["state"] == "succeeded"
    assert uses(house, document, "initial") == {"intent": 1, "result": 1}
    assert list(authorities.asked.values()) == [2]  # one signature; its first answer came to a dead process
    assert [version["role"] for version in house.document(document)["versions"]][-1] == "initialled"


@pytest.mark.long
def test_a_question_that_ran_into_the_limit_is_not_asked_again_by_itself(make_house, authorities):
    house = make_house(tsa_timeout=3.0, tsa_attempts=3).start()
    document = house.prepared()
    authorities.gate.clear()
    operation = house.ended(house.act(document, "leader-signature"))
    assert operation["problem"]["id"] == "unavailable.TimestampUnavailable"
    assert list(authorities.asked.values()) == [1]
    authorities.gate.set()
    house.stop()
    house.configure(**PATIENT)  # the second question has time, whatever the machine does
    house.start()
    assert house.ended(house.act(document, "continuation"))["state"] == "succeeded"
    assert list(authorities.asked.values()) == [2]


@pytest.mark.long
def test_an_authority_that_breaks_off_is_asked_again_by_itself(make_house, authorities):
    house = make_house(tsa_attempts=3).start()
    authorities.fail_next("down", "http-500")
    document = house.prepared()
    assert house.ended(house.act(document, "leader-signature"))["state"] == "succeeded"
    assert list(authorities.asked.values()) == [3]


@pytest.mark.long
def test_a_second_job_for_a_signature_finds_what_the_first_did(make_house, authorities):
    """However it came to be: two jobs on one document at the same time are one question."""
    house = make_house(**PATIENT).start()
    document = house.prepared()
    (first,) = hanging(house, authorities, [document], 1)
    second = house.act(document, "continuation")
    assert second.json()["id"] == first.json()["id"]
    authorities.gate.set()
    assert house.ended(first)["state"] == "succeeded"
    assert list(authorities.asked.values()) == [1]
