"""What the code of a release says to the database: recorded from it, and said again to the shapes that came after.

    python tests/api/old_release.py URL FILE      in that release's own tree: records the statements of its acts

The acts are the house's own: a document on its whole way, a recall, a second version, a voided number, the audit,
accounts, operations, answers under a key. Statements and parameters are kept as they went to the driver.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Binary
from psycopg.types.json import Json
from sqlalchemy import Connection, event

AT = datetime(2026, 3, 5, 7, 5, 9, tzinfo=UTC)
Row = dict[str, Any]


def to_json(value: Any) -> Any:
    if isinstance(value, Binary):
        value = value.obj
    if isinstance(value, bytes | memoryview):
        return {"bytes": value.hex()}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Json):
        return {"json": value.obj}
    return value


def of_json(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, kept),) = value.items()
    make = {"bytes": bytes.fromhex, "time": datetime.fromisoformat, "day": date.fromisoformat, "json": Json}
    return make[kind](kept)


def _each(parameters: Any, convert: Any) -> Any:
    if isinstance(parameters, dict):
        return {name: convert(value) for name, value in parameters.items()}
    return [convert(value) for value in parameters]


@contextmanager
def recorded(engine: Any, found: list[Row]) -> Iterator[None]:
    """Statements that the engine runs meanwhile; `rows` is how many each changed or found, -1 where nobody knows."""

    def keep(_conn: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        given = [_each(one, to_json) for one in parameters] if many else _each(parameters, to_json)
        columns = [column[0] for column in cursor.description or ()]
        found.append(
            {"sql": statement, "given": given, "many": many, "rows": cursor.rowcount, "columns": columns}
        )

    def notice(*_args: Any) -> None:
        """For whoever hears of a statement before it runs, all take the way on which they are heard."""

    event.listen(engine, "before_cursor_execute", notice)
    event.listen(engine, "after_cursor_execute", keep)
    yield
    event.remove(engine, "before_cursor_execute", notice)
    event.remove(engine, "after_cursor_execute", keep)


def say_again(conn: Connection, said: list[Row]) -> list[str]:
    """Each statement as it was, in order; where the database answers otherwise than it did."""
    raw: Any = conn.connection.dbapi_connection
    differing = []
    for row in said:
        cursor = raw.cursor()
        given = [_each(one, of_json) for one in row["given"]] if row["many"] else _each(row["given"], of_json)
        (cursor.executemany if row["many"] else cursor.execute)(row["sql"], given)
        columns = [column[0] for column in cursor.description or ()]
        if (cursor.rowcount, columns) != (row["rows"], row["columns"]):
            differing.append(f"{row['sql']}: {cursor.rowcount} {columns}, not {row['rows']} {row['columns']}")
        cursor.close()
    return differing


def acts(house: Any, own: Any) -> None:
    """What the service does, by the code of the tree that this runs in."""
    from api.store import accounts, audit, idempotency, operations, tokens
    from archive import ingest
    from archive.catalogue import document_changes, document_lists, documents
    from archive.registers import outgoing
    from policies.issuing import Act, Facts
    from policies.vocabulary import Role

    transactions = house.transactions
    issued = house.issued(b"%PDF one", AT)
    recalled = house.issued(b"%PDF two", AT + timedelta(days=1), kind="TB", recipients=("Sở Nội vụ",))
    with transactions.write() as conn:
        document = documents.get(conn, recalled.id)
        facts = Facts(reason="Ban hành nhầm")
        document = document_changes.advance(conn, document, Act.RECALL, AT, facts=facts, recalled_at=AT)
        deposit = ingest.plan_event(conn, document, "recalled", {"reason": facts.reason}, "Văn thư", AT)
    house.carry_out(deposit)
    house.carry_out(house.plan_long_term(issued.id, b"%PDF one with DSS", AT))
    own.sequence(house)
    voided = house.validated(b"%PDF three", AT + timedelta(days=2))
    with transactions.write() as conn:
        document = documents.get(conn, voided.document)
        outgoing.void(conn, document.id, "Soạn sai", AT)
        document_changes.advance(conn, document, Act.VOID, AT, facts=Facts(reason="Soạn sai"))
    account = accounts.Account(
        "a-1", "van-thu", "Nguyễn Thị", "Văn thư", frozenset({Role.CLERK}), "H99.01", ""
    )
    with transactions.write() as conn:
        accounts.add(conn, account, "hash", AT)
        accounts.count_failure(conn, "van-thu", AT, 0)
        accounts.clear_failures(conn, "van-thu")
        accounts.open_session(conn, "f" * 64, account.id, "browser", AT, timedelta(hours=8))
        for phase in ("intent", "result"):
            who = {"actor": "van-thu", "act": "seal", "phase": phase, "subject": issued.id}
            audit.write(conn, "H99.01", **who, detail={"number": "01"}, at=AT)
        operation = {
            "document": issued.id,
            "account": account.id,
            "payload": {"field": "Seal"},
            "total": 1,
            "at": AT,
        }
        operations.add(conn, "o-1", "finish", **operation)
        operations.succeed(conn, "o-1", {"state": "archived"}, AT)
        asked = idempotency.Asked(account.id, "key", "POST /x", "0" * 64)
        idempotency.made(conn, asked, "/documents/1", AT)
        idempotency.keep(conn, asked, 201, {"etag": '"1"'}, b"{}", AT)
        tokens.keep(conn, "a" * 64, b"token", AT)
    with transactions.write() as conn:
        accounts.session(conn, "f" * 64, AT)
        document_lists.desk(conn, "H99.01", ["issued"])
        documents.by_digest(conn, issued.current_sha256)
        outgoing.page(conn, "H99.01", 2026)
        operations.unfinished(conn)
        idempotency.find(conn, asked)
        tokens.forget(conn, "a" * 64)


class Own:
    """The log of the recorded house."""

    def __init__(self) -> None:
        from archive.log.note import Ed25519LogKey

        self.key = Ed25519LogKey.generate("log.example.vn/antin")

    def sequence(self, house: Any) -> None:
        from archive.catalogue import log_rows
        from archive.log.sequencer import Sequencer
        from policies.retention import lock_until

        sequencer: Any = Sequencer(
            store=house.objects,
            catalogue=log_rows,
            transaction=house.transactions.write,
            signer=self.key,
            retain_until=lambda: lock_until(AT),
            parallel=False,
        )
        sequencer.run_once()
        sequencer.close()


def record(url: str) -> list[Row]:
    """The acts on the empty database at `url`, which gets this tree's tables."""
    from api import migrations
    from api.transactions import Transactions
    from archive.catalogue import agency_rows
    from archive.catalogue.values import Agency
    from archive.storage.memory import MemoryStore
    from archive.storage.work import WorkDirectory
    from tests.archive.ingest_fixtures import House

    found: list[Row] = []
    transactions = Transactions(url)
    migrations.upgrade(transactions.engine)
    with tempfile.TemporaryDirectory() as folder:
        objects = MemoryStore(clock=lambda: AT + timedelta(days=3))
        house = House(transactions, objects, WorkDirectory(Path(folder) / "work"))
        with recorded(transactions.engine, found):
            with transactions.write() as conn:
                agency_rows.put_agency(conn, Agency("H99.01", "UBND tỉnh Sông Hồng", "UBND", {}), AT)
            acts(house, Own())
    transactions.close()
    return found


def kept(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[Row] = json.load(file)
    return rows


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    _, address, out = sys.argv
    with gzip.GzipFile(out, "wb", mtime=0) as file:
        file.write(json.dumps(record(address), ensure_ascii=False).encode())
