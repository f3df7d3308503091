"""What one document leaves behind for good: objects, their bytes, leaves of the log, rows of the catalogue.

Documents go the whole way, until their validation data is archived as well; counted is what came since the first few,
which pay for what is there once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from api.demo.documents import DecisionSpec, decision, of_this_year
from api.wiring.clock import clock
from benchmarks.harness import Row
from benchmarks.site import CLERK, LEADER, Walker, started

WARM, DOCUMENTS, QUICK = 10, 100, 10
UNDER_WAY = "SELECT count(*) FROM operations WHERE state IN ('waiting', 'running')"


@dataclass(frozen=True, slots=True)
class Standing:
    """`log_bytes` without partial tiles, which the full ones replace."""

    objects: int
    object_bytes: int
    leaves: int
    log_bytes: int
    database_bytes: int


def run(quick: bool) -> list[Row]:
    """One row, which has no reach: `docs/scale.md` reckons with it."""
    count = QUICK if quick else DOCUMENTS
    with tempfile.TemporaryDirectory(prefix="antin-bench-footprint-", dir=Path.cwd()) as folder:
        data = Path(folder) / "data"
        with started(data, grace=0.0) as site:
            walker = Walker(site.client(CLERK), site.client(LEADER))
            _walk(walker, data, WARM)
            before = _standing(data)
            size = _walk(walker, data, count)
            after = _standing(data)
    each = Standing(
        *((now - then) / count for now, then in zip(astuple(after), astuple(before), strict=True))
    )
    return [_row(each, size)]


def _walk(walker: Walker, data: Path, count: int) -> int:
    """Size of one document as it was uploaded."""
    size = 0
    for number in range(count):
        pdf = decision(of_this_year(clock(), DecisionSpec(subject=f"Phê duyệt Kế hoạch số {number}")))
        walker.walk(pdf, f"Quyết định {number}")
        size = len(pdf)
    deadline = time.monotonic() + 300
    while _ask(data, UNDER_WAY):
        assert time.monotonic() < deadline, "jobs did not end"
        time.sleep(0.2)
    return size


def _standing(data: Path) -> Standing:
    objects = data / "store" / "objects"
    kept = [path for path in (objects / "documents").rglob("*") if path.is_file()]
    log = [path for path in (objects / "log").rglob("*") if path.is_file() and ".p" not in str(path)]
    return Standing(
        len(kept),
        sum(path.stat().st_size for path in kept),
        _ask(data, "SELECT count(*) FROM leaves"),
        sum(path.stat().st_size for path in log),
        _ask(data, "SELECT (SELECT * FROM pragma_page_count()) * (SELECT * FROM pragma_page_size())"),
    )


def _ask(data: Path, query: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{data / 'antin.sqlite3'}?mode=ro", uri=True)) as conn:
        return int(conn.execute(query).fetchone()[0])


def _row(each: Standing, size: int) -> Row:
    return Row(
        "footprint",
        f"what one document of {size / 1000:.0f} KB leaves for good, validation data included (SQLite, directory)",
        f"{each.object_bytes / 1000:.0f} KB in {each.objects:.1f} objects, {each.log_bytes / 1000:.1f} KB of log in "
        f"{each.leaves:.1f} leaves, {each.database_bytes / 1000:.1f} KB of database",
        "docs/scale.md reckons with it",
        "–",
        None,
        0.0,
        more={
            "unit": "none",
            "uploaded_bytes": size,
            "objects": each.objects,
            "object_bytes": each.object_bytes,
            "leaves": each.leaves,
            "log_bytes": each.log_bytes,
            "database_bytes": each.database_bytes,
        },
    )
