"""Waiting for an operation's end: told once it is committed, never missed, and no longer than asked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest

from api.endings import LATELY, Endings, within
from api.routes.waiting import LONGEST_WAIT, seconds_of
from tests.service import CLERK, LEADER, with_what_was_seen

pytestmark = pytest.mark.xdist_group("site")


def test_an_end_between_the_reading_and_the_waiting_is_not_missed():
    endings = Endings()
    with endings.watched("a") as future:
        endings.announce("a")
        asyncio.run(within(future, 30))
        assert future.done()


def test_everybody_who_waits_is_told_and_nobody_else():
    endings = Endings()
    with endings.watched("a") as first, endings.watched("a") as second, endings.watched("b") as other:
        threading.Thread(target=endings.announce, args=("a",)).start()
        asyncio.run(within(first, 30))
        asyncio.run(within(second, 30))
        assert (first.done(), second.done(), other.done()) == (True, True, False)


def test_an_end_that_is_announced_twice_at_once_is_one():
    """By the job that did it, and by whoever found it without a job."""
    endings, between = Endings(), threading.Barrier(2)

    class Told(Future):
        """Gives another announcement all the time that it needs."""

        def set_running_or_notify_cancel(self):
            begun = super().set_running_or_notify_cancel()
            with suppress(threading.BrokenBarrierError):
                between.wait(0.2)
            return begun

    with endings.watched("a") as future, ThreadPoolExecutor(2) as pool:
        future.__class__ = Told
        for announced in [pool.submit(endings.announce, "a") for _ in range(2)]:
            announced.result()
        assert future.done()


def test_who_gave_up_is_forgotten_and_disturbs_no_announcement():
    endings = Endings()
    with endings.watched("a") as future:
        asyncio.run(within(future, 0.01))
        assert not future.done()
        endings.announce("a")
    endings.announce("a")
    assert not endings._waiting


def test_an_end_that_two_announce_at_once_is_told_once():
    """A job that was taken up twice: the second must not fail for it."""
    told, failed = threading.Barrier(2), []

    def announce():
        told.wait()
        try:
            endings.announce("a")
        except Exception as exc:  # noqa: BLE001 (a thread's, for the test to see)
            failed.append(exc)

    for _ in range(200):
        endings = Endings()
        with contextlib.ExitStack() as stack:
            futures = [stack.enter_context(endings.watched("a")) for _ in range(50)]
            threads = [threading.Thread(target=announce) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failed and all(future.done() for future in futures)


def test_one_question_brings_the_end_of_an_operation(site):
    document = site.prepared(subject="Chờ một lần là xong")
    answer = site.post(LEADER, f"/documents/{document}/leader-signature")
    assert answer.json()["state"] == "waiting"
    ended = site.client(LEADER).get(f"/operations/{answer.json()['id']}", params={"wait": LONGEST_WAIT})
    assert ended.json()["state"] == "succeeded", ended.text
    assert ended.headers["retry-after"] == "0"


def test_an_end_before_the_waiting_is_known_for_a_while():
    endings = Endings()
    for name in map(str, range(LATELY + 1)):
        endings.announce(name)
    for name, known in (("0", False), ("1", True), (str(LATELY), True)):
        with endings.watched(name) as future:
            assert future.done() is known
    endings.announce("1")  # who was told already is not told again
    assert len(endings._ended) == LATELY


@pytest.mark.parametrize(
    ("preference", "seconds"),
    [
        ("wait=10", 10.0),
        ("respond-async, wait=5", 5.0),
        ("Wait = 7; x=y", 7.0),
        ('return=minimal,wait="3"', 3.0),
        ("wait=600", LONGEST_WAIT),
        ("wait=0", 0.0),
        ("wait=-1", 0.0),
        ("wait=x", 0.0),
        ("await=3", 0.0),
        ("wait=99999", 0.0),
        ("wait=4, " + "x" * 5_000, 4.0),
        ("", 0.0),
        (None, 0.0),
    ],
)
def test_what_is_no_preference_to_wait_is_none(preference, seconds):
    assert seconds_of(preference) == seconds


def act(site, who, path, prefer, key):
    headers = {"idempotency-key": key, "prefer": prefer}
    body = with_what_was_seen(lambda place: site.get(CLERK, place), path, {})
    return site.client(who).post(path, headers=headers, **body)


def test_who_prefers_to_wait_gets_the_outcome_in_the_acts_own_answer(site):
    document = site.prepared(subject="Chờ ngay trong câu trả lời")
    path, key = f"/documents/{document}/leader-signature", uuid.uuid4().hex
    answer = act(site, LEADER, path, "wait=20", key)
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded"), answer.text
    assert answer.headers["preference-applied"] == "wait=20"
    again = act(site, LEADER, path, "wait=20", key)  # the kept answer leads to the same outcome
    assert (again.status_code, again.json()) == (200, answer.json())
    assert again.headers["idempotent-replay"] == "true" and "idempotent-replay" not in answer.headers
    assert again.headers["location"] == answer.headers["location"]
    later = act(site, LEADER, path, "respond-async", key)
    assert later.status_code == 202 and later.json()["id"] == answer.json()["id"]
    assert "preference-applied" not in later.headers


def test_a_kept_answer_to_what_ended_long_ago_is_not_waited_for(site):
    """Nobody remembers the end any more: it is read."""
    document = site.prepared(subject="Hỏi lại sau khi khởi động lại")
    path, key = f"/documents/{document}/leader-signature", uuid.uuid4().hex
    answer = act(site, LEADER, path, "wait=20", key)
    assert answer.json()["state"] == "succeeded", answer.text
    site.services.endings._ended.clear()
    begun = time.monotonic()
    again = act(site, LEADER, path, "wait=20", key)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert time.monotonic() - begun < LONGEST_WAIT / 2


def test_a_preference_of_any_length_is_no_mistake(site):
    answer = act(site, CLERK, "/documents/none/seal", "x" * 300, uuid.uuid4().hex)
    assert answer.status_code == 404, answer.text


def test_a_refusal_is_one_whatever_the_caller_prefers(site):
    document = site.prepared(subject="Đóng dấu quá sớm")
    answer = act(site, CLERK, f"/documents/{document}/seal", "wait=20", uuid.uuid4().hex)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json"), (
        answer.text
    )


def test_who_waits_for_nothing_known_is_told_at_once(site):
    answer = site.client(CLERK).get("/operations/none", params={"wait": LONGEST_WAIT})
    assert answer.status_code == 404


@pytest.mark.parametrize("wait", ["-1", "21", "nan", "inf", "x"])
def test_nobody_waits_longer_than_allowed(site, wait):
    assert site.client(CLERK).get("/operations/none", params={"wait": wait}).status_code == 422
