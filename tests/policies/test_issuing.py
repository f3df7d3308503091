from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.issuing import RULES, Act, Facts, acts_possible, allow, check_agency, next_state
from policies.reasons import access
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import Role, State
from policies.words import ROLES, STATES

READY = Facts(number="15/QĐ-UBND", has_receipt=True, reason="có lý do", stopped_from=State.VALIDATED)
UNNUMBERED = Facts(has_receipt=True, reason="có lý do", stopped_from=State.VALIDATED)

THE_PATH = (
    (State.DRAFT, Act.PREPARE, State.PREPARED),
    (State.PREPARED, Act.INITIAL, State.PREPARED),
    (State.PREPARED, Act.SIGN, State.SIGNED),
    (State.SIGNED, Act.STAMP_LEADER, State.LEADER_TIMESTAMPED),
    (State.LEADER_TIMESTAMPED, Act.NUMBER, State.LEADER_TIMESTAMPED),
    (State.LEADER_TIMESTAMPED, Act.SEAL, State.SEALED),
    (State.SEALED, Act.STAMP_SEAL, State.SEAL_TIMESTAMPED),
    (State.SEAL_TIMESTAMPED, Act.VALIDATE, State.VALIDATED),
    (State.VALIDATED, Act.ARCHIVE, State.ARCHIVED),
    (State.ARCHIVED, Act.ISSUE, State.ISSUED),
    (State.ISSUED, Act.AUGMENT, State.ISSUED),
    (State.ISSUED, Act.RECALL, State.ISSUED),
    (State.ISSUED, Act.FILE, State.FILED),
    (State.FILED, Act.FILE, State.FILED),
    (State.FILED, Act.UNFILE, State.ISSUED),
)


@pytest.mark.parametrize(("before", "act", "after"), THE_PATH)
def test_the_legal_path(before, act, after):
    assert next_state(before, act, READY) is after


ALLOWED = {
    Act.PREPARE: {State.DRAFT},
    Act.WITHDRAW: {State.PREPARED},
    Act.INITIAL: {State.PREPARED},
    Act.SIGN: {State.PREPARED},
    Act.STAMP_LEADER: {State.SIGNED},
    Act.RETURN: {State.PREPARED, State.LEADER_TIMESTAMPED},
    Act.RESUBMIT: {State.RETURNED},
    Act.NUMBER: {State.LEADER_TIMESTAMPED},
    Act.SEAL: {State.LEADER_TIMESTAMPED},
    Act.STAMP_SEAL: {State.SEALED},
    Act.VALIDATE: {State.SEAL_TIMESTAMPED},
    Act.ARCHIVE: {State.VALIDATED},
    Act.ISSUE: {State.ARCHIVED},
    Act.FILE: {State.ISSUED, State.FILED},
    Act.UNFILE: {State.FILED},
    Act.AUGMENT: {State.ARCHIVED, State.ISSUED, State.FILED},
    Act.RECALL: {State.ISSUED, State.FILED},
    Act.RESUME: {State.STOPPED},
}


@pytest.mark.parametrize(("act", "state"), list(product(ALLOWED, State)))
def test_every_other_order_is_refused_with_its_article(act, state):
    facts = UNNUMBERED if act is Act.RETURN else READY
    if state in ALLOWED[act]:
        assert isinstance(next_state(state, act, facts), State)
        return
    with pytest.raises(Refused) as refused:
        next_state(state, act, facts)
    assert refused.value.id == "issuing.wrong-order"
    assert refused.value.basis == RULES[act].article
    assert STATES[state][0] in refused.value.text("vi")
    assert RULES[act].vi in refused.value.text("vi")
    assert STATES[state][1] in refused.value.text("en")


OUT = (State.ISSUED, State.FILED)


def stopped(before: State | None) -> Facts:
    return replace(READY, stopped_from=before)


def refused(state: State, act: Act, facts: Facts) -> Refused:
    with pytest.raises(Refused) as caught:
        next_state(state, act, facts)
    return caught.value


@pytest.mark.parametrize("before", OUT)
def test_what_is_out_is_recalled_and_never_voided(before):
    """Also while it is stopped: a stop takes nothing back from those who have it."""
    for state, facts in ((before, READY), (State.STOPPED, stopped(before))):
        told = refused(state, Act.VOID, facts)
        assert told.reason is reasons.ISSUED_ALREADY
        assert "Điều 18" in told.basis and "thu hồi" in told.text("vi").lower()
        assert next_state(state, Act.RECALL, facts) is state
    assert refused(State.VOIDED, Act.VOID, READY).id == "issuing.wrong-order"


@pytest.mark.parametrize("before", [None, State.SIGNED, State.SEALED, State.VALIDATED, State.ARCHIVED])
def test_what_was_stopped_before_its_issue_is_voided_and_never_recalled(before):
    assert next_state(State.STOPPED, Act.VOID, stopped(before)) is State.VOIDED
    assert refused(State.STOPPED, Act.RECALL, stopped(before)).id == "issuing.wrong-order"


NEEDED = (
    Act.PREPARE,
    Act.SIGN,
    Act.STAMP_LEADER,
    Act.NUMBER,
    Act.SEAL,
    Act.STAMP_SEAL,
    Act.VALIDATE,
    Act.ARCHIVE,
    Act.ISSUE,
)


