"""An archive of any number of issued documents, made in about a minute a million: rows put straight into the
catalogue, and a real log.

    simulated = SimulatedArchive(1_000_000, key)
    simulated.fill(transactions, store)        rows, tiles, openings, checkpoints
    SimulatedStore(simulated, store)           the same store, with every content, record and event besides

Every byte follows from a document's place: ids, records, salts, leaves, chains. Records, journals and leaves are those
that the product makes of the same facts, so audit, rebuild, receipts and the service find an archive like any other.
Contents are some bytes each; only what belongs to the log lies on the disk.
"""

from __future__ import annotations

import base64
import io
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from api.store import audit
from api.transactions import Transactions
from archive.catalogue import documents as document_rows
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
from archive.errors import StorageRefused
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.edge import Edge, grow, partial_tiles
from archive.log.leaf import LeafKind
from archive.log.merkle import leaf_hash
from archive.log.note import Ed25519LogKey
from archive.log.tiles import HEIGHT
from archive.openings import ROWS_A_PART, SCHEMA
from archive.ports import Listed, ObjectStore, StoredObject
from archive.record import EventFacts, LeafSecrets, VersionFacts, event_record, head_bytes, version_record
from archive.registers.chain import ALLOTTED, GENESIS, entered_facts, entry_text
from archive.storage import keys
from archive.storage.disk import Disk
from benchmarks.bulk import Bulk
from policies.numbering import civil_date
from policies.reasons import archiving as reasons
from policies.retention import lock_until
from policies.vocabulary import FieldRole, LockMode, State

AGENCY = Agency("H99.DEMO", "Ủy ban nhân dân tỉnh Sông Hồng", "UBND", {})
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LOCK = lock_until(AT)
STRETCH = 1024  # documents of one stretch of the log
MAKERS = 2  # processes that make rows
PERSON, ACCOUNT, ZERO = "Nguyễn Văn An", "01900000-0000-7000-8000-0000000acc01", "0" * 64
ACTS = ("receive", "number")  # each document has a row of the audit of each
_AT, _DAY = AT.isoformat(), civil_date(AT)
_NUMBER, _ORDINAL, _SIZE = 111222333, 444555666, 777888999  # stand for numbers in the templates
_PDF, _RECORD = b"antin.commitment/1 pdf\n", b"antin.commitment/1 record\n"
_DOCUMENT = bytes((1, LeafKind.DOCUMENT, 0))
_EVENT = bytes((1, LeafKind.EVENT, 1))


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


class SimulatedArchive:
    """`size` documents, in one series of numbers, archived and issued at one moment."""

    def __init__(self, size: int, key: Ed25519LogKey) -> None:
        self.size, self.key = size, key

    # A document by its place.

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

    # All of them.

    def fill(self, transactions: Transactions, store: ObjectStore) -> None:
        """Rows into an empty catalogue that has its tables, the log's objects into the store."""
        with transactions.write() as conn:
            document_rows.put_agency(conn, AGENCY, AT)
        log = _Log(self.key, store)
        with Bulk(transactions) as bulk, makers(self.size) as stretches:
            bulk.insert("number_series", SERIES, [(AGENCY.code, "TB", 2026, 1, self.size, _DAY, False)])
            for stretch in stretches:
                for table, rows in stretch.rows.items():
                    bulk.insert(table, COLUMNS[table], rows)
                note = log.append(stretch.entries)
                for key, text in stretch.openings(note, self.key.name):
                    put(store, key, text.encode(), LOCK)
            row = (1, log.edge.size, log.edge.root(), log.note)
            bulk.insert("checkpoint", ("id", "size", "root", "note"), [row])
            for statement in DERIVED:
                bulk.run(
                    statement, {"at": AT, "day": _DAY, "account": ACCOUNT, "person": PERSON, **_REGISTER_SQL}
                )


