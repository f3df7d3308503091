"""Until when what is stored is kept, by the dossiers in which it lies and the holds that it is under; and the dossiers
whose periods end.

Of those that end, the statement finds whose own period does, in the order of their years; `kept` then leaves out what
is kept longer, by what lies in it or by a hold. Nothing is disposed of by being found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, extract, select, tuple_

from archive.catalogue import Connection, dossier_rows, hold_rows
from archive.catalogue.dialects import contains
from archive.catalogue.dossier_rows import BLOCK, blocks
from archive.catalogue.keeping_values import Dossier
from archive.catalogue.tables import dossier_entries, dossiers
from policies.dossiers import DossierState
from policies.retention import (
    Ending,
    Filing,
    Keeping,
    ending,
    keeping,
    last_day,
    last_year_ended,
    longest,
    told_through,
)

_Filings = dict[str, list[Filing]]
_Place = tuple[int, str]  # the year with which a dossier's own period ends, and its id
_END_YEAR: ColumnElement[int] = cast(extract("year", dossiers.c.work_ended), Integer) + dossiers.c.years
_HAS_END = (dossiers.c.state == DossierState.CLOSED, dossiers.c.years.is_not(None))


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


# Which of them end.


@dataclass(frozen=True, slots=True)
class EndingPage:
    """Dossiers with the last day on which each is kept; `next` is the cursor of the page after."""

    dossiers: tuple[tuple[Dossier, date], ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """How many dossiers' periods are over, how many end within the notice, and the first last day still to come."""

    ended: int
    soon: int
    first: date | None


def ending_page(
    conn: Connection,
    agency: str,
    through: date,
    *,
    words: Collection[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> EndingPage:
    """Dossiers of the agency that need not be kept after that day, in the order in which their own periods end; one
    that its contents kept longer comes in that place too.

    `cursor` carries its place itself: a dossier that was reopened meanwhile takes nobody's place along.
    """
    here = dossiers.c
    wanted = [here.agency == agency, last_year_ended(through) >= _END_YEAR]
    wanted += [contains(word, here.code, here.title, here.heading) for word in words]
    ends = (
        (place, day)
        for place, end in _ends(conn, wanted, _place(cursor))
        if (day := last_day(end)) is not None and day <= through
    )
    found = list(islice(ends, limit + 1))
    shown = found[:limit]
    rows = dossier_rows.several(conn, [dossier for (_, dossier), _ in shown])
    pairs = tuple((rows[dossier], day) for (_, dossier), day in shown)
    return EndingPage(pairs, _cursor(shown[-1][0]) if len(found) > limit else None)


def count_ending(conn: Connection, today: date) -> Told:
    """Of all agencies, for the night: whatever ends within the notice, and further until none can end earlier than the
    first that was found."""
    counted: Counter[Ending | None] = Counter()
    first: date | None = None
    for (year, _), end in _ends(conn):
        own, day = date(year, 12, 31), last_day(end)
        if own > told_through(today) and first is not None and own >= first:
            break
        counted[ending(end, today)] += 1
        if day is not None and day >= today:
            first = day if first is None else min(first, day)
    return Told(counted[Ending.ENDED], counted[Ending.SOON], first)


def _ends(
    conn: Connection, wanted: Collection[ColumnElement[bool]] = (), after: _Place | None = None
) -> Iterator[tuple[_Place, Keeping]]:
    """Closed dossiers with years, by the year with which their own period ends; and until when each is kept."""
    query = select(_END_YEAR.label("year"), dossiers.c.id).where(*_HAS_END, *wanted)
    query = query.order_by(_END_YEAR, dossiers.c.id).limit(BLOCK)
    while True:
        here = query if after is None else query.where(tuple_(_END_YEAR, dossiers.c.id) > tuple_(*after))
        places = [(int(row.year), str(row.id)) for row in conn.execute(here)]
        until = kept(conn, [dossier for _, dossier in places])
        yield from ((place, until[place[1]]) for place in places)
        if len(places) < BLOCK:
            return
        after = places[-1]


def _cursor(place: _Place) -> str:
    return f"{place[0]}.{place[1]}"


def _place(cursor: str | None) -> _Place | None:
    """None, the first page, also for what is no cursor of this list: as the other lists have it."""
    year, dot, dossier = (cursor or "").partition(".")
    return (int(year), dossier) if dot and year.isascii() and year.isdecimal() and len(year) == 4 else None
