"""`make bench-readme`: the figures of the last whole run of `make bench`, put into the README.

python -m benchmarks.readme
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks import picture, results
from benchmarks.harness import Row, machine, table

ROOT = Path(__file__).parents[1]
IMAGE = Path("docs/images/bench-signing.svg")
START, END = "<!-- bench:start -->", "<!-- bench:end -->"


def main(folder: Path = results.FOLDER, root: Path = ROOT) -> int:
    """Rewrite what stands between the README's marks, and the picture; status 1 for no or only part of a run."""
    try:
        rows, run = results.read(folder)
    except OSError as exc:
        print(f"run `make bench` first: {exc}", file=sys.stderr)
        return 1
    if run["quick"] or not run["whole"]:
        print("the last run was quick, or of some parts only: run `make bench`", file=sys.stderr)
        return 1
    page = root / "README.md"
    page.write_text(filled(page.read_text("utf-8"), rows, machine(run)), "utf-8")
    (root / IMAGE).write_text(picture.draw(rows), "utf-8")
    return 0


def filled(page: str, rows: list[Row], where: str) -> str:
    """The page with the table between its marks."""
    made = f"{START}\nMeasured with `make bench`: {where}.\n\n{table(rows)}\n{END}"
    return re.sub(f"{START}.*{END}", lambda _: made, page, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
