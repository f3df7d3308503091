"""`make bench`: every figure of the README in one run, with the limit and the peers beside.

python -m benchmarks [signing] [identity] [throughput] [verifying] [path] [log] [proofs] [large] [timestamps]
                     [archive] [fixity] [recovery] [footprint] [attacks] [--quick]
                     [--out=bench-out]
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks import picture, results
from benchmarks.harness import Row, fsync_ms, machine, sha256_mb_s, table

PARTS = (
    "signing",
    "identity",
    "throughput",
    "verifying",
    "path",
    "log",
    "proofs",
    "large",
    "timestamps",
    "archive",
    "fixity",
    "recovery",
    "footprint",
    "attacks",
)
PICTURE = "bench-signing.svg"


def main(arguments: list[str]) -> int:
    """Run the named parts (all when none is named); status 1 when a row does not hold."""
    quick = "--quick" in arguments
    folder = next((Path(word[6:]) for word in arguments if word.startswith("--out=")), results.FOLDER)
    parts = [part for part in PARTS if part in arguments] or list(PARTS)
    run = _run(quick, parts)
    print(machine(run) + "\n", flush=True)
    rows: list[Row] = []
    for part in parts:
        print(f"… {part}", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{part}").run(quick)
        results.write(folder, rows, {**run, "whole": False})  # what a later part's fault must not take away
    print(table(rows))
    results.write(folder, rows, run)
    if "signing" in parts:
        (folder / PICTURE).write_text(picture.draw(rows), "utf-8")
    print(f"\nfigures: {folder / results.FILE}")
    return 1 if any(row.holds is False for row in rows) else 0


def _run(quick: bool, parts: list[str]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "fsync_ms": fsync_ms(),
        "sha256_mb_s": sha256_mb_s(),
        "quick": quick,
        "whole": parts == list(PARTS),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
