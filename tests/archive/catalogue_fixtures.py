"""A real catalogue on either engine, and documents at the state that a test needs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from api.transactions import Transactions
from archive.catalogue import agency_rows, document_changes
from archive.catalogue.tables import metadata
from archive.catalogue.values import Agency, Document, NewDocument, NewVersion, VersionRole
from archive.registers.numbers import NumberRequest
from policies.vocabulary import State
from tests.tables import create_all

AGENCY = "H99.01"
AT = datetime(2026, 3, 5, 7, 5, 9, tzinfo=UTC)


def open_catalogue(directory: Path, url: str | None = None) -> Transactions:
    """On SQLite in the directory, or in the database at `url`."""
    transactions = Transactions(url or f"sqlite:///{directory / 'catalogue.sqlite3'}")
    with transactions.write() as conn:
        create_all(conn, metadata)
        agency_rows.put_agency(conn, Agency(AGENCY, "UBND tỉnh Sông Hồng", "UBND", {}), AT)
    return transactions


def new_document(conn, at=AT, content=b"%PDF-1.7 draft", **values) -> Document:
    fields = {"agency": AGENCY, "kind": "QĐ", "subject": "Về việc thành lập Tổ công tác", **values}
    upload = NewVersion(VersionRole.UPLOADED, hashlib.sha256(content).hexdigest(), len(content))
    new = NewDocument(**fields, uploader="clerk-1", uploader_display="Nguyễn Thị Văn Thư")
    return document_changes.add(conn, new, upload, at)


def signed_document(conn, at=AT, **values) -> Document:
    document = new_document(conn, at, **values)
    return document_changes.change(conn, document, at, state=State.LEADER_TIMESTAMPED, leader_token_time=at)


def request_for(document: Document, **wishes) -> NumberRequest:
    return NumberRequest(
        document=document.id,
        agency=document.agency,
        agency_symbol="UBND",
        kind=document.kind,
        unit=document.unit,
        leader_token_time=document.leader_token_time,
        **wishes,
    )