@given(st.data())
def test_nobody_reaches_issued_without_every_act_before_it(data):
    """Walks the table at random; whatever detours it takes, the acts of the path lie in the legal order."""
    state, done = State.DRAFT, []
    for _ in range(40):
        possible = [act for act, rule in RULES.items() if state in rule.before and act is not Act.STOP]
        if not possible:
            return
        act = data.draw(st.sampled_from(possible))
        number = "15/QĐ-UBND" if Act.NUMBER in done else None
        try:
            state = next_state(state, act, Facts(number=number, has_receipt=True, reason="lý do"))
        except Refused:
            continue
        done.append(act)
        if state is State.ISSUED:
            last = [len(done) - 1 - done[::-1].index(act) for act in NEEDED]
            assert last == sorted(last)
            return


def test_the_next_leader_signs_only_after_the_time_stamp_of_the_one_before():
    assert next_state(State.SIGNED, Act.STAMP_LEADER, Facts(leaders_to_sign=1)) is State.PREPARED
    with pytest.raises(Refused):
        next_state(State.SIGNED, Act.SIGN)


@pytest.mark.parametrize(
    ("state", "act", "facts", "reason"),
    [
        (State.LEADER_TIMESTAMPED, Act.SEAL, Facts(), reasons.NO_NUMBER),
        (State.LEADER_TIMESTAMPED, Act.RETURN, READY, reasons.NUMBERED_ALREADY),
        (State.PREPARED, Act.RETURN, Facts(reason=" "), reasons.REASON_NEEDED),
        (State.ISSUED, Act.RECALL, Facts(), reasons.REASON_NEEDED),
        (State.ISSUED, Act.RECALL, replace(READY, recalled=True), reasons.RECALLED_ALREADY),
        (
            State.STOPPED,
            Act.RECALL,
            replace(READY, recalled=True, stopped_from=State.FILED),
            reasons.RECALLED_ALREADY,
        ),
        (State.PREPARED, Act.WITHDRAW, Facts(signatures=1), reasons.SIGNED_ALREADY),
        (State.ARCHIVED, Act.ISSUE, Facts(), reasons.NO_RECEIPT),
    ],
)
def test_facts_that_forbid_an_act(state, act, facts, reason):
    with pytest.raises(Refused) as refused:
        next_state(state, act, facts)
    assert refused.value.reason is reason


def test_a_stopped_document_goes_on_where_it_stopped():
    for before in (State.SEALED, State.VALIDATED, State.ISSUED):
        assert next_state(before, Act.STOP, READY) is State.STOPPED
        assert next_state(State.STOPPED, Act.RESUME, Facts(stopped_from=before, reason="đã rõ")) is before
    with pytest.raises(Refused):
        next_state(State.STOPPED, Act.RESUME, Facts(reason="không rõ"))


LEADER, CLERK = {Role.LEADER}, {Role.CLERK}


@pytest.mark.parametrize(
    ("act", "roles"),
    [(Act.SIGN, LEADER), (Act.SEAL, CLERK), (Act.NUMBER, CLERK), (Act.ISSUE, CLERK), (Act.RETURN, LEADER)],
)
def test_who_may(act, roles):
    allow(act, roles)


@pytest.mark.parametrize(
    ("act", "roles"),
    [
        (Act.SEAL, LEADER),
        (Act.SIGN, CLERK),
        (Act.SIGN, {Role.AUDITOR, Role.PUBLIC}),
        (Act.ISSUE, LEADER),
        (Act.VALIDATE, {Role.LEADER, Role.CLERK, Role.AUDITOR}),
        (Act.PREPARE, set()),
    ],
)
def test_wrong_role(act, roles):
    with pytest.raises(Refused) as refused:
        allow(act, roles)
    assert refused.value.id == access.WRONG_ROLE.id
    assert refused.value.basis == RULES[act].article


def test_the_seal_is_the_clerks_by_article_32():
    with pytest.raises(Refused) as refused:
        allow(Act.SEAL, {Role.LEADER})
    assert refused.value.basis == "NĐ 30/2020/NĐ-CP, Điều 32"
    assert "Văn thư" in refused.value.text("vi")


def test_desks_offer_what_the_table_allows():
    assert acts_possible(State.PREPARED, {Role.LEADER}) == (Act.INITIAL, Act.SIGN, Act.RETURN)
    assert acts_possible(State.ARCHIVED, {Role.CLERK}) == (Act.ISSUE, Act.VOID)
    assert acts_possible(State.ISSUED, {Role.PUBLIC}) == ()
    assert acts_possible(State.ISSUED, {Role.CLERK}) == (Act.FILE, Act.RECALL)
    assert acts_possible(State.STOPPED, {Role.CLERK}, State.FILED) == (Act.RECALL, Act.RESUME)
    assert acts_possible(State.STOPPED, {Role.CLERK}, State.SEALED) == (Act.VOID, Act.RESUME)
    assert acts_possible(State.STOPPED, {Role.CLERK}) == (Act.VOID, Act.RESUME)


def test_every_act_state_and_role_has_its_words():
    assert set(RULES) == set(Act)
    assert set(STATES) == set(State)
    assert set(ROLES) == set(Role)


def test_numbers_and_seal_are_for_the_own_agency_alone():
    check_agency("H99.01", "H99.01")
    for other in ("H99.02", "h99.01", ""):
        with pytest.raises(Refused) as refused:
            check_agency(other, "H99.01")
        assert refused.value.reason is reasons.OTHER_AGENCY
