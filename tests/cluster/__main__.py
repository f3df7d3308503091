"""`make cluster`: a whole cluster on this machine, 1,000 documents through it, one process of each kind killed.

    python -m tests.cluster [--documents N] [--clients N] [--directory DIR]

Ends with 0 when every document was archived exactly once: numbers without a gap, receipts that hold, one object of
each, a clean `antin fsck`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from api.demo.documents import DecisionSpec, decision, of_this_year
from api.deploy import layout as places
from api.wiring.clock import clock
from tests.cluster.drive import Progress, drive
from tests.cluster.house import House, started
from tests.cluster.judge import judge

CLIENTS = 6
VICTIMS = ("api-1", "worker-1", places.POSTGRES, "master-1", "volume-1", "filer-1", "s3-1", places.PROXY)
PATIENCE = 1800.0


def main() -> int:
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="antin-cluster-", dir=given.directory) as directory:
        begun = time.monotonic()
        with started(Path(directory)) as house:
            say(f"cluster runs after {time.monotonic() - begun:.0f} s: {house.url}")
            progress = _through(house, given.documents, given.clients, not given.no_kills)
            faults = judge(house, progress)
    for fault in faults:
        say(f"FAULT {fault}")
    say("all archived exactly once" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def _through(house: House, count: int, clients: int, kills: bool) -> Progress:
    """All documents, with a kill after each equal share of them."""
    progress, begun = Progress(count), time.monotonic()
    threads = drive(count, clients, house.sign_in, decision(of_this_year(clock(), DecisionSpec())), progress)
    for n, victim in enumerate(VICTIMS if kills else (), start=1):
        _wait_for(progress, count * n // (len(VICTIMS) + 1))
        house.processes.kill(victim)
        at, done = time.monotonic(), len(progress.ids)
        say(f"{at - begun:6.0f} s  {done:5} documents  kill -9 {victim}")
        _wait_for(progress, min(count, done + clients + 1))
        pause = progress.longest_pause(at)
        say(
            f"{time.monotonic() - begun:6.0f} s  {len(progress.ids):5} documents  longest pause {pause:.1f} s"
        )
    _wait_for(progress, count)
    threads.shutdown()
    seconds = time.monotonic() - begun
    rate = len(progress.ids) / seconds
    say(f"{seconds:6.0f} s  {len(progress.ids):5} documents  {rate:.1f} documents/s")
    steps = (f"{name} {spent / count:.2f} s" for name, spent in progress.steps.items())
    say(f"a document's time: {', '.join(steps)}")
    return progress


def _wait_for(progress: Progress, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(progress.ids) < count and not progress.over:
        assert time.monotonic() < deadline, f"only {len(progress.ids)} documents"
        time.sleep(0.05)


def say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=CLIENTS, help="documents under way at a time")
    parser.add_argument("--no-kills", action="store_true", help="let everything live")
    parser.add_argument("--directory", help="where the cluster's data lies for the time of the run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
