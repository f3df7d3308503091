"""Until when what is stored is kept: by the dossiers in which it lies, and the holds that it is under."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from archive.catalogue import Connection, hold_rows
from archive.catalogue.dossier_rows import blocks
from archive.catalogue.tables import dossier_entries, dossiers
from policies.dossiers import DossierState
from policies.retention import Filing, Keeping, keeping, last_day, longest

_Filings = dict[str, list[Filing]]


def retain_through(conn: Connection, owners: Collection[str]) -> Mapping[str, date | None]:
    """The last day on which each document, file or dossier is to be kept; None: for ever, or until somebody decides.

    `owners`: ids as `ObjectRow.owner` has them.
    """
    return {owner: last_day(kept) for owner, kept in kept(conn, owners).items()}


def kept(conn: Connection, owners: Collection[str]) -> Mapping[str, Keeping]:
    """The same with its reason. A dossier's own records are kept as long as the longest-lived thing in it."""
    wanted = set(owners)
    inside = _inside(conn, wanted)
    everything = wanted | {thing for things in inside.values() for thing in things}
    filings, held = _filings(conn, everything), hold_rows.over(conn, everything)
    own = {owner: keeping(filings.get(owner, ()), held=owner in held) for owner in everything}
    return {
        owner: longest([own[owner], *(own[thing] for thing in inside.get(owner, ()))]) for owner in wanted
    }


def _filings(conn: Connection, owners: Collection[str]) -> _Filings:
    found: _Filings = {}
    entry, here = dossier_entries.c, dossiers.c
    said = (here.state, here.years, here.work_ended)
    for some in blocks(owners):
        for column in (entry.document, entry.file):
            query = (
                select(column.label("owner"), *said)
                .join(dossiers, here.id == entry.dossier)
                .where(column.in_(some), entry.removed_in.is_(None))
            )
            _add(conn, query, found)
        _add(conn, select(here.id.label("owner"), *said).where(here.id.in_(some)), found)
    return found


def _add(conn: Connection, query: Any, found: _Filings) -> None:
    for row in conn.execute(query):
        ended = row.work_ended if row.state == DossierState.CLOSED else None
        found.setdefault(row.owner, []).append(Filing(row.years, ended))


def _inside(conn: Connection, owners: Collection[str]) -> dict[str, list[str]]:
    """What lies in those of the owners that are dossiers."""
    found: dict[str, list[str]] = {}
    here = dossier_entries.c
    for some in blocks(owners):
        query = select(here.dossier, here.document, here.file).where(
            here.dossier.in_(some), here.removed_in.is_(None)
        )
        for row in conn.execute(query):
            found.setdefault(row.dossier, []).append(row.document or row.file)
    return found
