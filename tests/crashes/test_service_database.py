"""PostgreSQL fails under a working service: acts say so and are repeated, the process stays, nothing is lost or done
twice, and the service comes back by itself."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import psycopg
import pytest

from api.demo.documents import DecisionSpec, decision
from tests.crashes.conftest import Furnished, houses
from tests.crashes.service_house import next_step
from tests.engines.postgres import postgres_server
from tests.service import AUDITOR, CLERK, LEADER, current

pytestmark = pytest.mark.xdist_group("service-database")
UNAVAILABLE = "unavailable.DatabaseUnavailable"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of these tests' own: it is killed under everybody who uses it."""
    with postgres_server(tmp_path_factory.mktemp("postgres"), max_connections="60") as server:
        yield server


@pytest.fixture(scope="module")
def furnished(server, tmp_path_factory, authorities):
    return Furnished(tmp_path_factory.mktemp("template") / "data", authorities, server)


@pytest.fixture
def make_house(tmp_path, furnished, authorities):
    with houses(tmp_path, furnished, authorities) as make:
        yield make


def health(house):
    return house.client(None).get("/health").json()


def well(house):
    """Nothing of the service failed, as it says."""
    with contextlib.suppress(httpx.TransportError):
        return health(house)["status"] == "ok"
    return False


class Patient:
    """People who are told that the database does not answer, and try again: with the same key of idempotency."""

    def __init__(self, house):
        self.house = house
        self.told = Counter()

    def __call__(self, act):
        """The answer of an act, however often it must be tried."""

        def tried():
            answer = act()
            if answer.status_code != 503:
                return answer
            self.told[answer.json()["id"]] += 1
            time.sleep(0.2)
            return None

        return self.house.until(tried, "an act to be taken")

    def post(self, who, path, key, **body):
        headers = {"idempotency-key": key}
        answer = self(lambda: self.house.client(who).post(path, headers=headers, **body))
        assert answer.status_code < 500, answer.text
        return answer

    def uploaded(self, number):
        """The same bytes under the same key, however often."""
        pdf = decision(current(DecisionSpec(subject=f"Phê duyệt Kế hoạch số {number} của tỉnh Sông Hồng")))
        fields = {"subject": "Quyết định thử nghiệm", "kind": "QĐ", "leaders": LEADER}
        files = {"file": ("quyet-dinh.pdf", pdf, "application/pdf")}
        answer = self.post(CLERK, "/documents", f"upload-{number}", data=fields, files=files)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def push(self, number):
        """A document, from its upload until it is issued and has its validation data."""
        document = self.uploaded(number)
        place = f"/documents/{document}"
        for turn in range(200):
            found = self(lambda: self.house.client(CLERK).get(place)).json()
            step = next_step(found)
            if step is None:
                return document
            if step == "continuation" and turn % 8:
                time.sleep(0.3)  # its job is under way, or comes back
                continue
            body = {"json": {"sha256": found["sha256"]}} if step == "leader-signature" else {}
            if step in ("preparation", "number"):
                body = {"json": {}}
            who = LEADER if step == "leader-signature" else CLERK
            self.post(who, f"{place}/{step}", f"{number}-{step}-{turn}", **body)
        raise AssertionError(f"{place} does not come on: {found['state']}")


def check(house, documents):
    """Each document is out, once, with a number of its own and no gap; every row agrees with every object."""
    house.until(lambda: not house.sql("select leaf from deposits"), "what is planned to be carried out")
    for document in documents:
        found = house.document(document)
        roles = Counter(version["role"] for version in found["versions"])
        assert found["state"] == "issued"
        assert set(roles.values()) == {1}, roles
    numbers = [number for (number,) in house.sql("select number from numbers order by number")]
    assert numbers == list(range(1, len(documents) + 1))
    kinds = house.sql("select document, kind, count(*) from leaves where document is not null group by 1, 2")
    assert Counter(count for _, kind, count in kinds if kind == 2) == {1: len(documents)}, "one event: issued"
    assert not house.sql("select leaf from deposits")
    assert not house.sql("select id from operations where state in ('waiting', 'running')")
    report = house.fsck()
    assert report["clean"], report["findings"]


def killed_under_work(house, server, *, kills, documents):
    """Documents on their way while the server is killed and started again, so many times."""
    patient, over = Patient(house), Event()
    for who in (CLERK, LEADER, AUDITOR, None):
        house.client(who)

    def kill():
        for _ in range(kills):
            time.sleep(1.5)
            server.kill()
            time.sleep(1.0)
            server.start()
        over.set()

    with ThreadPoolExecutor(5) as pool:
        killer = pool.submit(kill)
        done = list(pool.map(patient.push, range(documents)))
        killer.result()
    assert over.is_set()
    house.until(lambda: well(house), "the service to be well")
    house.settle()
    assert house.process.poll() is None, "the process stayed"
    check(house, done)
    return patient.told


