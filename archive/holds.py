"""Legal holds: put on by one person, taken off by two (`policies.holds`), and kept by the stores themselves.

    1. place / confirm     in the act's transaction: the hold's row, and an event of each document, or a version of
                           the dossier, planned. From this commit on nothing under the hold is disposed of or taken out
    2. carry out           those deposits (`archive.ingest`, `archive.filing`): the archive has it in writing
    3. settle              of a release: only what the archive has in writing is let go
    4. enforce             each object whose flag is not as it should be: set in every store, read back, then the row

Only one at a time may do 4, for what one lets go another may be holding. A flag that waits to be let go is not believed
by a hold that comes over it meanwhile (`hold_rows.doubt`). A crash after 1, 2 or 3 is repaired by running 2 to 4 again,
which is what the service does at its start and from time to time: 4 compares rows with holds, and does nothing where
they agree. So it also covers what comes under a hold later, a new version of a held document, or a document that is
filed into a held dossier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from archive import ingest
from archive.catalogue import Connection, documents, dossier_rows, hold_rows
from archive.catalogue.hold_rows import PLACED, RELEASED
from archive.catalogue.identity import new_id
from archive.catalogue.keeping_values import DossierDeposit, Hold
from archive.catalogue.values import Deposit, Document, ObjectRow
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore
from archive.registers import dossiers
from archive.registers.dossiers import Acting
from archive.storage.giving import gives
from policies import holds as rules
from policies.dossiers import DossierAct
from policies.holds import HoldAct, HoldState
from policies.reasons import archiving
from policies.reasons import keeping as reasons

Begin = Callable[[], AbstractContextManager[Connection]]
BLOCK = 200  # objects between two looks at the catalogue
TOLD = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What a hold is over: one dossier with all that lies in it, or documents by their ids."""

    dossier: str | None = None
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: the account, by which the two persons of a release are told apart, and the name that is shown."""

    account: str
    display: str


@dataclass(frozen=True, slots=True)
class Done:
    """An act on a hold, in the catalogue. Its deposits wait to be carried out."""

    hold: Hold
    events: tuple[Deposit, ...] = ()
    versions: tuple[DossierDeposit, ...] = ()


def place(
    conn: Connection, agency: str, over: Subject, reason: str, basis: str, by: Person, at: datetime
) -> Done:
    """A new hold. Raises Refused: REASON_NEEDED, HOLD_BASIS_NEEDED, HOLD_NOTHING, HOLD_TOO_MANY, NO_DOSSIER,
    NO_DOCUMENT, HOLD_NOT_ARCHIVED."""
    named = tuple(sorted(set(over.documents)))
    rules.check_placing(reason, basis, len(named) + (over.dossier is not None))
    if over.dossier is not None and named:
        raise ValueError("a hold is over a dossier or over documents")
    hold = Hold(
        id=new_id(at),
        agency=agency,
        dossier=over.dossier,
        documents=named,
        state=HoldState.PLACED,
        version=1,
        reason=reason.strip(),
        basis=basis.strip(),
        placed_by=by.account,
        placed_by_display=by.display,
        placed_at=at,
    )
    if hold.dossier is not None:
        found = dossier_rows.locked(conn, hold.dossier)
        if found.agency != agency:
            raise ArchiveRefused(reasons.NO_DOSSIER)
    for document_id in named:
        _archived(conn, hold, document_id)
    hold_rows.doubt(conn, documents=named, files=(), dossier=hold.dossier)
    hold_rows.insert_hold(conn, hold)
    return _told(conn, hold, PLACED, by, at)


def ask_release(conn: Connection, hold_id: str, reason: str, by: Person, at: datetime) -> Hold:
    """The first of the two persons. Raises Refused: NO_HOLD, HOLD_WRONG_STATE, REASON_NEEDED."""
    hold = hold_rows.locked(conn, hold_id)
    state = rules.next_state(hold.state, HoldAct.ASK_RELEASE, asked_by="", actor=by.account, reason=reason)
    return _changed(
        conn,
        hold,
        replace(
            hold,
            state=state,
            asked_by=by.account,
            asked_by_display=by.display,
            asked_at=at,
            asked_reason=reason.strip(),
        ),
    )


def refuse_release(conn: Connection, hold_id: str, reason: str, by: Person, at: datetime) -> Hold:
    """The hold stays. Raises Refused: NO_HOLD, HOLD_WRONG_STATE, REASON_NEEDED."""
    hold = hold_rows.locked(conn, hold_id)
    asked_by = hold.asked_by or ""
    state = rules.next_state(
        hold.state, HoldAct.REFUSE_RELEASE, asked_by=asked_by, actor=by.account, reason=reason
    )
    decided = replace(
        hold,
        state=state,
        asked_by=None,
        asked_by_display="",
        asked_at=None,
        asked_reason="",
        decided_by=by.account,
        decided_by_display=by.display,
        decided_at=at,
    )
    return _changed(conn, hold, decided)


def confirm_release(conn: Connection, hold_id: str, by: Person, at: datetime) -> Done:
    """The second person. Everything stays held until the archive has it in writing (`settle`).

    Raises Refused: NO_HOLD, HOLD_WRONG_STATE, SECOND_PERSON.
    """
    hold = hold_rows.locked(conn, hold_id)
    state = rules.next_state(
        hold.state, HoldAct.CONFIRM_RELEASE, asked_by=hold.asked_by or "", actor=by.account
    )
    confirmed = replace(
        hold, state=state, decided_by=by.account, decided_by_display=by.display, decided_at=at
    )
    return _told(conn, _changed(conn, hold, confirmed), RELEASED, by, at)


def settle(conn: Connection, at: datetime) -> tuple[Hold, ...]:
    """Holds whose confirmed release is archived are over from this commit on. Repeatable."""
    done = []
    for hold_id in hold_rows.confirmed(conn):
        hold = hold_rows.locked(conn, hold_id)
        if hold.state is HoldState.RELEASE_CONFIRMED and not hold_rows.waits_for_archive(conn, hold):
            done.append(_changed(conn, hold, replace(hold, state=HoldState.RELEASED, released_at=at)))
    return tuple(done)


def enforce(begin: Begin, stores: Sequence[ObjectStore], reading: Begin | None = None) -> int:
    """Every object's flag as the holds want it, in every store, read back; returns how many were changed.

    `reading` looks for them without holding up those who write. `stores`: the first is the one that the rows speak
    of; another may not have every object yet. Raises ArchiveUnavailable (run it again); when all others are seen to,
    ArchiveDamaged for an object that is gone or does not show what its store was told, ArchiveUnavailable for those
    that alone are not answered for.
    """
    changed = 0
    failed: dict[str, Exception] = {}
    # Holds last: what was placed while something else was let go is seen to here.
    for held, wrong in ((False, hold_rows.to_let_go), (True, hold_rows.to_hold)):
        while True:
            with (reading or begin)() as conn:
                found = [row for row in wrong(conn, BLOCK + len(failed)) if row.key not in failed]
            if not found:
                break
            done = [row for row in found if _is_set(stores, row, held, failed)]
            # Crash: stores have the flag and rows do not say so; the next run sets it again.
            with begin() as conn:
                changed += sum(hold_rows.set_flag(conn, row.key, row.version, held) for row in done)
    if failed:
        silent = all(isinstance(exc, ArchiveUnavailable) for exc in failed.values())
        raise (ArchiveUnavailable if silent else ArchiveDamaged)(_words(failed))
    return changed


def _is_set(stores: Sequence[ObjectStore], row: ObjectRow, held: bool, failed: dict[str, Exception]) -> bool:
    """Whether every store shows the flag; one object that is damaged, or that a store does not answer for while it
    gives others, keeps no other from its hold."""
    for number, store in enumerate(stores):
        try:
            _set(store, row, held, first=number == 0)
        except (StorageRefused, ArchiveDamaged) as exc:
            failed[row.key] = exc
        except ArchiveUnavailable as exc:
            if not gives(store):
                raise
            failed[row.key] = exc
    return row.key not in failed


def _words(failed: dict[str, Exception]) -> str:
    told = "; ".join(f"{key}: {exc}" for key, exc in list(failed.items())[:TOLD])
    return f"{len(failed)} objects do not follow their holds: {told}"


def _set(store: ObjectStore, row: ObjectRow, held: bool, *, first: bool) -> None:
    version = row.version if first else ""
    if not first and store.head(row.key) is None:
        return
    store.set_hold(row.key, held, version=version)
    shown = store.head(row.key, version)
    if shown is None or shown.hold is not held:
        told = "held" if held else "let go"
        raise ArchiveDamaged(f"{row.key}: the store was told that it is {told}, and does not show it")


def _changed(conn: Connection, before: Hold, after: Hold) -> Hold:
    counted = replace(after, version=before.version + 1)
    hold_rows.update_hold(conn, counted)
    return counted


def _told(conn: Connection, hold: Hold, kind: str, by: Person, at: datetime) -> Done:
    facts = _facts(hold)
    if hold.dossier is not None:
        act = DossierAct.HOLD if kind == PLACED else DossierAct.RELEASE
        acting = Acting(by.display, at, reason=hold.reason if kind == PLACED else hold.asked_reason)
        version = dossiers.note_hold(conn, hold.dossier, act, facts, acting)
        return Done(hold, versions=(version.deposit,))
    return Done(hold, events=tuple(_event(conn, hold, one, kind, facts, by, at) for one in hold.documents))


def _event(
    conn: Connection,
    hold: Hold,
    document_id: str,
    kind: str,
    facts: dict[str, str],
    by: Person,
    at: datetime,
) -> Deposit:
    document = _archived(conn, hold, document_id)
    return ingest.plan_event(conn, document, kind, facts, by.display, at)


def _archived(conn: Connection, hold: Hold, document_id: str) -> Document:
    """A document that may be held, its row held until the transaction ends."""
    documents.lock_row(conn, document_id)
    document = documents.find(conn, document_id)
    if document is None or document.agency != hold.agency:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    if document.archived_at is None:
        raise ArchiveRefused(reasons.HOLD_NOT_ARCHIVED, what=document.number_text or document.subject)
    return document


def _facts(hold: Hold) -> dict[str, str]:
    """What the archive keeps of it: enough to make the hold's row again."""
    told = {
        "hold": hold.id,
        "reason": hold.reason,
        "basis": hold.basis,
        "placed_by": hold.placed_by_display,
        "placed_by_account": hold.placed_by,
        "placed_at": hold.placed_at.isoformat(),
    }
    if hold.state is HoldState.RELEASE_CONFIRMED and hold.asked_at and hold.decided_at:
        told |= {
            "asked_by": hold.asked_by_display,
            "asked_by_account": hold.asked_by or "",
            "asked_at": hold.asked_at.isoformat(),
            "asked_reason": hold.asked_reason,
            "confirmed_by": hold.decided_by_display,
            "confirmed_by_account": hold.decided_by or "",
            "confirmed_at": hold.decided_at.isoformat(),
        }
    return told