# Rows that follow from other rows: the database makes them faster.
DERIVED = (
    """INSERT INTO document_signers (document, ordinal, role, account, display, title, field, signed_at)
    SELECT id, 0, 'leader', :account, :person, 'Phó Chủ tịch', 'leader_1', :at FROM documents""",
    """INSERT INTO document_versions (document, ordinal, role, sha256, size, created_at)
    SELECT document, 1, 'seal-timestamped', sha256, size, :at FROM objects WHERE role = 'content'""",
    """INSERT INTO numbers (agency, kind, year, number, document, text, document_date, allotted_at, state, reason)
    SELECT agency, kind, 2026, number, id, number_text, document_date, :at, 'active', '' FROM documents""",
    """INSERT INTO outgoing_register (document, agency, year, position, number_text, document_date, kind_name, subject,
        signer, recipients, keeper, copies, sent_on, acknowledged, note, entered_at)
    SELECT id, agency, 2026, number, number_text, document_date, :kind_name, :subject, :signer, recipients, :keeper,
        1, :day, '', '', :at FROM documents""",
    """INSERT INTO events (document, ordinal, kind, facts, actor, at)
    SELECT id, 1, 'issued', {json}, :person, :at FROM documents""",
    """INSERT INTO operations (id, kind, document, account, state, payload, result, done, total, created_at, updated_at)
    SELECT 's' || substr(id, 2), 'stamp-leader', id, :account, 'succeeded', '{{}}', '{{}}', 1, 1, :at, :at
    FROM documents""",
    """INSERT INTO operations (id, kind, document, account, state, payload, result, done, total, created_at, updated_at)
    SELECT 'f' || substr(id, 2), 'finish', id, :account, 'succeeded', '{{}}', '{{}}', 1, 1, :at, :at FROM documents""",
)


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
        number = Number(AGENCY.code, "TB", 2026, _NUMBER, "%(id)s", "%(text)s", _DAY, AT, False, "")
        row = RegisterRow(
            document="%(id)s",
            agency=AGENCY.code,
            year=2026,
            position=_NUMBER,
            number_text="%(text)s",
            document_date=_DAY,
            sent_on=_DAY,
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
_RECIPIENTS = ("Như Điều 3", "Lưu: VT, VP")
_REGISTER: dict[str, Any] = {
    "kind_name": "Thông báo",
    "subject": _SUBJECT,
    "signer": PERSON,
    "recipients": _RECIPIENTS,
    "keeper": "VT",
    "copies": 1,
    "note": "",
}
_REGISTER_SQL = {name: _REGISTER[name] for name in ("kind_name", "subject", "signer", "keeper")}


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
        document_date=_DAY,
        uploader=ACCOUNT,
        uploader_display=PERSON,
        recipients=_RECIPIENTS,
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


# Making rows, in processes of their own.


@dataclass
class Stretch:
    """Rows of some documents by table, their entries in the order of the log, and what opens them."""

    start: int
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)  # JSON, as openings have them
    heads: list[str] = field(default_factory=list)
    parts: list[list[str]] = field(default_factory=list)  # chains of each part

    def openings(self, note: bytes, origin: str) -> Iterator[tuple[str, str]]:
        """Key and text of each part."""
        stop = self.start + len(self.entries)
        for part, chains in enumerate(self.parts):
            first = part == 0
            heads = f'"heads":[{",".join(self.heads)}],' if first else ""
            leaves = f'"leaves":[{",".join(self.leaves)}],' if first else ""
            told = f'"note":{json.dumps(note.decode(), ensure_ascii=False)},' if first else ""
            text = (
                f'{{"chains":[{",".join(chains)}],"from":{self.start},{heads}{leaves}{told}"origin":{json.dumps(origin)},'
                f'"part":{part},"parts":{len(self.parts)},"schema":"{SCHEMA}","to":{stop}}}\n'
            )
            yield keys.openings_key(self.start, stop, part), text


