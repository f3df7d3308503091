"""What we write into DBOS's tables is what the installed DBOS writes: an upgrade that changes it fails here."""

from __future__ import annotations

import pytest
from dbos import DBOS, DBOSClient
from sqlalchemy import column as sql_column
from sqlalchemy import table, text, update

from api.store.job_rows import APPLICATION, APPLICATION_VERSION, SERIALIZER, WORKFLOW, JobRows
from api.transactions import Transactions
from tests.crashes.children import exit_code, forked
from tests.service import until

EXECUTOR, QUEUE = "embedded", "stamps"
PAYLOAD = {"document": "Số 1", "actor": "van-thu", "deep": {"list": [1, None, True]}}
TIMES = ("created_at", "updated_at", "started_at_epoch_ms", "completed_at", "delay_until_epoch_ms")
OWN = ("workflow_uuid", "creator_xid", "owner_xid")  # names, of which each row has its own
STATUS = "select * from workflow_status where workflow_uuid = :operation"
OTHERS = {
    "inputs": "select inputs from workflow_input where workflow_uuid = :operation",
    "error": "select error from workflow_output where workflow_uuid = :operation",
}


@pytest.fixture
def transactions(jobs_database):
    opened = Transactions(jobs_database)
    yield opened
    opened.close()


@pytest.fixture
def rows(transactions):
    return JobRows(transactions.engine.dialect.name, EXECUTOR)


def shape(conn, operation):
    """The row without what differs between any two: whether a time or a name is there is part of it."""
    row = dict(conn.execute(text(STATUS), {"operation": operation}).mappings().one())
    for name in (*TIMES, *OWN):
        row[name] = row[name] is not None
    del row["creator_xid"]  # DBOS's answer to a repeated call of its own; nothing else reads it
    row["attributes"] = None if row["attributes"] == "null" else row["attributes"]
    for name, query in OTHERS.items():
        found = conn.execute(text(query), {"operation": operation}).scalar()
        row[name] = found.replace(operation, "its id") if found else None
    return row


def put(transactions, rows, operation, *, kind="finish", priority=7, delay=0.0):
    with transactions.write() as conn:
        rows.put(conn, QUEUE, (kind, operation, PAYLOAD), priority, delay)


def put_by_dbos(transactions, operation, kind="finish", **options):
    engine = transactions.engine_for_jobs()
    client = DBOSClient(system_database_engine=engine, serializer=SERIALIZER)
    given = {
        "workflow_name": WORKFLOW,
        "queue_name": QUEUE,
        "workflow_id": operation,
        "priority": 7,
        "app_version": APPLICATION_VERSION,
        **options,
    }
    with transactions.write() as conn:
        client.enqueue_in_transaction(conn, given, kind, operation, PAYLOAD)
    client.destroy()
    engine.dispose()


def taken(transactions, rows, places=9, mark="t1"):
    with transactions.note() as conn:
        return rows.take(conn, QUEUE, places, mark)


@pytest.mark.parametrize("delay", [0.0, 3600.5])
def test_put_in_line_as_dbos_does(transactions, rows, delay):
    put(transactions, rows, "ours", delay=delay)
    put_by_dbos(transactions, "theirs", **({"delay_seconds": delay} if delay else {}))
    with transactions.read() as conn:
        assert shape(conn, "ours") == shape(conn, "theirs")
        times = conn.execute(text(STATUS), {"operation": "ours"}).mappings().one()
    assert not delay or times["delay_until_epoch_ms"] >= times["created_at"] + 3600_500


def dbos_runs(url: str) -> None:
    """DBOS's own worker, until both have ended. What runs keeps a copy of its row as it is meanwhile."""
    engine = Transactions(url).engine_for_jobs()
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": url,
            "system_database_engine": engine,
            "application_version": APPLICATION_VERSION,
            "executor_id": EXECUTOR,
            "serializer": SERIALIZER,
            "log_level": "CRITICAL",
        }
    )

    @DBOS.workflow(name=WORKFLOW)
    def act(kind, operation, payload):
        with engine.begin() as conn:
            conn.execute(
                text("insert into seen select * from workflow_status where workflow_uuid = :o"),
                {"o": operation},
            )
        if kind == "bad":
            raise ZeroDivisionError("in one document")

    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=0.05)
    until(lambda: not DBOS.list_workflows(status=["ENQUEUED", "PENDING"]), "DBOS")
    DBOS.destroy()


