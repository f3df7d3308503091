"""`make bench`: every figure of the README in one run, with the limit and the peers beside.

python -m benchmarks [signing] [path] [log] [large] [timestamps] [--quick]
"""

from __future__ import annotations

import importlib
import os
import platform
import sys

from benchmarks.harness import Row, fsync_ms, table

PARTS = ("signing", "path", "log", "large", "timestamps")


def main(arguments: list[str]) -> int:
    """Run the named parts (all when none is named); status 1 when a row does not hold."""
    quick = "--quick" in arguments
    parts = [part for part in PARTS if part in arguments] or list(PARTS)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    print(f"one fsync: {fsync_ms():.2f} ms\n", flush=True)
    rows: list[Row] = []
    for part in parts:
        print(f"… {part}", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{part}").run(quick)
    print(table(rows))
    return 1 if any(row.holds is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
