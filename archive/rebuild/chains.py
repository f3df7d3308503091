"""Chains that the log's heads cover, as a rebuild makes them again: how a row is linked, kept and looked up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.catalogue import Connection, rebuild_rows
from archive.catalogue.audit_registers import journal_at
from archive.log.leaf import LeafKind
from archive.registers.chain import link


@dataclass(frozen=True, slots=True)
class LinkedRow:
    """A row as openings carry it, with the hashes before and after it."""

    previous: str
    sha256: str
    values: Mapping[str, Any]

    @property
    def ordinal(self) -> int:
        return int(self.values["ordinal"])


@dataclass(frozen=True, slots=True)
class Chain:
    """One kind of chain. Its functions raise KeyError, TypeError or ValueError for a row of a wrong form.

    `link` gives the hash of a row of the agency after the one before; `last` how many rows are there; `sha256_at`
    the hash of one that is there.
    """

    link: Callable[[str, str, Mapping[str, Any]], str]
    insert: Callable[[Connection, str, Sequence[LinkedRow]], None]
    last: Callable[[Connection, str], int]
    sha256_at: Callable[[Connection, str, int], str | None]


Chains = Mapping[LeafKind, Chain]


def _link(_agency: str, previous: str, row: Mapping[str, Any]) -> str:
    return link(previous, row["ordinal"], row["entry"])


def _insert(conn: Connection, agency: str, rows: Sequence[LinkedRow]) -> None:
    rebuild_rows.insert(conn, "register_journal", [_journal_row(agency, row) for row in rows])


def _journal_row(agency: str, row: LinkedRow) -> dict[str, Any]:
    facts = json.loads(row.values["entry"])
    return {
        "agency": agency,
        "ordinal": row.ordinal,
        "kind": facts["kind"],
        "year": facts["year"],
        "number": facts["number"],
        "entry": row.values["entry"],
        "previous": row.previous,
        "sha256": row.sha256,
        "at": datetime.fromisoformat(row.values["at"]),
    }


def _sha256_at(conn: Connection, agency: str, ordinal: int) -> str | None:
    row = journal_at(conn, agency, ordinal)
    return row["sha256"] if row else None


REGISTERS: Chains = {
    LeafKind.REGISTER_HEAD: Chain(_link, _insert, rebuild_rows.journal_length, _sha256_at),
}
