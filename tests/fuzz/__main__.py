"""`make fuzz SECONDS=3600`: a campaign, or with TARGET one parser guided by coverage. Status 1 when it finds any."""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import campaign, seeds
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--target", choices=[*TARGETS, "all"], help="guide this parser by coverage")
    parser.add_argument("--seed", type=int, default=0, help="0: another each time")
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"), help="where finds are kept")
    given = parser.parse_args()
    seed = given.seed or secrets.randbits(31)
    print(f"seed {seed}", flush=True)
    if given.target:
        names = list(TARGETS) if given.target == "all" else [given.target]
        return max(guided(name, given.out / name, given.seconds / len(names), seed) for name in names)
    with tempfile.TemporaryDirectory(prefix="antin-fuzz-") as folder:
        found = campaign.run(seeds.desk(Path(folder)), seed, seconds=given.seconds, out=given.out)
    for word, count in found.words.most_common():
        print(f"{count:8} {word}")
    for find in found.finds:
        print(f"FOUND {given.out / find.name}")
    return 1 if found.finds else 0


def guided(name: str, folder: Path, seconds: float, seed: int) -> int:
    """In a process of its own, which libFuzzer ends."""
    options = [f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}"]
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(folder), *options]
    return min(1, subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    sys.exit(main())
