"""Fixity: how fast stored copies are read back and hashed, beside reading and hashing the same bytes; and what a
service that works meanwhile feels of it.

The copies are objects of the first store without a document, entered as the log's are: a scan makes no difference.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from api import migrations
from api.demo.documents import DecisionSpec, decision, of_this_year
from api.transactions import Transactions
from api.wiring.clock import clock
from archive.catalogue import copy_rows
from archive.catalogue.copies import FIRST, CopyRole, NewCopy
from archive.catalogue.tables import object_copies
from archive.catalogue.watch_rows import FixityRun
from archive.fixity import FixityDesk, scan_due
from archive.ports import ObjectStore
from archive.storage.blocks import BLOCK
from archive.storage.directory import DirectoryStore
from archive.storage.disk import Disk
from archive.storage.readback import put_and_read_back
from benchmarks.engines import engines
from benchmarks.harness import Row, percentile
from benchmarks.site import CLERK, LEADER, LONG_AGO, Walker, started
from policies.retention import lock_until
from policies.vocabulary import LockMode

LARGE, SMALL = 20_000_000, 10_000  # bytes
ROUNDS = 3
OF_RAW, OBJECTS_A_SECOND, P95 = 0.8, 300.0, 1.5


def run(quick: bool) -> list[Row]:
    """Rows of the table; `quick` takes a tenth."""
    large, small, walks = (5, 500, 6) if quick else (50, 5_000, 40)
    with tempfile.TemporaryDirectory(prefix="antin-bench-fixity-", dir=Path.cwd()) as name:
        folder = Path(name)
        rows = _directory(folder, large, small)
        rows += _seaweedfs(folder, max(3, large // 4), small // 2)
        rows.append(_service(folder, large, small, walks))
    return rows


@dataclass
class Shelf:
    """Copies in a store, with their rows."""

    store: ObjectStore
    transactions: Transactions
    copies: list[NewCopy]

    def scan(self) -> FixityRun:
        """Everything, as a night reads it, without a limit to its pace."""
        with self.transactions.write() as conn:
            own = object_copies.c.key.startswith(self.copies[0].key.rstrip("0"))
            conn.execute(object_copies.update().where(own).values(fixity_due=LONG_AGO))
        desk = FixityDesk(
            self.store,
            FIRST,
            self.transactions.read,
            self.transactions.write,
            lambda: clock() + timedelta(days=2),
        )
        found = scan_due(desk)
        assert (found.done.objects, found.damaged, found.unread) == (len(self.copies), 0, 0), found
        return found

    def raw(self) -> float:
        """Seconds of reading and hashing the same bytes, one after the other, by the least code that does it."""
        start = time.perf_counter()
        for copy in self.copies:
            digest = hashlib.sha256()
            with self.store.open(copy.key, copy.version) as stream:
                while block := stream.read(BLOCK):
                    digest.update(block)
            assert digest.hexdigest() == copy.sha256
        return time.perf_counter() - start


class UnsyncedDisk(Disk):
    """For filling a store fast: nothing is measured while it is written."""

    def sync_directory(self, path: Path) -> None:
        """Not durable."""


def _fill(store: ObjectStore, transactions: Transactions, prefix: str, sizes: Iterable[int]) -> Shelf:
    at, copies = clock(), []
    for number, size in enumerate(sizes):
        data = os.urandom(size)
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"log/bench/{prefix}-{number:06d}"
        stored = put_and_read_back(store, key, data, sha256=sha256, retain_until=lock_until(at))
        until, mode = stored.retain_until or at, LockMode.COMPLIANCE
        copies.append(
            NewCopy(
                FIRST, key, stored.version, sha256, size, None, None, CopyRole.LOG, until, mode, False, at
            )
        )
    with transactions.write() as conn:
        for copy in copies:
            copy_rows.add(conn, copy)
    return Shelf(store, transactions, copies)


def _catalogue(path: Path) -> Transactions:
    transactions = Transactions(f"sqlite:///{path}")
    migrations.upgrade(transactions.engine)
    return transactions


def _directory(folder: Path, large: int, small: int) -> list[Row]:
    rows = []
    for name, size, count in (("large", LARGE, large), ("small", SMALL, small)):
        transactions = _catalogue(folder / f"{name}.sqlite3")
        store = DirectoryStore(folder / name, clock=clock, disk=UnsyncedDisk())
        shelf = _fill(store, transactions, name, [size] * count)
        rows.append(_large_row(shelf, "") if size == LARGE else _small_row(shelf, "", "directory"))
        transactions.close()
    return rows


def _seaweedfs(folder: Path, large: int, small: int) -> list[Row]:
    with engines(folder / "engines") as given:
        wide = _fill(given.store, given.transactions, "large", [LARGE] * large)
        row = _large_row(wide, "-s3")
        narrow = _fill(given.store, given.transactions, "small", [SMALL] * small)
        return [row, _small_row(narrow, "-s3", "SeaweedFS, PostgreSQL")]


def _large_row(shelf: Shelf, suffix: str) -> Row:
    size = sum(copy.size for copy in shelf.copies)
    shelf.raw()
    raws, scans = [], []
    for _ in range(ROUNDS):
        raws.append(shelf.raw())
        scans.append(shelf.scan().seconds)
    raw, seconds = median(raws), median(scans)
    rate, limit = size / seconds / 1e6, size / raw / 1e6
    where = "SeaweedFS, PostgreSQL" if suffix else "directory, SQLite"
    return Row(
        f"fixity-scan{suffix}",
        f"fixity of {len(shelf.copies)} copies of {LARGE // 1_000_000} MB ({where})",
        f"{rate:,.0f} MB/s",
        f"read + hash of the same bytes, one at a time, same run: {limit:,.0f} MB/s; Archivematica: 33 MB/s",
        f"≥ {OF_RAW} of it",
        rate >= OF_RAW * limit,
        1000 * seconds / len(shelf.copies),
        1000 * raw / len(shelf.copies),
        limit / rate,
        more={"unit": "ms a copy", "mb_per_second": rate},
    )


def _small_row(shelf: Shelf, suffix: str, where: str) -> Row:
    found = shelf.scan()
    rate = found.done.objects / found.seconds
    raw = shelf.raw()
    return Row(
        f"fixity-small{suffix}",
        f"fixity of {len(shelf.copies):,} copies of {SMALL // 1000} KB ({where})",
        f"{rate:,.0f} copies/s",
        f"read + hash one at a time, nothing recorded: {len(shelf.copies) / raw:,.0f}/s; Emory: 0.14/s",
        f"≥ {OBJECTS_A_SECOND:.0f} /s",
        rate >= OBJECTS_A_SECOND,
        1000 / rate,
        more={"unit": "ms a copy", "copies_per_second": rate},
    )


def _service(folder: Path, large: int, small: int, walks: int) -> Row:
    """The same walks without and with a scan beside them, in turn, so that noise falls on both alike."""
    data = folder / "service"
    quiet: list[float] = []
    beside: list[float] = []
    with started(data) as site:
        transactions = Transactions(f"sqlite:///{data / 'antin.sqlite3'}")
        store = DirectoryStore(data / "store", clock=clock, disk=UnsyncedDisk())
        _fill(store, transactions, "beside", [LARGE] * large + [SMALL] * small)
        transactions.close()
        walker = Walker(site.client(CLERK), site.client(LEADER))
        _walk(walker, 3)
        seconds, read = 0.0, 0.0
        for _ in range(4):
            quiet += _walk(walker, walks // 4 or 1)
            begun, before = time.perf_counter(), site.scan(True)
            time.sleep(2.0)  # the child has started and reads
            beside += _walk(walker, walks // 4 or 1)
            after = site.scan(False)
            seconds += time.perf_counter() - begun
            read += after["size"] - before["size"]
    return _service_row(quiet, beside, read / seconds / 1e6)


def _service_row(quiet: list[float], beside: list[float], rate: float) -> Row:
    without, within = percentile(quiet, 0.95) * 1000, percentile(beside, 0.95) * 1000
    return Row(
        "fixity-service",
        "p95 of a whole document, upload to receipt, while fixity reads beside it",
        f"{within:,.0f} ms (fixity meanwhile: {rate:,.0f} MB/s)",
        f"without fixity: {without:,.0f} ms",
        f"≤ {P95} ×",
        within <= P95 * without,
        within,
        without,
        within / without,
        more={"unit": "ms", "mb_per_second": rate},
    )


def _walk(walker: Walker, count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        spec = DecisionSpec(subject=f"Phê duyệt Kế hoạch {os.urandom(4).hex()}")
        pdf = decision(of_this_year(clock(), spec))
        start = time.perf_counter()
        walker.walk(pdf, spec.subject)
        seconds.append(time.perf_counter() - start)
    return seconds
