"""Tables of the catalogue. Times are UTC (`UtcDateTime`), digests are lower-case hexadecimal SHA-256."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

from archive.catalogue.types import NAMING, BigKey, UtcDateTime
from policies.vocabulary import LockMode

metadata = MetaData(naming_convention=NAMING)

# The server's default for what is due at once: of rows that were there before, or that older code writes.
LONG_AGO = text("'1970-01-01 00:00:00+00:00'")


def _standing() -> list[Column[Any]]:
    """How a stored copy is watched over: its lock, its fixity, its copy in the second store."""
    return [
        Column("kept", Boolean, nullable=False, server_default=true()),  # false: its lock is let end
        Column("lock_due", UtcDateTime, nullable=False, server_default=LONG_AGO),
        Column("locked_at", UtcDateTime),  # when its lock was read back last
        Column("hardened_at", UtcDateTime),  # when it left quarantine
        Column("fixity_rank", Integer, nullable=False, server_default="1"),  # policies.fixity.Risk
        Column("fixity_due", UtcDateTime, nullable=False, server_default=LONG_AGO),
        Column("fixity_at", UtcDateTime),  # when it was read last
        Column(
            "fixity_state", String(12), nullable=False, server_default=""
        ),  # of then; damaged until repaired
        Column("repaired_at", UtcDateTime),
        Column("copied_at", UtcDateTime),  # when its copy in the second store was read back
    ]


def _standing_indexes(table: Table, *first: str) -> None:
    """One for each question that a night asks; `first` are the columns that tell one store's rows apart."""
    c, name = table.c, table.name
    before = [c[column] for column in first]
    earliest = [*before, c.retain_until]
    Index(f"ix_{name}_lock_due", *before, c.lock_due, c.key, **_where(c.kept.is_(true())))
    Index(f"ix_{name}_earliest", *earliest, **_where(c.kept.is_(true())))
    Index(f"ix_{name}_let_end", *before, c.key, **_where(c.kept.is_(false())))
    Index(f"ix_{name}_fixity", *before, c.fixity_rank, c.fixity_due, c.key)
    Index(f"ix_{name}_damaged", *before, c.key, **_where(c.fixity_state == literal_column("'damaged'")))
    Index(f"ix_{name}_uncopied", *before, c.key, **_where(c.copied_at.is_(None)))
    Index(f"ix_{name}_repaired", *before, c.key, **_where(c.repaired_at.is_not(None)))


def _where(condition: ColumnElement[bool]) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


