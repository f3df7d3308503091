"""kill -9 before and after every write of the nightly passes, of copying and of repair: each goes on where it was."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archive import ingest, openings
from archive.catalogue import copy_rows, deposit_rows
from archive.catalogue.copies import FIRST, SECOND, Shelf
from archive.fixity import FixityDesk, scan_due
from archive.fsck.run import check
from archive.locks import LockDesk, extend_due
from archive.log.kept import LogKeeper
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.repair import RepairDesk, mend_all
from archive.replication import CopyDesk, copy_missing, lag
from archive.storage.directory import DirectoryStore
from policies.fixity import Work
from policies.locks import QUARANTINE
from policies.retention import lock_until
from policies.vocabulary import LockMode
from tests.archive.catalogue_fixtures import AT, open_catalogue
from tests.archive.ingest_fixtures import House
from tests.crashes.children import exit_code, forked
from tests.crashes.test_archive_crashes import sequencer

KEY = Ed25519LogKey("log.example.vn/antin", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
VKEY = VerifierKey.parse(KEY.vkey)
NIGHT = AT + QUARANTINE
WRITES = ("put", "put_mutable", "delete", "extend_retention", "set_hold", "replace_damaged")


class Killing:
    """A store that kills its process before or after the chosen write; reads pass. Its counter is shared."""

    def __init__(self, inner, steps) -> None:
        self.inner, self.steps = inner, steps

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        return self.around(found) if name in WRITES else found

    def around(self, write):
        def killing(*args, **named):
            self.steps()
            done = write(*args, **named)
            self.steps()
            return done

        return killing


class Steps:
    def __init__(self, left) -> None:
        self.left = left

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Archive:
    """Two directories, one catalogue; in the child with a killer around them."""

    def __init__(self, directory, steps=lambda: None) -> None:
        self.transactions = open_catalogue(directory)
        self.bare = {name: DirectoryStore(directory / name, clock=lambda: AT) for name in (FIRST, SECOND)}
        self.stores = {name: Killing(store, steps) for name, store in self.bare.items()}
        self.steps = steps

    @contextmanager
    def begin(self):
        with self.transactions.write() as conn:
            yield conn
            self.steps()
        self.steps()

    def keeper(self):
        return LogKeeper(self.stores[FIRST], self.transactions.read, self.begin, VKEY)

    def fill(self) -> None:
        house = House(self.transactions, self.bare[FIRST], self.bare[FIRST])
        for number in range(3):
            house.archived(b"%%PDF %d" % number)
        self.sequence()

    def sequence(self) -> None:
        log = sequencer(self.bare[FIRST], self.transactions.write, self.transactions)
        while log.run_once().assigned:
            pass

    # The acts, each as a night or an errand does it.

    def lock(self) -> None:
        self.keeper().enter_all(AT)
        for name in (FIRST, SECOND):
            desk = LockDesk(self.stores[name], name, self.transactions.read, self.begin, lambda _c, ids: ids)
            extend_due(desk, NIGHT)

    def copy(self) -> None:
        desk = CopyDesk(
            self.stores[FIRST], self.stores[SECOND], self.keeper(), self.transactions.read, self.begin
        )
        copy_missing(desk, AT)

    def scan(self) -> None:
        for name in (FIRST, SECOND):
            desk = FixityDesk(self.stores[name], name, self.transactions.read, self.begin, lambda: NIGHT)
            scan_due(desk)

    def mend(self) -> None:
        def prove(index, entry):
            head = published_checkpoint(self.bare[FIRST], VKEY)
            tiles = TileReader(self.bare[FIRST], openings.tail(self.bare[FIRST], VKEY, head.checkpoint))
            ProofMaker(tiles, head).inclusion(index, entry)

        desk = RepairDesk(
            self.stores, self.bare[SECOND], self.keeper(), self.transactions.read, self.begin, prove, note
        )
        for tried in mend_all(desk, NIGHT):
            if tried.deposit is not None:
                ingest.carry_out(tried.deposit, self.stores[FIRST], self.bare[FIRST], self.begin, NIGHT)

    # What must hold in the end.

    def copies(self, shelf):
        with self.transactions.read() as conn:
            return copy_rows.by_key(conn, shelf, "", 1000)

    def check(self) -> None:
        ingest.recover(self.bare[FIRST], self.bare[FIRST], self.transactions.write, NIGHT)
        self.sequence()
        assert check(self.transactions.read, {FIRST: self.bare[FIRST]}, VKEY).findings == []
        with self.transactions.read() as conn:
            assert deposit_rows.deposits_left(conn) == ()

    def close(self) -> None:
        self.transactions.close()


def note(_conn, _copy, _facts) -> None:
    """No audit here."""


def die_at(moment, directory, act) -> None:
    """In the child process."""
    archive = Archive(directory, Steps(moment))
    getattr(archive, act)()


EVERYWHERE = pytest.mark.parametrize(
    "stride",
    [7, pytest.param(1, marks=pytest.mark.long)],
    ids=["here and there", "at every write"],
)


def killed_everywhere(directory, act, prepare, hold, least, stride):
    """The act is killed at every moment, each time on an archive of its own, and then done to its end."""
    moment, code = 1 - stride, -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += stride
        here = directory / f"moment-{moment}"
        here.mkdir()
        before = Archive(here)
        before.fill()
        prepare(before)
        before.close()
        code = exit_code(forked(die_at, moment, here, act))
        after = Archive(here)
        getattr(after, act)()
        hold(after)
        after.check()
        after.close()
    assert code == 0
    assert moment > least, "the kills did not reach the end"


def nothing(_archive) -> None:
    """As it was filled."""


def copied(archive) -> None:
    archive.copy()


@EVERYWHERE
def test_kill_9_in_the_pass_over_locks(tmp_path, stride):
    def hold(archive):
        for shelf in Shelf:
            for copy in archive.copies(shelf):
                shown = archive.bare[shelf.store].head(copy.key)
                assert (shown.retain_until, shown.mode) == (copy.lock.until, LockMode.COMPLIANCE)
                assert copy.lock.mode is LockMode.COMPLIANCE
                assert copy.lock.until == lock_until(NIGHT) or copy.document is None
        assert len(archive.copies(Shelf.DOCUMENTS)) == len(archive.copies(Shelf.SECOND)) - 2 == 6

    killed_everywhere(tmp_path, "lock", copied, hold, 24, stride)


@EVERYWHERE
def test_kill_9_in_copying(tmp_path, stride):
    def hold(archive):
        with archive.transactions.read() as conn:
            assert lag(conn).objects == 0
        assert len(archive.copies(Shelf.SECOND)) == 8
        for copy in archive.copies(Shelf.SECOND):
            assert digest(archive.bare[SECOND], copy) == copy.sha256
        first, second = (published_checkpoint(archive.bare[name], VKEY) for name in (FIRST, SECOND))
        assert first.note == second.note

    killed_everywhere(tmp_path, "copy", nothing, hold, 16, stride)


@EVERYWHERE
def test_kill_9_in_a_scan(tmp_path, stride):
    def hold(archive):
        with archive.transactions.read() as conn:
            for shelf in Shelf:
                assert copy_rows.due_work(conn, shelf, NIGHT) == Work()
        states = [copy.fixity_state for shelf in Shelf for copy in archive.copies(shelf)]
        assert states.count("damaged") == 1 and set(states) == {"damaged", "intact"}

    def one_damaged(archive):
        copied(archive)
        spoil(archive)

    def mended(archive):
        hold(archive)
        archive.mend()

    killed_everywhere(tmp_path, "scan", one_damaged, mended, 7, stride)


@EVERYWHERE
@pytest.mark.parametrize("gone", [True, False], ids=["gone", "rotten"])
def test_kill_9_in_a_repair(tmp_path, gone, stride):
    def damaged(archive):
        copied(archive)
        spoil(archive, gone=gone)
        archive.scan()

    def hold(archive):
        for shelf in Shelf:
            for copy in archive.copies(shelf):
                assert digest(archive.bare[shelf.store], copy) == copy.sha256
                assert copy.fixity_state in ("intact", ""), "the event of the repair is new"
        repaired = [copy for copy in archive.copies(Shelf.DOCUMENTS) if copy.repaired_at]
        assert len(repaired) == 1
        with archive.transactions.read() as conn:
            events = deposit_rows.events_of(conn, repaired[0].document)
        assert [event.kind for event in events] == ["repaired"], "once, however often it was killed"

    killed_everywhere(tmp_path, "mend", damaged, hold, 5, stride)


def spoil(archive, *, gone=False) -> None:
    copy = next(each for each in archive.copies(Shelf.DOCUMENTS) if each.role == "content")
    path = archive.bare[FIRST]._path(copy.key)
    if gone:
        path.unlink()
        return
    path.chmod(0o644)
    path.write_bytes(b"rotten")


def digest(store, copy) -> str:
    with store.open(copy.key, copy.version) as stream:
        return sha256(stream.read()).hexdigest()
