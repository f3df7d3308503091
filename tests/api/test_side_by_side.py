"""Acts that run at the same time. SQLite lets one write after the other; PostgreSQL lets them, and locks decide."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from api.identity import ATTEMPTS, AccessRefused, LocalIdentity
from api.store import audit, tokens
from api.store.database_errors import DatabaseUnavailable
from api.store.tables import metadata as own_tables
from api.transactions import Limits, Transactions
from archive.catalogue import agency_rows, deposit_rows, document_changes, document_lists, documents, log_rows
from archive.catalogue.dialects import lock_name
from archive.catalogue.values import Agency
from archive.errors import ArchiveUnavailable
from archive.log.note import Ed25519LogKey
from archive.log.sequencer import Sequencer
from policies.reasons import access
from policies.reasons import database as reasons
from policies.retention import lock_until
from tests.archive.catalogue_fixtures import AGENCY, AT
from tests.archive.ingest_fixtures import open_house

THREADS = 8
KEY = Ed25519LogKey.generate("log.example.vn/antin")


@pytest.fixture
def house(tmp_path, database):
    opened = open_house(tmp_path, database)
    with opened.transactions.write() as conn:
        own_tables.create_all(conn)
    yield opened
    opened.transactions.close()


def together(act, *arguments):
    """What the act gave for each argument, all begun at once; an error is raised."""
    start = threading.Barrier(len(arguments))

    def begin(argument):
        start.wait()
        return act(argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(begin, arguments))


def test_an_audit_chain_has_one_order(house):
    def write(worker):
        for number in range(15):
            with house.transactions.write() as conn:
                who = {"actor": f"worker-{worker}", "act": "number", "phase": "event", "subject": str(number)}
                audit.write(conn, AGENCY, **who, detail={}, at=AT)

    together(write, *range(THREADS))
    with house.transactions.read() as conn:
        assert audit.check(conn) == ()
        assert audit.head(conn, AGENCY).sequence == THREADS * 15


def test_every_guess_at_a_password_counts(house):
    identity = LocalIdentity(
        house.transactions, PasswordHasher(time_cost=1, memory_cost=8), timedelta(hours=1)
    )

    def guess(_):
        with pytest.raises(AccessRefused) as refused:
            identity.sign_in("leader", "guess", AT)
        return refused.value.reason

    answers = together(guess, *range(ATTEMPTS + 4))
    assert answers.count(access.WRONG_PASSWORD) == ATTEMPTS
    assert answers.count(access.TOO_MANY_ATTEMPTS) == 4


def test_a_deposit_that_several_carry_out_is_archived_once(house):
    deposit = house.validated(b"%PDF for several")
    leaves = together(lambda _: house.carry_out(deposit), *range(4))
    assert {leaf.id for leaf in leaves} == {deposit.leaf}
    with house.transactions.read() as conn:
        assert len(log_rows.archived_versions(conn, deposit.document)) == 1
        assert deposit_rows.deposits_left(conn) == ()


def test_recoveries_side_by_side_leave_nothing(house):
    made = [house.validated(b"%%PDF number %d" % number) for number in range(6)]
    assert together(lambda _: house.recover(), *range(3)) == [()] * 3
    assert {house.document(deposit.document).state for deposit in made} == {"archived"}


def test_an_agency_is_entered_by_whoever_comes_first(house):
    def put(number):
        with house.transactions.write() as conn:
            agency_rows.put_agency(conn, Agency("H01.02", f"Sở {number}", "S", {}), AT)

    together(put, *range(THREADS))
    with house.transactions.read() as conn:
        assert agency_rows.agency(conn, "H01.02").name.startswith("Sở ")


def test_a_token_that_came_twice_is_kept_once(house):
    def keep(number):
        with house.transactions.note() as conn:
            tokens.keep(conn, "a" * 64, b"token %d" % number, AT)

    together(keep, *range(4))
    with house.transactions.read() as conn:
        assert tokens.kept(conn, "a" * 64).startswith(b"token ")


def test_acts_on_one_document_come_one_after_the_other_whatever_they_lock(house):
    """Some write the audit first and some the document; each holds the document's row before."""
    document = house.archived(b"%PDF for many acts")

    def act(number):
        for _ in range(10):
            with house.transactions.write() as conn:
                documents.lock_row(conn, document.id)
                if number % 2:
                    audit.write(
                        conn, AGENCY, actor="a", act="x", phase="event", subject="s", detail={}, at=AT
                    )
                current = documents.get(conn, document.id)
                document_changes.change(conn, current, AT, reason=f"by {number}")
                if not number % 2:
                    audit.write(
                        conn, AGENCY, actor="a", act="x", phase="event", subject="s", detail={}, at=AT
                    )

    together(act, *range(THREADS))
    assert house.document(document.id).version == document.version + 10 * THREADS


def test_many_documents_are_numbered_and_archived_side_by_side(house):
    def through(number):
        for step in range(3):
            house.issued(b"%%PDF %d %d" % (number, step))

    together(through, *range(THREADS))
    with house.transactions.read() as conn:
        assert deposit_rows.deposits_left(conn) == ()
        assert document_lists.count(conn, AGENCY) == {"issued": 3 * THREADS}


def test_sequencers_side_by_side_make_one_log(house):
    """Each run that loses the swap says so and is repeated; leaves that come meanwhile find their place."""

    def sequence(_):
        sequencer = Sequencer(
            store=house.objects,
            catalogue=log_rows,
            transaction=house.transactions.write,
            reading=house.transactions.read,
            signer=KEY,
            retain_until=lambda: lock_until(AT),
            batch=3,
            parallel=False,
        )
        for _ in range(30):
            try:
                sequencer.run_once()
            except ArchiveUnavailable:  # LogConflict: another was quicker
                continue

    def submit(number):
        for step in range(4):
            house.issued(b"%%PDF %d %d" % (number, step))

    together(
        lambda job: job[0](job[1]), (sequence, 1), (sequence, 2), (sequence, 3), (submit, 1), (submit, 2)
    )
    sequence(0)
    with house.transactions.read() as conn:
        assert log_rows.pending(conn, 10) == []
        row = log_rows.current_checkpoint(conn)
        assert len(log_rows.sequenced(conn, 0, row.size)) == row.size >= 16


def test_acts_that_wait_for_each_other_end_with_a_typed_error(postgres_database):
    """It must not come to this: two that lock in different orders. One is taken back and told to try again."""
    transactions = Transactions(postgres_database)
    first_held = threading.Barrier(2)

    def act(names):
        try:
            with transactions.write() as conn:
                lock_name(conn, names[0])
                first_held.wait()
                lock_name(conn, names[1])
        except DatabaseUnavailable as exc:
            return exc.reason
        return None

    assert set(together(act, "ab", "ba")) == {None, reasons.CONFLICT}
    transactions.close()


def test_a_lock_is_not_waited_for_longer_than_the_limit(postgres_database):
    transactions = Transactions(postgres_database, limits=Limits(lock=0.1))
    with transactions.write() as first:
        lock_name(first, "a")
        with pytest.raises(DatabaseUnavailable) as refused, transactions.write() as second:
            lock_name(second, "a")
    assert refused.value.reason is reasons.TOO_SLOW
    with transactions.write() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
    transactions.close()