agencies = Table(
    "agencies",
    metadata,
    Column("code", String(64), primary_key=True),  # mã định danh
    Column("name", String(200), nullable=False),
    Column("symbol", String(30), nullable=False),  # the agency's part of a document symbol, "UBND"
    Column("public_keys", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("public_code", String(26), nullable=False, unique=True),
    Column("agency", String(64), ForeignKey("agencies.code"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("unit", String(30), nullable=False),  # drafting unit's symbol, in a công văn's symbol
    Column("subject", Text, nullable=False),
    Column("state", String(24), nullable=False),
    Column("stopped_from", String(24)),
    Column("reason", Text, nullable=False),  # of the last return, stop, void
    Column("version", Integer, nullable=False),  # counts changes of the row: the ETag
    Column("urgency", Integer, nullable=False),  # 0 to 3, 3 is hỏa tốc
    Column("number", Integer),
    Column("number_text", String(64)),
    Column("document_date", Date),
    Column("uploader", String(36), nullable=False),
    Column("uploader_display", String(200), nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),  # input fields of NĐ 30/2020/NĐ-CP, PL VI
    Column("boxes", JSON, nullable=False),
    Column("current_sha256", String(64)),
    Column("leader_token_time", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
    Column("issued_at", UtcDateTime),
    Column("recalled_at", UtcDateTime),
    Column("replaced_by", String(36), ForeignKey("documents.id")),
)
# A desk lists one state, most urgent first, then oldest first.
Index(
    "ix_documents_desk",
    documents.c.agency,
    documents.c.state,
    documents.c.urgency.desc(),
    documents.c.created_at,
    documents.c.id,
)

document_signers = Table(
    "document_signers",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("role", String(16), nullable=False),  # FieldRole: leader or initial
    Column("account", String(36), nullable=False, index=True),
    Column("display", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("field", String(100), nullable=False),
    Column("signed_at", UtcDateTime),
)

document_versions = Table(
    "document_versions",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("role", String(24), nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

number_series = Table(
    "number_series",
    metadata,
    Column("agency", String(64), ForeignKey("agencies.code"), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("first_number", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("last_date", Date),
    # After the catalogue was made again: no number until somebody confirms the last one that was given.
    Column("closed", Boolean, nullable=False, server_default=false()),
)

numbers = Table(
    "numbers",
    metadata,
    Column("agency", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", String(36), ForeignKey("documents.id"), nullable=False, unique=True),
    Column("text", String(64), nullable=False),
    Column("document_date", Date, nullable=False),
    Column("allotted_at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),  # active or voided
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(
        ["agency", "kind", "year"], ["number_series.agency", "number_series.kind", "number_series.year"]
    ),
)

register_journal = Table(
    "register_journal",
    metadata,
    Column("agency", String(64), ForeignKey("agencies.code"), primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("entry", Text, nullable=False),  # canonical JSON of the act
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index(
    "ix_register_journal_number",
    *(register_journal.c[name] for name in ("agency", "kind", "year", "number", "ordinal")),
)

outgoing_register = Table(
    "outgoing_register",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True),
    Column("agency", String(64), ForeignKey("agencies.code"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),  # order of entry within agency and year
    Column("number_text", String(64), nullable=False),
    Column("document_date", Date, nullable=False),
    Column("kind_name", String(100), nullable=False),
    Column("subject", Text, nullable=False),
    Column("signer", String(200), nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("keeper", String(200), nullable=False),
    Column("copies", Integer, nullable=False),
    Column("sent_on", Date),
    Column("acknowledged", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    UniqueConstraint("agency", "year", "position"),
)

deposits = Table(
    "deposits",
    metadata,
    Column("leaf", String(32), primary_key=True),
    Column("kind", Integer, nullable=False),  # archive.log.leaf.LeafKind: document or event
    Column("document", String(36), ForeignKey("documents.id"), nullable=False, index=True),
    Column("version_role", String(24), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("content_size", BigInteger, nullable=False),
    Column("content_salt", LargeBinary(32), nullable=False),
    Column("record_key", String(200), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("record_salt", LargeBinary(32), nullable=False),
    Column("predecessor", String(32)),
    Column("entry", LargeBinary, nullable=False),
    Column("retain_until", UtcDateTime, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("key", String(200), primary_key=True),
    # Whose it is: a document's; or a dossier's, and there a plain file's or the dossier's own.
    Column("document", String(36), ForeignKey("documents.id"), index=True),
    Column("leaf", String(32), ForeignKey("leaves.id"), nullable=False, index=True),
    Column("role", String(16), nullable=False),  # content, record, event; of dossiers: dossier, file
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("retain_until", UtcDateTime, nullable=False),
    Column("read_back_at", UtcDateTime, nullable=False),
    Column("version", String(200), nullable=False, server_default=""),  # the store's name for these bytes
    Column("mode", String(12), nullable=False, server_default=LockMode.COMPLIANCE),
    Column("hold", Boolean, nullable=False, server_default=false()),
    Column("dossier", String(36), ForeignKey("dossiers.id")),
    Column("file", String(36), ForeignKey("dossier_files.id")),
    *_standing(),
)
for _column in (objects.c.dossier, objects.c.file):  # few objects have one
    Index(
        f"ix_objects_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )
Index(
    "ix_objects_held",
    objects.c.key,
    sqlite_where=text("hold = 1"),
    postgresql_where=text("hold"),
)
_standing_indexes(objects)

# Copies that have no row in `objects`: the log's objects in the first store, and everything in the second one.
object_copies = Table(
    "object_copies",
    metadata,
    Column("store", String(16), primary_key=True),  # archive.catalogue.copies.Shelf
    Column("key", String(200), primary_key=True),
    Column("owner", String(36), index=True),  # whose retention keeps it; null: the log's
    Column("document", String(36), ForeignKey("documents.id"), index=True),
    Column("role", String(16), nullable=False),  # as in objects; or tile, checkpoint, log
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("retain_until", UtcDateTime, nullable=False),
    Column("read_back_at", UtcDateTime, nullable=False),
    Column("version", String(200), nullable=False),
    Column("mode", String(12), nullable=False),
    Column("hold", Boolean, nullable=False),
    *_standing(),
)
_standing_indexes(object_copies, "store")
Index(
    "ix_object_copies_held",
    object_copies.c.store,
    object_copies.c.key,
    **_where(object_copies.c.hold.is_(true())),
)

# PREMIS 3: what was done for preservation and how it ended. A copy that is well has its last results in its row.
preservation_events = Table(
    "preservation_events",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("type", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(8), nullable=False),  # success, warning, fail
    Column("detail", Text, nullable=False),
    Column("agent", String(64), nullable=False),
    Column("store", String(16), nullable=False),
    Column("key", String(200), nullable=False),  # empty: of a whole run
    Column("document", String(36), ForeignKey("documents.id")),
)
Index("ix_preservation_events_document", preservation_events.c.document, preservation_events.c.at)
Index("ix_preservation_events_key", preservation_events.c.key, preservation_events.c.at)
Index("ix_preservation_events_type", preservation_events.c.type, preservation_events.c.at)

lock_runs = Table(
    "lock_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("store", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("good", Boolean, nullable=False),
    Column("examined", BigInteger, nullable=False),
    Column("extended", BigInteger, nullable=False),
    Column("hardened", BigInteger, nullable=False),
    Column("withheld", BigInteger, nullable=False),  # kept in quarantine
    Column("shortened", BigInteger, nullable=False),  # by somebody who went around the service
    Column("failed", BigInteger, nullable=False),
    Column("earliest_end", UtcDateTime),
)
Index("ix_lock_runs_store", lock_runs.c.store, lock_runs.c.started_at)

fixity_runs = Table(
    "fixity_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("store", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("seconds", Float, nullable=False),  # of reading, as the process measured them
    Column("objects", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("damaged", BigInteger, nullable=False),
    Column("unread", BigInteger, nullable=False),
    Column("left_objects", BigInteger, nullable=False),  # due and not read yet
    Column("left_size", BigInteger, nullable=False),
    Column("all_objects", BigInteger, nullable=False),  # in the store, when the run began
    Column("all_size", BigInteger, nullable=False),
)
Index("ix_fixity_runs_store", fixity_runs.c.store, fixity_runs.c.started_at)

leaves = Table(
    "leaves",
    metadata,
    Column("position", BigKey, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),  # random: tells neither document nor time
    Column("kind", Integer, nullable=False),  # archive.log.leaf.LeafKind
    Column("document", String(36), ForeignKey("documents.id"), index=True),
    Column("agency", String(64), ForeignKey("agencies.code")),
    Column("head_ordinal", BigInteger),  # of a chain's head: how many of its rows the leaf covers
    Column("content_sha256", String(64)),
    Column("record_sha256", String(64)),
    Column("content_salt", LargeBinary(32)),  # salts are destroyed when the document is disposed of
    Column("record_salt", LargeBinary(32)),
    Column("predecessor", String(32), ForeignKey("leaves.id")),
    Column("entry", LargeBinary, nullable=False),
    Column("log_index", BigInteger, unique=True),  # null: committed and waiting for the sequencer
    Column("created_at", UtcDateTime, nullable=False),
    Column("dossier", String(36), ForeignKey("dossiers.id")),
)
Index(
    "ix_leaves_dossier",
    leaves.c.dossier,
    sqlite_where=leaves.c.dossier.is_not(None),
    postgresql_where=leaves.c.dossier.is_not(None),
)
Index(
    "ix_leaves_pending",
    leaves.c.position,
    sqlite_where=leaves.c.log_index.is_(None),
    postgresql_where=leaves.c.log_index.is_(None),
)

# The newest head of a chain is looked up whenever something is archived.
Index(
    "ix_leaves_head",
    leaves.c.agency,
    leaves.c.kind,
    leaves.c.head_ordinal,
    sqlite_where=leaves.c.head_ordinal.is_not(None),
    postgresql_where=leaves.c.head_ordinal.is_not(None),
)

events = Table(
    "events",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("agency", String(64), ForeignKey("agencies.code"), nullable=False),
    Column("code", String(100), nullable=False, unique=True),  # mã hồ sơ: agency, year, notation
    Column("catalog_year", Integer, nullable=False),
    Column("notation", String(20), nullable=False),
    Column("heading", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("creator", String(30), nullable=False),
    Column("rights", String(30), nullable=False),
    Column("language", String(50), nullable=False),
    Column("description", Text, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("planned_code", String(20), nullable=False),  # retention as the year's list foresees it
    Column("state", String(8), nullable=False),
    Column("version", Integer, nullable=False),  # counts the acts, each of which is a record: the ETag
    Column("entries", Integer, nullable=False),  # the last entry's number
    Column("listed", Integer, nullable=False),  # entries up to this one stood in a list that a closing fixed
    # As the last closing decided; without a code never closed, without years for ever.
    Column("retention_code", String(20)),
    Column("maintenance", String(2)),
    Column("years", Integer),
    Column("retention_name", String(200)),
    Column("retention_basis", String(300)),
    Column("work_ended", Date),
    Column("opened_by", String(200), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
)
# Lists show the newest first.
Index("ix_dossiers_list", dossiers.c.agency, dossiers.c.state, dossiers.c.opened_at, dossiers.c.id)

dossier_versions = Table(
    "dossier_versions",
    metadata,
    Column("dossier", String(36), ForeignKey("dossiers.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("act", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("leaf", String(32), nullable=False),
    Column("record_sha256", String(64), nullable=False),
)

dossier_files = Table(
    "dossier_files",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("dossier", String(36), ForeignKey("dossiers.id"), nullable=False),  # under whose keys it is stored
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("name", String(120), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("number_text", String(64), nullable=False),
    Column("document_date", Date),
    Column("subject", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("uploaded_by", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("dossier", "sha256"),
)

dossier_entries = Table(
    "dossier_entries",
    metadata,
    Column("dossier", String(36), ForeignKey("dossiers.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("document", String(36), ForeignKey("documents.id"), index=True),
    Column("file", String(36), ForeignKey("dossier_files.id"), index=True),
    Column("note", String(200), nullable=False),
    Column("filed_in", Integer, nullable=False),  # the dossier's version that put it there
    Column("filed_by", String(200), nullable=False),
    Column("filed_at", UtcDateTime, nullable=False),
    Column("removed_in", Integer),  # and the one that took it out
    Column("removed_reason", Text, nullable=False),
)
for _column in (dossier_entries.c.document, dossier_entries.c.file):  # once in a dossier
    Index(
        f"uq_dossier_entries_{_column.name}",
        dossier_entries.c.dossier,
        _column,
        unique=True,
        sqlite_where=dossier_entries.c.removed_in.is_(None),
        postgresql_where=dossier_entries.c.removed_in.is_(None),
    )

dossier_deposits = Table(
    "dossier_deposits",
    metadata,
    Column("leaf", String(32), primary_key=True),
    Column("dossier", String(36), ForeignKey("dossiers.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("files", JSON, nullable=False),  # new ones that it stores: id, sha256, size
    Column("record_key", String(200), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("content_salt", LargeBinary(32), nullable=False),
    Column("record_salt", LargeBinary(32), nullable=False),
    Column("predecessor", String(32)),
    Column("entry", LargeBinary, nullable=False),
    Column("retain_until", UtcDateTime, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    UniqueConstraint("dossier", "version"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("agency", String(64), ForeignKey("agencies.code"), nullable=False),
    Column("dossier", String(36), ForeignKey("dossiers.id"), index=True),  # null: over `hold_documents`
    Column("state", String(20), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("placed_by", String(36), nullable=False),
    Column("placed_by_display", String(200), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("asked_by", String(36)),
    Column("asked_by_display", String(200), nullable=False),
    Column("asked_at", UtcDateTime),
    Column("asked_reason", Text, nullable=False),
    Column("decided_by", String(36)),
    Column("decided_by_display", String(200), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("released_at", UtcDateTime),
)

hold_documents = Table(
    "hold_documents",
    metadata,
    Column("hold", String(36), ForeignKey("holds.id"), primary_key=True),
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True, index=True),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", LargeBinary, nullable=False),
)

# When this catalogue was made out of the object store, and how far that has come; or when it came from a backup.
rebuilds = Table(
    "rebuilds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("source", String(16), nullable=False),  # which of the stores, or "backup"
    Column("origin", String(300), nullable=False),  # the log's name
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("quick", Boolean, nullable=False),  # contents were not read
    Column("stage", String(16), nullable=False),
    Column("done_to", String(200), nullable=False),  # within the stage
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),  # null: half made, not to be served
    Column("closed_through", Integer),  # series of this year and before give no number until confirmed
)

# What it did not take over: faults, and objects that nothing in the log speaks for.
rebuild_findings = Table(
    "rebuild_findings",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("finding", String(40), nullable=False),
    Column("place", String(200), nullable=False, index=True),
    Column("what", Text, nullable=False),
)

# One row a witness. Lost, it is filled again: the cosigned heads are objects too.
witnesses = Table(
    "witnesses",
    metadata,
    Column("witness", String(64), primary_key=True),  # SHA-256 of its verifier key
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),  # of the head that it cosigned last; 0 for none
    Column("note", LargeBinary, nullable=False),  # that head with the log's line and the witness's
    Column("cosigned_at", UtcDateTime),
    Column("asked_at", UtcDateTime),
    Column("failure", String(24), nullable=False),  # one word: how the last question failed
    Column("disputed", Text, nullable=False),  # why it says that our log is not the one that it saw
)

# Until when what proves an archived document can be checked (policies.renewal), as its newest record tells it; a night
# judges anew what has no row, a row of another version, or one made under other rules.
evidence_ends = Table(
    "evidence_ends",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), primary_key=True),
    Column("sha256", String(64), nullable=False),  # of the version that was judged
    Column("good_until", UtcDateTime),  # null: its evidence was not found to be good
    Column("since", UtcDateTime),  # when what ends first was made
    Column("cause", String(16), nullable=False),
    Column("kind", String(16), nullable=False),  # of the next renewal
    Column("alarm_from", UtcDateTime, nullable=False),
    Column("due", UtcDateTime, nullable=False),
    Column("rules", String(16), nullable=False),  # which ends of algorithms were known
    Column("judged_at", UtcDateTime, nullable=False),
    Column("tried_at", UtcDateTime),  # when a renewal failed last
    Column("failure", String(64), nullable=False),  # why: a reason's id, empty for none
    Index("ix_evidence_ends_due", "due", "document"),
    Index("ix_evidence_ends_alarm", "alarm_from", "document"),
    Index("ix_evidence_ends_good_until", "good_until"),
)

deployment = Table(
    "deployment",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("id", String(36), nullable=False),
    Column("log_key", String(300), nullable=False),  # C2SP verifier key that the log was begun with
    Column("begun_at", UtcDateTime, nullable=False),
)
