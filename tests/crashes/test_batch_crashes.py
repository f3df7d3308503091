"""kill -9 in a batch: a key process at each point, the whole batch at any time. Nothing is lost or signed twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from signer.creation.batch import Batch, Status
from signer.creation.batch.journal import NAME
from tests.demo_pki import AT, demo_pki, timestamp_authority
from tests.service import PATIENCE
from tests.signer.creation.batch_desk import FEW, PAIR, PASSWORD, BatchDesk
from tests.signer.creation.batch_keys import POINTS, POISON

ROOT = Path(__file__).parents[2]
ANTIN = str(Path(sys.executable).with_name("antin"))
# Between intent and name a use may be lost, before the intent none is. Afterwards only what else was in hand.
LOST = {"intent-written", "key", "key-used", "filled", "synced"}
NOT_LOST = {"draft", "copied", "intent"}
CASES = [(point, False) for point in POINTS] + [(point, True) for point in ("key-used", "filled", "named")]


@pytest.fixture(scope="module")
def container(tmp_path_factory):
    path = tmp_path_factory.mktemp("container") / "leader.p12"
    demo_pki().write_pkcs12("leader", path, PASSWORD)
    return path


@pytest.fixture
def desk(tmp_path, container):
    return BatchDesk(tmp_path, container)


@pytest.mark.parametrize(
    ("point", "stamped"), CASES, ids=lambda value: {True: "stamped", False: "plain"}.get(value, value)
)
def test_a_key_process_that_is_killed(desk, point, stamped):
    jobs = desk.jobs(5)
    flag = desk.folder / "flag"
    flag.touch()
    authority = timestamp_authority(demo_pki(), AT) if stamped else None
    outcomes = desk.run(jobs, desk.factory("killed", at=point, flag=flag), FEW, authority=authority)
    assert not flag.exists(), "it died there"
    assert [outcome.job for outcome in outcomes] == jobs
    assert {outcome.status for outcome in outcomes} == {Status.SIGNED}
    desk.check(jobs)
    lost = sum(outcome.lost_uses for outcome in outcomes)
    assert 0 <= desk.uses - len(jobs) <= lost, "every use of the key has an output or is told"
    assert lost > 0 or point not in LOST
    assert lost == 0 or point not in NOT_LOST
    assert Counter(event["event"] for event in desk.journal())["lost"] == lost


def test_a_document_that_kills_every_process_is_found_and_left_out(desk):
    jobs = desk.jobs(4)
    poison = desk.sources / f"{POISON}.pdf"
    poison.write_bytes(jobs[0].source.read_bytes())
    jobs.insert(2, desk.job(poison.name))
    outcomes = desk.run(jobs, desk.factory("poisoned"))
    assert [outcome.status for outcome in outcomes] == [
        Status.SIGNED, Status.SIGNED, Status.FAILED, Status.SIGNED, Status.SIGNED
    ]  # fmt: skip
    assert outcomes[2].failure.reason.id == "signing.worker-died"
    assert outcomes[2].failure.values["times"] == FEW.tries
    desk.check([job for job in jobs if job.source != poison])


def test_processes_killed_again_and_again_from_outside(desk):
    """At any moment, not only at the points that we thought of. All may meet one document, or one place of work
    that never gets a process opened: that must not end it."""
    jobs = desk.jobs(40)
    chance = random.Random(5)
    killed = []
    with Batch(jobs, desk.outs, desk.factory(), limits=replace(PAIR, tries=6)) as batch:
        outcomes = []
        for outcome in batch:
            outcomes.append(outcome)
            if len(outcomes) % 8 == 3:
                time.sleep(chance.random() / 20)
                victims = _key_processes(os.getpid())
                if victims:
                    killed.append(chance.choice(victims))
                    with contextlib.suppress(psutil.NoSuchProcess):  # of the kill before
                        killed[-1].kill()
    assert 0 < len(killed) < 6
    assert {outcome.status for outcome in outcomes} == {Status.SIGNED}
    desk.check(jobs)
    assert 0 <= desk.uses - len(jobs) <= sum(outcome.lost_uses for outcome in outcomes)


def _key_processes(pid: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(pid).children():
        try:
            if "signer.creation.batch" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def command(desk: BatchDesk, *program: str) -> list[str]:
    password = desk.folder / "password"
    password.write_text(PASSWORD + "\n")
    given = ["--key", str(desk.container), "--password-file", str(password)]
    program = program or (ANTIN,)
    return [*program, "sign", str(desk.sources), "--out-dir", str(desk.outs), "--processes", "2", *given]


def gate(desk: BatchDesk) -> Path:
    return desk.folder / "gate"


def held(desk: BatchDesk, outputs: int, **more: object) -> subprocess.Popen:
    """The command, whose key is used no further once so many outputs are there. Two processes have at most three
    quarters of what is left in hand then: it cannot be over before it is met."""
    gate(desk).touch()
    program = (sys.executable, "-m", "tests.crashes.batch_child", str(gate(desk)), str(outputs))
    return subprocess.Popen(command(desk, *program), cwd=ROOT, stdout=subprocess.DEVNULL, **more)


@pytest.mark.long
def test_the_whole_batch_killed_at_any_time_and_run_again(desk):
    jobs = desk.jobs(60)
    chance = random.Random(11)
    kills = 0
    while len(jobs) - len(desk.outputs()) > 12:
        outputs = len(desk.outputs()) + chance.randrange(1, 6)
        running = held(desk, outputs, stderr=subprocess.DEVNULL)
        children = _wait_for_outputs(desk, running, outputs)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        kills += 1
        psutil.wait_procs(children, timeout=PATIENCE)
        assert not [child for child in children if child.is_running()], "nobody survives the batch"
    assert kills >= 2
    last = subprocess.run(command(desk), capture_output=True, text=True, timeout=PATIENCE)
    assert last.returncode == 0, last.stderr
    desk.check(jobs)
    events = Counter(event["event"] for event in desk.journal())
    assert events["signed"] == len(jobs)
    assert events["intent"] == events["signed"] + events["lost"]


def _wait_for_outputs(desk: BatchDesk, running: subprocess.Popen, count: int) -> list[psutil.Process]:
    """Until so many are there, or the batch has ended; its processes."""
    deadline = time.monotonic() + PATIENCE
    while running.poll() is None and len(desk.outputs()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    try:
        return psutil.Process(running.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def test_ctrl_c_finishes_what_is_in_hand_and_a_rerun_goes_on(desk):
    jobs = desk.jobs(60)
    running = held(desk, 3, stderr=subprocess.PIPE, text=True)
    _wait_for_outputs(desk, running, 3)
    running.send_signal(signal.SIGINT)
    told = running.stderr.readline()
    gate(desk).unlink()  # what is in hand goes on
    _, rest = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, rest
    assert "goes on later" in told
    events = Counter(event["event"] for event in desk.journal())
    assert events["intent"] == events["signed"] < len(jobs), "nothing was left in between"
    assert sorted(path.name for path in desk.outs.iterdir() if path.name != NAME) == desk.outputs()
    again = subprocess.run(command(desk), capture_output=True, text=True, timeout=PATIENCE)
    assert again.returncode == 0, again.stderr
    assert f"{len(jobs) - events['signed']} signed, {events['signed']} signed before" in again.stdout
    desk.check(jobs)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.long)])
def test_a_stop_by_the_system_is_as_good_as_ctrl_c(desk, number):
    """Sent to every process of the batch at once, as a service manager does."""
    jobs = desk.jobs(60)
    running = subprocess.Popen(command(desk), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for child in _wait_for_outputs(desk, running, 3):
        child.send_signal(number)
    running.send_signal(number)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 128 + number, told
    events = Counter(event["event"] for event in desk.journal())
    assert events["intent"] == events["signed"] < len(jobs), "nothing was left in between"
    again = subprocess.run(command(desk), capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    desk.check(jobs)
