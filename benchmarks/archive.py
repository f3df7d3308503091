"""Archiving on PostgreSQL and SeaweedFS: deposits that are planned are stored under lock, read back, committed, and
numbered by the log, whose shown head each waits for. In turn with it, locked PUTs of as many bytes by the SDK alone.

Bytes come into the work area before anything is measured, and are digested there; the SDK digests what it sends."""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from minio.commonconfig import COMPLIANCE
from minio.retention import Retention

from api.proofs import Proofs
from archive import ingest
from archive.catalogue import agency_rows, document_changes
from archive.catalogue.values import Agency, Deposit, NewDocument, NewVersion, VersionRole
from archive.log.note import Ed25519LogKey
from archive.storage.work import WorkDirectory
from benchmarks.engines import BUCKET, Engines, engines, now
from benchmarks.harness import Row
from policies.vocabulary import State

AT_ONCE = (4, 8, 16)  # a worker has four places for acts; a deployment begins with two workers
CLIENTS = AT_ONCE[0]
TURN = 100  # documents
SMALL, LARGE = 54_000, 20_000_000  # bytes
A_SECOND, OF_RAW = 60.0, 0.65
AGENCY = "H99.01"
T = TypeVar("T")


def run(quick: bool) -> list[Row]:
    """Rows of the table; `quick` takes a fifth of the documents."""
    small, large = (100, 3) if quick else (600, 12)
    with (
        tempfile.TemporaryDirectory(prefix="antin-bench-archive-") as folder,
        engines(Path(folder)) as given,
        _house(given, Path(folder)) as house,
    ):
        return [
            *(_small(house, small, clients) for clients in AT_ONCE),
            _large(house, large),
            _extended(house),
        ]


@dataclass
class House:
    """An archive that runs, with its log."""

    engines: Engines
    proofs: Proofs
    work: WorkDirectory

    def __enter__(self) -> House:
        self.proofs.recover()
        self.proofs.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.proofs.stop()

    def planned(self, size: int) -> Deposit:
        """A validated document of that many random bytes, whose archiving is planned."""
        content, at = os.urandom(size), now()
        sha256 = self.work.put_work(content)
        with self.engines.transactions.write() as conn:
            upload = NewVersion(VersionRole.SEAL_TIMESTAMPED, sha256, size)
            new = NewDocument(
                AGENCY, "QĐ", "Về việc đo tốc độ lưu trữ", uploader="1", uploader_display="Người đo"
            )
            document = document_changes.add(conn, new, upload, at)
            document = document_changes.change(conn, document, at, state=State.VALIDATED)
            return ingest.plan_version(conn, document, upload, {"level": "B-T"}, at)


def _house(given: Engines, folder: Path) -> House:
    with given.transactions.write() as conn:
        agency_rows.put_agency(conn, Agency(AGENCY, "UBND tỉnh Sông Hồng", "UBND", {}), now())
    work = WorkDirectory(folder / "work", hashed=given.store.hashed)
    key = Ed25519LogKey.generate("bench.antin.example/log")
    return House(given, Proofs(given.transactions, given.store, work, key, now), work)


def _small(house: House, count: int, clients: int) -> Row:
    turns = [_turn(house, SMALL, TURN, clients) for _ in range(1 + count // TURN)][1:]
    seconds, raw = map(sum, zip(*turns, strict=True))
    rate, limit = count / seconds, count / raw
    return Row(
        "archive-54k" if clients == CLIENTS else f"archive-54k-{clients}",
        f"archive, 54 KB, {clients} at once, with record, read-back and log (SeaweedFS, PostgreSQL)",
        f"{rate:,.1f} documents/s, {raw / seconds:.2f} of raw",
        f"raw locked PUT with {clients} clients {limit:,.0f}/s",
        f"≥ {A_SECOND:.0f}/s",
        rate >= A_SECOND,
        1000 / rate,
        1000 / limit,
        limit / rate,
        more={"unit": "ms a document"},
    )


def _large(house: House, count: int) -> Row:
    turns = [_turn(house, LARGE, 1, 1) for _ in range(1 + count)][1:]
    seconds, raw = map(sum, zip(*turns, strict=True))
    share = raw / seconds
    return Row(
        "archive-20m",
        "archive, 20 MB, bytes and lock read back (SeaweedFS, PostgreSQL)",
        f"{count * LARGE / 1e6 / seconds:,.0f} MB/s, {share:.2f} of raw",
        f"raw locked PUT {count * LARGE / 1e6 / raw:,.0f} MB/s",
        f"≥ {OF_RAW} of raw",
        share >= OF_RAW,
        1000 * seconds / count,
        1000 * raw / count,
        seconds / raw,
        more={"unit": "ms a document"},
    )


def _turn(house: House, size: int, count: int, clients: int) -> tuple[float, float]:
    """Seconds for so many documents, and for as many locked PUTs, as before and after on average."""
    deposits = [house.planned(size) for _ in range(count)]
    before = _raw_puts(house.engines, size, count, clients)
    seconds = _spread(house.proofs.carry_out, deposits, clients)
    return seconds, (before + _raw_puts(house.engines, size, count, clients)) / 2


def _extended(house: House) -> Row:
    """What a night costs: locks moved on and read back, for `docs/scale.md`."""
    keys = [key for key in house.engines.store.list("documents/") if key.endswith(".pdf")][:300]
    until = (now() + timedelta(days=500)).replace(microsecond=0)
    seconds = _spread(lambda key: house.engines.store.extend_retention(key, until), keys, CLIENTS)
    rate = len(keys) / seconds
    return Row(
        "locks-extended",
        f"locks moved on and read back, {CLIENTS} at once (SeaweedFS)",
        f"{rate:,.0f} objects/s",
        "–",
        "–",
        None,
        1000 / rate,
        more={"unit": "ms an object"},
    )


def _raw_puts(given: Engines, size: int, count: int, clients: int) -> float:
    """Seconds for so many locked PUTs through the SDK, each a single request."""
    lock = Retention(COMPLIANCE, now() + timedelta(days=1))
    contents = [os.urandom(size) for _ in range(min(count, 20))]

    def put(number: int) -> None:
        data = io.BytesIO(contents[number % len(contents)])
        name = f"raw/{size}/{number}-{os.urandom(8).hex()}"
        given.raw.put_object(BUCKET, name, data, size, retention=lock, part_size=64 << 20)

    return _spread(put, range(count), clients)


def _spread(act: Callable[[T], object], items: Iterable[T], clients: int) -> float:
    """Seconds until all are done, so many at once."""
    with ThreadPoolExecutor(clients) as threads:
        start = time.perf_counter()
        list(threads.map(act, items))
        return time.perf_counter() - start
