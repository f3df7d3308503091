"""Numbers under concurrency and kill -9: none is lost, none is given twice, none is skipped."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from api.transactions import Transactions
from archive.catalogue import documents, register_rows
from archive.registers import chain, numbers, outgoing
from policies.numbering import Series
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue, request_for, signed_document
from tests.crashes.children import exit_code, forked
from tests.service import until

SERIES = Series(AGENCY, "QĐ", 2026)
ENTRY = outgoing.Entry(signer="Trần Văn Lãnh Đạo")
PROCESSES, THREADS, EACH = 4, 5, 10


def make_documents(transactions, count):
    with transactions.write() as conn:
        return [signed_document(conn) for _ in range(count)]


def number(transactions, document_id):
    with transactions.write() as conn:
        document = documents.get(conn, document_id)
        return outgoing.number_and_enter(conn, document, request_for(document), ENTRY, AT)[1]


def check_register(transactions, told):
    """Gap-free, unique, as told to whoever asked; journal, series and outgoing register agree."""
    with transactions.read() as conn:
        rows = register_rows.numbers_in(conn, SERIES)
        register = outgoing.page(conn, AGENCY, 2026, limit=10_000)
        head = register_rows.journal_head(conn, AGENCY)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert len({row.document for row in rows}) == len(rows)
    given = {row.document: row.text for row in rows}
    assert {document: given.get(document) for document in told} == told
    assert {row.document: row.number_text for row in register} == given
    assert [row.position for row in register] == list(range(1, len(rows) + 1))
    assert (head.ordinal if head else 0) == len(rows)


def allot_in_threads(url, ids, report):
    transactions = Transactions(url)
    with ThreadPoolExecutor(THREADS) as pool:
        allotted = list(pool.map(lambda document_id: number(transactions, document_id), ids))
    report.write_text("\n".join(f"{n.document} {n.text}" for n in allotted))


def test_200_parallel_allocations_by_processes_and_threads(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    ids = [document.id for document in make_documents(transactions, PROCESSES * THREADS * EACH)]
    transactions.close()
    parts = [(ids[i::PROCESSES], tmp_path / f"told-{i}") for i in range(PROCESSES)]
    children = [forked(allot_in_threads, transactions.url, part, report) for part, report in parts]
    assert [exit_code(child) for child in children] == [0] * PROCESSES
    told = dict(line.split(" ") for _, report in parts for line in report.read_text().splitlines())
    assert len(told) == 200
    check_register(transactions, told)
    transactions.close()


def test_all_threads_want_a_number_for_the_same_document(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    (document,) = make_documents(transactions, 1)
    with ThreadPoolExecutor(8) as pool:
        told = {n.text for n in pool.map(lambda _: number(transactions, document.id), range(16))}
    assert told == {"01/QĐ-UBND"}
    check_register(transactions, {document.id: "01/QĐ-UBND"})
    transactions.close()


def kill_at(moment, url, document_id):
    """SIGKILL before or after the n-th statement, BEGIN and COMMIT included."""
    transactions = Transactions(url)
    left = moment

    def step(*_args, **_named):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(transactions.engine, "before_cursor_execute", step)
    event.listen(transactions.engine, "after_cursor_execute", step)
    event.listen(transactions.engine, "commit", step)
    number(transactions, document_id)
    step()


def test_kill_9_at_every_durable_step(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    (first,) = make_documents(transactions, 1)
    number(transactions, first.id)
    told = {first.id: "01/QĐ-UBND"}
    for moment in range(1, 200):
        (document,) = make_documents(transactions, 1)
        code = exit_code(forked(kill_at, moment, transactions.url, document.id))
        assert code in (0, -signal.SIGKILL)
        told[document.id] = number(transactions, document.id).text
        check_register(transactions, told)
        if code == 0:
            break
    assert moment > 20, "the kills did not reach the commit"
    assert code == 0
    transactions.close()


def allot_for_ever(url, ids, report):
    transactions = Transactions(url)
    with report.open("a") as told:
        for document_id in ids:
            given = number(transactions, document_id)
            told.write(f"{given.document} {given.text}\n")
            told.flush()


def begun(reports, children) -> bool:
    """Somebody was told a number, or nothing was left to be numbered."""
    told = any(report.exists() and report.stat().st_size for report in reports)
    return told or not any(child.is_alive() for child in children)


def test_kill_9_of_workers_at_random_moments(tmp_path, database_at_length):
    transactions = open_catalogue(tmp_path, database_at_length)
    ids = [document.id for document in make_documents(transactions, 300)]
    chance = random.Random(20260305)
    told = {}
    for attempt in range(6):
        reports = [tmp_path / f"told-{attempt}-{worker}" for worker in range(2)]
        left = [document_id for document_id in ids if document_id not in told]
        children = [
            forked(allot_for_ever, transactions.url, left[worker::2], report)
            for worker, report in enumerate(reports)
        ]
        until(lambda reports=reports, children=children: begun(reports, children), "the first number")
        time.sleep(chance.uniform(0, 0.1))
        for child in children:
            child.kill()
            exit_code(child)
        for report in reports:
            lines = report.read_text().splitlines() if report.exists() else []
            told.update(line.split(" ") for line in lines if line.count(" ") == 1 and "/" in line)
        check_register(transactions, told)
    assert len(told) >= 6, "in every life a number was told before the kill"
    told.update((document_id, number(transactions, document_id).text) for document_id in ids)
    check_register(transactions, told)
    assert len(told) == 300
    transactions.close()


def test_a_voided_number_is_not_lost_in_a_crash(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    first, second = make_documents(transactions, 2)
    number(transactions, first.id)

    def crash_before_commit():
        with transactions.write() as conn:
            numbers.void(conn, first.id, "Soạn sai", AT)
            raise KeyError

    with pytest.raises(KeyError):
        crash_before_commit()
    assert number(transactions, second.id).number == 2
    with transactions.write() as conn:
        outgoing.void(conn, first.id, "Soạn sai", AT)
    with transactions.read() as conn:
        assert [row.voided for row in register_rows.numbers_in(conn, SERIES)] == [True, False]
        last = register_rows.journal_head(conn, AGENCY)
    assert last.sha256 == chain.link(last.previous, last.ordinal, last.entry)
    transactions.close()
