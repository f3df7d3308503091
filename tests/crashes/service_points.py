"""Where the service is killed: the durable steps of the path, by name.

A point names a function of the product and whether the process dies just before it is entered or just after
it returned. `step` is the act of the driver during which it happens; a point counts only from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _always(_arguments: tuple[Any, ...], _named: dict[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Point:
    step: str
    when: str  # "before" or "after"
    target: str  # module:function or module:Class.method
    applies: Callable[[tuple[Any, ...], dict[str, Any]], bool] = _always
    key_used: str = ""  # the act whose audit intent stays without a result
    asked: tuple[int, ...] = (1,)  # how often the authority was then asked about the step's signature


def _act(name: str):
    """Of `document_changes.advance`: this act."""
    return lambda arguments, _named: str(arguments[2]) == name


def _audit(act: str, phase: str):
    """Of `work._audit`: this act and phase."""
    return lambda arguments, _named: arguments[4:6] == (act, phase)


def _kind(word: str):
    """Of `put_and_read_back`: a key with this word in it."""
    return lambda arguments, _named: word in arguments[1]


ADVANCE = "archive.catalogue.document_changes:advance"
AUDIT = "api.work:_audit"
PUT = "archive.ingest:put_and_read_back"
COMPLETE = "signer.creation.two_step:complete"
TSA = "signer.timestamping.rfc3161:HttpTimestampAuthority.token"
FINISHING, OWED = "api.finishing:Finishing", "api.owed:Owed"
STAMPING = "api.stamping:Stamping"
SEQUENCER = "archive.log.sequencer:Sequencer"
SIGN, SEAL = "leader-signature", "seal"


def _signature(step: str, act: str, method: str) -> dict[str, Point]:
    """Around one use of a key."""
    return {
        f"{act}: before the intent": Point(step, "before", AUDIT, _audit(act, "intent")),
        f"{act}: intent, not committed": Point(step, "after", AUDIT, _audit(act, "intent")),
        f"{act}: intent, key not used": Point(step, "before", COMPLETE, key_used=act),
        f"{act}: key used": Point(step, "after", COMPLETE, key_used=act),
        f"{act}: signed bytes without a name": Point(step, "after", "api.work:_join", key_used=act),
        f"{act}: result, not committed": Point(step, "after", AUDIT, _audit(act, "result"), act),
        f"{act}: in its transaction": Point(step, "after", ADVANCE, _act(act), act),
        # The job is enqueued: its question may be out already, or not yet.
        f"{act}: committed, not answered": Point(
            step, "after", f"api.signing:Signing.{method}", asked=(1, 2)
        ),
    }


def _stamp(step: str, act: str, method: str) -> dict[str, Point]:
    """Around one time-stamp."""
    return {
        f"{act}: before the authority is asked": Point(step, "before", TSA),
        f"{act}: token received, not kept": Point(step, "after", TSA, asked=(2,)),
        f"{act}: token kept": Point(step, "after", f"{STAMPING}.kept_token"),
        f"{act}: stamped bytes without a name": Point(step, "after", f"{STAMPING}.stamp"),
        f"{act}: in its transaction": Point(step, "after", ADVANCE, _act(act)),
        f"{act}: committed": Point(step, "after", f"{FINISHING}.{method}"),
    }


POINTS: dict[str, Point] = {
    "upload: bytes without a row": Point("upload", "before", "api.receiving:Receiving.receive"),
    "upload: in its transaction": Point("upload", "after", "archive.catalogue.document_changes:add"),
    "upload: committed, not answered": Point("upload", "after", "api.receiving:Receiving.receive"),
    "prepare: revision without a name": Point("preparation", "after", "api.work:append"),
    "prepare: in its transaction": Point("preparation", "after", ADVANCE, _act("prepare")),
    "prepare: committed, not answered": Point("preparation", "after", "api.preparing:Preparing.prepare"),
    **_signature(SIGN, "sign", "sign"),
    **_stamp(SIGN, "stamp-leader", "_stamp_leader"),
    "number: in its transaction": Point("number", "after", "archive.registers.outgoing:number_and_enter"),
    "number: committed, not answered": Point("number", "after", "api.issuing:Issuing.number"),
    **_signature(SEAL, "seal", "seal"),
    **_stamp(SEAL, "stamp-seal", "_stamp_seal"),
    "validate: both checks passed": Point(SEAL, "before", ADVANCE, _act("validate")),
    "validate: in its transaction": Point(SEAL, "after", "archive.ingest:plan_version"),
    "validate: committed": Point(SEAL, "after", f"{FINISHING}._validate"),
    "archive: content stored": Point(SEAL, "after", PUT, _kind(".pdf")),
    "archive: record stored": Point(SEAL, "after", PUT, _kind("record")),
    "archive: in its transaction": Point(SEAL, "after", ADVANCE, _act("archive")),
    "archive: committed": Point(SEAL, "after", "archive.ingest:carry_out"),
    "log: leaf has its index": Point(SEAL, "before", f"{SEQUENCER}._publish"),
    "log: tiles written": Point(SEAL, "after", f"{SEQUENCER}._together"),
    "log: checkpoint locked": Point(SEAL, "before", f"{SEQUENCER}._show"),
    "log: head shown": Point(SEAL, "after", f"{SEQUENCER}._show"),
    "archived, nothing follows yet": Point(SEAL, "before", f"{FINISHING}._finished"),
    "finished, job open": Point(SEAL, "after", f"{FINISHING}._finish"),
    "crosscheck: before": Point(SEAL, "before", f"{OWED}._crosscheck"),
    "crosscheck: done, job open": Point(SEAL, "after", f"{OWED}._crosscheck"),
    "augment: planned": Point(SEAL, "after", f"{OWED}._long_term"),
    "augment: in its transaction": Point(SEAL, "after", ADVANCE, _act("augment")),
    "augment: kept, operation open": Point(SEAL, "after", f"{OWED}._augment"),
    "issue: in its transaction": Point("issue", "after", "archive.ingest:plan_event"),
    "issue: committed, event not stored": Point("issue", "before", PUT),
    "issue: event stored": Point("issue", "after", PUT),
    "issue: event committed": Point("issue", "after", "archive.ingest:carry_out"),
    "issue: done, not answered": Point("issue", "after", "api.issuing:Issuing.issue"),
}

# Around the answers of acts: by the process's death their clients learn nothing.
CLOSE, RELEASE = "closing", "release-confirmation"


def _answer(step: str, act: str, key_used: str = "") -> dict[str, Point]:
    return {
        f"{step}: said to be done, not committed": Point(step, "after", "api.once:done", key_used=key_used),
        f"{step}: done, not answered": Point(step, "after", act),
    }


ANSWER_POINTS: dict[str, Point] = {
    **_answer(SIGN, "api.signing:Signing.sign", "sign"),
    **_answer("number", "api.issuing:Issuing.number"),
    **_answer(SEAL, "api.signing:Signing.seal", "seal"),
    **_answer("issue", "api.issuing:Issuing.issue"),
    "issue: committed, its event not stored": Point("issue", "before", PUT),
    **_answer(CLOSE, "api.filing:Filing.close"),
    **_answer(RELEASE, "api.holding:Holding.confirm_release"),
}

BATCH = "api.batch:Batch"
BATCH_POINTS: dict[str, Point] = {
    **{f"batch, {name}": point for name, point in _signature("batch", "sign", "sign").items()},
    "batch, signed, not told": Point("batch", "after", f"{BATCH}._line"),
    "batch, told, not committed": Point("batch", "after", "api.store.operations:progress"),
    "batch, told": Point("batch", "before", f"{BATCH}._line"),
    "batch, all told, operation open": Point("batch", "after", f"{BATCH}.run"),
}
