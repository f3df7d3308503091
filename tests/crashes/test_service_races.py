"""Several people at once, over HTTP: one of them does the act, the others learn why they did not."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crashes.service_house import House
from tests.service import CLERK

pytestmark = pytest.mark.xdist_group("service-crashes")
LATE = {"access.changed-meanwhile", "issuing.wrong-order", "issuing.not-your-turn"}


def together(*acts):
    """The answers of acts that start at the same time."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]


def uses(house: House, document: str, act: str) -> Counter[str]:
    """Audit rows of a use of a key, by phase."""
    query = "select phase from audit where subject = ? and act = ?"
    return Counter(phase for (phase,) in house.sql(query, document, act))


def one_of(answers, *, good: int):
    """The one answer that did it; every other is a typed refusal that came too late."""
    done = [answer for answer in answers if answer.status_code == good]
    late = [answer.json()["id"] for answer in answers if answer.status_code != good]
    assert len(done) == 1, [answer.text for answer in answers]
    assert set(late) <= LATE
    return done[0]


def test_two_clerks_seal_at_once(house):
    document = house.numbered()
    done = one_of(together(*[lambda: house.act(document, "seal")] * 4), good=202)
    assert house.ended(done)["state"] == "succeeded"
    assert uses(house, document, "seal") == {"intent": 1, "result": 1}


def test_two_clerks_number_at_once(house):
    document = house.signed()
    answers = together(*[lambda: house.act(document, "number")] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert len(house.sql("select number from numbers where document = ?", document)) == 1


def test_a_double_click_on_sign_uses_the_key_once(house):
    document = house.prepared()
    done = one_of(together(*[lambda: house.act(document, "leader-signature")] * 4), good=202)
    assert house.ended(done)["state"] == "succeeded"
    assert uses(house, document, "sign") == {"intent": 1, "result": 1}


def test_the_leader_signs_while_the_clerk_takes_back(house):
    """Whoever comes first; the other uses no key and changes nothing."""
    for _ in range(4):
        document = house.prepared()
        signed, taken = together(
            lambda document=document: house.act(document, "leader-signature"),
            lambda document=document: house.act(document, "withdrawal"),
        )
        house.settle()
        state = house.document(document)["state"]
        if signed.status_code == 202:
            assert taken.json()["id"] in LATE
            assert state == "leader-timestamped"
            assert uses(house, document, "sign") == {"intent": 1, "result": 1}
        else:
            assert taken.status_code == 200, taken.text
            assert signed.json()["id"] in LATE, signed.text
            assert state == "draft"
            assert not uses(house, document, "sign")


def test_voided_while_the_seal_waits_for_its_token(house, authorities):
    document = house.numbered()
    authorities.gate.clear()
    sealed = house.act(document, "seal")
    house.until(lambda: authorities.running == 1, "the question")
    voided = house.act(document, "void", json={"reason": "Ban hành nhầm"})
    assert voided.status_code == 200, voided.text
    authorities.gate.set()
    operation = house.ended(sealed)
    assert (operation["state"], operation["problem"]["id"]) == ("failed", "access.changed-meanwhile")
    assert house.document(document)["state"] == "voided"
    rows = house.get(CLERK, "/registers/outgoing?limit=500")["rows"]
    noted = [row["cells"][-1] for row in rows if row["cells"][0] == voided.json()["number"]]
    assert noted == ["Hủy số: Ban hành nhầm"]
    assert not house.sql("select id from leaves where document = ?", document)
    assert house.act(document, "continuation").json()["id"] == "issuing.wrong-order"


def test_asking_to_go_on_twice_is_one_question(house, authorities):
    document = house.prepared()
    authorities.fail_next("down")
    house.ended(house.act(document, "leader-signature"))
    authorities.gate.clear()
    first = house.act(document, "continuation").json()["id"]
    second = house.act(document, "continuation").json()["id"]
    authorities.gate.set()
    assert first == second
    assert house.operation(first)["state"] == "succeeded"
    assert list(authorities.asked.values()) == [2]


def test_one_key_many_times_at_once_is_one_act(house):
    document = house.prepared()
    answers = together(*[lambda: house.act(document, "leader-signature", "the-same-key " + document)] * 6)
    done = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.content for answer in done}) == 1
    rest = [answer for answer in answers if answer.status_code != 202]
    assert {(answer.status_code, answer.json()["id"]) for answer in rest} <= {
        (409, "access.idempotency-in-progress")
    }
    assert house.ended(done[0])["state"] == "succeeded"
    assert uses(house, document, "sign") == {"intent": 1, "result": 1}
    later = house.act(document, "leader-signature", "the-same-key " + document)
    assert later.content == done[0].content
    assert later.headers["idempotent-replay"] == "true"


def test_one_key_many_uploads_at_once_is_one_draft(house):
    answers = together(*[lambda: house.upload("one upload")] * 4)
    assert {answer.status_code for answer in answers} <= {201, 409}
    drafts = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(drafts) == 1


def test_initials_pressed_twice_are_one(house, authorities):
    document = house.prepared(initials="le-van-cuong")
    authorities.gate.clear()  # both are asked for before one is done
    first, second = together(*[lambda: house.post("le-van-cuong", f"/documents/{document}/initials")] * 2)
    authorities.gate.set()
    for answer in (first, second):
        assert house.ended(answer)["state"] == "succeeded"
    assert uses(house, document, "initial") == {"intent": 1, "result": 1}


@pytest.mark.long
def test_forty_documents_numbered_by_eight_clients_without_a_gap(make_house):
    house = make_house().start()
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(lambda _: house.prepared(), range(40)))
    house.operation(house.batch(documents))
    house.settle()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: house.act(each, "number"), documents * 2))
    assert {answer.status_code for answer in answers} == {200}
    numbers = [int(answer.json()["number"].split("/")[0]) for answer in answers]
    assert sorted(numbers) == sorted([*range(1, 41)] * 2)
    assert numbers[:40] == numbers[40:]
    register = house.get(CLERK, "/registers/outgoing?limit=100")["rows"]
    assert [row["cells"][0].split("/")[0] for row in register] == [f"{n:02}" for n in range(1, 41)]


@pytest.mark.long
def test_a_batch_of_twenty_killed_in_the_middle_signs_nothing_twice(make_house):
    house = make_house().start(die="sign: in its transaction", turn=6)
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(lambda _: house.prepared(), range(20)))
    house.arm()
    bad = documents[7]
    assert house.act(bad, "withdrawal").status_code == 200
    batch = house.batch(documents)
    house.died()
    assert house.sql("select done from operations where id = ?", batch) == [(5,)]
    house.start()
    operation = house.operation(batch)
    house.settle()
    lines = {line["document"]: line for line in operation["result"]["documents"]}
    assert list(lines) == documents
    assert lines.pop(bad)["problem"]["id"] == "issuing.wrong-order"
    assert all("state" in line for line in lines.values()), lines
    for document in lines:
        roles = Counter(version["role"] for version in house.document(document)["versions"])
        assert (roles["leader-signed"], roles["leader-timestamped"]) == (1, 1)
    # The one under way when the process died was signed and not committed, so its key was used once more.
    used = {document: uses(house, document, "sign") for document in lines}
    (again,) = [document for document, phases in used.items() if phases["intent"] == 2]
    assert Counter(phases["result"] for phases in used.values()) == {1: 19}
    assert house.intents_left() == {(again, "sign"): 1}
    assert house.document(bad)["state"] == "draft"
    assert house.fsck()["clean"]
