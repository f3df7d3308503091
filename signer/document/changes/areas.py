"""How much of a page new signatures may lie over: a quarter of what is seen of it. No signature is that large.

Those of many updates together: less than half, where the place was not prepared when the file was first signed.
"""

from __future__ import annotations

from policies.vocabulary import Changes
from signer.document.changes.step import Step
from signer.document.changes.widgets import drawn_widgets
from signer.document.fields import FormField
from signer.document.frames import frame_of
from signer.document.objects import Ref

_MOST, _MOST_TOGETHER = 0.25, 0.4
_Area = tuple[FormField, float]


def judge_areas(step: Step, signed: list[FormField]) -> None:
    """All that these fields draw, page by page: where a page lists a widget it is drawn, whatever its /P says."""
    drawn: dict[int, _Area] = {}
    for field in signed:
        for widget in drawn_widgets(step, field):
            x0, y0, x1, y1 = widget.rect
            drawn[widget.ref.num] = field, (x1 - x0) * (y1 - y0)
    for page in step.after.pages() if drawn else ():
        listed = [item.num for item in step.after.array(page.dict.get("Annots")) if isinstance(item, Ref)]
        if drawn.keys().isdisjoint(listed):
            continue
        frame = frame_of(step.after, page)
        seen = (frame.x1 - frame.x0) * (frame.y1 - frame.y0)
        carried = step.areas.setdefault(page.ref.num, {})
        carried.update((num, drawn[num][1]) for num in listed if num in drawn and _is_later(step, num))
        here = [drawn[num] for num in listed if num in drawn]
        if sum(area for _, area in here) > _MOST * seen or sum(carried.values()) > _MOST_TOGETHER * seen:
            for field, _ in here:
                step.found(Changes.SUSPICIOUS, "appearance-replaced", field.ref.num, field.name)


def _is_later(step: Step, num: int) -> bool:
    """Whether there was no such place in the first view that was compared."""
    return step.is_new(num) or num in step.references.written
