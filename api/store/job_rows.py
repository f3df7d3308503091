"""Jobs as rows of DBOS's tables: put in line, taken, ended. One statement each, in a transaction of the caller.

DBOS's own steps do the same with four transactions a job and cost ten times the processor time. All that the
service relies on beside DBOS's public interface is here: the columns of `workflow_status`, `workflow_input` and
`workflow_output`. `tests/api/test_job_rows.py` compares every row with the one that DBOS itself makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dbos import DBOSPortableJSONSerializer
from sqlalchemy import text

from api.fence import Lost
from api.store import process_rows
from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared

WORKFLOW, APPLICATION = "antin.act", "antin"
# Bumped on purpose when a workflow's steps change, so that old rows are not resumed by new code.
APPLICATION_VERSION = "1"
SERIALIZER = DBOSPortableJSONSerializer()
Failure = tuple[str, str]  # name of the error, and what it says

_PUT = """
INSERT INTO {schema}workflow_status (workflow_uuid, status, name, queue_name, priority, delay_until_epoch_ms,
    application_version, serialization, recovery_attempts)
VALUES (:operation, :status, '{workflow}', :queue, :priority, {delayed}, '{version}', '{serializer}', 0)
ON CONFLICT (workflow_uuid) DO NOTHING"""
_PUT_INPUT = """
INSERT INTO {schema}workflow_input (workflow_uuid, inputs) VALUES (:operation, :inputs)
ON CONFLICT (workflow_uuid) DO NOTHING"""
# The first two conditions on the state, as DBOS has them: the second lets the partial index be used. Materialized:
# PostgreSQL may look into a subquery once for each row that it tries, and would lock new rows each time.
_TAKE = """
WITH due AS MATERIALIZED (
    SELECT workflow_uuid FROM {schema}workflow_status
    WHERE queue_name = :queue AND status = 'ENQUEUED' AND status IN ('ENQUEUED', 'PENDING')
        AND (delay_until_epoch_ms IS NULL OR delay_until_epoch_ms <= {now})
        AND application_version = '{version}'
        AND (application_name IS NULL OR application_name = '{application}')
    ORDER BY priority, created_at, workflow_uuid LIMIT :places {locked}
)
UPDATE {schema}workflow_status SET status = 'PENDING', owner_xid = :token, executor_id = :executor,
    application_name = '{application}', recovery_attempts = recovery_attempts + 1,
    started_at_epoch_ms = {now}, updated_at = {now}
WHERE workflow_uuid IN (SELECT workflow_uuid FROM due) AND status = 'ENQUEUED'
RETURNING workflow_uuid, priority, created_at, recovery_attempts,
    (SELECT inputs FROM {schema}workflow_input AS i WHERE i.workflow_uuid = workflow_status.workflow_uuid)"""
_END = """
UPDATE {schema}workflow_status SET status = :status, owner_xid = NULL, deduplication_id = NULL,
    completed_at = {now}, updated_at = {now}
WHERE workflow_uuid = :operation AND status = 'PENDING' AND owner_xid = :token"""
_PUT_ERROR = """
INSERT INTO {schema}workflow_output (workflow_uuid, error) VALUES (:operation, :error)
ON CONFLICT (workflow_uuid) DO UPDATE SET output = NULL, error = excluded.error"""
_GIVE_BACK = """
UPDATE {schema}workflow_status SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
    recovery_attempts = recovery_attempts - 1, updated_at = {now}
WHERE status = 'PENDING' AND owner_xid = :token"""
_GIVE_BACK_JOB = """
UPDATE {schema}workflow_status SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
    recovery_attempts = recovery_attempts - 1, updated_at = {now}
WHERE workflow_uuid = :operation AND status = 'PENDING' AND owner_xid = :token"""
# Where processes share the database (PostgreSQL). Skipped: a transaction of the job is under way, and ends.
_GIVE_BACK_OF = """
UPDATE {schema}workflow_status SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
    recovery_attempts = recovery_attempts - :unmade, updated_at = {now}
WHERE workflow_uuid IN (
    SELECT workflow_uuid FROM {schema}workflow_status
    WHERE status = 'PENDING' AND executor_id = :executor AND queue_name IS NOT NULL AND name = '{workflow}' {locked}
) AND status = 'PENDING' AND executor_id = :executor
RETURNING queue_name"""
_LEFT_BEHIND = """
SELECT DISTINCT executor_id FROM {schema}workflow_status
WHERE status = 'PENDING' AND queue_name IS NOT NULL AND name = '{workflow}'
    AND executor_id NOT IN (SELECT id FROM processes WHERE gone_at IS NULL)"""
_OWNED = """
SELECT 1 FROM {schema}workflow_status
WHERE workflow_uuid = :operation AND status = 'PENDING' AND owner_xid = :token FOR SHARE"""
_POSTPONE = """
UPDATE {schema}workflow_status SET status = 'DELAYED', owner_xid = NULL, started_at_epoch_ms = NULL,
    delay_until_epoch_ms = {delayed}, updated_at = {now}
