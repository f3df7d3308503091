"""Several API and worker processes over one PostgreSQL and one SeaweedFS, as production has them."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.service import AUDITOR, CLERK, LEADER, PATIENCE, until

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.long, pytest.mark.timeout(900)]
HOUR = 3600
DOCUMENTS = 6


@pytest.fixture
def house(company):
    company.authorities.reset()
    for member in company.members.values():
        member.disarm()
    company.turn_to(company.members["api-1"])
    yield company
    company.authorities.reset()
    company.settle()


def many(house, work, count=DOCUMENTS):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def health(house, member):
    answer = httpx.get(f"{house.members[member].url}/api/v1/health", timeout=PATIENCE, trust_env=False)
    return answer.status_code, answer.json()["parts"]


def test_many_documents_at_once_over_both_apis(house):
    """Numbers without a gap, one log, every proof right, each document archived once."""
    house.client(CLERK), house.client(LEADER), house.client(AUDITOR)
    before = {document for (document,) in house.sql("select document from numbers")}
    documents = many(house, lambda _: house.archived())
    house.turn_to(house.members["api-2"])
    for document in documents:
        house.push(document)
        receipt = house.get(CLERK, f"/documents/{document}/receipt")
        assert receipt
    rows = house.sql("select number, document from numbers order by number")
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    assert {document for _, document in rows} == {*documents, *before}
    kinds = Counter(
        (document, kind)
        for document, kind in house.sql("select document, kind from leaves where document is not null")
    )
    assert {kinds[document, 1] for document in documents} == {2}
    assert house.authorities.most_running <= 2, "questions to the authority of all processes together"
    found = house.fsck()
    assert found["clean"], found  # what is under way is told, and is no fault


def test_an_end_in_another_process_is_told_at_once(house):
    document = house.prepared()
    house.authorities.gate.clear()
    sha256 = house.document(document)["sha256"]
    client = house.client(LEADER)

    def sign():
        headers = {"idempotency-key": uuid.uuid4().hex, "prefer": "wait=20"}
        answer = client.post(
            f"/documents/{document}/leader-signature", headers=headers, json={"sha256": sha256}
        )
        return answer, time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(sign)
        until(lambda: house.authorities.running, "the question")
        house.authorities.gate.set()
        operation = until(
            lambda: house.sql(
                "select 1 from operations where document = ? and state = 'succeeded'", document
            ),
            "the end",
        )
        ended = time.monotonic()
        answer, answered = waits.result(PATIENCE)
    assert operation
    assert answer.status_code == 200 and answer.json()["state"] == "succeeded"
    assert answered - ended < 3, "not only when the time is over"


def test_a_key_in_use_at_one_api_is_in_use_at_the_other(house):
    """Two requests under one key, at both at once: one document."""
    key = uuid.uuid4().hex
    answers = []
    before = len(house.sql("select id from documents"))

    def upload(number):
        house_at = house.members[f"api-{number % 2 + 1}"]
        with httpx.Client(base_url=f"{house_at.url}/api/v1", timeout=PATIENCE, trust_env=False) as client:
            client.headers["authorization"] = token
            return client.post("/documents", headers={"idempotency-key": key}, data=form, files=files)

    token = house.client(CLERK).headers["authorization"]
    pdf = house.client(CLERK)  # only to be signed in before they run
    assert pdf
    form, files = house.upload_form(key)
    answers = many(house, upload)
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert len(house.sql("select id from documents")) == before + 1


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_machine_whose_clock_is_wrong_by_an_hour_harms_nobody(house, jump):
    """It is not held to be dead. It leaves the jobs to the others, and says on its health page that it is off."""
    ids = {row for (row,) in house.sql("select id from processes where gone_at is null")}
    wrong = [house.members["worker-1"], house.members["api-2"]]
    for member in wrong:
        member.arm(str(jump))
    until(lambda: health(house, "api-2")[1]["clock"]["state"] == "failing", "api-2 to say so")
    until(lambda: "wrong by" in house.members["worker-1"].told(), "worker-1 to say so")
    assert health(house, "api-2")[0] == 503
    documents = [house.archived() for _ in range(3)]
    time.sleep(6)  # longer than a process may be silent
    for member in wrong:
        member.disarm()
    for document in documents:
        house.push(document)
    until(lambda: health(house, "api-2")[0] == 200, "api-2 to be right again")
    assert {row for (row,) in house.sql("select id from processes where gone_at is null")} == ids
    found = house.fsck()
    assert found["clean"], found  # what is under way is told, and is no fault


def test_the_health_page_shows_who_lives_and_who_does_not(house):
    status, parts = health(house, "api-1")
    assert status == 200, parts
    roles = Counter(each["role"] for each in parts["processes"]["processes"] if each["state"] == "ok")
    assert roles == {"api": 2, "worker": 2}
    frozen = house.members["api-2"]
    frozen.freeze()
    try:
        until(lambda: "lost" in {each["state"] for each in processes_of(house)}, "the frozen one to be shown")
    finally:
        frozen.thaw()
    until(
        lambda: sum(each["role"] == "api" and each["state"] == "ok" for each in processes_of(house)) == 2,
        "it to come back",
    )


def processes_of(house):
    return health(house, "api-1")[1]["processes"]["processes"]
