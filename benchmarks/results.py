"""What a run found, as `bench.json`: the figures of each row, and the words of its line of the table."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmarks.harness import Row

FOLDER = Path("bench-out")
FILE = "bench.json"
_OWN = {entry.name for entry in fields(Row)} - {"more", "wanted"}


def write(folder: Path, rows: list[Row], run: dict[str, Any]) -> None:
    """Write `bench.json`: `run` says on which machine and how, `rows` what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"run": run, "rows": [_as_json(row) for row in rows]}
    (folder / FILE).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(folder: Path) -> tuple[list[Row], dict[str, Any]]:
    """Rows and run of a `bench.json`. OSError when there is none."""
    found = json.loads((folder / FILE).read_text("utf-8"))
    return [_row(entry) for entry in found["rows"]], found["run"]


def figures(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of a `bench.json` by id, with all that each tells. OSError when there is none."""
    found = json.loads((folder / FILE).read_text("utf-8"))
    return {entry["id"]: entry for entry in found["rows"]}


def _as_json(row: Row) -> dict[str, Any]:
    entry = asdict(row)
    figures = {key: entry.pop(key) for key in ("id", "value_ms", "limit_ms", "ratio", "peers")}
    return {**figures, **entry.pop("more"), "reach": entry.pop("wanted"), **entry}


def _row(entry: dict[str, Any]) -> Row:
    more = {key: value for key, value in entry.items() if key not in _OWN and key != "reach"}
    return Row(**{key: entry[key] for key in _OWN}, wanted=entry["reach"], more=more)
