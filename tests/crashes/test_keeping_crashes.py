"""Acts on dossiers and holds × {each write lost, or kept though reported lost; kill -9 after each step}.

Recovery ends with every version archived once, in its order, and every hold as the catalogue says it is.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from itertools import product

import pytest

from archive import filing, holds, ingest
from archive.catalogue import deposit_rows, dossier_rows, hold_rows, log_rows
from archive.errors import ArchiveUnavailable
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import Fault
from archive.storage.work import WorkDirectory
from policies.holds import HoldState
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT, open_catalogue
from tests.archive.dossier_fixtures import ANNA, BINH, Keeping
from tests.archive.ingest_fixtures import House, open_house
from tests.crashes.children import exit_code, forked
from tests.crashes.test_ingest_crashes import FailingCommit

PDF = b"%PDF-1.7 scan"
FAULTS = (Fault.LOST, Fault.KEPT)


@pytest.fixture
def house(tmp_path):
    opened = open_house(tmp_path)
    yield opened
    opened.transactions.close()


def carry_out(house, deposit, begin=None):
    return filing.carry_out(deposit, house.objects, house.work, begin or house.transactions.write, AT)


def check_archived_once(house, dossier_id: str, versions: int, files: int = 0) -> None:
    """Every version has one leaf, in order; every stored key has a row, and every row its key."""
    with house.transactions.read() as conn:
        assert dossier_rows.deposits_before(conn, dossier_id, versions) == ()
        told = dossier_rows.versions(conn, dossier_id)
        found = [log_rows.leaf(conn, version.leaf) for version in told]
        pending = {leaf for leaf, _ in log_rows.pending(conn, 100)}
    assert [version.ordinal for version in told] == list(range(1, versions + 1))
    assert [leaf.predecessor for leaf in found] == [None, *(leaf.id for leaf in found[:-1])]
    assert {leaf.id for leaf in found} <= pending
    stored = list(house.objects.list(keys.dossier_prefix(dossier_id)))
    assert len(stored) == versions + files
    assert {keys.dossier_version_key(dossier_id, n) for n in range(1, versions + 1)} <= set(stored)
    for key in stored:
        assert house.objects.head(key).retain_until is not None


@pytest.mark.parametrize(("write", "fault"), list(product((1, 2), FAULTS)))
def test_an_object_write_of_a_filing(house, write, fault):
    desk = Keeping(house)
    dossier = desk.open()
    slow = Keeping(house, carry_out=False)
    slow.upload(dossier, PDF)
    house.objects.fail_at(write, fault)
    with pytest.raises(ArchiveUnavailable):
        carry_out(house, slow.left[0])
    assert desk.repair() == 0
    check_archived_once(house, dossier.id, 2, files=1)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_commit_of_a_filing(house, fault):
    slow = Keeping(house, carry_out=False)
    dossier = slow.open()
    with pytest.raises(ArchiveUnavailable):
        carry_out(house, slow.left[0], FailingCommit(house, fault))
    carry_out(house, slow.left[0])
    check_archived_once(house, dossier.id, 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_act_itself(house, fault):
    desk = Keeping(house)
    dossier = desk.open()
    document = house.issued(b"%PDF-1.7 sealed").id

    class Failing:
        transactions = house.transactions

    failing = Failing()
    failing.transactions = type("Lost", (), {"write": FailingCommit(house, fault)})
    slow = Keeping(failing, carry_out=False)
    with pytest.raises(ArchiveUnavailable):
        slow.file(dossier, document)
    desk.repair()
    happened = fault is Fault.KEPT
    assert house.document(document).state is (State.FILED if happened else State.ISSUED)
    assert len(desk.entries(dossier)) == happened
    check_archived_once(house, dossier.id, 1 + happened)


def test_versions_are_carried_out_in_their_order_whoever_comes_first(house):
    slow = Keeping(house, carry_out=False)
    dossier = slow.open()
    slow.upload(dossier, PDF)
    slow.upload(dossier, PDF + b" two")
    carry_out(house, slow.left[2])
    check_archived_once(house, dossier.id, 3, files=2)
    carry_out(house, slow.left[0])
    check_archived_once(house, dossier.id, 3, files=2)


def test_a_dossier_that_is_stuck_holds_up_no_other(house):
    slow = Keeping(house, carry_out=False)
    one, two = slow.open("01"), slow.open("02")
    slow.upload(one, PDF)
    house.work.remove_work(slow.left[2].files[0]["sha256"])
    failures = filing.recover(house.objects, house.work, house.transactions.write, AT)
    assert [failure.deposit.version for failure in failures] == [2]
    check_archived_once(house, two.id, 1)
    house.work.put_work(PDF)
    Keeping(house).repair()
    check_archived_once(house, one.id, 2, files=1)


@pytest.mark.parametrize(("write", "fault"), list(product(range(1, 6), FAULTS)))
def test_each_write_of_a_hold(house, write, fault):
    """1: the event's record; 2 to 5: the flags of content, record, and two events."""
    document = house.issued(b"%PDF-1.7 sealed").id
    slow = Keeping(house, carry_out=False)
    hold = slow.hold(document)
    house.objects.fail_at(write, fault)
    with pytest.raises(ArchiveUnavailable):
        keep_and_enforce(house, slow.left[0])
    check_held(house, document, hold)


