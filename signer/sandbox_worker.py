"""The process behind `signer.sandbox`: reads one call a line, answers one line, holds no secrets."""

from __future__ import annotations

import importlib
import os
import resource
import sys
from typing import Any

from policies.refusals import Refused
from signer import wire


def main() -> None:
    """Serve calls until the parent closes the pipe. Anything printed by a library goes to stderr."""
    _limit(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.setrecursionlimit(600)
    for line in sys.stdin.buffer:
        answer = memoryview(_answer(line) + b"\n")
        while answer:
            answer = answer[answers.write(answer) or 0 :]


def _limit(address_space: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def _answer(line: bytes) -> bytes:
    try:
        task, arguments = wire.loads(line)
        result: list[Any] = ["ok", _function(task)(*arguments)]
    except Refused as exc:
        result = ["refused", [type(exc).__name__, exc.reason, dict(exc.values)]]
    except (MemoryError, RecursionError) as exc:
        result = ["crashed", type(exc).__name__]
    except Exception as exc:
        if "ANTIN_SANDBOX_DEBUG" in os.environ:
            raise
        result = ["crashed", type(exc).__name__]
    return wire.dumps([*result, _resident()]).encode()


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
