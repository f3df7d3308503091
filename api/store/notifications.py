"""`api.messages` over PostgreSQL's LISTEN and NOTIFY, on two connections of their own.

Never in the act's transaction: commits that notify wait for one another, with their waits for the disk.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import make_url

from api.messages import Listener

log = logging.getLogger("antin.messages")
CHANNEL = "antin"
GATHER = 0.003  # seconds in which words are put into one notice
MOST_BYTES = 7_000  # PostgreSQL takes less than 8,000
AGAIN = 1.0  # seconds until a lost connection is tried again; meanwhile everybody polls
CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "antin messages",
    "options": "-c synchronous_commit=off",
}


class Notifications:
    """The words of one process to the others, and theirs to it. Safe for threads."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._me = uuid.uuid4().hex
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._outgoing: SimpleQueue[str] = SimpleQueue()
        self._stopping = Event()
        self._threads = [
            Thread(target=self._kept, args=(run,), name=name, daemon=True)
            for run, name in ((self._listen, "listener"), (self._speak, "teller"))
        ]

    def hear(self, topic: str, listener: Listener) -> None:
        self._listeners[topic].append(listener)

    def tell(self, topic: str, word: str) -> None:
        self._outgoing.put(f"{topic} {word}")

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What was told before is still sent, if the database answers."""
        self._stopping.set()
        self._outgoing.put("")
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5)

    def _kept(self, run: Callable[[psycopg.Connection[Any]], None]) -> None:
        """`run` with a connection, and again with another one when it breaks."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, **CONNECTION) as conn:
                    run(conn)
            except psycopg.Error as exc:
                log.warning("messages: %s; words may be lost until the database answers", type(exc).__name__)
                self._stopping.wait(AGAIN)

    def _listen(self, conn: psycopg.Connection[Any]) -> None:
        conn.execute(f"LISTEN {CHANNEL}")
        while not self._stopping.is_set():
            for notice in conn.notifies(timeout=0.5):
                sender, *words = notice.payload.splitlines()
                if sender != self._me:
                    self._hand_out(words)

    def _hand_out(self, words: list[str]) -> None:
        for line in words:
            topic, _, word = line.partition(" ")
            for listener in self._listeners.get(topic, ()):
                try:
                    listener(word)
                except Exception:  # of one listener: the others hear theirs
                    log.exception("a listener of %s failed", topic)

    def _speak(self, conn: psycopg.Connection[Any]) -> None:
        while not (self._stopping.is_set() and self._outgoing.empty()):
            words = [self._outgoing.get()]
            self._stopping.wait(GATHER)
            size = len(self._me) + len(words[0])
            with suppress(Empty):
                while size < MOST_BYTES - 1_000:
                    words.append(self._outgoing.get_nowait())
                    size += len(words[-1]) + 1
            told = dict.fromkeys(word for word in words if word)
            if told:
                conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, "\n".join((self._me, *told))))
