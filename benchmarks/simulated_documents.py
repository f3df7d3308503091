"""The documents of a simulated archive: every byte of one follows from its place.

Records, journals and events are those that the product makes of the same facts.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from archive.catalogue.values import (
    Agency,
    Document,
    JournalEntry,
    NewVersion,
    Number,
    RegisterRow,
    Signer,
    Version,
    VersionRole,
)
from archive.record import EventFacts, LeafSecrets, VersionFacts, event_record, version_record
from archive.registers.chain import ALLOTTED, entered_facts, entry_text
from policies.numbering import civil_date
from policies.retention import lock_until
from policies.vocabulary import FieldRole, State

AGENCY = Agency("H99.DEMO", "Ủy ban nhân dân tỉnh Sông Hồng", "UBND", {})
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LOCK = lock_until(AT)
STRETCH = 1024  # documents of one stretch of the log
PERSON, ACCOUNT, ZERO = "Nguyễn Văn An", "01900000-0000-7000-8000-0000000acc01", "0" * 64
MOMENT, DAY = AT.isoformat(), civil_date(AT)
_NUMBER, _ORDINAL, _SIZE = 111222333, 444555666, 777888999  # stand for numbers in the templates


@dataclass(frozen=True)
class Made:
    """Everything of one document. `i` counts from 0; digests in hex."""

    i: int
    id: str
    code: str
    number_text: str
    content: bytes
    content_sha256: str
    record: bytes
    record_sha256: str
    event: bytes
    event_sha256: str
    journal: str
    journal_sha256: str


class SimulatedDocuments:
    """`size` documents, in one series of numbers, archived and issued at one moment; each by its place."""

    def __init__(self, size: int) -> None:
        self.size = size

    def document_id(self, i: int) -> str:
        return f"01900000-0000-7000-8000-{i:012x}"

    def place(self, document_id: str) -> int | None:
        """Inverse of `document_id`."""
        head, _, tail = document_id.rpartition("-")
        known = head == "01900000-0000-7000-8000" and len(tail) == 12
        i = int(tail, 16) if known else self.size
        return i if i < self.size else None

    def code(self, i: int) -> str:
        return base64.b32encode(i.to_bytes(16, "big")).decode("ascii").rstrip("=").lower()

    def content(self, i: int) -> bytes:
        return b"%%PDF-1.7 simulated document %d\n" % i

    def leaf_of(self, i: int) -> int:
        """Index of the document's leaf: in a stretch two heads come first, then documents, then their events."""
        stretch = i // STRETCH
        return stretch * (2 + 2 * STRETCH) + 2 + i % STRETCH

    def make(self, i: int, journal: str, journal_sha256: str) -> Made:
        """The document whose row of the journal is this."""
        made = self._templates
        content = self.content(i)
        values = {
            "id": self.document_id(i),
            "code": self.code(i),
            "text": f"{i + 1:02d}/TB-UBND",
            "number": i + 1,
            "content": sha256(content).hexdigest(),
            "size": len(content),
            "register": journal_sha256,
            "leaf": leaf_id(1, i).hex(),
            "content_salt": salt(1, i).hex(),
            "record_salt": salt(2, i).hex(),
            "event_leaf": leaf_id(2, i).hex(),
            "event_content_salt": salt(3, i).hex(),
            "event_salt": salt(4, i).hex(),
        }
        record, event = (made.record % values).encode(), (made.event % values).encode()
        return Made(
            i=i,
            id=values["id"],
            code=values["code"],
            number_text=values["text"],
            content=content,
            content_sha256=values["content"],
            record=record,
            record_sha256=sha256(record).hexdigest(),
            event=event,
            event_sha256=sha256(event).hexdigest(),
            journal=journal,
            journal_sha256=journal_sha256,
        )

    def journal(self, i: int) -> str:
        """The entry of the registers' journal."""
        names = {
            "id": self.document_id(i),
            "code": self.code(i),
            "text": f"{i + 1:02d}/TB-UBND",
            "number": i + 1,
        }
        return self._templates.journal % names

    @cached_property
    def _templates(self) -> Templates:
        return Templates.make()


