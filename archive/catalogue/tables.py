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
    Column("document", String(36), ForeignKey("documents.id"), nullable=False, index=True),
    Column("leaf", String(32), ForeignKey("leaves.id"), nullable=False, index=True),
    Column("role", String(16), nullable=False),  # content, record, event
    Column("sha256", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("retain_until", UtcDateTime, nullable=False),
    Column("read_back_at", UtcDateTime, nullable=False),
    Column("version", String(200), nullable=False, server_default=""),  # the store's name for these bytes
    Column("mode", String(12), nullable=False, server_default=LockMode.COMPLIANCE),
    Column("hold", Boolean, nullable=False, server_default=false()),
    *_standing(),
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
)
Index(
    "ix_leaves_pending",
    leaves.c.position,
    sqlite_where=leaves.c.log_index.is_(None),
    postgresql_where=leaves.c.log_index.is_(None),
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

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", LargeBinary, nullable=False),
)

deployment = Table(
    "deployment",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("id", String(36), nullable=False),
    Column("log_key", String(300), nullable=False),  # C2SP verifier key that the log was begun with
    Column("begun_at", UtcDateTime, nullable=False),
)
