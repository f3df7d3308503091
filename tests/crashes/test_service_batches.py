"""A leader's batch in the real service: in order, each document for itself, killed at every durable step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.crashes.service_house import House
from tests.crashes.service_points import BATCH_POINTS
from tests.crashes.test_service_races import uses
from tests.service import LEADER

pytestmark = pytest.mark.xdist_group("service-crashes")
ALL_TOLD = "batch, all told, operation open"
QUICK = ("batch, sign: in its transaction", "batch, signed, not told")
REST = tuple(name for name in BATCH_POINTS if name not in QUICK)


def signed_in_order(house: House, documents: list[str]) -> list[str]:
    """Those of the documents that the leader signed, in the order in which it happened."""
    rows = house.sql(
        "select document from document_versions where role = 'leader-signed' order by created_at"
    )
    return [document for (document,) in rows if document in documents]


def lines_of(house: House, operation: str) -> list[tuple[str, str]]:
    """(document, state or id of the refusal), as the operation lists them."""
    result = house.operation(operation)["result"]
    return [(line["document"], line.get("state") or line["problem"]["id"]) for line in result["documents"]]


def killed_in_the_middle(house: House, name: str) -> None:
    """One life dies in the third turn of the point; the next one signs the rest and nothing twice."""
    point = BATCH_POINTS[name]
    house.start(die=name, turn=1 if name == ALL_TOLD else 3)
    documents = [house.prepared() for _ in range(5)]
    bad = documents[1]
    assert house.act(bad, "withdrawal").status_code == 200
    house.arm()
    batch = house.batch(documents)
    house.died()
    told = house.sql("select done from operations where id = ?", batch)[0][0]
    assert told == 5 if name == ALL_TOLD else 1 <= told <= 4

    house.start()
    lines = lines_of(house, batch)
    house.settle()
    assert [document for document, _ in lines] == documents
    assert lines.pop(1) == (bad, "issuing.wrong-order")
    good = [document for document, _ in lines]
    assert {outcome for _, outcome in lines} <= {"signed", "leader-timestamped"}
    assert signed_in_order(house, documents) == good
    again = [document for document in good if uses(house, document, "sign") != {"intent": 1, "result": 1}]
    if point.key_used:
        (one,) = again
        assert uses(house, one, "sign") == {"intent": 2, "result": 1}
    else:
        assert again == []
    assert {house.document(document)["state"] for document in good} == {"leader-timestamped"}
    assert house.document(bad)["state"] == "draft"
    house.kill()


@pytest.mark.long
def test_killed_in_the_middle_the_rest_is_signed_and_nothing_twice(make_house):
    house = make_house()
    for name in QUICK:
        killed_in_the_middle(house, name)
    house.start()
    house.stop()
    assert house.fsck()["clean"]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_at_every_other_step_of_a_batch(make_house):
    house = make_house()
    for name in REST:
        killed_in_the_middle(house, name)
    house.start()
    house.stop()
    assert house.fsck()["clean"]


def test_a_bad_document_is_named_and_the_rest_goes_on(make_house):
    """A refusal, and a fault that nobody foresaw."""
    house = make_house().start(faults=["faulty_document"])
    first, faulty, last = house.prepared(), house.prepared(subject="LỖI"), house.prepared()
    taken = house.prepared()
    assert house.act(taken, "withdrawal").status_code == 200
    batch = house.batch([first, faulty, taken, last])
    lines = lines_of(house, batch)
    assert lines == [
        (first, "signed"),
        (faulty, "fault"),
        (taken, "issuing.wrong-order"),
        (last, "signed"),
    ]
    told = house.operation(batch)["result"]["documents"][1]["problem"]
    assert told["incident"] in house.log.read_text("utf-8")
    assert told["incident"] in told["text"]["vi"]
    assert not uses(house, faulty, "sign")
    assert house.document(faulty)["state"] == "prepared"


@pytest.mark.long
def test_progress_is_told_while_the_batch_runs(make_house):
    """The service is killed with two documents told: what is shown then are these two, in order."""
    house = make_house().start(die="batch, told", turn=3)
    documents = [house.prepared() for _ in range(4)]
    house.arm()
    batch = house.batch(documents)
    house.died()
    house.start()
    house.arm()  # of no meaning to this life, which has no point to die at
    state, done, total = house.sql("select state, done, total from operations where id = ?", batch)[0]
    assert (done >= 2, total) == (True, 4), state
    assert [document for document, _ in lines_of(house, batch)] == documents
    house.settle()
    assert signed_in_order(house, documents) == documents


@pytest.mark.long
def test_a_stop_in_the_middle_ends_between_two_documents(make_house):
    house = make_house().start(faults=["slow_signatures"])
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(lambda _: house.prepared(), range(24)))
    batch = house.batch(documents)
    house.until(lambda: house.sql("select done from operations where id = ?", batch)[0][0] >= 2, "two lines")
    house.stop()
    state, done, problem = house.sql("select state, done, problem from operations where id = ?", batch)[0]
    assert state == "running"
    assert problem in (None, "null")  # as the engine reads it
    assert 2 <= done < 24
    assert not house.intents_left()
    house.start()
    assert [document for document, _ in lines_of(house, batch)] == documents
    house.settle()
    assert signed_in_order(house, documents) == documents
    for document in documents:
        assert uses(house, document, "sign") == {"intent": 1, "result": 1}
    assert not house.sql("select id, problem from operations where state = 'failed'")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_hundred_documents_in_bounded_memory(make_house):
    house = make_house().start()
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(lambda _: house.prepared(), range(200)))
    house.operation(house.batch(documents[:20]))  # everything is loaded and warm
    house.settle()
    process = psutil.Process(house.process.pid)
    before = process.memory_info().rss
    batch = house.batch(documents[20:])
    highest, told = before, [0]
    while (now := house.get(LEADER, f"/operations/{batch}"))["state"] not in ("succeeded", "failed"):
        highest = max(highest, process.memory_info().rss)
        told.append(now["done"])
    assert told == sorted(told)
    assert len(set(told)) > 20  # seen on the way
    assert [document for document, _ in lines_of(house, batch)] == documents[20:]
    house.until(
        lambda: not house.sql("select id from operations where state in ('waiting', 'running')"),
        "stamps",
    )
    highest = max(highest, process.memory_info().rss)
    assert highest - before < 48 << 20, f"{(highest - before) >> 20} MiB more"
    assert signed_in_order(house, documents[20:]) == documents[20:]
