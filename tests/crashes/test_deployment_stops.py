"""Stops in order, and API processes that are killed or freeze under a request, in a production deployment."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.crashes.deployment import DEAD_AFTER
from tests.service import CLERK, LEADER, PATIENCE, until

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.long, pytest.mark.timeout(900)]
A_FEW = 15.0  # seconds, on a busy machine


def test_a_worker_that_is_told_to_stop_hands_its_jobs_over_at_once(make_deployment):
    """Its question is out at the authority, which is slow: another worker takes the job, and asks anew."""
    house = make_deployment(dead_after=120.0)
    house.api(), house.worker("worker-1")
    house.ready()
    document = house.prepared()
    house.authorities.gate.clear()
    operation = house.act(document, "leader-signature").json()["id"]
    until(lambda: house.authorities.running == 1, "the question")
    house.ready(house.worker("worker-2"))
    assert house.members["worker-1"].stop() < A_FEW
    stopped = time.monotonic()
    until(lambda: len(house.authorities.order) == 2, "the other's question")
    assert time.monotonic() - stopped < 5, "not only after two minutes of silence"
    house.authorities.gate.set()
    assert house.operation(operation)["state"] == "succeeded"
    house.push(document)
    assert Counter(house.authorities.asked.values()) == {1: 1, 2: 1}
    rows = dict(house.sql("select ending, count(*) from processes group by ending"))
    assert rows == {"": 2, "stopped": 1}
    found = house.fsck()
    assert found["clean"], found  # what is under way is told, and is no fault


def test_an_api_that_is_told_to_stop_answers_who_waits_for_an_operation(make_deployment):
    house = make_deployment()
    stopping, other = house.api("api-1"), house.api("api-2")
    house.worker()
    house.ready()
    house.turn_to(stopping)
    document = house.prepared()
    house.authorities.gate.clear()
    sha256, client = house.document(document)["sha256"], house.client(LEADER)
    headers = {"idempotency-key": uuid.uuid4().hex, "prefer": "wait=20"}
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(
            client.post, f"/documents/{document}/leader-signature", headers=headers, json={"sha256": sha256}
        )
        until(lambda: house.authorities.running, "the question")
        assert stopping.stop() < A_FEW
        answer = waits.result(PATIENCE)
    assert answer.status_code == 202
    house.turn_to(other)
    house.authorities.gate.set()
    assert house.operation(answer.json()["id"])["state"] == "succeeded"
    again = httpx.post(
        f"{other.url}/api/v1/documents/{document}/leader-signature",
        headers={**headers, "prefer": "", "authorization": house.client(LEADER).headers["authorization"]},
        json={"sha256": sha256},
        timeout=PATIENCE,
        trust_env=False,
    )
    assert (again.status_code, again.json()["id"]) == (202, answer.json()["id"]), "the kept answer"


def ask(member, token, path, key, **body):
    headers = {"idempotency-key": key, "authorization": token}
    return httpx.post(
        f"{member.url}/api/v1{path}", headers=headers, timeout=PATIENCE, trust_env=False, **body
    )


POINTS = (
    "upload: bytes without a row",
    "upload: in its transaction",
    "upload: committed, not answered",
    "sign: before the intent",
    "sign: intent, key not used",
    "sign: key used",
    "sign: result, not committed",
    "sign: committed, not answered",
    "number: in its transaction",
    "number: committed, not answered",
    "seal: intent, key not used",
    "seal: in its transaction",
    "seal: committed, not answered",
    "issue: in its transaction",
    "issue: committed, event not stored",
    "issue: event committed",
    "issue: done, not answered",
)


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_request_whose_api_died_or_froze_is_done_once_by_the_other(make_deployment, how):
    """The client gives up and asks the other API under the same key, again and again until it has an answer."""
    house = make_deployment()
    house.worker()
    calm = house.api("calm")
    house.ready()
    documents = []
    for name in POINTS:
        house.turn_to(calm)
        victim = house.api("victim", **{how: [name]})
        house.ready(victim)
        documents.append(one(house, calm, victim, name, how))
        if how == "freeze":
            victim.thaw()
            until(lambda victim=victim: "was held to be dead" in victim.told(), victim.told)
        victim.kill()
    house.turn_to(calm)
    for document in documents:
        house.push(document)
    until(
        lambda: not house.sql("select leaf from deposits"), "what the dead one had planned to be carried out"
    )
    assert len(house.sql("select id from documents")) == len(documents)
    assert [number for (number,) in house.sql("select number from numbers order by number")] == list(
        range(1, len(documents) + 1)
    )
    for document in documents:
        kinds = Counter(kind for (kind,) in house.sql("select kind from leaves where document = ?", document))
        assert kinds == {1: 2, 2: 1}, kinds
    left = house.intents_left()
    if how == "kill":
        assert set(left.values()) <= {1}
    else:
        assert not left, "who woke up wrote down what became of its key"
    assert not house.sql("select leaf from deposits")
    assert not house.sql("select kind, name from held")
    found = house.fsck()
    assert found["clean"], found  # what is under way is told, and is no fault


def one(house, calm, victim, name, how):
    """A document that comes to the point in the victim."""
    step = name.partition(":")[0]
    key = uuid.uuid4().hex
    token = house.client(LEADER if step == "sign" else CLERK).headers["authorization"]
    if step == "upload":
        fields, files = house.upload_form(key)
        request = "/documents", {"data": fields, "files": files}
        document = ""
    else:
        before = {
            "sign": house.prepared,
            "number": house.signed,
            "seal": house.numbered,
            "issue": house.archived,
        }
        document = before[step]()
        path = {"sign": "leader-signature"}.get(step, step)
        body = {"json": {"sha256": house.document(document)["sha256"]}} if step == "sign" else {"json": {}}
        request = f"/documents/{document}/{path}", body
    victim.arm(f"{how} {name}")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, victim, token, request[0], key, **request[1])
        until(lambda: met(victim, how), f"{name}: the victim")
        answer = until(
            lambda: good(ask(calm, token, request[0], key, **request[1])), name, 10 * DEAD_AFTER + 60
        )
        if how == "freeze":
            victim.thaw()
        answered = first.exception(PATIENCE) or first.result()
    if how == "freeze":
        assert answered.status_code in (200, 201, 202, 409, 503), answered.text
    return document or answer.json()["id"]


def good(answer):
    """Its answer, when it is one: what the first try did is told as done. A key in use, and a service that is not
    there, are none yet."""
    if answer.is_success:
        return answer
    assert answer.status_code == 503 or answer.json()["id"] == "access.idempotency-in-progress", answer.text
    time.sleep(0.3)
    return None


def met(victim, how):
    if how == "kill":
        return victim.process.poll() is not None
    return psutil.Process(victim.process.pid).status() == psutil.STATUS_STOPPED


def test_started_wrongly_it_says_what_to_do(make_deployment, tmp_path):
    """Two deployments at one bucket; another log key; a database that is new. Each ends with one sentence."""
    house = make_deployment()
    house.api(), house.worker()
    house.ready()
    house.archived()
    house.stop()
    other = make_deployment(store=house.store)
    for command in (other.api, other.worker):
        member = command()
        assert member.process.wait(PATIENCE) == 3, member.told()
        assert "archive.other-deployment" in member.told()
        assert "Traceback" not in member.told()
    key = tmp_path / "another.key"
    antin = house.antin("log-key", str(key))
    assert antin.returncode == 0, antin.stderr
    house.change(log_key=str(key))
    member = house.worker("wrong-key")
    assert member.process.wait(PATIENCE) == 3, member.told()
    assert "archive.other-log-key" in member.told()
    house.change(log_key=str(tmp_path / "missing.key"))
    member = house.worker("no-key")
    assert member.process.wait(PATIENCE) == 64, member.told()
    assert "antin log-key" in member.told()