def keep_and_enforce(house, event):
    ingest.carry_out(event, house.objects, house.work, house.transactions.write, AT)
    holds.enforce(house.transactions.write, [house.objects])


def check_held(house, document, hold, state=HoldState.PLACED):
    desk = Keeping(house)
    desk.repair()
    assert desk.repair() == 0
    assert desk.the_hold(hold).state is state
    held = state is not HoldState.RELEASED
    flags = desk.flags()
    assert {flags[key] for key in house.objects.list(keys.document_prefix(document))} == {held}
    with house.transactions.read() as conn:
        assert {row.hold for row in deposit_rows.objects_of(conn, document)} == {held}


# kill -9.


class Killing:
    """Writes of the store and ends of transactions, counted; the process kills itself at the chosen one."""

    def __init__(self, objects, transactions, moment: int) -> None:
        self.objects, self.transactions, self.left = objects, transactions, moment

    def __getattr__(self, name):
        return getattr(self.objects, name)

    def put(self, *args, **named):
        return self._stepped(lambda: self.objects.put(*args, **named))

    def set_hold(self, *args, **named):
        return self._stepped(lambda: self.objects.set_hold(*args, **named))

    @contextmanager
    def write(self):
        with self.transactions.write() as conn:
            yield conn
            self._step()
        self._step()

    def _stepped(self, write):
        self._step()
        done = write()
        self._step()
        return done

    def _step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def directory_store(tmp_path):
    return DirectoryStore(tmp_path / "store", clock=lambda: AT)


def house_on_disk(tmp_path) -> House:
    return House(open_catalogue(tmp_path), directory_store(tmp_path), WorkDirectory(tmp_path / "work"))


def dying(tmp_path, moment) -> House:
    """In the child process: a house whose every step is counted."""
    inner = house_on_disk(tmp_path)
    killing = Killing(inner.objects, inner.transactions, moment)
    reading = type("T", (), {"write": staticmethod(killing.write), "read": inner.transactions.read})
    return House(reading, killing, inner.work)


FILING = 12  # act, a look at the deposits, file, record, commit: two moments each, and one after


@pytest.mark.parametrize("moment", [*range(1, FILING)])
def test_kill_9_while_a_file_is_filed(tmp_path, moment):
    before = house_on_disk(tmp_path)
    dossier = Keeping(before).open()
    before.transactions.close()
    code = exit_code(forked(file_and_die, tmp_path, moment, dossier))
    assert code == (-signal.SIGKILL if moment < FILING - 1 else 0)
    after = house_on_disk(tmp_path)
    desk = Keeping(after)
    desk.repair()
    inside = len(desk.entries(dossier))
    assert inside == (moment > 1)  # from the act's commit on it is there
    check_archived_once(after, dossier.id, 1 + inside, files=inside)
    after.transactions.close()


def file_and_die(tmp_path, moment, dossier):
    Keeping(dying(tmp_path, moment)).upload(dossier, PDF)


# Act; record; commit; three looks of the recovery; each look for objects and, where some are found, their flags and
# rows: two moments each.
STEPS = 28


@pytest.mark.parametrize("moment", [*range(1, STEPS, 2), STEPS, STEPS + 1])
def test_kill_9_while_a_hold_is_put_on(tmp_path, moment):
    document = issued_on_disk(tmp_path)
    code = exit_code(forked(hold_and_die, tmp_path, moment, document))
    assert code == (-signal.SIGKILL if moment <= STEPS else 0)
    after = house_on_disk(tmp_path)
    with after.transactions.read() as conn:
        found, _ = hold_rows.page(conn, "H99.01")
    if found:
        check_held(after, document, found[0])
    else:
        assert moment == 1  # before the act's commit
        assert not any(Keeping(after).flags().values())
    after.transactions.close()


def issued_on_disk(tmp_path) -> str:
    before = house_on_disk(tmp_path)
    document = before.issued(b"%PDF-1.7 sealed").id
    before.transactions.close()
    return document


def hold_and_die(tmp_path, moment, document):
    Keeping(dying(tmp_path, moment)).hold(document)


@pytest.mark.parametrize("moment", [*range(1, STEPS, 2), STEPS, STEPS + 3])
def test_kill_9_while_a_hold_is_taken_off(tmp_path, moment):
    document = issued_on_disk(tmp_path)
    before = house_on_disk(tmp_path)
    desk = Keeping(before)
    hold = desk.ask(desk.hold(document), ANNA)
    before.transactions.close()
    code = exit_code(forked(release_and_die, tmp_path, moment, hold))
    assert code == (-signal.SIGKILL if moment <= STEPS + 2 else 0)
    after = house_on_disk(tmp_path)
    state = HoldState.RELEASE_ASKED if moment == 1 else HoldState.RELEASED
    check_held(after, document, hold, state)
    after.transactions.close()


def release_and_die(tmp_path, moment, hold):
    Keeping(dying(tmp_path, moment)).confirm(hold, BINH)