WHERE workflow_uuid = :operation AND status = 'PENDING' AND owner_xid = :token"""
_OPEN = "SELECT workflow_uuid FROM {schema}workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')"

_SQLITE = {
    "schema": "",
    "now": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "locked": "",
}
_POSTGRESQL = {
    "schema": "dbos.",
    "now": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "locked": "FOR UPDATE SKIP LOCKED",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One that was taken. `attempts` counts this one; `inputs` is what the row says of kind and payload; `executor`
    took it."""

    operation: str
    inputs: str
    attempts: int
    token: str
    executor: str = ""

    def read(self) -> tuple[str, str, dict[str, Any]]:
        """Kind, operation's id, payload. Raises ValueError when the row holds something else."""
        kind, operation, payload = json.loads(self.inputs)["positionalArgs"]
        return kind, operation, payload


class JobRows:
    """The statements for one kind of database."""

    def __init__(self, dialect: str, executor: str) -> None:
        self.executor = executor
        words = (_SQLITE if dialect == "sqlite" else _POSTGRESQL) | {
            "workflow": WORKFLOW,
            "application": APPLICATION,
            "version": APPLICATION_VERSION,
            "serializer": SERIALIZER.name(),
        }

        def statement(template: str, delayed: str = "NULL") -> Any:
            return text(template.format(delayed=delayed.format(**words), **words))

        # Those without rows to read, which every act runs, go the short way.
        self._put = Prepared(statement(_PUT))
        self._put_delayed = Prepared(statement(_PUT, "{now} + CAST(:delay AS BIGINT)"))
        self._put_input = Prepared(statement(_PUT_INPUT))
        self._end = Prepared(statement(_END))
        self._take = statement(_TAKE)
        self._put_error = statement(_PUT_ERROR)
        self._give_back = statement(_GIVE_BACK)
        self._postpone = statement(_POSTPONE, "{now} + CAST(:delay AS BIGINT)")
        self._open = statement(_OPEN)
        self._give_back_job = statement(_GIVE_BACK_JOB)
        self._give_back_of = statement(_GIVE_BACK_OF)
        self._left_behind = statement(_LEFT_BEHIND)
        self._owned = statement(_OWNED)

    def put(
        self, conn: Connection, queue: str, job: tuple[str, str, dict[str, Any]], priority: int, delay: float
    ) -> None:
        """In line, or `delay` seconds from now; `job` is kind, operation's id and payload. A second is the first."""
        kind, operation, payload = job
        row = {"operation": operation, "queue": queue, "priority": priority}
        if delay > 0:
            self._put_delayed(conn, row | {"status": "DELAYED", "delay": int(delay * 1000)})
        else:
            self._put(conn, row | {"status": "ENQUEUED"})
        inputs = SERIALIZER.serialize({"namedArgs": {}, "positionalArgs": [kind, operation, payload]})
        self._put_input(conn, {"operation": operation, "inputs": inputs})

    def lives(self, conn: Connection) -> bool:
        """Whether others believe that this process lives; they do until the transaction ends."""
        return process_rows.alive(conn, self.executor)

    def take(self, conn: Connection, queue: str, places: int, token: str) -> list[Job]:
        """At most `places` of those in line are ours now, the most urgent first; nobody else gets them."""
        executor = self.executor
        taken = conn.execute(
            self._take, {"queue": queue, "places": places, "token": token, "executor": executor}
        ).all()
        taken_in_order = sorted(taken, key=lambda row: (row[1], row[2], row[0]))
        return [Job(row[0], row[4], row[3], token, executor) for row in taken_in_order]

    def end(self, conn: Connection, job: Job, failure: Failure | None = None) -> None:
        """It ran. Nothing when it is not ours any more."""
        status = "SUCCESS" if failure is None else "ERROR"
        ended = self._end(conn, {"operation": job.operation, "token": job.token, "status": status}).rowcount
        if failure is not None and ended:
            # All in ASCII: a text that the database refuses would keep every other job from being ended.
            error = json.dumps(
                {"name": failure[0], "message": failure[1], "code": None}, separators=(",", ":")
            )
            conn.execute(self._put_error, {"operation": job.operation, "error": error})

    def give_back(self, conn: Connection, token: str) -> None:
        """What was taken with this token, by a commit that may not have been one, is in line again."""
        conn.execute(self._give_back, {"token": token})

    def give_back_job(self, conn: Connection, job: Job) -> None:
        """It was not done and is in line again. Nothing when it is not ours any more."""
        conn.execute(self._give_back_job, {"operation": job.operation, "token": job.token})

    def give_back_of(self, conn: Connection, executor: str, *, attempted: bool) -> set[str]:
        """What that process has is in line again; the queues. `attempted`: it may be what the process died of."""
        told = {"executor": executor, "unmade": 0 if attempted else 1}
        return set(conn.execute(self._give_back_of, told).scalars())

    def take_over(self, conn: Connection) -> set[str]:
        """What those have who are gone is in line again; the queues."""
        left = conn.execute(self._left_behind).scalars().all()
        return {queue for gone in left for queue in self.give_back_of(conn, gone, attempted=True)}

    def owned(self, conn: Connection, job: Job) -> None:
        """It is still ours, and stays so until the transaction ends. Raises Lost."""
        if conn.execute(self._owned, {"operation": job.operation, "token": job.token}).first() is None:
            raise Lost(f"job {job.operation} was given to another process")

    def postpone(self, conn: Connection, job: Job, delay: float) -> None:
        """In line again `delay` seconds from now, with this attempt counted. Nothing when it is not ours any more."""
        wanted = {"operation": job.operation, "token": job.token, "delay": int(delay * 1000)}
        conn.execute(self._postpone, wanted)

    def open(self, conn: Connection) -> set[str]:
        """The operations whose job waits or runs."""
        return set(conn.execute(self._open).scalars())
