"""Until when evidence is good: entered with each version, paged by due date, found when it was never judged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.catalogue import document_changes, documents, evidence_rows
from archive.catalogue.evidence_rows import Due
from policies.renewal import AGAIN, rules_of, spread_of, told
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT
from tests.archive.ingest_fixtures import open_house, outlook_from, sha256
from tests.profiles import AGENCY

YEAR = timedelta(days=365)
RULES = rules_of(AGENCY)
OUTLOOK = outlook_from(AT)


@pytest.fixture
def house(tmp_path):
    opened = open_house(tmp_path)
    yield opened
    opened.transactions.close()


def read(house, question, *arguments):
    with house.transactions.read() as conn:
        return question(conn, *arguments)


def write(house, act, *arguments):
    with house.transactions.write() as conn:
        return act(conn, *arguments)


def judged(house, document, outlook=OUTLOOK, content=b"%PDF-1.7 sealed", **named):
    row = evidence_rows.values(document.id, sha256(content), outlook, RULES, AT, **named)
    write(house, evidence_rows.put, row)


def test_a_version_brings_the_end_of_its_evidence_with_it(house):
    document = house.issued()
    assert read(house, evidence_rows.of, document.id) is None, (
        "its record tells none, as those of earlier releases"
    )
    house.carry_out(house.plan_long_term(document.id, b"%PDF with DSS", AT))
    row = read(house, evidence_rows.of, document.id)
    assert (row.outlook, row.sha256, row.rules) == (OUTLOOK, sha256(b"%PDF with DSS"), RULES)
    assert row.due == OUTLOOK.due(spread_of(document.id)) and row.alarm_from == OUTLOOK.alarm_from


def test_the_newest_version_takes_the_place_of_the_one_before(house):
    document = house.issued()
    house.carry_out(house.plan_long_term(document.id, b"%PDF with DSS", AT))
    house.carry_out(house.plan_long_term(document.id, b"%PDF with DSS, later", AT + YEAR))
    row = read(house, evidence_rows.of, document.id)
    assert row.outlook == outlook_from(AT + YEAR) and row.sha256 == sha256(b"%PDF with DSS, later")


def test_what_was_never_judged_or_otherwise_is_found(house):
    made = [house.issued(b"%%PDF %d" % n) for n in range(4)]
    ids = sorted(document.id for document in made)
    assert read(house, evidence_rows.unjudged, RULES, "", 10) == tuple(ids)
    assert read(house, evidence_rows.unjudged, RULES, ids[1], 1) == (ids[2],)
    judged(house, made[0], content=b"%PDF 0")
    judged(house, made[1], content=b"another version")
    assert made[0].id not in read(house, evidence_rows.unjudged, RULES, "", 10)
    assert made[1].id in read(house, evidence_rows.unjudged, RULES, "", 10)
    assert made[0].id in read(house, evidence_rows.unjudged, "other rules", "", 10)
    with house.transactions.write() as conn:
        document_changes.change(conn, documents.get(conn, made[2].id), AT, state=State.STOPPED)
    assert made[2].id not in read(house, evidence_rows.unjudged, RULES, "", 10)


def test_pages_of_what_is_due_the_longest_due_first(house):
    made = [house.issued(b"%%PDF %d" % n) for n in range(5)]
    for n, document in enumerate(made):
        judged(house, document, outlook_from(AT - n * YEAR))
    late = AT + 20 * YEAR
    rows = {document.id: read(house, evidence_rows.of, document.id).due for document in made}
    expected = tuple(Due(due, name) for name, due in sorted(rows.items(), key=lambda one: (one[1], one[0])))
    assert read(house, evidence_rows.due, late, None, 10) == expected
    first = read(house, evidence_rows.due, late, None, 2)
    assert first + read(house, evidence_rows.due, late, first[-1], 10) == expected
    assert read(house, evidence_rows.due, expected[1].due, None, 10) == expected[:2]
    with house.transactions.write() as conn:
        document_changes.change(conn, documents.get(conn, expected[0].document), AT, state=State.STOPPED)
    assert read(house, evidence_rows.due, late, None, 10) == expected[1:]


def test_what_failed_waits_and_alarms_in_the_end(house):
    document = house.issued()
    judged(house, document)
    due = OUTLOOK.due(spread_of(document.id))
    write(house, evidence_rows.postpone, document.id, "signing.timestamp-unavailable", due + AGAIN, due)
    assert read(house, evidence_rows.due, due, None, 10) == ()
    row = read(house, evidence_rows.of, document.id)
    assert (row.failure, row.tried_at) == ("signing.timestamp-unavailable", due)
    before = read(house, evidence_rows.summary, OUTLOOK.alarm_from - timedelta(seconds=1), 10)
    assert (before.alarms, before.first_end, before.waiting) == (0, OUTLOOK.good_until, 1)
    after = read(house, evidence_rows.summary, OUTLOOK.alarm_from, 10)
    assert (after.alarms, after.first) == (1, document.id)
    assert read(house, evidence_rows.summary, OUTLOOK.good_until + YEAR, 10).first_end is None


def test_what_is_not_good_is_judged_again_the_next_night_and_alarms_after_two_weeks(house):
    document = house.issued()
    judged(house, document, None)
    row = read(house, evidence_rows.of, document.id)
    assert row.outlook is None and row.due == AT + AGAIN
    assert read(house, evidence_rows.summary, AT + evidence_rows.PATIENCE, 10).alarms == 1
    judged(house, document, None, alarm_from=row.alarm_from)
    assert read(house, evidence_rows.of, document.id).alarm_from == row.alarm_from


def test_a_record_that_tells_nonsense_tells_nothing():
    for told_wrong in (None, {}, [], {**told(OUTLOOK, AGENCY), "since": "2026"}, {"good_until": "soon"}):
        assert evidence_rows.of_record("x", "y", {"evidence": told_wrong}, AT) is None
