"""The process behind `signer.sandbox`: reads one call a line, answers one line, holds no secrets."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import socket
import sys
from pathlib import Path
from typing import Any

from policies.reasons import document as reasons
from policies.refusals import Refused
from signer import wire

# A call makes tens of thousands of values without cycles; the default looks through them a hundred times.
GC_THRESHOLD = (20_000, 20, 20)


def main() -> None:
    """Serve calls until the parent closes the pipe. Anything printed by a library goes to stderr."""
    _spread(os.environ.get("ANTIN_PROCESSORS", ""))
    if sys.argv[-3] == "template":
        numbers = _copy_of_template(sys.argv[-2], socket.socket(fileno=int(sys.argv[-1])))
    else:
        numbers = [int(number) for number in sys.argv[-4:]]
    nice, address_space, file_bytes, lifeline = numbers
    die_with_parent(lifeline)
    _step_back(nice)
    _limit(address_space, file_bytes)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.setrecursionlimit(600)
    gc.set_threshold(*GC_THRESHOLD)
    while line := sys.stdin.buffer.readline():
        answer = memoryview(_answer(line) + b"\n")
        while answer:
            answer = answer[answers.write(answer) or 0 :]


def _copy_of_template(modules: str, control: socket.socket) -> list[int]:
    """Import, then fork a worker for each request (`signer.sandbox_template`). Returns in the workers alone."""
    for name in modules.split(","):
        importlib.import_module(name)
    gc.freeze()  # modules stay: no collection need look at them, nor copy their pages
    while True:
        request, ends, _, _ = socket.recv_fds(control, 256, 3)
        if not request:
            sys.exit()
        what, *numbers = json.loads(request)
        if what == "reap":
            answer = os.waitstatus_to_exitcode(os.waitpid(numbers[0], 0)[1])
        elif (answer := os.fork()) == 0:
            control.close()
            return [*numbers, _take_up(*ends)]
        for end in ends:
            os.close(end)
        control.send(str(answer).encode())


def _take_up(requests: int, answers: int, lifeline: int) -> int:
    """Standard input and output of a worker that was forked, in a session of its own; its lifeline."""
    os.setsid()
    for end, standard in ((requests, 0), (answers, 1)):
        os.dup2(end, standard)
        os.close(end)
    return lifeline


def _spread(processors: str) -> None:
    """Over these, wherever the parent's threads keep to."""
    if processors:
        with contextlib.suppress(OSError):  # the machine has taken them away since
            os.sched_setaffinity(0, map(int, processors.split(",")))


def _step_back(nice: int) -> None:
    """Behind other processes, also where Linux shares the processor between sessions first: this one is its own."""
    if nice:
        os.nice(nice)
        with contextlib.suppress(OSError):  # a kernel without groups by session
            Path("/proc/self/autogroup").write_text(str(nice), "ascii")


def die_with_parent(lifeline: int) -> None:
    """Have the kernel send SIGIO, which ends the process, when the parent's end of the pipe closes.

    Not PR_SET_PDEATHSIG: that follows the parent's thread, and threads of a server come and go.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    watched = select.poll()
    watched.register(lifeline, select.POLLHUP)
    if watched.poll(0):  # it closed before the signal was asked for
        sys.exit(1)


def _limit(address_space: int, file_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, file_bytes))


def _limit_call(cpu_seconds: int, arguments: list[Any]) -> None:
    """Limits of this call: CPU time from now on, and no write beyond the largest file that it is given."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_seconds, hard))
    sizes = (path.stat().st_size for path in arguments if isinstance(path, Path) and path.is_file())
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(max(sizes, default=0), hard), hard))


def _answer(line: bytes) -> bytes:
    number: object = None
    try:
        number, task, arguments, cpu_seconds = wire.loads(line)
        _limit_call(cpu_seconds, arguments)
        kind, value = "ok", _function(task)(*arguments)
        return _line(number, kind, value)
    except Refused as exc:
        kind, value = (
            "refused",
            [type(exc).__name__, exc.reason, {k: _plain(v) for k, v in exc.values.items()}],
        )
    except MemoryError:  # the limit of this process: its file is refused as one that got it killed
        kind, value = "refused", ["DocumentRefused", reasons.PARSER_KILLED, {}]
    except Exception as exc:  # the border: whatever a parser raises ends here, as a name
        if "ANTIN_SANDBOX_DEBUG" in os.environ:
            raise
        kind, value = "crashed", type(exc).__name__
    return _line(number, kind, value)


def _line(number: object, kind: str, value: object) -> bytes:
    return wire.dumps([number, kind, value, _resident()]).encode()


def _plain(value: object) -> object:
    """A refusal's value as it will be shown; what has no wire form goes as its text."""
    return value if isinstance(value, str | int | float) else str(value)


def _function(task: str) -> Any:
    module, _, name = task.partition(":")
    if not module.startswith("signer."):
        raise ValueError("only tasks of this room run here")
    return getattr(importlib.import_module(module), name)


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 (a kernel file, read per call)
        return int(statm.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
