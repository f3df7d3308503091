"""The sandbox against workers in the hands of the file that they parse: it refuses, stays alive, gets memory back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from api.wiring.service import PATH_MODULES
from policies.vocabulary import Changes
from signer.errors import DocumentRefused, PlacementRefused, SandboxUnavailable
from signer.sandbox import Sandbox, SandboxLimits
from signer.stages import Appended
from tests.service import PATIENCE, until
from tests.signer.document import build

HOSTILE = (str(Path(__file__).with_name("hostile_worker.py")),)
LIMITS = SandboxLimits(
    wall_seconds=20, address_space=1 << 30, retire_resident=100 << 20, answer_bytes=1 << 20
)
PRELOAD = "signer.crosscheck.plain_reader"  # nothing that a worker needs by itself imports it
FORKED = replace(LIMITS, preload=(PRELOAD,))


@pytest.fixture(params=[LIMITS, FORKED], ids=["started", "forked"])
def sandbox(request):
    with Sandbox(1, request.param, HOSTILE) as pool:
        yield pool


def call(pool: Sandbox, task: str, *arguments, **options):
    return pool.call(f"signer.hostile:{task}", *arguments, **options)


def refusal(pool: Sandbox, task: str, *arguments, **options) -> str:
    """The refusal's id; the pool must serve the next call as if nothing had been."""
    with pytest.raises(DocumentRefused) as found:
        call(pool, task, *arguments, **options)
    assert found.value.text("vi") and found.value.text("en")
    assert call(pool, "echo", 1) == [1]
    return found.value.id


# --- honest work


def test_values_go_both_ways(sandbox):
    assert call(sandbox, "values") == [
        None,
        True,
        1,
        1.5,
        "Số",
        b"\0",
        datetime(2026, 1, 1, tzinfo=UTC),
        Path("/x"),
        Changes.NONE,
        (1, 2),
        {"a": 1},
        Appended(1, b"t"),
    ]
    assert call(sandbox, "echo", Path("/y"), b"z") == [Path("/y"), b"z"]


def test_a_worker_serves_many_calls(sandbox):
    assert len({call(sandbox, "pid") for _ in range(5)}) == 1


