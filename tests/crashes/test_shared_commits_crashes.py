"""Acts that share a commit, and kill -9: what anybody was told is there, and an act is there whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, insert

from api.transactions import Transactions
from tests.crashes.children import exit_code, forked
from tests.service import until

metadata = MetaData()
acts = Table("acts", metadata, Column("id", Integer, primary_key=True))
halves = Table(
    "halves",
    metadata,
    Column("act", ForeignKey("acts.id"), primary_key=True),
    Column("half", Integer, primary_key=True),
)
THREADS, ROUNDS, MANY = 8, 5, 1_000_000


def act(transactions, number):
    """Two rows of one act; every third is a note, every fifth is refused after its first row."""
    begun = transactions.note if number % 3 == 0 else transactions.write
    with begun() as conn:
        conn.execute(insert(acts).values(id=number))
        if number % 5 == 0:
            raise ValueError("this act is refused")
        conn.execute(insert(halves).values(act=number, half=1))
        conn.execute(insert(halves).values(act=number, half=2))


def act_for_ever(url, first, report):
    """Each thread's acts, and after each of them a line that says what it was told."""
    transactions = Transactions(url)
    told = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def acting(start):
        for number in range(start, first + MANY, THREADS):
            try:
                act(transactions, number)
            except ValueError:
                os.write(told, f"-{number}\n".encode())
            else:
                os.write(told, f"+{number}\n".encode())

    threads = [threading.Thread(target=acting, args=(first + part,)) for part in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lines(reports):
    return [line for report in reports if report.exists() for line in report.read_text().splitlines()]


def check(path, reports):
    """Committed is what was told, and of the rest each act with all of its rows."""
    told = lines(reports)
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        found = dict(conn.execute("SELECT id, (SELECT count(*) FROM halves WHERE act = id) FROM acts"))
    conn.close()
    assert {int(line[1:]) for line in told if line.startswith("+")} <= found.keys()
    assert not {int(line[1:]) for line in told if line.startswith("-")} & found.keys()
    assert set(found.values()) == {2}


@pytest.mark.parametrize("processes", [1, 2])
def test_kill_9_of_threads_that_share_commits(tmp_path, processes):
    path = tmp_path / "acts.db"
    transactions = Transactions(f"sqlite:///{path}")
    metadata.create_all(transactions.engine)
    transactions.close()
    chance = random.Random(20261127 + processes)
    reports = []
    for life in range(ROUNDS):
        these = [tmp_path / f"told-{life}-{process}" for process in range(processes)]
        firsts = [(life * processes + process) * MANY for process in range(processes)]
        children = [
            forked(act_for_ever, transactions.url, first, report)
            for first, report in zip(firsts, these, strict=True)
        ]
        until(lambda these=these: all(len(lines([one])) > THREADS for one in these), "acts of each process")
        time.sleep(chance.uniform(0, 0.3))
        for child in children:
            child.kill()
            assert exit_code(child) == -signal.SIGKILL
        reports += these
        check(path, reports)
    assert len(lines(reports)) > ROUNDS * processes * THREADS
