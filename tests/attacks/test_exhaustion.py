"""A stranger tries to use up memory, processors or workers that the officials need."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.demo.documents import decision
from api.identity import HASHES_AT_ONCE, LOCKED_MINUTES, WAITING, LocalIdentity
from api.store import accounts
from policies.refusals import Refused
from tests.service import CLERK, PATIENCE, Site, until

pytestmark = pytest.mark.xdist_group("site")
LARGE = 3 << 20


@pytest.fixture
def stranger(site: Site):
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/sessions", "application/json"),
        ("/sign-in", "application/x-www-form-urlencoded"),
        ("/api/v1/documents/x/number", "application/json"),
    ],
)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_of_the_size_of_an_upload_where_no_file_is_expected(stranger, path, kind, announced):
    """Such a body is held in memory, by whoever may send one: everybody."""
    body = b"name=" + b"x" * LARGE
    content = body if announced else iter([body[:LARGE], body[LARGE:]])
    answer = stranger.post(path, content=content, headers={"content-type": kind})
    assert answer.status_code == 413
    assert answer.json()["id"] == "access.too-large"


@pytest.mark.parametrize("path", ["/verify", "/api/v1/verifications"])
def test_a_file_may_be_larger(stranger, path):
    large = decision() + b"\n" + b"%" * LARGE
    assert stranger.post(path, files={"file": ("a.pdf", large)}).status_code != 413


class SlowHasher:
    """Counts how many passwords are looked at together; each look costs 64 MiB in the real one."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def verify(self, _stored, _password):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return False


def test_many_wrong_passwords_at_once_cost_bounded_memory(site: Site):
    hasher = SlowHasher()
    identity = LocalIdentity(site.services.transactions, hasher, timedelta(hours=1))

    def guess(number):
        with pytest.raises(Refused):
            identity.sign_in(f"nobody-{number}", "x", datetime.now(UTC))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= hasher.most <= HASHES_AT_ONCE


class StuckHasher:
    """Looks at passwords until the test lets it go."""

    def __init__(self):
        self.free = threading.Event()

    def verify(self, _stored, _password):
        self.free.wait(PATIENCE)
        return False


def test_sign_ins_of_nobodies_leave_threads_for_those_who_work_here(site: Site, monkeypatch):
    """Each of them waited for its turn, in one of the forty threads that answer everybody."""
    site.client(CLERK)
    hasher = StuckHasher()
    monkeypatch.setattr(site.services, "identity", replace(site.services.identity, hasher=hasher))
    answers = []

    def guess(number):
        body = {"name": f"nobody-{number}", "password": "x"}
        answers.append(
            httpx.post(f"{site.url}/api/v1/sessions", json=body, timeout=PATIENCE, trust_env=False)
        )

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(60)]
    try:
        for thread in threads:
            thread.start()
        until(lambda: len(answers) >= 60 - HASHES_AT_ONCE - WAITING, "those for whom there is no place")
        assert site.client(CLERK).get("/documents").status_code == 200
        until(lambda: len(answers) >= 60 - HASHES_AT_ONCE, "those who waited")
    finally:
        hasher.free.set()
        for thread in threads:
            thread.join()
    busy = [answer for answer in answers if answer.status_code == 503]
    assert len(busy) == 60 - HASHES_AT_ONCE
    assert {answer.json()["id"] for answer in busy} == {"access.sign-in-busy"}
    assert all(answer.headers["retry-after"] == "5" for answer in busy)


def test_attempts_at_names_that_nobody_has_are_forgotten(site: Site):
    at, identity = site.services.clock(), site.services.identity
    for number, ago in enumerate((0, LOCKED_MINUTES - 1, LOCKED_MINUTES, 9_999)):
        with site.services.transactions.write() as conn:
            accounts.count_failure(conn, f"invented-{number}", at - timedelta(minutes=ago), 0)
    identity.forget_attempts(at)
    with site.services.transactions.read() as conn:
        found = [accounts.failures(conn, f"invented-{n}", datetime(2000, 1, 1, tzinfo=UTC)) for n in range(4)]
    assert found == [1, 1, 0, 0]


def test_uploads_of_strangers_use_other_workers_than_the_office(site: Site):
    """A file that took over its worker, or keeps it busy, meets no document of ours."""
    visitors = site.services.visitors
    assert visitors is not site.services.sandbox
    assert visitors.limits.retire_calls == 1


@pytest.mark.parametrize("path", ["/verify", "/api/v1/verifications"])
def test_more_verifications_than_the_service_takes_on(site: Site, stranger, path):
    """The next one is told to come again; threads stay free for those who work here."""
    taken = 0
    while site.services.visits.acquire(blocking=False):
        taken += 1
    try:
        assert taken
        answer = stranger.post(path, files={"file": ("a.pdf", decision())})
        assert answer.status_code == 503
        assert site.client(CLERK).get("/documents").status_code == 200
        assert site.prepared()
    finally:
        for _ in range(taken):
            site.services.visits.release()
    assert stranger.post(path, files={"file": ("a.pdf", decision())}).status_code == 200
