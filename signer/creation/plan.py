"""What preparation makes: boxes in the order of the acts, and what each signature locks.

NĐ 30/2020/NĐ-CP, Điều 14: ký nháy, leaders, then number, date and seal in one act. Each signature locks all
fields except those of later acts, with /P 2 (never /P 1: a reader would take any later byte, the validation
data too, for a forbidden change); the last one locks all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.layout import Box, Boxes, Rect
from policies.reasons import document as reasons
from policies.vocabulary import FieldRole
from signer.errors import DocumentRefused

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
SIGNED = (FieldRole.INITIAL, FieldRole.LEADER, FieldRole.SEAL)
WRITTEN = (FieldRole.NUMBER, FieldRole.DATE)
_ACTS = {FieldRole.INITIAL: 0, FieldRole.LEADER: 1, FieldRole.NUMBER: 2, FieldRole.DATE: 2, FieldRole.SEAL: 3}


@dataclass(frozen=True, slots=True)
class QrPlan:
    """A QR code to be drawn as page content: `url` is its whole content, `host` is printed beside it.

    `rect` is in the page's user space; when wider than high (as displayed) the text stands to the right,
    else below. `code` is printed under the host, so that it can be typed in.
    """

    url: str
    host: str
    rect: Rect
    code: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class PreparationPlan:
    """Every field that will ever be needed. Leaders, initials and seals sign in the order given here."""

    boxes: Boxes
    qr: QrPlan | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One field to be made; `open_fields` are those that its signature leaves open (empty: it locks all)."""

    box: Box
    open_fields: tuple[str, ...] = ()


def acts(plan: PreparationPlan) -> tuple[Act, ...]:
    """The fields in the order of the acts, with their locks.

    Number and date belong to the first seal's act, so every earlier signature leaves them open. Raises
    `DocumentRefused` for a name that is used twice or holds more than letters, digits, `_` and `-`.
    """
    ordered = sorted(plan.boxes, key=lambda box: _ACTS[box.role])
    seen: set[str] = set()
    for box in ordered:
        if not _NAME.fullmatch(box.name) or box.name in seen:
            raise DocumentRefused(reasons.BOX_NAMES, name=box.name[:64])
        seen.add(box.name)
    return tuple(Act(box, _later(ordered, index)) for index, box in enumerate(ordered))


def _later(ordered: list[Box], index: int) -> tuple[str, ...]:
    box = ordered[index]
    if box.role not in SIGNED:
        return ()
    return tuple(other.name for other in ordered[index + 1 :])
