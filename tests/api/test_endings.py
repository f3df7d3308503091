"""Waiting for an operation's end: told once it is committed, never missed, and no longer than asked."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.endings import Endings, within
from api.routes.operations import LONGEST_WAIT
from tests.service import CLERK, LEADER

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


def test_who_gave_up_is_forgotten_and_disturbs_no_announcement():
    endings = Endings()
    with endings.watched("a") as future:
        asyncio.run(within(future, 0.01))
        endings.announce("a")
        assert future.cancelled()
    endings.announce("a")
    assert not endings._waiting


def test_one_question_brings_the_end_of_an_operation(site):
    document = site.prepared(subject="Chờ một lần là xong")
    answer = site.post(LEADER, f"/documents/{document}/leader-signature")
    assert answer.json()["state"] == "waiting"
    ended = site.client(LEADER).get(f"/operations/{answer.json()['id']}", params={"wait": LONGEST_WAIT})
    assert ended.json()["state"] == "succeeded", ended.text
    assert ended.headers["retry-after"] == "0"


def test_who_waits_for_nothing_known_is_told_at_once(site):
    answer = site.client(CLERK).get("/operations/none", params={"wait": LONGEST_WAIT})
    assert answer.status_code == 404


@pytest.mark.parametrize("wait", ["-1", "21", "nan", "inf", "x"])
def test_nobody_waits_longer_than_allowed(site, wait):
    assert site.client(CLERK).get("/operations/none", params={"wait": wait}).status_code == 422
