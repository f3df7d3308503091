"""{each write} × {lost, kept though reported lost}: recovery ends in exactly one archived version."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from itertools import product

import pytest

from archive import ingest
from archive.catalogue import deposit_rows, document_changes, documents, log_rows
from archive.catalogue.values import NewVersion, VersionRole
from archive.errors import ArchiveUnavailable
from archive.log.leaf import LeafKind
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import Fault
from archive.storage.work import WorkDirectory
from policies.issuing import Act, Facts
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT, open_catalogue, signed_document
from tests.archive.ingest_fixtures import House, open_house, sha256
from tests.crashes.children import exit_code, forked

CONTENT = b"%PDF-1.7 sealed"
LONGER = CONTENT + b" with DSS"
OBJECT_WRITES = (1, 2)
FAULTS = (Fault.LOST, Fault.KEPT)


@pytest.fixture
def house(tmp_path, database_at_length):
    opened = open_house(tmp_path, database_at_length)
    yield opened
    opened.transactions.close()


class FailingCommit:
    """`begin` whose next commit is lost, or is kept and reported as lost."""

    def __init__(self, house: House, fault: Fault) -> None:
        self.house, self.fault = house, fault

    @contextmanager
    def __call__(self):
        with self.house.transactions.write() as conn:
            yield conn
            if self.fault is Fault.LOST:
                raise ArchiveUnavailable("the database did not answer")
        raise ArchiveUnavailable("the database did not say whether it committed")


def check_archived_once(house: House, document_id: str, *contents: bytes, events: int = 0) -> None:
    with house.transactions.read() as conn:
        document = documents.get(conn, document_id)
        versions = log_rows.archived_versions(conn, document_id)
        event_leaves = log_rows.leaves_of(conn, document_id, LeafKind.EVENT)
        rows = deposit_rows.objects_of(conn, document_id)
        assert deposit_rows.deposits_left(conn) == ()
        assert len(deposit_rows.events_of(conn, document_id)) == events
    assert document.archived_at is not None
    assert [leaf.content_sha256 for leaf in versions] == [sha256(content) for content in contents]
    assert len(event_leaves) == events
    stored = list(house.objects.list(keys.document_prefix(document_id)))
    assert stored == sorted(row.key for row in rows)
    assert len(stored) == 2 * len(contents) + events


@pytest.mark.parametrize(("write", "fault"), list(product(OBJECT_WRITES, FAULTS)))
def test_an_object_write(house, write, fault):
    deposit = house.validated(CONTENT)
    house.objects.fail_at(write, fault)
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit)
    assert house.document(deposit.document).state is State.VALIDATED
    assert house.recover() == ()
    check_archived_once(house, deposit.document, CONTENT)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_commit(house, fault):
    deposit = house.validated(CONTENT)
    with pytest.raises(ArchiveUnavailable):
        ingest.carry_out(deposit, house.objects, house.work, FailingCommit(house, fault), AT)
    expected = State.VALIDATED if fault is Fault.LOST else State.ARCHIVED
    assert house.document(deposit.document).state is expected
    house.carry_out(deposit)
    check_archived_once(house, deposit.document, CONTENT)
    assert house.recover() == ()
    check_archived_once(house, deposit.document, CONTENT)


@pytest.mark.parametrize(("first", "second", "commit"), list(product((None, *FAULTS), repeat=3)))
def test_every_run_of_bad_luck_in_a_row(house, first, second, commit):
    deposit = house.validated(CONTENT)
    for write, fault in enumerate((first, second), start=1):
        if fault is not None:
            house.objects.fail_at(write, fault)
            with pytest.raises(ArchiveUnavailable):
                house.carry_out(deposit)
    if commit is not None:
        with pytest.raises(ArchiveUnavailable):
            ingest.carry_out(deposit, house.objects, house.work, FailingCommit(house, commit), AT)
    assert house.recover() == ()
    if deposit_left(house, deposit) is None:
        house.carry_out(deposit)
    check_archived_once(house, deposit.document, CONTENT)


def deposit_left(house: House, deposit):
    with house.transactions.read() as conn:
        return deposit_rows.deposit(conn, deposit.leaf)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_plan_itself(house, fault):
    content = NewVersion(VersionRole.SEAL_TIMESTAMPED, house.work.put_work(CONTENT), len(CONTENT))
    with house.transactions.write() as conn:
        document = signed_document(conn)
        document = document_changes.change(conn, document, AT, state=State.SEALED)
        document = document_changes.advance(conn, document, Act.STAMP_SEAL, AT, version=content)

    def validate():
        with FailingCommit(house, fault)() as conn:
            validated = document_changes.advance(conn, document, Act.VALIDATE, AT)
            ingest.plan_version(conn, validated, content, {}, AT)

    with pytest.raises(ArchiveUnavailable):
        validate()
    assert house.recover() == ()
    if fault is Fault.LOST:
        assert house.document(document.id).state is State.SEAL_TIMESTAMPED
        assert list(house.objects.list("")) == []
    else:
        check_archived_once(house, document.id, CONTENT)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_events_object(house, fault):
    archived = house.archived(CONTENT)
    with house.transactions.write() as conn:
        issued = document_changes.advance(
            conn, archived, Act.ISSUE, AT, facts=Facts(has_receipt=True), issued_at=AT
        )
        deposit = ingest.plan_event(conn, issued, "issued", {}, "Văn thư", AT)
    house.objects.fail_at(1, fault)
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit)
    assert house.recover() == ()
    check_archived_once(house, archived.id, CONTENT, events=1)


@pytest.mark.parametrize(("write", "fault"), list(product(OBJECT_WRITES, FAULTS)))
def test_a_later_versions_objects(house, write, fault):
    document = house.issued(CONTENT)
    deposit = house.plan_long_term(document.id, LONGER)
    house.objects.fail_at(write, fault)
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit)
    assert house.document(document.id).current_sha256 == sha256(CONTENT)
    assert house.recover() == ()
    check_archived_once(house, document.id, CONTENT, LONGER, events=1)


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.DUPLICATED])
@pytest.mark.parametrize("write", OBJECT_WRITES)
def test_a_store_that_is_slow_or_repeats_itself(house, write, fault):
    deposit = house.validated(CONTENT)
    house.objects.fail_at(write, fault)
    failures = house.recover()
    assert bool(failures) is (fault is Fault.LATE)
    house.objects.settle()
    assert house.recover() == ()
    check_archived_once(house, deposit.document, CONTENT)


class Killing:
    """Calls of the store and the end of the commit, counted; the process kills itself at the chosen one."""

    def __init__(self, inner, transactions, moment: int) -> None:
        self.inner, self.transactions, self.left = inner, transactions, moment

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def put(self, *args, **named):
        self.step()
        stored = self.inner.put(*args, **named)
        self.step()
        return stored

    @contextmanager
    def begin(self):
        with self.transactions.write() as conn:
            yield conn
            self.step()
        self.step()

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


MOMENTS = 6  # before and after: first put, second put, commit


@pytest.mark.parametrize("moment", range(1, MOMENTS + 2))
def test_kill_9_with_a_directory(tmp_path, database, moment):
    before = open_house(tmp_path, database)
    deposit = before.validated(CONTENT)
    before.transactions.close()
    code = exit_code(forked(die_at, moment, tmp_path, database, deposit, before.work._root))
    assert code == (-signal.SIGKILL if moment <= MOMENTS else 0)
    after = House(open_catalogue(tmp_path, database), directory_store(tmp_path), before.work)
    assert after.recover() == ()
    check_archived_once(after, deposit.document, CONTENT)
    after.transactions.close()


def directory_store(tmp_path):
    return DirectoryStore(tmp_path / "store", clock=lambda: AT)


def die_at(moment, tmp_path, database, deposit, work):
    """In the child process."""
    transactions = open_catalogue(tmp_path, database)
    killing = Killing(directory_store(tmp_path), transactions, moment)
    ingest.carry_out(deposit, killing, WorkDirectory(work), killing.begin, AT)
