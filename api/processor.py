"""The service's threads keep to one processor, one at a time.

Only one thread of a process runs Python at any time, and to hand that over to a thread on another processor takes
longer than most of what they do with it: measured, it costs the path a quarter of its throughput. What can run
beside them, the workers of the sandbox, has the other processors (and this one, when it is idle).

Once started, a processor that others crowd is left for the one that is idle most.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

FIRST_LOOK, SECONDS = 0.1, 5.0  # to see how busy the processors are: at the start, and from then on
CROWDED = 0.5  # the part of a processor's time that others have, above which it is left


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds since the machine started, by processor, and this process's own."""

    idle: Mapping[int, float]
    busy: Mapping[int, float]
    own: float


def keep_to_one() -> bool:
    """This process, its threads to come and those that it has; whether there is a choice at all."""
    among = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else {0}
    if len(among) < 2:
        return False
    try:
        before = times()
        time.sleep(FIRST_LOOK)
        after = times()
        _move(min(among, key=lambda cpu: after.busy[cpu] - before.busy[cpu]))
    except (OSError, LookupError, ValueError):  # a machine that does not tell, or does not let us
        return False
    Thread(target=_stay, args=(frozenset(among),), name="processor", daemon=True).start()
    return True


def _stay(among: frozenset[int]) -> None:
    before = times()
    while True:
        time.sleep(SECONDS)
        after = times()
        with contextlib.suppress(OSError, LookupError, ValueError):  # it stays where it is
            (here,) = os.sched_getaffinity(os.getpid())
            there = better(here, among, before, after)
            if there != here:
                _move(there)
        before = after


def better(here: int, among: frozenset[int], before: Times, after: Times) -> int:
    """The processor to be on: another one when strangers have most of this one, and that one has more idle time
    than they left us."""
    busy = after.busy[here] - before.busy[here]
    all_of_it = busy + after.idle[here] - before.idle[here]
    strangers = busy - (after.own - before.own)
    if strangers <= CROWDED * all_of_it:
        return here
    idle = {cpu: after.idle[cpu] - before.idle[cpu] for cpu in among}
    best = max(among, key=lambda cpu: (idle[cpu], cpu == here))
    return best if idle[best] > all_of_it - strangers else here


def times() -> Times:
    """As the kernel counts them (proc_stat(5))."""
    tick = os.sysconf("SC_CLK_TCK")
    idle, busy = {}, {}
    for line in Path("/proc/stat").read_text("ascii").splitlines():
        name, *numbers = line.split()
        if name.startswith("cpu") and name != "cpu":
            counted = [int(number) / tick for number in numbers[:8]]
            idle[int(name[3:])] = counted[3] + counted[4]
            busy[int(name[3:])] = sum(counted) - counted[3] - counted[4]
    return Times(idle, busy, time.process_time())


def _move(cpu: int) -> None:
    """Twice: a thread that one of them starts meanwhile is where that one was."""
    for _ in range(2):
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.sched_setaffinity(int(thread.name), {cpu})
