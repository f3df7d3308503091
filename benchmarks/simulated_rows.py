"""The rows of a simulated archive, stretch by stretch of its log, made in processes of their own."""

from __future__ import annotations

import base64
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from api.store import audit
from archive.catalogue.values import (
    Document,
    JournalEntry,
)
from archive.log.leaf import LeafKind
from archive.log.merkle import leaf_hash
from archive.openings import ROWS_A_PART, SCHEMA
from archive.record import head_bytes
from archive.registers.chain import GENESIS
from archive.storage import keys
from benchmarks.simulated_documents import (
    AGENCY,
    AT,
    LOCK,
    MOMENT,
    RECIPIENTS,
    STRETCH,
    Made,
    SimulatedDocuments,
    document,
    leaf_id,
    salt,
)
from policies.vocabulary import LockMode, State

MAKERS = 2  # processes that make rows
ACTS = ("receive", "number")  # each document has a row of the audit of each
_PDF, _RECORD = b"antin.commitment/1 pdf\n", b"antin.commitment/1 record\n"
_DOCUMENT = bytes((1, LeafKind.DOCUMENT, 0))
_EVENT = bytes((1, LeafKind.EVENT, 1))


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
        self.documents = SimulatedDocuments(size)
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
        made = [self.documents.make(i, *journal[i - first][:2]) for i in range(first, last)]
        stretch = _stretch(self.leaf, made, journal, audits, self.journal_sha256, self.audit_sha256)
        self.leaf += len(stretch.entries)
        return stretch

    def _chains(self, first: int, last: int) -> tuple[list[tuple[str, str, str]], list[tuple[str, ...]]]:
        """Rows of the journal (entry, hash, hash before) and of the audit (act, subject, hash, hash before)."""
        journal, audits = [], []
        for i in range(first, last):
            entry, before = self.documents.journal(i), self.journal_sha256
            self.journal_sha256 = sha256(f"{before}\n{i + 1}\n{entry}".encode()).hexdigest()
            journal.append((entry, self.journal_sha256, before))
            subject = self.documents.document_id(i)
            for turn, act in enumerate(ACTS):
                sequence, previous = len(ACTS) * i + turn + 1, self.audit_sha256
                row = (
                    f'["{AGENCY.code}",{sequence},"{MOMENT}","van-thu","{act}","event","{subject}","{{}}",'
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
    stretch.leaves.append(f'{{"at":"{MOMENT}","document":{whose},"entry":"{coded}"}}')
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
    "recipients": list(RECIPIENTS),
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
    at, first = MOMENT, made[0].i
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
