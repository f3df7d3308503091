"""The service keeps to one processor, leaves a crowded one, and its workers have them all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from api.processor import Times, better

BOTH = frozenset({0, 1})
START = Times({0: 0.0, 1: 0.0}, {0: 0.0, 1: 0.0}, 0.0)


@pytest.mark.parametrize(
    ("busy_here", "idle_there", "own", "to"),
    [
        (5.0, 0.0, 5.0, 0),  # all of it is ours
        (5.0, 5.0, 3.0, 0),  # others have two fifths
        (5.0, 5.0, 1.0, 1),  # they have most of it, and there all is idle
        (5.0, 0.5, 1.0, 0),  # there is no better one
        (0.1, 5.0, 0.1, 0),  # idle here and there
        (4.0, 5.0, 0.0, 1),
    ],
)
def test_a_crowded_processor_is_left_for_an_idle_one(busy_here, idle_there, own, to):
    after = Times({0: 5.0 - busy_here, 1: idle_there}, {0: busy_here, 1: 5.0 - idle_there}, own)
    assert better(0, BOTH, START, after) == to


def run(program: str, cpus: set[int]) -> str:
    def within():
        os.sched_setaffinity(0, cpus)

    done = subprocess.run(
        [sys.executable, "-c", program], preexec_fn=within, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SERVICE = """
import os, threading
from signer.sandbox import Sandbox, SandboxLimits
from api.processor import keep_to_one
early = threading.Event()
threading.Thread(target=early.wait).start()
print(keep_to_one())
print({len(os.sched_getaffinity(int(task))) for task in os.listdir("/proc/self/task")})
for limits in (SandboxLimits(), SandboxLimits(preload=("signer.document.intake",))):
    sandbox = Sandbox(1, limits)
    sandbox.call("signer.sandbox_worker:_resident")
    worker = sandbox._idle.get(1.0)
    print(os.sched_getaffinity(worker.process.pid) == set(range(CPUS)))
    worker.kill()
    sandbox.close()
early.set()
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor alone")
def test_the_service_keeps_to_one_and_its_workers_have_all():
    given = os.sched_getaffinity(0)
    program = SERVICE.replace("set(range(CPUS))", repr(given))
    assert run(program, given).split("\n")[:4] == ["True", "{1}", "True", "True"]


BORN = """
import os, threading
from api.processor import keep_to_one
move, over = os.sched_setaffinity, threading.Event()

def first_a_thread_is_started(*given):
    os.sched_setaffinity = move
    threading.Thread(target=over.wait).start()
    move(*given)

os.sched_setaffinity = first_a_thread_is_started
print(keep_to_one())
print({len(os.sched_getaffinity(int(task))) for task in os.listdir("/proc/self/task")})
over.set()
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor alone")
def test_a_thread_that_is_started_during_the_move_comes_along():
    assert run(BORN, os.sched_getaffinity(0)).split("\n")[:2] == ["True", "{1}"]


def test_where_there_is_one_nothing_changes():
    one = {min(os.sched_getaffinity(0))}
    program = "from api.processor import keep_to_one; print(keep_to_one())"
    assert run(program, one) == "False\n"


CROWDED = """
import os, time
from api import processor
given = os.sched_getaffinity(0)
first, second = sorted(given)[:2]
looks = iter(range(10**6))

def times():  # the first is idle until the second look, and others' alone from then on; the second stays idle
    at = float(next(looks))
    busy = {cpu: at for cpu in given} | {first: max(0.0, at - 1.0), second: max(0.0, at - 1.0) / 10}
    return processor.Times({cpu: at - busy[cpu] for cpu in given}, busy, 0.0)

processor.times, processor.FIRST_LOOK, processor.SECONDS = times, 0.0, 0.05
print(processor.keep_to_one())
deadline = time.monotonic() + 60
while os.sched_getaffinity(0) != {second} and time.monotonic() < deadline:
    time.sleep(0.01)
print(os.sched_getaffinity(0) == {second})
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor alone")
def test_it_moves_away_from_a_stranger():
    assert run(CROWDED, os.sched_getaffinity(0)) == "True\nTrue\n"
