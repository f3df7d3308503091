from __future__ import annotations

from itertools import product

import pytest

from policies.holds import (
    HOLDING,
    MOST_SUBJECTS,
    ROLES_OF,
    HoldAct,
    HoldState,
    allow,
    check_placing,
    next_state,
)
from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.vocabulary import Role

ALLOWED = {
    HoldAct.ASK_RELEASE: (HoldState.PLACED, HoldState.RELEASE_ASKED),
    HoldAct.REFUSE_RELEASE: (HoldState.RELEASE_ASKED, HoldState.PLACED),
    HoldAct.CONFIRM_RELEASE: (HoldState.RELEASE_ASKED, HoldState.RELEASE_CONFIRMED),
}


def refused(reason, act, *given, **named):
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    assert caught.value.reason.id == reason.id


@pytest.mark.parametrize(("act", "state"), list(product(ALLOWED, HoldState)))
def test_the_order_of_a_release(act, state):
    before, after = ALLOWED[act]
    if state is before:
        assert next_state(state, act, asked_by="a", actor="b") is after
    else:
        refused(reasons.HOLD_WRONG_STATE, next_state, state, act, asked_by="a", actor="b")


def test_who_asks_does_not_confirm_and_may_say_no():
    asked = HoldState.RELEASE_ASKED
    refused(reasons.SECOND_PERSON, next_state, asked, HoldAct.CONFIRM_RELEASE, asked_by="a", actor="a")
    assert next_state(asked, HoldAct.REFUSE_RELEASE, asked_by="a", actor="a") is HoldState.PLACED


def test_everything_but_released_holds():
    assert set(HoldState) - HOLDING == {HoldState.RELEASED}


def test_no_role_alone_can_take_a_hold_off():
    """Whoever may ask and confirm both is stopped by the second person; clerks and leaders by their role."""
    both = ROLES_OF[HoldAct.ASK_RELEASE] & ROLES_OF[HoldAct.CONFIRM_RELEASE]
    assert both == {Role.AUDITOR}


@pytest.mark.parametrize("act", HoldAct)
def test_who_may_do_what(act):
    for role in Role:
        if role in ROLES_OF[act]:
            allow(act, {role})
        else:
            with pytest.raises(Refused, match="wrong-role"):
                allow(act, {role})


def test_a_hold_needs_reason_basis_and_something_to_hold():
    check_placing("Thanh tra", "CV 12", MOST_SUBJECTS)
    refused(reasons.REASON_NEEDED, check_placing, " ", "CV 12", 1)
    refused(reasons.HOLD_BASIS_NEEDED, check_placing, "Thanh tra", " ", 1)
    refused(reasons.HOLD_NOTHING, check_placing, "Thanh tra", "CV 12", 0)
    refused(reasons.HOLD_TOO_MANY, check_placing, "Thanh tra", "CV 12", MOST_SUBJECTS + 1)
