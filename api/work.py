"""Steps that the acts share: bytes in the work area, one use of a key with its audit rows, whose turn it is.

Each act: read the row → do the work beside the database → one transaction that moves the row as it was read,
writes the audit row and enqueues what follows. A crash before that commit leaves unnamed bytes in the work
area and an audit intent; the act is simply done again.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from api import fence, jobs, once
from api.identity import AccessRefused
from api.intact import intact
from api.locations import DOCUMENTS
from api.services import Services
from api.store import audit, operations
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue import Connection, documents
from archive.catalogue.identity import new_id
from archive.catalogue.values import Document, NewVersion, Signer, VersionRole
from archive.errors import ArchiveUnavailable
from policies.reasons import access as access_reasons
from policies.reasons import issuing as reasons
from policies.reasons import signing as signing_reasons
from policies.refusals import Refused
from signer.creation import choose, two_step
from signer.creation.choose import Admitted
from signer.creation.native.kept import KeptDigest
from signer.creation.shapes import SigningPath
from signer.creation.token import Hole, filling
from signer.creation.two_step import SignatureRequest
from signer.errors import SigningRefused
from signer.keys.checks import check_before_signing, subject_of
from signer.ports import SigningKey
from signer.stages import Appended

log = logging.getLogger("antin.work")
SYSTEM = "system"
T = TypeVar("T")


class Patched(io.RawIOBase):
    """A file with other bytes at one place, read as one; the file itself stays as it is."""

    def __init__(self, base: Path, offset: int, patch: bytes) -> None:
        self._file = io.FileIO(base)
        self._offset, self._patch = offset, patch
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        count = self._file.readinto(view)
        first = max(self._offset, self._at)
        last = min(self._offset + len(self._patch), self._at + count)
        if first < last:
            view[first - self._at : last - self._at] = self._patch[first - self._offset : last - self._offset]
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def path(services: Services, document: Document) -> Path:
    """Where the document's newest bytes lie, checked against their digest."""
    return intact(services, document.current_sha256 or "")


def version(services: Services, role: VersionRole, sha256: str) -> NewVersion:
    return NewVersion(role, sha256, services.work_area.work_path(sha256).stat().st_size)


def append(services: Services, sha256: str, revision: Appended) -> str:
    """The bytes of this digest and the revision as new bytes in the work area; their SHA-256."""
    return _join(services, sha256, revision.base_size, revision.tail)


def _join(services: Services, sha256: str, base_size: int, tail: bytes) -> str:
    size = services.work_area.hashed_work(sha256).size
    if size != base_size:
        raise SigningRefused(signing_reasons.BASE_CHANGED, size=size, expected=base_size)
    return services.work_area.extend_work(sha256, tail)


def stamp(services: Services, base: Path, hole: Hole, token: bytes) -> str:
    """The bytes of `base` with the token in its newest signature's hole, in the work area; their SHA-256.

    The worker that found the hole may be in the hands of the file: what is written over must be that hole.
    Raises SigningRefused when it is not, has a token already, or has no room.
    """
    if hole.start < 1 or hole.digits != 2 * len(hole.contents):
        raise SigningRefused(signing_reasons.CMS_UNREADABLE)
    with base.open("rb") as file:
        file.seek(hole.start - 1)
        found = file.read(hole.digits + 2)
    if found[:1] != b"<" or found[-1:] != b">" or _bytes_of(found[1:-1]) != hole.contents:
        raise SigningRefused(signing_reasons.CMS_UNREADABLE)
    with Patched(base, hole.start, filling(hole, token)) as patched:
        return services.work_area.put_work(io.BufferedReader(patched, 1 << 20))


def _bytes_of(digits: bytes) -> bytes | None:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return None


def sign(
    services: Services,
    document: Document,
    key: SigningKey,
    request: SignatureRequest,
    actor: Account,
    act: str,
    record: Callable[[Connection, str], T],
) -> T:
    """One use of a key: check certificate → prepare → audit intent → compare → sign → audit result, and `record`.

    `record` gets the SHA-256 of the signed bytes in the work area and writes the act's own rows, in one transaction
    with the result. After a crash between intent and result the audit shows an intent without a result, the
    document has not moved, and the bytes have no name.
    """
    at = services.clock()
    check_before_signing(key, at, services.signing_rules)
    named = document.current_sha256 or ""
    admitted = Admitted(services.drawn, KeptDigest(*services.work_area.hashed_work(named)))
    base = services.work_area.work_path(named)
    with services.metrics.refusals():
        chosen = choose.prepare_signature(services.sandbox, base, request, admitted=admitted)
    prepared = chosen.prepared
    if request.fills:
        services.sandbox.call("signer.creation.shown:check_shown", base, prepared.tail, dict(request.fills))
    services.work_area.hashed_work(
        named
    )  # still: who writes to the file while it is read shapes the revision
    facts = {
        "field": request.field,
        "digest": prepared.digest.hex(),
        "certificate": subject_of(key.certificate),
    }
    with services.transactions.write() as conn:
        _audit(services, conn, document, actor, act, "intent", facts)
    try:
        if chosen.path is not SigningPath.NATIVE:
            two_step.check_digest(base, prepared, admitted.kept)
        services.processes.lease()
        tail = two_step.complete(prepared, key)
    except Exception as exc:
        with fence.unfenced(), services.transactions.write() as conn:
            _audit(services, conn, document, actor, act, "failed", {**facts, "fault": type(exc).__name__})
        raise
    sha256 = _join(services, named, prepared.base_size, tail)
    result = {**facts, "sha256": sha256}
    try:
        with services.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            _audit(services, conn, document, actor, act, "result", result)
            done = record(conn, sha256)
    except Exception as exc:
        _tell_that_the_key_was_used(services, document, actor, act, result, known=not _is_unknown(exc))
        raise
    services.metrics.signed(chosen.path, chosen.shape)
    return done