def test_killed_and_started_again_under_a_working_service(make_house, server):
    house = make_house().start()
    told = killed_under_work(house, server, kills=1, documents=3)
    assert set(told) <= {UNAVAILABLE}


@pytest.mark.long
def test_killed_again_and_again_under_a_working_service(make_house, server):
    house = make_house().start()
    told = killed_under_work(house, server, kills=8, documents=30)
    assert set(told) == {UNAVAILABLE}


@pytest.mark.long
def test_while_it_is_down_each_act_says_so_and_so_does_health(make_house, server):
    house = make_house().start()
    document, prepared = house.signed(), house.prepared()
    house.settle()
    server.kill()
    try:
        for answer in (
            house.client(CLERK).post(
                f"/documents/{document}/number", json={}, headers={"idempotency-key": "a"}
            ),
            house.client(CLERK).get(f"/documents/{document}"),
            house.client(None).post("/sessions", json={"name": CLERK, "password": "x"}),
            house.client(LEADER).get("/documents"),
        ):
            told = answer.json()
            assert (answer.status_code, told["id"]) == (503, UNAVAILABLE)
            assert "thử lại" in told["text"]["vi"]
            assert "Traceback" not in answer.text
        page = httpx.get(
            f"http://127.0.0.1:{house.port}/v/{'a' * 26}", headers={"accept": "text/html"}, trust_env=False
        )
        assert page.status_code == 503
        assert "thử lại" in page.text
        house.until(lambda: health(house)["parts"]["database"]["state"] == "failing", "the health page")
        told = health(house)
        assert told["status"] == "failing"
        assert told["parts"]["database"]["reason"] == "database.unreachable"
        assert "database_url" in told["parts"]["database"]["text"]["en"]
        assert server.url() not in str(told)
    finally:
        server.start()
    house.until(lambda: well(house), "the service to be well")
    assert house.process.poll() is None
    assert house.act(document, "number").json()["number"].startswith("01/")
    house.push(document)
    house.push(prepared)
    house.settle()
    check(house, [document, prepared])


@pytest.mark.long
def test_a_service_whose_connections_are_all_taken_says_so_and_recovers(make_house, server):
    """Somebody holds a lock: acts wait for it, others for their connections, until it is gone."""
    house = make_house(database_connections=2).start()
    document = house.signed()
    house.settle()
    name = house.settings["database_url"].rpartition("/")[2]
    place, over, answers = f"/documents/{document}/number", Event(), []

    def press(number):
        while not over.is_set():
            key = {"idempotency-key": f"n-{number}-{len(answers)}"}
            answers.append(house.client(CLERK).post(place, json={}, headers=key))

    with ThreadPoolExecutor(8) as pool, server.connect(name) as other, other.transaction():
        other.execute("LOCK TABLE agencies, number_series IN ACCESS EXCLUSIVE MODE")
        pressed = [pool.submit(press, number) for number in range(8)]
        try:
            house.until(
                lambda: health(house)["parts"]["database"].get("reason") == "database.pool-exhausted",
                "health",
            )
        finally:
            over.set()
        for each in pressed:
            each.result()
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["id"] for answer in answers} == {UNAVAILABLE}
    house.until(lambda: well(house), "the service to be well")
    assert house.process.poll() is None
    assert house.act(document, "number").json()["number"].startswith("01/")
    house.push(document)
    house.settle()
    check(house, [document])


@pytest.mark.long
def test_a_service_that_starts_before_its_database_says_what_is_missing(make_house, server):
    house = make_house()
    server.kill()
    try:
        with pytest.raises(AssertionError, match="DatabaseUnavailable"):
            house.start()
        log = house.log.read_text("utf-8")
        assert "Check the server, the network, database_url" in log
        assert "Traceback" not in log
    finally:
        server.start()
    house.start()
    house.push(house.prepared())


@pytest.mark.long
def test_nothing_is_left_open_by_a_service_that_was_killed(make_house, server):
    """Its transactions end with it: nobody waits for locks that a dead process held."""
    house = make_house().start(die="sign: in its transaction")
    document = house.prepared()
    house.arm()
    with contextlib.suppress(httpx.TransportError):
        house.act(document, "leader-signature")
    house.died()

    def backends():
        with psycopg.connect(server.url().replace("+psycopg", "")) as conn:
            name = house.settings["database_url"].rpartition("/")[2]
            return conn.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()

    house.until(lambda: backends() == (0,), "its connections to end")
    house.start()
    house.push(document)
    house.settle()
    check(house, [document])
