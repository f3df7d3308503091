"""From the benchmark's figures to a province and to the nation: the tables of `docs/scale.md`.

    python -m benchmarks.scale     writes them out of the last whole run: part of `make bench-readme`

Nothing here is measured. Each line is reckoned from the inputs, which stand in the page with the row that each is from,
and from the assumptions, which stand there too; a test reckons the page again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks import results

PAGE = Path("docs/scale.md")
START, END = "<!-- scale:start -->", "<!-- scale:end -->"
PROVINCE, NATION = 5e6, 500e6  # documents a year
YEARS = 10
OFFICE_HOURS = 250 * 8  # a year
PEAK = 4.0  # the busiest hour has so many times the documents of an average one
SCANS, SCAN_BYTES = 0.2, 5e6  # share of the documents that are scans, and the size of one
VERSIONS = 2  # sealed, and with its validation data
COPIES = 2 * 2  # two stores, each with two copies
NIGHT, PASS_NIGHTS, EXTENDED_EVERY = (
    8.0,
    90,
    30,
)  # hours; nights of a fixity pass; nights between two extensions
TB_YEAR = 600_000  # đồng for a terabyte of disk for a year: disk, its part of a machine, electricity
DATABASE_MOST = 2e12  # bytes, which two people still move, restore and vacuum over a week-end


@dataclass(frozen=True)
class Input:
    """A figure of the benchmark: which row, what of it, in which unit."""

    row: str
    name: str
    unit: str
    read: Callable[[Mapping[str, Any]], float]


def _each_second(row: Mapping[str, Any]) -> float:
    return float(1000 / row["value_ms"])


INPUTS = (
    Input("path-embedded", "whole path, 2 cores", "documents/s", _each_second),
    Input("archive-54k", "archiving, one log", "documents/s", _each_second),
    Input("log-leaves", "one log", "leaves/s", _each_second),
    Input("proof-500m", "proof in a log of 500,000,000 leaves, p95", "ms", lambda row: row["p95_ms"]),
    Input("proof-500m", "its size", "bytes", lambda row: row["bytes"]),
    Input("locks-extended", "locks moved on, one worker", "objects/s", _each_second),
    Input(
        "fixity-small-s3", "small copies read and hashed", "copies/s", lambda row: row["copies_per_second"]
    ),
    Input("fixity-scan-s3", "large copies read and hashed", "MB/s", lambda row: row["mb_per_second"]),
    Input(
        "tsa-2s",
        "tokens of an authority that takes 2 s, 4 asked at once",
        "documents/h",
        lambda row: 3.6e6 / row["value_ms"],
    ),
    Input("footprint", "objects of a document", "objects", lambda row: row["objects"]),
    Input("footprint", "their bytes, 50 KB document", "bytes", lambda row: row["object_bytes"]),
    Input("footprint", "leaves of a document", "leaves", lambda row: row["leaves"]),
    Input("footprint", "bytes of the log for a document", "bytes", lambda row: row["log_bytes"]),
    Input("footprint", "bytes of the database for a document", "bytes", lambda row: row["database_bytes"]),
    Input(
        "recovery",
        "serving again after kill -9, 1,000,000 documents, at worst",
        "s",
        lambda row: row["worst_ms"] / 1000,
    ),
)
Figures = dict[str, float]  # by "row: name"


def figures(rows: Mapping[str, Mapping[str, Any]]) -> Figures:
    """The inputs out of `bench.json`'s rows by id. KeyError when a row is missing."""
    return {f"{one.row}: {one.name}": float(f"{one.read(rows[one.row]):.3g}") for one in INPUTS}


@dataclass(frozen=True)
class Line:
    """One line of the model. `most`: what one of its kind bears, in the same unit; None: it is only told."""

    what: str
    rests_on: str
    load: Callable[[float, Figures], float]
    most: Callable[[Figures], float] | None
    unit: str
    more: str = ""  # what there are then several of


def _of(row: str, name: str) -> Callable[[Figures], float]:
    return lambda given: given[f"{row}: {name}"]


def _peak(documents: float) -> float:
    """Documents a second in the busiest hour."""
    return documents * PEAK / (OFFICE_HOURS * 3600)


def _bytes_a_year(documents: float, given: Figures) -> float:
    scans = SCANS * VERSIONS * SCAN_BYTES
    return documents * (_of("footprint", "their bytes, 50 KB document")(given) + scans)


def _objects(documents: float, given: Figures) -> float:
    return documents * YEARS * _of("footprint", "objects of a document")(given)


def _lock_hours(documents: float, given: Figures) -> float:
    a_night = 2 * _objects(documents, given) / EXTENDED_EVERY  # in both stores
    return a_night / _of("locks-extended", "locks moved on, one worker")(given) / 3600


def _fixity_hours(documents: float, given: Figures) -> float:
    number = _objects(documents, given) / _of("fixity-small-s3", "small copies read and hashed")(given)
    size = YEARS * _bytes_a_year(documents, given) / 1e6
    by_size = size / _of("fixity-scan-s3", "large copies read and hashed")(given)
    return 2 * (number + by_size) / PASS_NIGHTS / 3600