@dataclass(frozen=True)
class Templates:
    """Texts of the product's own making, with places for what differs from document to document."""

    record: str
    event: str
    journal: str

    @classmethod
    def make(cls) -> Templates:
        secrets = LeafSecrets("%(leaf)s", b"\xaa" * 32, b"\xbb" * 32)
        content = NewVersion(VersionRole.SEAL_TIMESTAMPED, "%(content)s", _SIZE)
        version = Version("%(id)s", 1, content.role, content.sha256, content.size, AT)
        record = version_record(
            VersionFacts(
                agency=AGENCY,
                document=document("%(id)s", "%(code)s", _NUMBER, "%(text)s", "%(content)s"),
                signers=[signer("%(id)s")],
                versions=[version],
                content=content,
                content_key="documents/%(id)s/%(content)s.pdf",
                register=JournalEntry("", _ORDINAL, "TB", 2026, 0, "", "", "%(register)s", AT),
                predecessor=None,
                facts={"indication": "TOTAL-PASSED", "level": "B-T"},
                leaf=secrets,
                retain_until=LOCK,
                at=AT,
            )
        )
        event = event_record(
            EventFacts(
                document="%(id)s",
                ordinal=1,
                kind="issued",
                facts={"number": "%(text)s"},
                actor=PERSON,
                content_sha256="%(content)s",
                predecessor="%(leaf)s",
                leaf=LeafSecrets("%(event_leaf)s", b"\xaa" * 32, b"\xbb" * 32),
                retain_until=LOCK,
                at=AT,
            )
        )
        salts = {"aa" * 32: "%(event_content_salt)s", "bb" * 32: "%(event_salt)s"}
        return cls(
            record=_placed(record, {"aa" * 32: "%(content_salt)s", "bb" * 32: "%(record_salt)s"}),
            event=_placed(event, salts),
            journal=_placed(cls._journal().encode(), {}),
        )

    @staticmethod
    def _journal() -> str:
        number = Number(AGENCY.code, "TB", 2026, _NUMBER, "%(id)s", "%(text)s", DAY, AT, False, "")
        row = RegisterRow(
            document="%(id)s",
            agency=AGENCY.code,
            year=2026,
            position=_NUMBER,
            number_text="%(text)s",
            document_date=DAY,
            sent_on=DAY,
            acknowledged="",
            entered_at=AT,
            **_REGISTER,
        )
        return entry_text(ALLOTTED, number, entered_facts(row, "%(code)s", "", PERSON))


def _placed(data: bytes, more: dict[str, str]) -> str:
    text = data.decode()
    places = {str(_NUMBER): "%(number)d", str(_ORDINAL): "%(number)d", str(_SIZE): "%(size)d", **more}
    for found, place in places.items():
        text = text.replace(found, place)
    return text


_SUBJECT = "Về việc phê duyệt Kế hoạch số hóa và lưu trữ điện tử hồ sơ"
RECIPIENTS = ("Như Điều 3", "Lưu: VT, VP")
_REGISTER: dict[str, Any] = {
    "kind_name": "Thông báo",
    "subject": _SUBJECT,
    "signer": PERSON,
    "recipients": RECIPIENTS,
    "keeper": "VT",
    "copies": 1,
    "note": "",
}
REGISTER_SQL = {name: _REGISTER[name] for name in ("kind_name", "subject", "signer", "keeper")}


def document(document_id: str, code: str, number: int, text: str, content: str) -> Document:
    """As it was when its version was planned."""
    return Document(
        id=document_id,
        public_code=code,
        agency=AGENCY.code,
        kind="TB",
        unit="",
        subject=_SUBJECT,
        state=State.VALIDATED,
        stopped_from=None,
        reason="",
        version=7,
        urgency=0,
        number=number,
        number_text=text,
        document_date=DAY,
        uploader=ACCOUNT,
        uploader_display=PERSON,
        recipients=RECIPIENTS,
        metadata={"pages": 1},
        boxes=[],
        current_sha256=content,
        leader_token_time=AT,
        created_at=AT,
        updated_at=AT,
        archived_at=None,
        issued_at=None,
        recalled_at=None,
        replaced_by=None,
    )


def signer(document_id: str) -> Signer:
    return Signer(document_id, 0, FieldRole.LEADER, ACCOUNT, PERSON, "Phó Chủ tịch", "leader_1", AT)


def leaf_id(kind: int, i: int) -> bytes:
    return bytes((kind,)) + i.to_bytes(15, "big")


def salt(which: int, i: int) -> bytes:
    return bytes((which,)) + i.to_bytes(31, "big")
