"""Boxes for the clerk to confirm: found by the document's own text, and a first guess where nothing was found.

A guess stands where the decree's layout puts the part on A4 (NĐ 30/2020/NĐ-CP, PL I); the page says that it is
a guess, and the clerk moves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from api.preparing import Preparing
from api.services import Services
from archive.catalogue import documents as rows
from archive.catalogue.values import Document
from policies import layout
from policies.geometry import PageFrame, from_page
from policies.layout import Box
from policies.vocabulary import FieldRole
from signer.errors import PlacementRefused

# Left, top, width, height in millimetres of the displayed A4 page.
NUMBER = (43.5, 36.5, 11.0, 5.5)
DAY = (138.0, 36.5, 8.0, 5.5)
MONTH = (156.0, 36.5, 8.0, 5.5)
SIGNATURE = (128.0, 228.0, layout.SIGNATURE_WIDTH_MM, layout.SIGNATURE_HEIGHT_MM)
INITIALS = (96.0, 208.0, layout.INITIAL_WIDTH_MM, layout.INITIAL_HEIGHT_MM)
ACROSS = 62.0  # from one leader's block to the next one on its left
SEARCHED = (FieldRole.NUMBER, FieldRole.DATE, FieldRole.LEADER, FieldRole.INITIAL)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Every box that the document needs; `refusal` says what was not found, so that its box is a guess."""

    boxes: tuple[Box, ...]
    refusal: PlacementRefused | None = None


def frames(services: Services, document: Document) -> tuple[PageFrame, ...]:
    """The visible part of each page."""
    found: tuple[PageFrame, ...] = services.sandbox.call(
        "signer.document.frames:page_frames", services.work_area.work_path(document.current_sha256 or "")
    )
    return found


def propose(services: Services, document: Document) -> Proposal:
    """Raises DocumentRefused when the file cannot be read."""
    preparing = Preparing(services)
    try:
        return Proposal(preparing.propose(document).boxes)
    except PlacementRefused as exc:
        refusal = exc
    guesses = tuple(_guesses(services, document))
    missing = [role for role in SEARCHED if not _found(preparing, document, guesses, role)]
    given = tuple(box for box in guesses if box.role in missing)
    return Proposal(preparing.propose(document, given).boxes, refusal)


def _found(preparing: Preparing, document: Document, guesses: tuple[Box, ...], role: FieldRole) -> bool:
    """Whether the text alone tells where this part belongs."""
    try:
        preparing.propose(document, tuple(box for box in guesses if box.role is not role))
    except PlacementRefused:
        return False
    return True


def _guesses(services: Services, document: Document) -> Iterator[Box]:
    shown = frames(services, document)
    with services.transactions.read() as conn:
        roles = [signer.role for signer in rows.signers(conn, document.id)]
    leaders, initials = roles.count(FieldRole.LEADER), roles.count(FieldRole.INITIAL)
    last = len(shown) - 1
    yield _box(FieldRole.NUMBER, 0, shown, NUMBER, layout.NUMBER_FIELD)
    for name, place in ((layout.DAY_FIELD, DAY), (layout.MONTH_FIELD, MONTH)):
        yield replace(_box(FieldRole.DATE, 0, shown, place, name), font_size=layout.DATE_SIZE)
    for index in range(leaders):
        left = max(15.0, SIGNATURE[0] - ACROSS * (leaders - 1 - index))
        place = (left, *SIGNATURE[1:])
        yield _box(FieldRole.LEADER, last, shown, place, f"{layout.LEADER_FIELD}{index + 1}")
    for index in range(initials):
        place = (INITIALS[0] + 18.0 * index, *INITIALS[1:])
        yield _box(FieldRole.INITIAL, last, shown, place, f"{layout.INITIAL_FIELD}{index + 1}")


def _box(
    role: FieldRole,
    page: int,
    shown: tuple[PageFrame, ...],
    place: tuple[float, float, float, float],
    name: str,
) -> Box:
    frame = shown[page]
    return Box(role, page, from_page(*place, frame), name, frame.rotation)
