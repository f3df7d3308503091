"""Tables of the catalogue. Times are UTC (`UtcDateTime`), digests are lower-case hexadecimal SHA-256."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
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
)

from archive.catalogue.types import NAMING, BigKey, UtcDateTime
from policies.vocabulary import LockMode

metadata = MetaData(naming_convention=NAMING)

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
)

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

deployment = Table(
    "deployment",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("id", String(36), nullable=False),
    Column("log_key", String(300), nullable=False),  # C2SP verifier key that the log was begun with
    Column("begun_at", UtcDateTime, nullable=False),
)
