"""Three processes submit and sequence leaves of one log, on PostgreSQL and SeaweedFS; each is killed in turn."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from api import migrations
from api.transactions import Transactions
from archive.catalogue import agency_rows
from archive.catalogue.values import Agency
from archive.log.merkle import verify_consistency
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, checkpoint_at, published_checkpoint
from archive.storage import keys
from tests.archive.log.naive import naive_root
from tests.archive.storage.buckets import bucket_store, connection, new_bucket, real_now
from tests.crashes.log_company import AGENCY
from tests.service import until

ROOT = Path(__file__).parents[2]
KEY = Ed25519LogKey.generate("antin.test/log")
pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.long, pytest.mark.timeout(900)]


class Submitter:
    """A process of the company, and what it was promised."""

    def __init__(self, plan: Path) -> None:
        self.promised: dict[str, int] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.log_company", str(plan)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            if line.endswith("\n"):  # not the half of one
                _, leaf, index = line.split()
                self.promised[leaf] = int(index)

    def has(self, count: int) -> bool:
        assert self.process.poll() is None, self.process.stderr.read()
        return len(self.promised) >= count

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait()
        self._reader.join()


@pytest.fixture
def company(tmp_path, postgres_database, seaweedfs):
    transactions = Transactions(postgres_database)
    migrations.upgrade(transactions.engine)
    with transactions.write() as conn:
        agency_rows.put_agency(conn, Agency(AGENCY, "UBND", "UBND", {}), real_now())
    bucket = new_bucket(seaweedfs)
    at = connection(seaweedfs, bucket)
    reach = {
        "endpoint": at.endpoint,
        "bucket": bucket,
        "access_key": at.access_key,
        "secret_key": at.secret_key,
    }
    plan = tmp_path / "plan.json"
    store = {**reach, "region": at.region, "tls": at.tls}
    plan.write_text(json.dumps({"database": postgres_database, "store": store, "key": KEY.secret()}))
    made = []

    def start():
        made.append(Submitter(plan))
        return made[-1]

    yield start, transactions, bucket_store(seaweedfs, bucket)
    for each in made:
        each.end()
    transactions.close()


def check(transactions, store, promised):
    """One sequence without a gap; the shown head covers it; what was promised is there; every proof is right."""
    with transactions.read() as conn:
        rows = conn.exec_driver_sql(
            "SELECT id, entry, log_index FROM leaves WHERE log_index IS NOT NULL"
        ).all()
    verifier = VerifierKey.parse(KEY.vkey)
    head = published_checkpoint(store, verifier)
    by_index = {index: (leaf_id, bytes(entry)) for leaf_id, entry, index in rows}
    assert sorted(by_index) == list(range(len(rows)))
    assert head.root == naive_root([by_index[index][1] for index in range(head.size)])
    for leaf, index in promised.items():
        assert by_index[index][0] == leaf and index < head.size
    reader = TileReader(store, lambda start, stop: [by_index[i][1] for i in range(start, stop)])
    maker = ProofMaker(reader, head)
    for index in range(head.size):
        maker.inclusion(index, by_index[index][1])
    sizes = [keys.checkpoint_size(key) for key in store.list(keys.CHECKPOINTS)]
    for size in (size for size in sizes if size <= head.size):
        older = checkpoint_at(store, size, verifier)
        verify_consistency(older.size, older.root, head.size, head.root, maker.consistency(older))
    return head


def together(company, rounds, kill):
    start, transactions, store = company
    members, promised = [start() for _ in range(3)], {}
    for number in range(rounds):
        for each in members:
            wanted = len(each.promised) + 10
            until(lambda each=each, wanted=wanted: each.has(wanted), "receipts for each of them")
        if kill:
            victim = members.pop(0)
            victim.end()
            promised |= victim.promised
            for each in members:  # the others go on, whoever sequenced before
                wanted = len(each.promised) + 10
                until(lambda each=each, wanted=wanted: each.has(wanted), "receipts after a kill")
            members.append(start())
        else:
            frozen = members[number % 3]
            frozen.process.send_signal(signal.SIGSTOP)
            others = [each for each in members if each is not frozen]
            for each in others:
                wanted = len(each.promised) + 10
                until(lambda each=each, wanted=wanted: each.has(wanted), "receipts while one is frozen")
            frozen.process.send_signal(signal.SIGCONT)
    for each in members:
        each.end()
        assert not promised.keys() & each.promised.keys()
        promised |= each.promised
    assert len(promised) > 60 and len(set(promised.values())) == len(promised)
    last = start()
    until(lambda: last.has(5), "whoever comes after")
    last.end()
    check(transactions, store, promised | last.promised)


def test_each_is_killed_in_turn(company):
    together(company, 3, kill=True)


def test_each_is_frozen_in_turn(company):
    together(company, 6, kill=False)


def test_each_is_killed_again_and_again(company):
    together(company, 12, kill=True)
