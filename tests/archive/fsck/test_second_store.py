"""An audit looks into the second store as well: nothing wrong there is passed over, nothing right is called wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from archive.catalogue import tables as t
from archive.catalogue.copies import FIRST, SECOND, Shelf
from archive.errors import ArchiveUnavailable
from archive.fsck import findings as ids
from archive.fsck.run import check
from archive.storage import keys
from policies.vocabulary import LockMode, Severity
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.watch_house import VKEY

SOON, LATE = AT + timedelta(hours=6), AT + timedelta(days=3)


@pytest.fixture(autouse=True)
def furnished(watch):
    watch.leaves(300)
    watch.documents(3)


@pytest.fixture
def copied(watch):
    assert watch.copy().failed == 0
    assert found(watch) == set()
    return watch


def found(watch, at=LATE, **how):
    return {(each.id, each.severity, each.where) for each in watch.audit(at, second=True, **how)}


def a_copy(watch, role="content"):
    with watch.house.transactions.read() as conn:
        query = t.object_copies.select().where(
            t.object_copies.c.store == SECOND, t.object_copies.c.role == role
        )
        return conn.execute(query).first()


def error(finding, key):
    return {(finding, Severity.ERROR, f"{SECOND}: {key}")}


@pytest.mark.parametrize("role", ["content", "record", "tile", "checkpoint"])
def test_each_kind_of_copy_is_read(copied, role):
    key = a_copy(copied, role).key
    copied.second.flip(key)
    assert error(ids.OBJECT_CHANGED, key) <= found(copied)


@pytest.mark.parametrize("role", ["content", "record", "tile", "checkpoint"])
def test_a_copy_that_is_gone_is_told(copied, role):
    key = a_copy(copied, role).key
    copied.second.vanish(key)
    assert error(ids.OBJECT_MISSING, key) <= found(copied, quick=True)


def test_a_lock_that_ends_sooner_or_is_softer_is_told(copied):
    row = a_copy(copied)
    copied.second.relock(row.key, row.retain_until - timedelta(days=1), LockMode(row.mode))
    assert found(copied, quick=True) == error(ids.RETENTION_SHORTENED, row.key)
    copied.second.relock(row.key, row.retain_until, LockMode.GOVERNANCE)
    with copied.house.transactions.write() as conn:
        conn.execute(
            update(t.object_copies).where(t.object_copies.c.key == row.key).values(mode="COMPLIANCE")
        )
    assert found(copied, quick=True) == error(ids.LOCK_SOFTER, row.key)


def test_a_hold_that_is_not_on_the_copy_is_told(copied):
    row = a_copy(copied)
    with copied.house.transactions.write() as conn:
        here = t.object_copies.c.store == SECOND, t.object_copies.c.key == row.key
        conn.execute(update(t.object_copies).where(*here).values(hold=True))
    let_go = {(ids.COPY_OWED, Severity.INFO, SECOND)}
    assert found(copied) == error(ids.HOLD_MISSING, row.key) | let_go
    copied.second.set_hold(row.key, True)
    assert found(copied) == let_go


def test_a_hold_that_never_came_to_the_second_store_is_a_remark_at_first_and_then_a_fault(copied):
    """Both stores are what their own rows say."""
    one = copied.house.archived(b"%PDF held")
    copied.sequence()
    copied.copy(AT)
    old = {copy.key for copy in copied.copies(one)}
    hold = Keeping(copied.house).hold(one.id, at=AT)
    with copied.house.transactions.write() as conn:
        here = t.objects.c.key.not_in(old), t.objects.c.document == one.id
        conn.execute(update(t.objects).where(*here).values(copied_at=AT))  # not of this test
    told = found(copied, SOON, quick=True)
    assert (ids.COPY_OWED, Severity.INFO, SECOND) in told
    assert not {each for each in told if each[0] == ids.HOLD_NOT_ON_ROW}
    late = {each for each in found(copied, LATE, quick=True) if each[0] == ids.HOLD_NOT_ON_ROW}
    assert late == {(ids.HOLD_NOT_ON_ROW, Severity.ERROR, f"{SECOND}: {key}") for key in old}
    copied.copy(AT)
    Keeping(copied.house).release(hold)
    copied.sequence()
    kept = {each for each in found(copied, LATE, quick=True) if each[0] != ids.COPY_MISSING}
    assert kept == {(ids.COPY_OWED, Severity.INFO, SECOND)}, "to be let go is not urgent"


def test_what_waits_to_be_copied_is_a_remark_at_first_and_then_a_fault(watch):
    assert {each[:2] for each in found(watch, SOON)} == {(ids.COPY_OWED, Severity.INFO)}
    late = found(watch, LATE)
    assert {each[:2] for each in late} == {(ids.COPY_MISSING, Severity.ERROR)}
    with watch.house.transactions.read() as conn:
        assert len(late) == len(conn.execute(t.objects.select()).all())


def test_a_copy_whose_row_is_lost_is_told_twice(copied):
    row = a_copy(copied)
    with copied.house.transactions.write() as conn:
        here = t.object_copies.c.store == SECOND, t.object_copies.c.key == row.key
        conn.execute(delete(t.object_copies).where(*here))
    assert found(copied) == error(ids.COPY_MISSING, row.key)


def test_rows_of_the_two_stores_that_differ_are_told_even_where_the_bytes_follow(copied):
    row = a_copy(copied, "record")
    copied.second.overwrite(row.key, b"{}")
    with copied.house.transactions.write() as conn:
        here = t.object_copies.c.store == SECOND, t.object_copies.c.key == row.key
        digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        conn.execute(update(t.object_copies).where(*here).values(sha256=digest, size=2))
    assert error(ids.COPY_DIFFERS, row.key) <= found(copied)


def test_what_nobody_put_there_is_told(copied):
    digest = "0" * 64
    stranger = keys.pdf_key("0198c0de-0000-7000-8000-000000000001", digest)
    copied.second.put(
        stranger, b"x", sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    )
    odd = "log/entries/strange"
    copied.second.put(odd, b"x", sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
    assert found(copied) == error(ids.OBJECT_WITHOUT_ROW, stranger) | error(ids.OBJECT_WITHOUT_ROW, odd)


def test_what_lies_over_a_copy_is_told_and_the_same_bytes_once_more_are_a_remark(copied):
    row = a_copy(copied)
    copied.second.shadow(row.key, copied.second.open(row.key).read())
    assert found(copied) == {(ids.VERSION_SHADOWS, Severity.INFO, f"{SECOND}: {row.key}")}
    copied.second.shadow(row.key, b"something else")
    assert error(ids.VERSION_SHADOWS, row.key) <= found(copied)
    copied.second.shadow(row.key, None)
    assert error(ids.VERSION_SHADOWS, row.key) <= found(copied)


def test_the_same_bytes_put_twice_into_the_first_store_are_a_remark(copied):
    with copied.house.transactions.read() as conn:
        key = conn.execute(t.objects.select()).first().key
    copied.first.shadow(key, copied.first.open(key).read())
    assert found(copied) == {(ids.VERSION_SHADOWS, Severity.INFO, key)}


def test_a_copy_on_its_way_is_nobodys_fault(watch):
    """Killed between the object and its row: the next run makes the row."""
    copy = watch.copies(watch.documents(1)[0], Shelf.DOCUMENTS)[0]
    data = watch.first.open(copy.key).read()
    watch.second.put(copy.key, data, sha256=copy.sha256, retain_until=copy.lock.until, mode=copy.lock.mode)
    assert {each[:2] for each in found(watch, SOON)} == {(ids.COPY_OWED, Severity.INFO)}


def test_a_store_that_does_not_answer_gives_no_verdict(copied):
    def silent(_act, _key):
        raise ArchiveUnavailable("no answer")

    copied.second.meets = silent
    with pytest.raises(ArchiveUnavailable):
        copied.audit(LATE, second=True)


def test_of_a_store_that_is_empty_so_much_is_listed_and_the_rest_counted(copied, monkeypatch):
    def audited():
        stores = {FIRST: copied.sees_repairs(), SECOND: copied.second}
        return check(copied.house.transactions.read, stores, VKEY, quick=True)

    whole = audited()
    for key in list(copied.second.list("")):
        copied.second.vanish(key)
    lacking = [f for f in audited().findings if f.id == ids.OBJECT_MISSING]
    assert len(lacking) > 4
    monkeypatch.setattr(ids, "MOST", 3)
    found = audited()
    few = [f for f in found.findings if f.id == ids.OBJECT_MISSING]
    assert (len(few), len(found.gone)) == (4, 3)
    assert few[-1].what == f"{len(lacking) - 3} more of these, which are not listed"
    assert found.errors == whole.errors + len(lacking) and not found.clean
