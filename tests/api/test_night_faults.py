"""Nights in which something does not answer: the rest is done all the same, and what was told stands."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api import keepers, nights, watch_health
from api.nights import Nights
from api.store import night_rows
from api.store.tables import metadata
from archive.catalogue.identity import new_id
from archive.errors import ArchiveUnavailable, StoreUnavailable
from archive.storage import keys
from policies.locks import QUARANTINE
from policies.night import Task
from policies.reasons.storage import HARDENING_DENIED
from policies.retention import lock_until
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import AT
from tests.archive.watch_house import VKEY, mute, open_watch

OVER = AT + QUARANTINE


@pytest.fixture
def house(tmp_path, monkeypatch):
    """An archive of one document, and the rows of its nights."""
    watch = open_watch(tmp_path)
    with watch.house.transactions.write() as conn:
        metadata.create_all(conn)
        night_rows.begin(conn, nights.NAMES, AT.date(), AT)
    watch.documents(1)
    monkeypatch.setattr(keepers.operations, "agreed", lambda _conn, ids: ids)
    yield watch
    watch.house.transactions.close()


def services(house, at):
    return SimpleNamespace(
        clock=lambda: at,
        transactions=house.house.transactions,
        store=house.first,
        bare_store=house.first,
        second=None,
        proofs=SimpleNamespace(verifier=VKEY),
        working=SimpleNamespace(closed=False),
    )


def night(house, task, at, act=None):
    """The task's job, as a worker does it; its row at the end."""
    found = Nights(services(house, at))
    if act is not None:
        found._acts[task] = act
    operation = new_id(at)
    with house.house.transactions.write() as conn:
        before = night_rows.tasks(conn)[task]
        assert night_rows.claim(conn, task, before.operation, operation, at.date(), at)
    with suppress(ArchiveUnavailable):
        found._job(task)(operation, {})
    with house.house.transactions.read() as conn:
        return night_rows.tasks(conn)[task]


def ends(house):
    return {(house.first.head(key).retain_until, house.first.head(key).mode) for key in documents(house)}


def documents(house):
    return list(house.first.list(keys.DOCUMENTS))


def test_an_object_of_the_log_that_is_not_answered_for_stops_no_lock_and_is_told(house):
    mute(house.first, next(iter(house.first.list(keys.OPENINGS))))
    row = night(house, Task.LOCKS, OVER)
    assert ends(house) == {(lock_until(OVER), LockMode.COMPLIANCE)}
    assert (row.good, row.told["unentered"]) == (False, 1)


def test_a_log_that_shows_something_else_stops_no_lock_and_is_told(house):
    house.first.overwrite(keys.CHECKPOINT, b"garbage\n")
    row = night(house, Task.LOCKS, OVER)
    assert ends(house) == {(lock_until(OVER), LockMode.COMPLIANCE)}
    assert (row.good, row.told["log"]) == (False, "ProofRefused")


def test_health_says_at_once_that_nothing_may_be_hardened_and_until_it_may(house):
    real = house.first.extend_retention

    def extend(key, until, *, mode=LockMode.COMPLIANCE, version=""):
        if mode is LockMode.COMPLIANCE and house.first.head(key).mode is LockMode.GOVERNANCE:
            raise StoreUnavailable(HARDENING_DENIED, key)
        return real(key, until, mode=mode, version=version)

    house.first.extend_retention = extend
    row = night(house, Task.LOCKS, OVER)
    assert (row.good, row.told["first"]["denied"]) == (False, 2)
    night(house, Task.LOCKS, OVER + timedelta(hours=1), unanswered)
    part = watch_health.lock_ends(services(house, OVER + timedelta(hours=1)))
    assert part["state"] == "failing"
    assert [alarm["reason"] for alarm in part["alarms"]] == ["store.hardening-denied"]
    house.first.extend_retention = real
    assert night(house, Task.LOCKS, OVER + timedelta(hours=2)).good
    assert watch_health.lock_ends(services(house, OVER + timedelta(hours=2)))["state"] == "ok"


def unanswered(_at):
    raise ArchiveUnavailable("the store does not answer")


def test_what_an_audit_found_stands_until_one_comes_to_its_end_and_finds_nothing(house):
    hour = timedelta(hours=1)
    told = night(house, Task.RECONCILE, OVER, lambda _at: (False, {"clean": False, "errors": 3})).told
    assert told["errors"] == 3
    for times in (1, 2):
        row = night(house, Task.RECONCILE, OVER + times * hour, unanswered)
        assert row.told["fault"] == "ArchiveUnavailable"
        assert alarms(house) == ["watch.audit-found"]
    row = night(house, Task.RECONCILE, OVER + 3 * hour, lambda _at: (True, {"clean": True, "errors": 0}))
    assert (row.told, alarms(house)) == ({"clean": True, "errors": 0}, [])
    night(house, Task.RECONCILE, OVER + 4 * hour, unanswered)
    assert alarms(house) == []


def alarms(house):
    with house.house.transactions.read() as conn:
        return [part["reason"] for part in watch_health.archive_faults(conn)]
