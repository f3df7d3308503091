"""A foreign judge of what the contestants leave: poppler's `pdfsig`, outside of what is timed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.contestants import Act, Bench


def check(path: Path, field: str) -> bool:
    """Whether `pdfsig` is here to judge; raises AssertionError when it does not find the field's signature
    valid and over the total document."""
    tool = shutil.which("pdfsig")
    if tool is None:
        return False
    told = subprocess.run([tool, "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
    for part in re.split(r"^Signature #\d+:$", told, flags=re.M)[1:]:
        if f"Signature Field Name: {field}\n" in part:
            assert "Signature Validation: Signature is Valid." in part, part
            assert "Total document signed" in part, part
            return True
    raise AssertionError(f"no signature in the field {field}:\n{told}")


def judged(bench: Bench, acts: Mapping[str, Act], judge: Callable[[Path, str], bool] = check) -> list[str]:
    """Let each contestant sign once and show the file to a judge, who raises; the names of those judged."""
    seen = []
    for name, act in acts.items():
        if name == "limit":
            continue
        bench.clear()
        act()
        if judge(bench.grown if name == "ours" else bench.out, bench.field):
            seen.append(name)
    return seen