def _is_unknown(exc: Exception) -> bool:
    """Whether the act may have been committed all the same. Of a fence it is known that it was not."""
    return isinstance(exc, ArchiveUnavailable) and not isinstance(exc, fence.Lost)


def _tell_that_the_key_was_used(
    services: Services, document: Document, actor: Account, act: str, result: dict[str, Any], *, known: bool
) -> None:
    """And nothing came of it, or nobody knows what: also when another process has taken over meanwhile."""
    write = audit.write if known else audit.write_once
    facts: dict[str, Any] = {"act": act, "phase": "result", "subject": document.id, "detail": result}
    try:
        with fence.unfenced(), services.transactions.note() as conn:
            write(conn, document.agency, actor=actor.name, at=services.clock(), **facts)
    except ArchiveUnavailable:
        if known:
            raise
        log.warning("%s of %s: the audit has its intent alone, as after a crash", act, document.id)


@contextmanager
def turn(services: Services, document: Document) -> Iterator[None]:
    """One use of a key on a document at a time; who comes second sees that it moved, and uses no key.

    Raises AccessRefused CHANGED_MEANWHILE.
    """
    with services.turns.of(document.id):
        with services.transactions.look() as conn:
            current = documents.row_version(conn, document.id)
        if current != document.version:
            raise AccessRefused(access_reasons.CHANGED_MEANWHILE)
        yield


def as_kept(conn: Connection, document: Document) -> Document:
    """An archived document as it is now, when since it was read nothing but validation data came: the service adds
    them when it can, and no person's act is refused for them. Any other as it was read: who moved it comes first.
    """
    if document.archived_at is None:
        return document
    documents.lock_row(conn, document.id)
    now = documents.get(conn, document.id)
    augmented = replace(
        document, current_sha256=now.current_sha256, version=now.version, updated_at=now.updated_at
    )
    return now if augmented == now else document


def next_signer(signers: tuple[Signer, ...], actor: Account) -> Signer:
    """The signer whose turn it is, when that is this account. Raises Refused NOT_YOUR_TURN."""
    waiting = [signer for signer in signers if signer.signed_at is None]
    if not waiting or waiting[0].account != actor.id:
        raise Refused(reasons.NOT_YOUR_TURN, next=waiting[0].display if waiting else "–")
    return waiting[0]


def priority(document: Document | None, *, batch: bool = False) -> int:
    """The queue's order: hỏa tốc first; of the equally urgent, what was signed in a batch comes second."""
    if document is None:
        return jobs.BATCH
    return jobs.NORMAL - 2 * document.urgency + batch


def enqueue(
    services: Services,
    conn: Connection,
    kind: str,
    document: Document,
    account: str,
    delay: float = 0.0,
    queue: str | None = None,
) -> Operation:
    """An operation on the document and its job, in the caller's transaction."""
    at = services.clock()
    payload = {"document": document.id, "actor": account}
    operation = operations.add(
        conn, new_id(at), kind, document=document.id, account=account, payload=payload, total=1, at=at
    )
    services.jobs.enqueue(conn, kind, operation.id, payload, priority(document), delay, queue)
    return operation


def keeps_pdfa(document: Document) -> bool:
    """Whether PDF/A went in and must come out: by parts 2 and 3, which our own revisions keep. What part 1 asks of
    fields and fonts they do not: `docs/pdfa.md`."""
    found = document.metadata.get("pdfa", {})
    return bool(found.get("conforms")) and not str(found.get("claims", "")).startswith("1")


def audit_event(
    services: Services, conn: Connection, document: Document, actor: Account | None, act: str, **facts: Any
) -> None:
    """The act's own audit row, in the act's transaction; and that it is done, for who asked for it."""
    name = actor.name if actor else SYSTEM
    at = services.clock()
    once.done(conn, DOCUMENTS, document.id, at)  # first: who waits for the chain waits no longer for it
    audit.write(
        conn, document.agency, actor=name, act=act, phase="event", subject=document.id, detail=facts, at=at
    )


def _audit(
    services: Services,
    conn: Connection,
    document: Document,
    actor: Account,
    act: str,
    phase: str,
    facts: dict[str, Any],
) -> None:
    audit.write(
        conn,
        document.agency,
        actor=actor.name,
        act=act,
        phase=phase,
        subject=document.id,
        detail=facts,
        at=services.clock(),
    )