@contextmanager
def makers(size: int) -> Iterator[Iterator[Stretch]]:
    """The stretches in their order, made by processes that take turns."""
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for turn in range(MAKERS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_make, args=(size, turn, theirs), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    count = -(-size // STRETCH)
    try:
        yield (pipes[number % MAKERS].recv() for number in range(count))
    finally:
        for process in processes:
            process.kill()
            process.join()


def _make(size: int, turn: int, pipe: Any) -> None:
    maker = StretchMaker(size)
    with closing(pipe):
        for number in range(-(-size // STRETCH)):
            made = maker.next(wanted=number % MAKERS == turn)
            if made is not None:
                pipe.send(made)


SERIES = ("agency", "kind", "year", "first_number", "last_number", "last_date", "closed")
_LEAF = "id kind document agency head_ordinal content_sha256 record_sha256 content_salt record_salt predecessor entry"
_OBJECT = "key document leaf role sha256 size retain_until read_back_at version mode hold"
COLUMNS: dict[str, tuple[str, ...]] = {
    "documents": tuple(Document.__slots__),
    "register_journal": tuple(JournalEntry.__slots__),
    "leaves": (*_LEAF.split(), "log_index", "created_at"),
    "objects": tuple(_OBJECT.split()),
    "audit": tuple(audit.Entry.__slots__),
}


class StretchMaker:
    """Goes through all documents for the chains' sake, and makes the rows of those that are wanted."""

    def __init__(self, size: int) -> None:
        self.archive = SimulatedArchive(size, Ed25519LogKey.generate("unused"))
        self.size, self.at = size, 0
        self.leaf = 0
        self.journal_sha256, self.audit_sha256 = GENESIS, audit.GENESIS

    def next(self, *, wanted: bool) -> Stretch | None:
        """The next stretch; None when it was only gone through."""
        first, last = self.at, min(self.size, self.at + STRETCH)
        journal, audits = self._chains(first, last)
        self.at = last
        if not wanted:
            self.leaf += 2 + 2 * (last - first)
            return None
        made = [self.archive.make(i, *journal[i - first][:2]) for i in range(first, last)]
        stretch = _stretch(self.leaf, made, journal, audits, self.journal_sha256, self.audit_sha256)
        self.leaf += len(stretch.entries)
        return stretch

    def _chains(self, first: int, last: int) -> tuple[list[tuple[str, str, str]], list[tuple[str, ...]]]:
        """Rows of the journal (entry, hash, hash before) and of the audit (act, subject, hash, hash before)."""
        journal, audits = [], []
        for i in range(first, last):
            entry, before = self.archive.journal(i), self.journal_sha256
            self.journal_sha256 = sha256(f"{before}\n{i + 1}\n{entry}".encode()).hexdigest()
            journal.append((entry, self.journal_sha256, before))
            subject = self.archive.document_id(i)
            for turn, act in enumerate(ACTS):
                sequence, previous = len(ACTS) * i + turn + 1, self.audit_sha256
                row = (
                    f'["{AGENCY.code}",{sequence},"{_AT}","van-thu","{act}","event","{subject}","{{}}",'
                    f'"{previous}"]'
                )
                self.audit_sha256 = sha256(row.encode()).hexdigest()
                audits.append((act, subject, self.audit_sha256, previous))
        return journal, audits


def _stretch(
    start: int,
    made: list[Made],
    journal: list[tuple[str, str, str]],
    audits: list[tuple[str, ...]],
    journal_sha256: str,
    audit_sha256: str,
) -> Stretch:
    stretch = Stretch(start)
    last = made[-1].i + 1
    heads = (
        (LeafKind.REGISTER_HEAD, last, journal_sha256),
        (LeafKind.AUDIT_HEAD, last * len(ACTS), audit_sha256),
    )
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    for kind, ordinal, head_sha256 in heads:
        _add_head(stretch, rows, kind, ordinal, head_sha256, made[0].i)
    for one in made:
        _add_document(stretch, rows, one)
    for one in made:
        _add_event(stretch, rows, one)
    for one, (entry, own, before) in zip(made, journal, strict=True):
        row = (AGENCY.code, one.i + 1, "TB", 2026, one.i + 1, entry, before, own, AT)
        rows["register_journal"].append(row)
    for place, (act, subject, own, before) in enumerate(audits):
        sequence = made[0].i * len(ACTS) + place + 1
        rows["audit"].append((AGENCY.code, sequence, AT, "van-thu", act, "event", subject, "{}", before, own))
    stretch.rows = rows
    stretch.parts = _parts(made, journal, audits)
    return stretch


def _add_leaf(stretch: Stretch, entry: bytes, owner: str | None) -> int:
    stretch.entries.append(entry)
    coded, whose = base64.b64encode(entry).decode("ascii"), f'"{owner}"' if owner else "null"
    stretch.leaves.append(f'{{"at":"{_AT}","document":{whose},"entry":"{coded}"}}')
    return stretch.start + len(stretch.entries) - 1


def _add_head(
    stretch: Stretch,
    rows: dict[str, list[tuple[Any, ...]]],
    kind: LeafKind,
    ordinal: int,
    head_sha256: str,
    i: int,
) -> None:
    digest = sha256(head_bytes(kind.name, AGENCY.code, ordinal, head_sha256))
    identity, first, second = leaf_id(kind + 8, i), salt(kind + 8, i), salt(kind + 16, i)
    entry = (
        bytes((1, kind, 0))
        + identity
        + sha256(_PDF + first + digest.digest()).digest()
        + sha256(_RECORD + second + digest.digest()).digest()
    )
    index = _add_leaf(stretch, entry, None)
    told = digest.hexdigest()
    rows["leaves"].append(
        (identity.hex(), kind, None, AGENCY.code, ordinal, told, told, first, second, None, entry, index, AT)
    )
    stretch.heads.append(
        f'{{"agency":"{AGENCY.code}","content_salt":"{first.hex()}","index":{index},"kind":"{kind.name}",'
        f'"ordinal":{ordinal},"record_salt":"{second.hex()}"}}'
    )


def _add_document(stretch: Stretch, rows: dict[str, list[tuple[Any, ...]]], one: Made) -> None:
    first, second, identity = salt(1, one.i), salt(2, one.i), leaf_id(1, one.i)
    entry = (
        _DOCUMENT
        + identity
        + sha256(_PDF + first + bytes.fromhex(one.content_sha256)).digest()
        + sha256(_RECORD + second + bytes.fromhex(one.record_sha256)).digest()
    )
    index, leaf = _add_leaf(stretch, entry, one.id), identity.hex()
    digests = (one.content_sha256, one.record_sha256, first, second)
    rows["leaves"].append((leaf, _KIND, one.id, None, None, *digests, None, entry, index, AT))
    rows["documents"].append(_document_row(one))
    prefix = keys.DOCUMENTS + one.id
    content, record = f"{prefix}/{one.content_sha256}.pdf", f"{prefix}/{one.record_sha256}.record.json"
    kept = (LOCK, AT, "v", _MODE, False)
    rows["objects"].append((content, one.id, leaf, "content", one.content_sha256, len(one.content), *kept))
    rows["objects"].append((record, one.id, leaf, "record", one.record_sha256, len(one.record), *kept))


def _add_event(stretch: Stretch, rows: dict[str, list[tuple[Any, ...]]], one: Made) -> None:
    first, second, identity = salt(3, one.i), salt(4, one.i), leaf_id(2, one.i)
    before = stretch.entries[2 + one.i % STRETCH]
    entry = (
        _EVENT
        + identity
        + sha256(_PDF + first + bytes.fromhex(one.content_sha256)).digest()
        + sha256(_RECORD + second + bytes.fromhex(one.event_sha256)).digest()
        + leaf_hash(before)
    )
    index, leaf = _add_leaf(stretch, entry, one.id), identity.hex()
    digests, earlier = (one.content_sha256, one.event_sha256, first, second), leaf_id(1, one.i).hex()
    rows["leaves"].append((leaf, _EVENT_KIND, one.id, None, None, *digests, earlier, entry, index, AT))
    kept = (LOCK, AT, "v", _MODE, False)
    key = f"{keys.DOCUMENTS}{one.id}/event-1.json"
    rows["objects"].append((key, one.id, leaf, "event", one.event_sha256, len(one.event), *kept))


_KIND, _EVENT_KIND, _MODE = int(LeafKind.DOCUMENT), int(LeafKind.EVENT), str(LockMode.COMPLIANCE)
_ROW = document("", "", 0, "", "")
_ALIKE = {
    **{name: getattr(_ROW, name) for name in Document.__slots__},
    "state": str(State.ISSUED),
    "version": 9,
    "archived_at": AT,
    "issued_at": AT,
    "recipients": list(_RECIPIENTS),
}


def _document_row(one: Made) -> tuple[Any, ...]:
    row = _ALIKE.copy()
    row["id"], row["public_code"], row["number"] = one.id, one.code, one.i + 1
    row["number_text"], row["current_sha256"] = one.number_text, one.content_sha256
    return tuple(row.values())


def _parts(
    made: list[Made], journal: list[tuple[str, str, str]], audits: list[tuple[str, ...]]
) -> list[list[str]]:
    """Chains of the parts, cut as `archive.openings` cuts them."""
    at, first = _AT, made[0].i
    registers = [
        f'{{"at":"{at}","entry":{json.dumps(entry, ensure_ascii=False)},"ordinal":{first + place + 1}}}'
        for place, (entry, _, _) in enumerate(journal)
    ]
    acts = [
        f'{{"act":"{act}","actor":"van-thu","at":"{at}","detail":"{{}}","ordinal":{first * len(ACTS) + place + 1},'
        f'"phase":"event","subject":"{subject}"}}'
        for place, (act, subject, _, _) in enumerate(audits)
    ]
    room = ROWS_A_PART - len(registers)
    parts = [[_chain("REGISTER_HEAD", journal[0][2], registers)]]
    done = 0
    while done < len(acts):
        if room == 0:
            parts.append([])
            room = ROWS_A_PART
        taken = acts[done : done + room]
        parts[-1].append(_chain("AUDIT_HEAD", audits[done][3], taken))
        done += len(taken)
        room -= len(taken)
    return parts


def _chain(kind: str, previous: str, rows: Sequence[str]) -> str:
    return f'{{"agency":"{AGENCY.code}","kind":"{kind}","previous":"{previous}","rows":[{",".join(rows)}]}}'


# The log.


class FastDisk(Disk):
    """Nothing is durable: for what is made before anything is measured."""

    @contextmanager
    def create(self, path: Path, mode: int) -> Iterator[BinaryIO]:
        with path.open("xb") as file:
            yield file
        path.chmod(mode)

    def sync_directory(self, path: Path) -> None:
        """Not durable."""


class _Log:
    def __init__(self, key: Ed25519LogKey, store: ObjectStore) -> None:
        self.key, self.store = key, store
        self.edge, self.note = Edge(), b""

    def append(self, entries: Sequence[bytes]) -> bytes:
        """Full tiles, the checkpoint locked and shown; partial tiles of the last stretch stay."""
        growth = grow(self.edge, entries)
        before, self.edge = self.edge, growth.edge
        for tile, data in growth.tiles.items():
            put(self.store, keys.tile_key(tile.path), data, LOCK if tile.full else None)
        for tile in partial_tiles(before):
            if self.edge.size >> HEIGHT * ((tile.level or 0) + 1) > tile.n:
                self.store.delete(keys.tile_key(tile.path))
        head = Checkpoint(self.key.name, self.edge.size, self.edge.root())
        self.note = sign_checkpoint(head, self.key)
        put(self.store, keys.checkpoint_key(head.size), self.note, LOCK)
        self.store.put_mutable(keys.CHECKPOINT, self.note)
        return self.note


def put(store: ObjectStore, key: str, data: bytes, until: datetime | None) -> None:
    store.put(key, data, sha256=sha256(data).hexdigest(), retain_until=until)


# The store with everything in it.


class SimulatedStore:
    """`ObjectStore` for reading: documents' objects are made when they are asked for, the others are the inner's."""

    def __init__(self, archive: SimulatedArchive, inner: ObjectStore) -> None:
        self.archive, self.inner = archive, inner
        self._chain = JournalHashes(archive)

    def head(self, key: str, version: str = "") -> StoredObject | None:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.head(key, version)
        data = self._data(key)
        if data is None:
            return None
        digest = sha256(data).hexdigest()
        return StoredObject(key, len(data), digest, LOCK, LockMode.COMPLIANCE, False, "v")

    def open(self, key: str, version: str = "") -> BinaryIO:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.open(key, version)
        data = self._data(key)
        if data is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return io.BytesIO(data)

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.read(key, version, locks=locks)
        stored = self.head(key, version)
        if stored is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return stored, self.open(key, version)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        if prefix in ("", keys.DOCUMENTS):
            yield from (key for key in self._documents(after) if key > after)
        if prefix != keys.DOCUMENTS:
            yield from (key for key in self.inner.list(prefix) if key > after)

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for key in self.list(prefix, after):
            yield Listed(key, "v" if key.startswith(keys.DOCUMENTS) else "", 0, latest=True, deleted=False)

    def _documents(self, after: str) -> Iterator[str]:
        document = after.removeprefix(keys.DOCUMENTS)[:36]
        first = self.archive.place(document) or 0
        for i in range(first, self.archive.size):
            one = self._made(i)
            yield from sorted(self._of(one))

    def _of(self, one: Made) -> dict[str, bytes]:
        prefix = keys.document_prefix(one.id)
        return {
            f"{prefix}{one.content_sha256}.pdf": one.content,
            f"{prefix}{one.record_sha256}.record.json": one.record,
            f"{prefix}event-1.json": one.event,
        }

    def _data(self, key: str) -> bytes | None:
        i = self.archive.place(key.split("/")[1])
        return None if i is None else self._of(self._made(i)).get(key)

    def _made(self, i: int) -> Made:
        return self.archive.make(i, self.archive.journal(i), self._chain.at(i))


class JournalHashes:
    """The hash of each row of the journal. 32 bytes a document, as an index of the test."""

    def __init__(self, archive: SimulatedArchive) -> None:
        self._hashes = bytearray()
        previous = GENESIS
        for i in range(archive.size):
            digest = sha256(f"{previous}\n{i + 1}\n{archive.journal(i)}".encode())
            previous = digest.hexdigest()
            self._hashes += digest.digest()

    def at(self, i: int) -> str:
        return bytes(self._hashes[32 * i : 32 * i + 32]).hex()
