"""Documents: everything that lies under `documents/`, believed when the log speaks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

from archive.catalogue import Connection, rebuild_rows
from archive.errors import ArchiveDamaged
from archive.fsck import findings as ids
from archive.openings import MALFORMED
from archive.ports import ObjectStore
from archive.rebuild import rows
from archive.rebuild.believing import Believed, Claimed, Forged, Unlogged, believe, claim
from archive.rebuild.gathering import Form, Found, Gathered, after_document, by_document, gather
from archive.rebuild.log import Found as Tell
from archive.storage import keys
from archive.storage.ahead import ahead


@dataclass(frozen=True, slots=True)
class Done:
    """What a block brought: documents and leaves that are open now."""

    documents: int
    leaves: int


def gathered(store: ObjectStore, after: str, pool: Executor, *, quick: bool) -> Iterator[Gathered]:
    """Document by document, those behind the document `after`, read ahead."""
    names = store.list(keys.DOCUMENTS, after_document(after) if after else "")
    return ahead(pool, lambda one: gather(store, one[0], one[1], quick=quick), by_document(names))


def enter_documents(
    conn: Connection,
    block: Sequence[Gathered],
    at: datetime,
    tell: Tell,
    others: Callable[[Found], Iterable[Found]] = lambda _found: (),
) -> Done:
    """Rows for the documents of the block, in the caller's transaction. Raises ArchiveUnavailable.

    `others` reads further versions of an event that nothing bears out.
    """
    claims = [(one, [(found, _claimed(found)) for found in _records(one, tell)]) for one in block]
    leaves = _leaves(conn, (claimed for _, each in claims for _, claimed in each))
    made: list[rows.Rows] = []
    for one, claimed in claims:
        judged = ((found, _judged(each, leaves)) for found, each in claimed)
        believed = [
            each
            for found, first in judged
            if (each := _or_another(conn, found, first, others, tell)) is not None
        ]
        row = _rows(one, believed, at, tell)
        if row is not None:
            made.append(row)
    _insert(conn, made, at)
    return Done(len(made), sum(len(one.leaves) for one in made))


def _records(one: Gathered, tell: Tell) -> Iterator[Found]:
    for found in one.objects:
        if found.form is Form.STRANGE:
            tell(ids.OBJECT_WITHOUT_ROW, found.key, found.fault or "nothing of this service has such a name")
        elif found.form is not Form.CONTENT:
            yield found


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a record is not believed."""

    finding: str
    what: str


def _claimed(found: Found) -> Claimed | _Doubt:
    if found.fault:
        return _Doubt(ids.OBJECT_UNREADABLE, found.fault)
    try:
        return claim(found)
    except ArchiveDamaged as exc:
        return _Doubt(ids.RECORD_MALFORMED, str(exc))


def _leaves(conn: Connection, claims: Iterable[Claimed | _Doubt]) -> dict[str, rebuild_rows.LeafRow]:
    wanted = {name for each in claims if isinstance(each, Claimed) for name in (each.leaf, each.predecessor)}
    return rebuild_rows.leaves_by_id(conn, sorted(name for name in wanted if isinstance(name, str)))


def _judged(claimed: Claimed | _Doubt, leaves: dict[str, rebuild_rows.LeafRow]) -> Believed | _Doubt:
    if isinstance(claimed, _Doubt):
        return claimed
    try:
        return believe(claimed, leaves)
    except Unlogged:
        what = "no leaf of this log speaks for it: it was not archived when the log was last shown, or is not ours"
        return _Doubt(ids.RECORD_UNLOGGED, what)
    except Forged as exc:
        return _Doubt(ids.RECORD_DIFFERS, str(exc))


def _or_another(
    conn: Connection,
    found: Found,
    first: Believed | _Doubt,
    others: Callable[[Found], Iterable[Found]],
    tell: Tell,
) -> Believed | None:
    """The event as it lies there, or the version of it to which a leaf commits, as a repair leaves one."""
    if isinstance(first, Believed):
        return first
    try:
        for other in others(found) if found.form is Form.EVENT else ():
            claimed = _claimed(other)
            believed = _judged(claimed, _leaves(conn, [claimed]))
            if isinstance(believed, Believed):
                return believed
    except ArchiveDamaged as exc:
        tell(ids.OBJECT_UNREADABLE, found.key, str(exc))
    tell(first.finding, found.key, first.what)
    return None


def _rows(one: Gathered, believed: list[Believed], at: datetime, tell: Tell) -> rows.Rows | None:
    by_form: dict[Form, list[Believed]] = defaultdict(list)
    for each in sorted(believed, key=lambda found: found.leaf.log_index):
        by_form[each.claimed.found.form].append(each)
    records, events = by_form[Form.RECORD], by_form[Form.EVENT]
    contents = {found.key: found for found in one.of(Form.CONTENT)}
    made = None
    if records:
        by_digest = {key.rpartition("/")[2].removesuffix(".pdf"): found for key, found in contents.items()}
        try:
            made = rows.of_document(records, events, by_digest, at)
        except MALFORMED as exc:
            where = records[-1].claimed.found.key
            tell(ids.RECORD_MALFORMED, where, f"a field is missing or of a wrong form: {exc}")
    elif events:
        where = f"document {one.document}"
        tell(
            ids.LEAF_UNOPENED, where, f"{len(events)} events are there, and no record of the document itself"
        )
    _tell_of_contents(one, records if made is not None else [], tell)
    return made


def _tell_of_contents(one: Gathered, records: list[Believed], tell: Tell) -> None:
    """Contents that a record promises and the store does not have whole; and those that none promises."""
    promised = {record.value["content"]["key"]: record.value["content"] for record in records}
    found = {content.key: content for content in one.of(Form.CONTENT)}
    for key, content in promised.items():
        there = found.get(key)
        if there is None or (there.stored is None and not there.fault):
            tell(ids.OBJECT_MISSING, key, "its record is there, its bytes are not")
        elif there.fault or there.stored is None:
            tell(ids.OBJECT_UNREADABLE, key, there.fault)
        elif (there.sha256 or there.stored.sha256, there.size) != (content["sha256"], content["size"]):
            tell(ids.OBJECT_CHANGED, key, f"{there.size} bytes that are not those archived")
    for key in found.keys() - promised.keys():
        tell(ids.OBJECT_WITHOUT_ROW, key, "no record that the log speaks for names it")


def _insert(conn: Connection, made: list[rows.Rows], at: datetime) -> None:
    rebuild_rows.name_agencies(conn, [one.agency for one in made], at)
    for table in rebuild_rows.FILLED:
        if table in ("events", "objects"):
            continue
        rebuild_rows.insert(conn, table, [row for one in made for row in one.tables.get(table, ())])
    rebuild_rows.open_leaves(conn, [row for one in made for row in one.leaves])
    for table in ("objects", "events"):
        rebuild_rows.insert(conn, table, [row for one in made for row in one.tables.get(table, ())])
