"""Operations: acts that wait (time-stamp, batch). The row is written in the act's own transaction."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from api.store.tables import operations
from archive.catalogue.prepared import Prepared

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_HERE = operations.c.id == bindparam("wanted")
# Built once: every act that waits runs them.
_ADD = Prepared(insert(operations))
_GET = Prepared(select(operations).where(_HERE))
_KNOWN = Prepared(
    select(operations.c.id)
    .where(
        operations.c.document == bindparam("whose"),
        operations.c.kind == bindparam("which"),
        operations.c.state != "failed",
    )
    .limit(1)
)
_SUCCEED = Prepared(
    update(operations)
    .where(_HERE)
    .values(
        state="succeeded",
        result=bindparam("new_result"),
        problem=None,
        done=operations.c.total,
        updated_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    kind: str
    document: str | None
    account: str
    state: str
    payload: dict[str, Any]
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    done: int
    total: int
    created_at: datetime
    updated_at: datetime

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed")


def add(
    conn: Connection,
    operation_id: str,
    kind: str,
    *,
    document: str | None,
    account: str,
    payload: dict[str, Any],
    total: int,
    at: datetime,
) -> Operation:
    row = {
        "id": operation_id,
        "kind": kind,
        "document": document,
        "account": account,
        "state": "waiting",
        "payload": payload,
        "result": None,
        "problem": None,
        "done": 0,
        "total": total,
        "created_at": at,
        "updated_at": at,
    }
    _ADD(conn, row)
    return Operation(**row)  # type: ignore[arg-type]


def get(conn: Connection, operation_id: str) -> Operation | None:
    row = _GET(conn, {"wanted": operation_id}).first()
    return Operation(**row._mapping) if row else None


def latest(conn: Connection, document: str) -> Operation | None:
    """The newest operation of a document."""
    query = select(operations).where(operations.c.document == document)
    row = conn.execute(
        query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(1)
    ).first()
    return Operation(**row._mapping) if row else None


def latest_of_kind(conn: Connection, kind: str) -> Operation | None:
    """The newest operation of a kind."""
    query = select(operations).where(operations.c.kind == kind)
    row = conn.execute(
        query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(1)
    ).first()
    return Operation(**row._mapping) if row else None


def latest_by(conn: Connection, account: str, kind: str) -> Operation | None:
    """The newest operation of a kind that this account started."""
    query = select(operations).where(operations.c.account == account, operations.c.kind == kind)
    row = conn.execute(
        query.order_by(operations.c.created_at.desc(), operations.c.id.desc()).limit(1)
    ).first()
    return Operation(**row._mapping) if row else None


def known(conn: Connection, document: str, kind: str) -> bool:
    """Whether the document has, or had, an operation of that kind that did not fail."""
    return _KNOWN(conn, {"whose": document, "which": kind}).first() is not None


def under_way(conn: Connection, document: str, kind: str) -> Operation | None:
    """The document's operation of that kind that has not ended."""
    here = operations.c
    query = select(operations).where(here.document == document, here.kind == kind)
    row = conn.execute(query.where(here.state.in_(("waiting", "running"))).limit(1)).first()
    return Operation(**row._mapping) if row else None


def unfinished(conn: Connection) -> tuple[Operation, ...]:
    rows = conn.execute(
        select(operations).where(operations.c.state.in_(("waiting", "running"))).order_by(operations.c.id)
    )
    return tuple(Operation(**row._mapping) for row in rows)


def bytes_under_way(conn: Connection) -> set[str]:
    """Digests that operations speak of which have not ended."""
    return {
        digest
        for found in unfinished(conn)
        for digest in _DIGEST.findall(json.dumps([found.payload, found.result]))
    }


def progress(
    conn: Connection, operation_id: str, done: int, result: dict[str, Any] | None, at: datetime
) -> None:
    values: dict[str, Any] = {"state": "running", "done": done, "updated_at": at}
    if result is not None:
        values["result"] = result
    conn.execute(update(operations).where(operations.c.id == operation_id).values(**values))


def succeed(conn: Connection, operation_id: str, result: dict[str, Any], at: datetime) -> None:
    _SUCCEED(conn, {"wanted": operation_id, "new_result": result, "now": at})


def fail(conn: Connection, operation_id: str, problem: dict[str, Any], at: datetime) -> None:
    """Unless it ended already: an end is never taken back."""
    values = {"state": "failed", "problem": problem, "updated_at": at}
    here = (operations.c.id == operation_id, operations.c.state.in_(("waiting", "running")))
    conn.execute(update(operations).where(*here).values(**values))
