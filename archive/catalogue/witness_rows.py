"""What each witness of the log cosigned last, when it was asked, and whether it disputes our log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import witnesses

_ALL = Prepared(select(witnesses))
_OF_WITNESS = witnesses.c.witness == bindparam("wanted")


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """`witness` is the SHA-256 of its verifier key. `size` 0 and an empty `note`: it cosigned nothing yet."""

    witness: str
    name: str
    size: int
    note: bytes
    cosigned_at: datetime | None
    asked_at: datetime | None
    failure: str
    disputed: str


def rows(conn: Connection) -> dict[str, WitnessRow]:
    """Every witness that was ever asked."""
    return {row.witness: WitnessRow(*row) for row in _ALL(conn)}


def claim(conn: Connection, witness: str, name: str, at: datetime, last_before: datetime) -> bool:
    """Whether the caller may ask the witness now: nobody did since `last_before`. Of two processes one may."""
    empty: dict[str, Any] = {"size": 0, "note": b"", "failure": "", "disputed": ""}
    insert_missing(conn, witnesses, {"witness": witness, "name": name, **empty})
    free = or_(witnesses.c.asked_at.is_(None), witnesses.c.asked_at <= bindparam("last_before"))
    statement = update(witnesses).where(_OF_WITNESS, free).values(asked_at=bindparam("now"))
    done = conn.execute(statement, {"wanted": witness, "last_before": last_before, "now": at})
    return done.rowcount == 1


def cosigned(conn: Connection, witness: str, size: int, note: bytes, at: datetime) -> None:
    """The witness cosigned that head. A larger one that another process kept meanwhile stays."""
    statement = (
        update(witnesses)
        .where(_OF_WITNESS, witnesses.c.size <= size)
        .values(size=size, note=note, cosigned_at=at, failure="", disputed="")
    )
    conn.execute(statement, {"wanted": witness})


def failed(conn: Connection, witness: str, failure: str) -> None:
    """The witness was asked, and there is no cosignature: one word why."""
    conn.execute(update(witnesses).where(_OF_WITNESS).values(failure=failure), {"wanted": witness})


def dispute(conn: Connection, witness: str, name: str, what: str) -> None:
    """The witness saw another log than ours. An empty `what`: it does not any more."""
    empty: dict[str, Any] = {"size": 0, "note": b"", "failure": "", "disputed": ""}
    insert_missing(conn, witnesses, {"witness": witness, "name": name, **empty})
    conn.execute(update(witnesses).where(_OF_WITNESS).values(disputed=what), {"wanted": witness})