def test_taken_and_ended_as_dbos_does(transactions, rows):
    """The same two jobs, put by us: DBOS's own worker runs one pair, we the other."""
    with transactions.write() as conn:
        conn.execute(text("create table seen as select * from workflow_status where false"))
    for kind in ("good", "bad"):
        put(transactions, rows, f"theirs-{kind}", kind=kind)
    assert exit_code(forked(dbos_runs, transactions.url)) == 0
    for kind in ("good", "bad"):
        put(transactions, rows, f"ours-{kind}", kind=kind)
    jobs = {job.operation: job for job in taken(transactions, rows)}
    assert set(jobs) == {"ours-good", "ours-bad"}
    assert jobs["ours-bad"].read() == ("bad", "ours-bad", PAYLOAD)
    with transactions.write() as conn:
        conn.execute(text("insert into seen select * from workflow_status where owner_xid = 't1'"))
        rows.end(conn, jobs["ours-good"])
        rows.end(conn, jobs["ours-bad"], ("ZeroDivisionError", "in one document"))
    with transactions.read() as conn:
        for kind in ("good", "bad"):
            assert shape(conn, f"ours-{kind}") == shape(conn, f"theirs-{kind}")
    with transactions.write() as conn:  # as they were when they ran
        conn.execute(text("delete from workflow_status"))
        conn.execute(text("insert into workflow_status select * from seen"))
        for kind in ("good", "bad"):
            assert shape(conn, f"ours-{kind}") == shape(conn, f"theirs-{kind}")
            assert shape(conn, f"ours-{kind}")["status"] == "PENDING"


def test_what_dbos_puts_is_taken(transactions, rows):
    put_by_dbos(transactions, "theirs")
    (job,) = taken(transactions, rows)
    assert job.read() == ("finish", "theirs", PAYLOAD)


def test_the_most_urgent_first_then_the_oldest(transactions, rows):
    for operation, priority in (("b", 7), ("c", 7), ("a", 9), ("d", 1)):
        put(transactions, rows, operation, priority=priority)
    with transactions.write() as conn:
        conn.execute(text("update workflow_status set created_at = 1000"))
    found = [[job.operation for job in taken(transactions, rows, places=2)] for _ in range(3)]
    assert found == [["d", "b"], ["c", "a"], []]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "DELAYED"),
        ("application_version", "0"),
        ("application_name", "other"),
        ("queue_name", "acts"),
    ],
)
def test_not_ours_to_take(transactions, rows, column, value):
    put(transactions, rows, "a")
    with transactions.write() as conn:
        conn.execute(update(table("workflow_status", sql_column(column))).values({column: value}))
    assert taken(transactions, rows) == []


def test_the_same_operation_twice_is_one_job(transactions, rows):
    put(transactions, rows, "a")
    put(transactions, rows, "a", priority=1)
    assert len(taken(transactions, rows)) == 1
    put(transactions, rows, "a")
    assert taken(transactions, rows) == []


def test_who_lost_a_job_does_not_end_it(transactions, rows):
    put(transactions, rows, "a")
    (first,) = taken(transactions, rows)
    with transactions.write() as conn:
        rows.give_back(conn, first.token)
    (second,) = taken(transactions, rows, mark="t2")
    assert second.attempts == first.attempts, "no attempt was made"
    with transactions.write() as conn:
        rows.end(conn, first, ("ValueError", ""))
        assert rows.open(conn) == {"a"}
        assert shape(conn, "a")["error"] is None
        rows.end(conn, second)
        assert rows.open(conn) == set()


def test_postponed_it_waits_as_one_that_dbos_delays_and_its_attempt_counts(transactions, rows):
    put(transactions, rows, "postponed")
    put(transactions, rows, "delayed", delay=60.5)
    (job,) = taken(transactions, rows)
    with transactions.write() as conn:
        rows.postpone(conn, job, 60.5)
        ours, theirs = shape(conn, "postponed"), shape(conn, "delayed")
        row = conn.execute(text(STATUS), {"operation": "postponed"}).mappings().one()
    assert row["delay_until_epoch_ms"] >= row["updated_at"] + 60_500
    assert ours.pop("recovery_attempts") == job.attempts == theirs.pop("recovery_attempts") + 1
    marks = ("application_name", "executor_id")  # of who had it
    assert {k: v for k, v in ours.items() if k not in marks} == {
        k: v for k, v in theirs.items() if k not in marks
    }
    with transactions.write() as conn:
        conn.execute(text("update workflow_status set status = 'ENQUEUED', delay_until_epoch_ms = null"))
    assert {job.operation: job.attempts for job in taken(transactions, rows, mark="t2")} == {
        "postponed": 2,
        "delayed": 1,
    }
    with transactions.write() as conn:
        rows.postpone(conn, job, 60.5)  # it is another's now
        assert rows.open(conn) == {"postponed", "delayed"}
        assert conn.execute(text("select distinct status from workflow_status")).scalars().all() == [
            "PENDING"
        ]


def test_open_is_what_waits_is_delayed_or_runs(transactions, rows):
    put(transactions, rows, "runs")
    taken(transactions, rows)
    put(transactions, rows, "waits")
    put(transactions, rows, "delayed", delay=60)
    with transactions.read() as conn:
        assert rows.open(conn) == {"runs", "waits", "delayed"}
