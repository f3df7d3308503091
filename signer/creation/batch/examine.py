"""What the journal and the folder say of a job: made before, taken by another, lost, or still to be signed.

A batch that starts and a batch whose process died ask the same.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from policies.reasons import signing as reasons
from signer.creation.batch.journal import Journal
from signer.creation.batch.values import Failure, Job, Outcome, Status
from signer.creation.batch.worker import Task
from signer.creation.staging import sync_folder


@dataclass
class Entry:
    """What a batch remembers of a task in hand. `again`: a process that had it died; `deaths`: over it."""

    task: Task
    deaths: int = 0
    again: bool = False
    lost_uses: int = 0


def examined(entry: Entry, journal: Journal, folder: Path) -> Outcome | None:
    """The outcome of a job that needs no key process (any more); None when it is to be signed. Raises OSError."""
    task, job = entry.task, entry.task.job
    status = Status.SIGNED if entry.again else Status.DONE_BEFORE
    intent = journal.intent(task.key)
    least = journal.done(task.key)
    if least is not None:
        if _is_whole(job.out, least):
            return Outcome(job, status, lost_uses=entry.lost_uses)
        return failed(job, Failure(reasons.OUT_MISSING, {"out": str(job.out)}))
    if os.path.lexists(job.out):
        if intent is None or not intent.made(job.out):
            return failed(job, Failure(reasons.OUT_EXISTS, {"out": str(job.out)}))
        sync_folder(job.out.parent)
        journal.writer.signed([(task.key, intent.out)], intent.at)
        journal.refresh()
        return Outcome(job, status, lost_uses=entry.lost_uses)
    if intent is not None:
        lose(entry, journal, folder)
    return None


def lose(entry: Entry, journal: Journal, folder: Path) -> None:
    """The key may have been used for an output that never came: recorded, and told with the outcome."""
    entry.lost_uses += 1
    journal.writer.lost(entry.task.key, os.path.relpath(entry.task.job.out, folder))
    journal.refresh()


def failed(job: Job, failure: Failure) -> Outcome:
    """A job that is not signed."""
    return Outcome(job, Status.REFUSED if failure.refused else Status.FAILED, failure)


def _is_whole(out: Path, least: int) -> bool:
    """Whether an output is there, and not cut; somebody may have signed it once more."""
    try:
        return out.stat().st_size >= least
    except OSError:
        return False