MODEL = (
    Line(
        "documents in the busiest second, whole path",
        "path-embedded",
        lambda d, _: _peak(d),
        _of("path-embedded", "whole path, 2 cores"),
        "/s",
        "worker machine of 2 cores",
    ),
    Line(
        "the same, archived",
        "archive-54k",
        lambda d, _: _peak(d),
        _of("archive-54k", "archiving, one log"),
        "/s",
        "store with its log",
    ),
    Line(
        "leaves in the busiest second",
        "log-leaves, footprint",
        lambda d, g: _peak(d) * _of("footprint", "leaves of a document")(g),
        _of("log-leaves", "one log"),
        "/s",
        "log",
    ),
    Line(
        "tokens in the busiest hour",
        "tsa-2s",
        lambda d, _: 3600 * _peak(d),
        _of("tsa-2s", "tokens of an authority that takes 2 s, 4 asked at once"),
        "documents",
        "line of 4 questions",
    ),
    Line(
        f"database after {YEARS} years",
        "footprint",
        lambda d, g: d * YEARS * _of("footprint", "bytes of the database for a document")(g),
        lambda _: DATABASE_MOST,
        "TB",
        "database, by agency",
    ),
    Line(
        "locks: hours of a night",
        "locks-extended, footprint",
        _lock_hours,
        lambda _: NIGHT,
        "h",
        "worker at night",
    ),
    Line(
        "fixity: hours of a night, both stores",
        "fixity-small-s3, fixity-scan-s3, footprint",
        _fixity_hours,
        lambda _: NIGHT,
        "h",
        "scanner with disks of its own",
    ),
    Line(f"objects after {YEARS} years, one store", "footprint", _objects, None, "million"),
    Line(
        f"leaves after {YEARS} years",
        "footprint",
        lambda d, g: d * YEARS * _of("footprint", "leaves of a document")(g),
        None,
        "million",
    ),
    Line(
        f"log after {YEARS} years",
        "footprint",
        lambda d, g: d * YEARS * _of("footprint", "bytes of the log for a document")(g),
        None,
        "TB",
    ),
    Line("documents a year, once", "footprint", _bytes_a_year, None, "TB"),
    Line("disks a year, all copies", "footprint", lambda d, g: COPIES * _bytes_a_year(d, g), None, "TB"),
    Line(
        f"disks of {YEARS} years, a year",
        "footprint",
        lambda d, g: COPIES * YEARS * _bytes_a_year(d, g) / 1e12 * TB_YEAR,
        None,
        "million đồng",
    ),
)
_SCALE = {"TB": 1e12, "million": 1e6, "million đồng": 1e6}


def page_tables(given: Figures) -> str:
    """What stands between the page's marks."""
    return f"{START}\n{_inputs(given)}\n\n{_model(given)}\n\n{_first(given)}\n{END}"


def _inputs(given: Figures) -> str:
    rows = [
        f"| `{one.row}` | {one.name} | {given[f'{one.row}: {one.name}']:,.10g} | {one.unit} |"
        for one in INPUTS
    ]
    return "\n".join(("| row of the benchmark | what | figure | unit |", "|---|---|---|---|", *rows))


def _model(given: Figures) -> str:
    province, nation = (f"{each / 1e6:.0f} million a year" for each in (PROVINCE, NATION))
    head = f"| what | rests on | one bears | province, {province} | nation, {nation} |"
    rows = [
        f"| {line.what} | {line.rests_on} | {_told(line.most(given), line.unit) if line.most else '–'} | "
        f"{_needed(line, PROVINCE, given)} | {_needed(line, NATION, given)} |"
        for line in MODEL
    ]
    return "\n".join((head, "|---|---|---|---|---|", *rows))


def _needed(line: Line, documents: float, given: Figures) -> str:
    load = line.load(documents, given)
    told = _told(load, line.unit)
    if line.most is None:
        return told
    return f"{told}: {ceil(load / line.most(given)):,} × {line.more}"


def _told(value: float, unit: str) -> str:
    return f"{float(f'{value / _SCALE.get(unit, 1.0):.3g}'):,.10g} {unit}".replace(" /s", "/s")


def _first(given: Figures) -> str:
    """What breaks first, in one deployment with one of each."""
    loads = [(line.load(PROVINCE, given) / line.most(given), line) for line in MODEL if line.most]
    rows = [
        f"{n}. {line.what}: full at {_documents(PROVINCE / share)} documents a year."
        for n, (share, line) in enumerate(sorted(loads, key=lambda one: -one[0]), 1)
    ]
    return "What breaks first, where there is one of each:\n\n" + "\n".join(rows)


def _documents(count: float) -> str:
    return f"{float(f'{count / 1e6:.3g}'):,.10g} million"


def inputs_in(page: str) -> Figures:
    """The figures as they stand in the page's first table."""
    found = re.findall(r"^\| `([\w-]+)` \| (.*?) \| ([\d,.e+]+) \|", page, re.M)
    return {f"{row}: {name}": float(figure.replace(",", "")) for row, name, figure in found}


def fill(page: str, given: Figures) -> str:
    """The page with its tables made anew."""
    made = page_tables(given)
    return re.sub(f"{START}.*{END}", lambda _: made, page, flags=re.S)


def main(folder: Path = results.FOLDER, page: Path = PAGE) -> int:
    """Status 1 for no run, or a run without a row that is needed."""
    try:
        rows = results.figures(folder)
        given = figures(rows)
    except (OSError, KeyError) as exc:
        print(f"run `make bench` first: {exc}", file=sys.stderr)
        return 1
    page.write_text(fill(page.read_text("utf-8"), given), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
