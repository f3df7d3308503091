"""Documents: everything that lies under `documents/`, believed when the log speaks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
from archive.rebuild.gathering import Form, Gathered, after_document, by_document, gather
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


def enter_documents(conn: Connection, block: Sequence[Gathered], at: datetime, tell: Tell) -> Done:
    """Rows for the documents of the block, in the caller's transaction."""
    claims = [(one, list(_claims(one, tell))) for one in block]
    wanted = {name for _, claimed in claims for each in claimed for name in (each.leaf, each.predecessor)}
    leaves = rebuild_rows.leaves_by_id(conn, sorted(name for name in wanted if isinstance(name, str)))
    made: list[rows.Rows] = []
    for one, claimed in claims:
        believed = [found for each in claimed if (found := _believed(each, leaves, tell)) is not None]
        row = _rows(one, believed, at, tell)
        if row is not None:
            made.append(row)
    _insert(conn, made, at)
    return Done(len(made), sum(len(one.leaves) for one in made))


def _claims(one: Gathered, tell: Tell) -> Iterator[Claimed]:
    for found in one.objects:
        if found.form is Form.STRANGE:
            tell(ids.OBJECT_WITHOUT_ROW, found.key, found.fault or "nothing of this service has such a name")
        elif found.form is Form.CONTENT:
            continue
        elif found.fault:
            tell(ids.OBJECT_UNREADABLE, found.key, found.fault)
        else:
            try:
                yield claim(found)
            except ArchiveDamaged as exc:
                tell(ids.RECORD_MALFORMED, found.key, str(exc))


def _believed(claimed: Claimed, leaves: dict[str, rebuild_rows.LeafRow], tell: Tell) -> Believed | None:
    try:
        return believe(claimed, leaves)
    except Unlogged:
        what = "no leaf of this log speaks for it: it was not archived when the log was last shown, or is not ours"
        tell(ids.RECORD_UNLOGGED, claimed.found.key, what)
    except Forged as exc:
        tell(ids.RECORD_DIFFERS, claimed.found.key, str(exc))
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
