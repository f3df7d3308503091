"""Words between processes: heard by all others, in one piece, and again after the connection was lost."""

from __future__ import annotations

import threading

import pytest

from api.store.notifications import Notifications
from tests.service import PATIENCE, until


@pytest.fixture
def speakers(postgres_database):
    made = [Notifications(postgres_database) for _ in range(3)]
    heard = [[] for _ in made]
    for each, words in zip(made, heard, strict=True):
        each.hear("topic", words.append)
        each.start()
    yield made, heard
    for each in made:
        each.stop()


def listening(speakers):
    """Until each hears the others: a word that nobody listens for yet is lost."""
    made, heard = speakers
    for number, speaker in enumerate(made):
        others = [words for at, words in enumerate(heard) if at != number]

        def told(speaker=speaker, others=others, number=number):
            speaker.tell("topic", f"hello {number}")
            return all(f"hello {number}" in words for words in others)

        until(told, "everybody to listen")


def test_all_others_hear_it(speakers):
    listening(speakers)
    (a, _, _), (own, b, c) = speakers
    a.tell("topic", "Số 1/QĐ-UBND")
    a.tell("another topic", "nobody listens")
    until(lambda: "Số 1/QĐ-UBND" in b and "Số 1/QĐ-UBND" in c, "the others")
    assert "Số 1/QĐ-UBND" not in own


def test_many_words_arrive_in_order(speakers):
    listening(speakers)
    (a, _, _), (_, b, _) = speakers
    meant = [f"word {number:05} {'x' * 60}" for number in range(2_000)]
    for word in meant:
        a.tell("topic", word)
    until(lambda: meant[-1] in b, "the last")
    assert [word for word in b if word.startswith("word")] == meant


def test_a_listener_that_fails_keeps_nobody_from_hearing(postgres_database, caplog):
    a, b = Notifications(postgres_database), Notifications(postgres_database)
    heard = threading.Event()
    b.hear("topic", lambda _: 1 / 0)
    b.hear("topic", lambda _: heard.set())
    for each in (a, b):
        each.start()
    until(lambda: a.tell("topic", "x") or heard.wait(0.2), "the second listener")
    for each in (a, b):
        each.stop()
    assert "ZeroDivisionError" in caplog.text


def test_after_the_server_was_killed_words_arrive_again(postgres, speakers):
    listening(speakers)
    postgres.restart()
    listening(speakers)


def test_a_stop_does_not_hang(postgres_database):
    each = Notifications(postgres_database)
    each.start()
    stopped = threading.Thread(target=each.stop)
    stopped.start()
    stopped.join(PATIENCE)
    assert not stopped.is_alive()
