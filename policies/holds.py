"""Legal holds: what is under one is neither disposed of nor taken out of its dossier, whatever its period says.

A hold is put on by one person; it is taken off by two, one who asks and another who confirms (Luật Lưu trữ
33/2024/QH15, Điều 15 and 16: nothing is destroyed before the head of the agency has decided).

    placed → release-asked → release-confirmed → released
             └ refused ────→ placed
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from policies.reasons import access
from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.vocabulary import Role
from policies.words import ROLES

MOST_SUBJECTS = 200  # documents named one by one; more of them lie in a dossier


class HoldState(StrEnum):
    PLACED = "placed"
    RELEASE_ASKED = "release-asked"
    RELEASE_CONFIRMED = "release-confirmed"  # the archive has not kept that yet: still held
    RELEASED = "released"


class HoldAct(StrEnum):
    PLACE = "place"
    ASK_RELEASE = "ask-release"
    REFUSE_RELEASE = "refuse-release"
    CONFIRM_RELEASE = "confirm-release"


HOLDING = frozenset({HoldState.PLACED, HoldState.RELEASE_ASKED, HoldState.RELEASE_CONFIRMED})
BASIS = "Luật Lưu trữ 33/2024/QH15, Điều 15 và Điều 16"
_KEEPERS = frozenset({Role.CLERK, Role.AUDITOR})
_DECIDERS = frozenset({Role.LEADER, Role.AUDITOR})
ROLES_OF: dict[HoldAct, frozenset[Role]] = {
    HoldAct.PLACE: _KEEPERS,
    HoldAct.ASK_RELEASE: _KEEPERS,
    HoldAct.REFUSE_RELEASE: _DECIDERS,
    HoldAct.CONFIRM_RELEASE: _DECIDERS,
}
_BEFORE: dict[HoldAct, HoldState] = {
    HoldAct.ASK_RELEASE: HoldState.PLACED,
    HoldAct.REFUSE_RELEASE: HoldState.RELEASE_ASKED,
    HoldAct.CONFIRM_RELEASE: HoldState.RELEASE_ASKED,
}
_AFTER: dict[HoldAct, HoldState] = {
    HoldAct.ASK_RELEASE: HoldState.RELEASE_ASKED,
    HoldAct.REFUSE_RELEASE: HoldState.PLACED,
    HoldAct.CONFIRM_RELEASE: HoldState.RELEASE_CONFIRMED,
}


def allow(act: HoldAct, roles: Collection[Role]) -> None:
    """Whether somebody with these roles may do the act. Raises Refused (access.wrong-role)."""
    needed = ROLES_OF[act]
    if not needed & set(roles):
        names = " / ".join(ROLES[role][0] for role in sorted(needed))
        raise Refused(replace(access.WRONG_ROLE, basis=BASIS), role=names)


def check_placing(reason: str, basis: str, subjects: int) -> None:
    """Raises Refused: REASON_NEEDED, HOLD_BASIS_NEEDED, HOLD_NOTHING, HOLD_TOO_MANY."""
    if not reason.strip():
        raise Refused(reasons.REASON_NEEDED)
    if not basis.strip():
        raise Refused(reasons.HOLD_BASIS_NEEDED)
    if subjects == 0:
        raise Refused(reasons.HOLD_NOTHING)
    if subjects > MOST_SUBJECTS:
        raise Refused(reasons.HOLD_TOO_MANY, most=MOST_SUBJECTS)


def next_state(state: HoldState, act: HoldAct, *, asked_by: str, actor: str, reason: str = "x") -> HoldState:
    """The state after the act. `asked_by` and `actor` are accounts: who asked for the release and who acts now.

    Raises Refused: HOLD_WRONG_STATE, REASON_NEEDED, SECOND_PERSON (who asks does not decide).
    """
    if state is not _BEFORE[act]:
        raise Refused(reasons.HOLD_WRONG_STATE)
    if not reason.strip():
        raise Refused(reasons.REASON_NEEDED)
    if act is HoldAct.CONFIRM_RELEASE and asked_by == actor:
        raise Refused(reasons.SECOND_PERSON)
    return _AFTER[act]