def test_a_real_task_reads_a_real_file(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(build.prepared())
    with Sandbox(1) as pool:
        assert pool.call("signer.document.preview:page_sizes", path)


def test_a_refusal_comes_back_as_it_was_raised(sandbox):
    with pytest.raises(PlacementRefused) as found:
        call(sandbox, "refuse")
    assert (found.value.id, found.value.values) == ("document.too-slow", {"seconds": 7})


def test_what_a_library_prints_does_not_disturb(sandbox):
    assert call(sandbox, "printing") == "quiet"


def test_calls_from_several_threads_share_the_workers():
    found: list = []
    with Sandbox(2, LIMITS, HOSTILE) as pool:
        threads = [
            threading.Thread(target=lambda n=n: found.append(call(pool, "echo", n))) for n in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [[n] for n in range(12)]


# --- workers that die, hang, swell


def test_worker_killed_in_the_middle_of_a_call(sandbox):
    assert refusal(sandbox, "die") == "document.parser-killed"


class Held:
    """A call that goes on until it is released, in a thread of its own."""

    def __init__(self, pool: Sandbox, folder: Path):
        self.file = folder / "held"
        self.file.write_bytes(b"..")
        self.outcome: object = None
        self.thread = threading.Thread(target=self._run, args=(pool,))
        self.thread.start()
        until(lambda: self.file.read_bytes()[:1] == b"b", "the call to begin")

    def _run(self, pool: Sandbox) -> None:
        try:
            self.outcome = call(pool, "hold", self.file, wall_seconds=PATIENCE)
        except DocumentRefused as refused:
            self.outcome = refused.id

    def release(self) -> object:
        self.file.write_bytes(b"be")
        return self.ended()

    def ended(self) -> object:
        self.thread.join(PATIENCE)
        return self.outcome


def gone(pid: int) -> bool:
    """It does not run any more, whether or not its parent has noticed."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_worker_killed_from_outside_in_the_middle_of_a_call(sandbox, tmp_path):
    worker = call(sandbox, "pid")
    held = Held(sandbox, tmp_path)
    os.kill(worker, signal.SIGKILL)
    assert held.ended() == "document.parser-killed"
    assert call(sandbox, "echo", 1) == [1]


def test_worker_killed_between_calls_is_replaced(sandbox):
    worker = call(sandbox, "pid")
    os.kill(worker, signal.SIGKILL)
    until(lambda: gone(worker), "its end")
    assert call(sandbox, "pid") != worker


@pytest.mark.parametrize("task", ["spin", "sleep", "dribble"])
def test_worker_that_never_ends_is_stopped_in_the_time_given(sandbox, task):
    call(sandbox, "pid")
    start = time.monotonic()
    with pytest.raises(DocumentRefused) as found:
        call(sandbox, task, wall_seconds=1)
    assert (found.value.id, found.value.values) == ("document.too-slow", {"seconds": 1})
    assert 0.9 < time.monotonic() - start < LIMITS.wall_seconds
    assert call(sandbox, "echo", 1) == [1]


def test_the_kernel_stops_a_worker_that_its_parent_forgot(sandbox, monkeypatch):
    """The CPU limit ends it even when nobody watches the clock."""
    monkeypatch.setattr("signer.sandbox_process._cpu_seconds", lambda _: 1)
    worker = call(sandbox, "pid")
    start = time.monotonic()
    assert refusal(sandbox, "spin", wall_seconds=PATIENCE) == "document.too-slow"
    assert 0.5 < time.monotonic() - start < PATIENCE
    assert not psutil.pid_exists(worker)


def test_memory_bomb(sandbox):
    assert refusal(sandbox, "bomb") in ("document.parser-failed", "document.parser-killed")


def test_worker_whose_memory_grew_is_retired_and_the_memory_comes_back(sandbox):
    first = call(sandbox, "grow", 150 << 20)
    assert not psutil.pid_exists(first)
    second = call(sandbox, "pid")
    assert second != first
    assert psutil.Process(second).memory_info().rss < 80 << 20
    assert call(sandbox, "grow", 1 << 20) == second


def test_worker_is_retired_after_its_number_of_calls():
    limits = SandboxLimits(wall_seconds=20, retire_calls=2)
    with Sandbox(1, limits, HOSTILE) as pool:
        found = [call(pool, "pid") for _ in range(6)]
    assert [found.count(pid) for pid in dict.fromkeys(found)] == [2, 2, 2]


def test_runaway_recursion(sandbox):
    assert refusal(sandbox, "recurse") == "document.parser-failed"


def test_an_exception_that_nobody_foresaw_is_named_without_its_text(sandbox):
    with pytest.raises(DocumentRefused) as found:
        call(sandbox, "crash")
    assert found.value.values == {"kind": "KeyError"}
    assert "secret" not in str(found.value)


def test_a_result_that_is_no_value(sandbox):
    assert refusal(sandbox, "unwritable") == "document.parser-failed"


def test_an_answer_larger_than_the_limit(sandbox):
    assert refusal(sandbox, "large", 2 << 20) == "document.too-slow"


def test_arguments_that_are_no_values_are_the_callers_mistake(sandbox):
    with pytest.raises(TypeError):
        call(sandbox, "echo", object())
    assert call(sandbox, "echo", 1) == [1]


def test_large_arguments_to_a_worker_that_does_not_read_end_in_time(sandbox):
    stopped = call(sandbox, "pid")
    os.kill(stopped, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(DocumentRefused) as found:
        call(sandbox, "echo", bytes(1 << 20), wall_seconds=1)
    assert found.value.id == "document.too-slow"
    assert time.monotonic() - start < LIMITS.wall_seconds


def test_only_tasks_of_this_room_run(sandbox):
    with pytest.raises(DocumentRefused) as found:
        sandbox.call("os:getpid")
    assert found.value.values == {"kind": "ValueError"}


# --- what a worker may touch


def test_it_writes_no_further_than_the_file_that_it_is_given(sandbox, tmp_path):
    path = tmp_path / "work.pdf"
    path.write_bytes(b"x" * 1_000)
    call(sandbox, "overwrite", path)
    assert path.read_bytes()[:8] == b"xtokenxx"
    assert refusal(sandbox, "write", path, 10) == "document.parser-failed"
    assert path.stat().st_size == 1_000
    assert refusal(sandbox, "create", tmp_path / "new") == "document.parser-failed"
    assert (tmp_path / "new").stat().st_size == 0


def test_it_has_no_settings_and_no_files_of_its_parent(sandbox, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTIN_KEY_PASSWORD", "secret")
    with (tmp_path / "database").open("wb") as held:
        os.set_inheritable(held.fileno(), True)
        assert set(call(sandbox, "environment")) <= {
            "PATH",
            "LANG",
            "PYTHONDONTWRITEBYTECODE",
            "LC_CTYPE",
            "ANTIN_PROCESSORS",
        }
        assert not [name for name in call(sandbox, "descriptors") if "database" in name]


# --- forged answers


def forged(kind: str = "ok", value: object = None, number: str = "0" * 16) -> str:
    return json.dumps([number, kind, value, 1])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(forged(), id="an answer to another request"),
        pytest.param("", id="nothing"),
        pytest.param("{", id="no JSON"),
        pytest.param("7", id="no answer"),
        pytest.param(forged()[:-1] + ", 5]", id="one too many"),
        pytest.param("[" * 100_000, id="nested"),
        pytest.param(forged() + "\n" + forged(), id="two lines"),
    ],
)
def test_a_forged_answer_is_refused_and_its_worker_killed(sandbox, text):
    worker = call(sandbox, "pid")
    assert refusal(sandbox, "forge", text) == "document.parser-killed"
    assert not psutil.pid_exists(worker)


def test_an_answer_ahead_of_its_request_ends_the_worker(sandbox, tmp_path):
    worker = call(sandbox, "answer_ahead", tmp_path / "answered")
    (forger,) = psutil.Process(worker).children()
    (tmp_path / "answered").touch()
    until(lambda: gone(forger.pid), "the second answer")
    assert call(sandbox, "pid") != worker


@pytest.mark.parametrize(
    "task", ["refuse_with_forged_words", "refuse_without_values", "refuse_as_something_else"]
)
def test_a_forged_refusal_says_nothing(sandbox, task):
    assert refusal(sandbox, task) == "document.parser-failed"


def test_odd_values_of_a_refusal_come_as_text(sandbox):
    with pytest.raises(DocumentRefused) as found:
        call(sandbox, "refuse_with_odd_values")
    assert found.value.values["seconds"].startswith("<object")


# --- the pool


def test_a_closed_pool_serves_nobody_and_leaves_no_process():
    pool = Sandbox(2, LIMITS, HOSTILE)
    worker = call(pool, "pid")
    pool.close()
    assert not psutil.pid_exists(worker)
    with pytest.raises(SandboxUnavailable):
        call(pool, "pid")


def test_closing_wakes_those_who_wait_and_a_late_worker_dies(tmp_path):
    pool = Sandbox(1, LIMITS, HOSTILE)
    worker = call(pool, "pid")
    held = Held(pool, tmp_path)
    outcomes: list = []

    def wait():
        with pytest.raises(SandboxUnavailable) as found:
            call(pool, "pid")
        outcomes.append(found.type)

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(pool._idle.not_empty._waiters) == 2, "both to wait")
    pool.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert outcomes == [SandboxUnavailable] * 2
    assert not gone(worker), "its call was under way"
    assert held.release() == "held"
    assert not psutil.pid_exists(worker)


def test_whoever_waits_too_long_for_a_worker_is_told(tmp_path):
    with Sandbox(1, SandboxLimits(wall_seconds=20, queue_seconds=0.3), HOSTILE) as pool:
        held = Held(pool, tmp_path)
        with pytest.raises(SandboxUnavailable):
            call(pool, "pid")
        assert held.release() == "held"


@pytest.mark.parametrize("preload", [(), (PRELOAD,)], ids=["started", "forked"])
def test_no_descriptors_are_lost(preload):
    """Counted in a process that does nothing else."""
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from signer.errors import DocumentRefused
        from signer.sandbox import Sandbox, SandboxLimits
        with Sandbox(1, SandboxLimits(preload={preload!r}), {HOSTILE!r}) as pool:
            for _ in range(6):
                try:
                    pool.call("signer.hostile:die")
                except DocumentRefused:
                    print(len(list(Path("/proc/self/fd").iterdir())))
        """
    )
    told = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout.split()
    assert len(told) == 6 and len(set(told)) == 1


def test_a_worker_that_cannot_be_started_costs_no_descriptors():
    """With room for one pipe of three. Counted in a process that does nothing else."""
    script = textwrap.dedent(
        f"""
        import resource
        from pathlib import Path
        from signer.errors import SandboxUnavailable
        from signer.sandbox import Sandbox
        with Sandbox(1, program={HOSTILE!r}) as pool:
            opened = lambda: len(list(Path("/proc/self/fd").iterdir())) - 1
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            for _ in range(4):
                before = opened()
                resource.setrlimit(resource.RLIMIT_NOFILE, (before + 3, most))
                try:
                    pool.call("signer.hostile:pid")
                except SandboxUnavailable:
                    print(opened() - before)
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            print(pool.call("signer.hostile:echo", 1))
        """
    )
    told = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout
    assert told.split() == [b"0", b"0", b"0", b"0", b"[1]"]


@pytest.mark.parametrize("preload", [(), (PRELOAD,)], ids=["started", "forked"])
def test_a_worker_dies_with_its_parent_even_in_a_loop(preload):
    script = textwrap.dedent(
        f"""
        import threading, time
        from signer.sandbox import Sandbox, SandboxLimits
        pool = Sandbox(1, SandboxLimits(wall_seconds=600, preload={preload!r}), {HOSTILE!r})
        print(pool.call("signer.hostile:pid"), pool._template and pool._template._process.pid, flush=True)
        threading.Thread(target=pool.call, args=("signer.hostile:spin",), daemon=True).start()
        time.sleep(600)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    worker, template = parent.stdout.readline().split()
    worker = int(worker)
    before = psutil.Process(worker).cpu_times().user
    until(lambda: psutil.Process(worker).cpu_times().user > before + 0.1, "it to spin")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: gone(worker), "the worker not to outlive its parent")
    if preload:
        until(lambda: gone(int(template)), "nor the template")


def test_a_worker_outlives_the_thread_that_started_it(sandbox):
    found: list = []
    thread = threading.Thread(target=lambda: found.append(call(sandbox, "pid")))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert call(sandbox, "pid") == found[0]


# --- the template


def test_workers_are_copies_of_a_template_that_has_imported_their_modules():
    with Sandbox(1, replace(FORKED, nice=5, retire_calls=1), HOSTILE) as pool:
        pool.warm()
        template = psutil.Process(pool._template._process.pid)
        for _ in range(3):
            imported, niceness, session = call(pool, "habits", PRELOAD)
            assert (imported, niceness) == (True, min(os.nice(0) + 5, 19))
            assert session in (5, None)
        assert not template.children(), "they were reaped"
    assert gone(template.pid)


def test_the_template_of_the_path_may_fork():
    """A process of several threads may not: a lock that another thread held would stay locked in the copy."""
    with Sandbox(1, SandboxLimits(preload=PATH_MODULES)) as pool:
        assert pool.call("signer.der:integer", 1) == b"\x02\x01\x01"
        template = psutil.Process(pool._template._process.pid)
        assert template.num_threads() == 1
        assert psutil.Process(template.children()[0].pid).num_threads() == 1


def test_a_worker_holds_nothing_of_its_template_nor_of_its_siblings(tmp_path):
    with Sandbox(2, FORKED, HOSTILE) as pool:
        held = Held(pool, tmp_path)
        pipes = call(pool, "descriptors")
        template = Path(f"/proc/{pool._template._process.pid}/fd")
        sockets = [str(entry.readlink()) for entry in template.iterdir()]
        (held_by,) = set(children(pool)) - {call(pool, "pid")}
        siblings = [str(entry.readlink()) for entry in Path(f"/proc/{held_by}/fd").iterdir()]
        assert held.release() == "held"
    pipes = [name for name in pipes if name.startswith(("pipe", "socket"))]
    assert pipes and not set(pipes) & {*sockets, *siblings}


def children(pool: Sandbox) -> list[int]:
    return [child.pid for child in psutil.Process(pool._template._process.pid).children()]


def test_a_template_that_was_killed_is_replaced_and_its_workers_serve_on():
    with Sandbox(1, FORKED, HOSTILE) as pool:
        worker = call(pool, "pid")
        first = pool._template._process.pid
        os.kill(first, signal.SIGKILL)
        until(lambda: gone(first), "its end")
        assert call(pool, "pid") == worker
        assert refusal(pool, "die") == "document.parser-killed"
        assert pool._template._process.pid != first
    assert not psutil.pid_exists(first)


def test_a_template_that_cannot_import_serves_nobody():
    with Sandbox(1, replace(LIMITS, preload=("signer.no_such_module",)), HOSTILE) as pool:
        for _ in range(2):
            with pytest.raises(SandboxUnavailable):
                call(pool, "pid")


def test_a_call_gets_time_for_the_size_of_its_files(tmp_path):
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(2_000_000_000)
    with Sandbox(1, SandboxLimits(wall_seconds=60, wall_seconds_per_gb=100)) as pool:
        assert pool._wall_seconds((large, "text")) == pytest.approx(260)
        assert pool._wall_seconds((tmp_path / "missing", 1)) == 60
