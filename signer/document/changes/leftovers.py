"""What no other rule has explained: nothing of it is harmless unless it changes nothing."""

from __future__ import annotations

from policies.vocabulary import Changes
from signer.document.changes.annotations import hides_nothing
from signer.document.changes.references import TRAILER
from signer.document.changes.step import Step
from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

_LONGEST_CLIMB = 64
_MOST_UNREADABLE = 5_000


def judge_leftovers(step: Step) -> None:
    """Every object that the revision wrote or freed and that no rule has looked at."""
    _judge_generations(step)
    _judge_unreadable(step)
    _judge_object_streams(step)
    for num in sorted(step.changed - step.explained - {0}):
        if step.is_new(num):
            if step.references.referred(num) and step.after.get(num) is not None:
                step.found(Changes.SUSPICIOUS, "dangling-reference-defined", num)
            continue
        old = step.before.get(num)
        if not step.same(old, step.after.get(num)) and step.references.referred(num):
            _redefined(step, num)


def _judge_object_streams(step: Step) -> None:
    """No reference leads to what lies in an object stream: a rule that explains one, as metadata say, explains nothing
    of what it holds."""
    for num in sorted(step.changed - {0}):
        old = None if step.is_new(num) else step.before.get(num)
        packed = isinstance(old, Stream) and old.dict.get("Type") == "ObjStm"
        if packed and not step.same(old, step.after.get(num)):
            step.found(Changes.SUSPICIOUS, "object-stream-redefined", num)


def _judge_unreadable(step: Step) -> None:
    """An object whose place the signed part names, and whose bytes only a later part brings, or completes."""
    waiting = sorted(step.references.unreadable - step.changed)
    if len(waiting) > _MOST_UNREADABLE:
        step.found(Changes.SUSPICIOUS, "uncompared", detail=str(len(waiting)))
    for num in waiting[:_MOST_UNREADABLE]:
        if _readable(step.after, num) and not _readable(step.before, num):
            step.found(Changes.SUSPICIOUS, "dangling-reference-defined", num)


def _readable(pdf: PdfFile, num: int) -> bool:
    try:
        pdf.load(num)
    except DocumentRefused:
        return False
    return True


def _judge_generations(step: Step) -> None:
    """The same object under another generation: old references to it lead nowhere, or now lead to it."""
    for num in sorted(step.changed - {0}):
        if not step.is_new(num) and step.generation_changed(num):
            step.found(Changes.SUSPICIOUS, "generation-changed", num)


def _redefined(step: Step, num: int) -> None:
    freed = step.after.get(num) is None
    place = _place(step, num)
    if place == "page":
        step.found(Changes.FORBIDDEN, "page-content-changed", num)
    elif place == "annotation":
        kept = hides_nothing(step.before, step.before.get(num)) and (
            freed or hides_nothing(step.after, step.after.get(num))
        )
        step.found(Changes.ANNOTATIONS, "annotation-changed", num, covers=not kept)
    else:
        step.found(Changes.SUSPICIOUS, "object-freed" if freed else "object-redefined", num)


def _place(step: Step, num: int) -> str:
    """What an object belongs to, found by climbing from referrer to referrer."""
    seen: set[int] = set()
    current: int | None = num
    while current is not None and current != TRAILER and current not in seen and len(seen) < _LONGEST_CLIMB:
        seen.add(current)
        value = step.before.get(current)
        if isinstance(value, dict):
            if value.get("Type") in ("Page", "Pages"):
                return "page"
            if value.get("Subtype") == "Widget" or "FT" in value:
                return "form"
            if "Subtype" in value and "Rect" in value:
                return "annotation"
        current = step.references.referrer(current)
    return "elsewhere"
