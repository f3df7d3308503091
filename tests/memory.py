"""Peak memory of a process, by the kernel's own mark.

Not `ru_maxrss`: a child inherits it over exec from the process that started it, so that a small child of a large
test runner looks as large as the runner, and growth below that is not seen at all.
"""

from __future__ import annotations

from pathlib import Path

SOURCE = """
def peak_kilobytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
"""


def forget_peak() -> None:
    """From here on the peak counts anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak_kilobytes() -> int:
    """The largest resident set of this process since the start, or since `forget_peak`."""
    status = Path("/proc/self/status").read_text("ascii", "replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
