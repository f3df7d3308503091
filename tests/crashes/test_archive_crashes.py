"""kill -9 before and after every write from the plan to the shown checkpoint: afterwards the audit is clean."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archive import ingest
from archive.catalogue import document_changes, documents, log_rows
from archive.catalogue.values import NewVersion, VersionRole
from archive.fsck.run import check
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.sequencer import Sequencer
from archive.openings import Openings
from archive.registers import outgoing
from archive.storage.directory import DirectoryStore
from policies.issuing import Act
from policies.retention import lock_until
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT, open_catalogue, request_for, signed_document
from tests.archive.ingest_fixtures import ENTRY, House
from tests.crashes.children import exit_code, forked

KEY = Ed25519LogKey("log.example.vn/antin", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CONTENT = b"%PDF-1.7 sealed"


class Killing:
    """A store and a database that kill their process at the chosen write."""

    def __init__(self, store, transactions, moment: int) -> None:
        self.inner, self.transactions, self.left = store, transactions, moment

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def put(self, *args, **named):
        return self.around(self.inner.put, *args, **named)

    def put_mutable(self, *args):
        return self.around(self.inner.put_mutable, *args)

    def delete(self, *args):
        return self.around(self.inner.delete, *args)

    def around(self, write, *args, **named):
        self.step()
        done = write(*args, **named)
        self.step()
        return done

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


def store_at(directory):
    return DirectoryStore(directory / "store", clock=lambda: AT)


def sequencer(store, begin, transactions):
    return Sequencer(
        store=store,
        catalogue=log_rows,
        transaction=begin,
        reading=transactions.read,
        signer=KEY,
        retain_until=lambda: lock_until(AT),
        beside=Openings(transactions.read, KEY.name),
        parallel=False,
    )


def one_document(store, begin, transactions, document_id) -> None:
    """Number, seal, validate, archive, sequence: each act in its own transaction."""
    content = NewVersion(VersionRole.SEAL_TIMESTAMPED, store.put_work(CONTENT), len(CONTENT))
    with begin() as conn:
        document = documents.get(conn, document_id)
        document, _ = outgoing.number_and_enter(conn, document, request_for(document), ENTRY, AT)
    with begin() as conn:
        document = document_changes.change(conn, document, AT, state=State.SEALED)
        document = document_changes.advance(conn, document, Act.STAMP_SEAL, AT, version=content)
        document = document_changes.advance(conn, document, Act.VALIDATE, AT)
        deposit = ingest.plan_version(conn, document, content, {}, AT)
    ingest.carry_out(deposit, store, store, begin, AT)
    log = sequencer(store, begin, transactions)
    while log.run_once().assigned:
        pass


def die_at(moment, directory, database, document_id) -> None:
    """In the child process."""
    transactions = open_catalogue(directory, database)
    killing = Killing(store_at(directory), transactions, moment)
    one_document(killing, killing.begin, transactions, document_id)


def test_kill_9_at_every_write_from_the_number_to_the_checkpoint(tmp_path, database):
    moment, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += 1
        before = open_catalogue(tmp_path, database)
        with before.write() as conn:
            document = signed_document(conn)
        before.close()
        code = exit_code(forked(die_at, moment, tmp_path, database, document.id))
        recovered(tmp_path, database, document.id)
    assert code == 0
    assert moment > 20, "the kills did not reach the checkpoint"


def recovered(directory, database, document_id) -> None:
    """What the service does at its start; then nothing is missing, and nothing is there twice."""
    store, transactions = store_at(directory), open_catalogue(directory, database)
    house = House(transactions, store, store)
    assert house.recover() == ()
    log = sequencer(store, transactions.write, transactions)
    while log.run_once().assigned:
        pass
    report = check(transactions.read, {"first": store}, VerifierKey.parse(KEY.vkey))
    assert report.findings == []
    with transactions.read() as conn:
        versions = log_rows.archived_versions(conn, document_id)
        state = documents.get(conn, document_id).state
    assert (state is State.ARCHIVED) is (len(versions) == 1)
    assert state in (State.LEADER_TIMESTAMPED, State.ARCHIVED)
    transactions.close()
