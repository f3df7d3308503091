from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.dossiers import (
    ACTS,
    FILE_KINDS,
    HEAD_BYTES,
    MOST_ENTRIES,
    RULES,
    STATES,
    DossierAct,
    DossierState,
    Fields,
    allow,
    check_closing,
    check_fields,
    check_file,
    check_file_date,
    check_room,
    dossier_code,
    next_state,
)
from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.vocabulary import Role

TODAY = date(2026, 3, 5)
GOOD = Fields(2026, "01.TCCB", "Hồ sơ", "Lê Thị Cúc", date(2026, 1, 5))
ALLOWED = {
    DossierAct.CHANGE: {DossierState.OPEN},
    DossierAct.FILE: {DossierState.OPEN},
    DossierAct.REMOVE: {DossierState.OPEN},
    DossierAct.CLOSE: {DossierState.OPEN},
    DossierAct.REOPEN: {DossierState.CLOSED},
}


def refused(reason, act, *given, **named):
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    assert caught.value.reason.id == reason.id
    return caught.value


@pytest.mark.parametrize(("act", "state"), list(product(ALLOWED, DossierState)))
def test_the_order_of_acts(act, state):
    if state in ALLOWED[act]:
        assert next_state(state, act, "lý do") in DossierState
        return
    why = refused(reasons.WRONG_DOSSIER_STATE, next_state, state, act, "lý do")
    assert why.basis == RULES[act].article
    assert STATES[state][0] in why.text("vi") and RULES[act].en in why.text("en")


def test_every_act_has_words_and_every_rule_a_role_and_an_article():
    assert set(ACTS) == set(DossierAct)
    for rule in RULES.values():
        assert rule.roles and "Điều" in rule.article


@pytest.mark.parametrize("act", [*RULES, DossierAct.OPEN])
def test_only_clerks_act_on_dossiers(act):
    allow(act, {Role.CLERK})
    for role in (Role.LEADER, Role.AUDITOR):
        with pytest.raises(Refused, match="wrong-role"):
            allow(act, {role})


def test_the_code_is_that_of_the_circular():
    assert dossier_code("H49.64.33", replace(GOOD, catalog_year=2001, notation="160")) == "H49.64.33.2001.160"


def test_fields_come_back_trimmed():
    said = check_fields(replace(GOOD, title="  Hồ  sơ\n mới ", notation=" 01.TCCB "), TODAY)
    assert (said.title, said.notation) == ("Hồ sơ mới", "01.TCCB")


def test_a_dossier_is_full_when_four_digits_are():
    check_room(MOST_ENTRIES - 1, 1)
    refused(reasons.DOSSIER_FULL, check_room, MOST_ENTRIES, 1)


@given(st.lists(st.none() | st.dates(date(2026, 1, 5), TODAY), min_size=1), st.dates(date(2026, 1, 5), TODAY))
def test_work_never_ends_before_a_document_of_it(days, ended):
    latest = max([GOOD.start_date, *(day for day in days if day)])
    if ended >= latest:
        check_closing(ended, GOOD.start_date, TODAY, days)
    else:
        refused(reasons.ENDED_TOO_EARLY, check_closing, ended, GOOD.start_date, TODAY, days)


@pytest.mark.parametrize("ending", FILE_KINDS)
def test_each_kind_is_told_by_its_first_bytes(ending):
    kind = FILE_KINDS[ending]
    for signature in kind.signatures:
        head = b"\0" * kind.offset + signature
        assert len(head) <= HEAD_BYTES
        assert check_file(f"tệp.{ending.upper()}", head, 100) is kind
    refused(reasons.FILE_KIND_DIFFERS, check_file, f"a.{ending}", b"MZ\x90\0" * 4, 100)


@pytest.mark.parametrize("name", ["", " a.pdf", "a/b.pdf", "a\\b.pdf", ".pdf", "a\n.pdf", "x" * 121 + ".pdf"])
def test_names_that_no_file_may_have(name):
    refused(reasons.BAD_FILE_NAME, check_file, name, b"%PDF-", 5)


@pytest.mark.parametrize("name", ["pdf", "a.exe", "a.pdf.exe", "a."])
def test_kinds_that_are_not_taken(name):
    refused(reasons.UNKNOWN_FILE_KIND, check_file, name, b"%PDF-", 5)


def test_an_empty_file_is_none():
    refused(reasons.EMPTY_FILE, check_file, "a.pdf", b"", 0)


def test_a_file_was_written_by_today():
    check_file_date(None, TODAY)
    check_file_date(TODAY, TODAY)
    refused(reasons.FILE_DATE_IN_FUTURE, check_file_date, TODAY + timedelta(days=1), TODAY)
