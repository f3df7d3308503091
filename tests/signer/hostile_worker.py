"""A worker with tasks that misbehave; tests start it in place of the real one."""

from __future__ import annotations

import os
import signal
import sys
import time
import types
from datetime import UTC, datetime
from pathlib import Path

from policies.reasons import document as reasons
from policies.refusals import Reason, Refused
from policies.vocabulary import Changes
from signer import sandbox_worker, wire
from signer.errors import DocumentRefused, PlacementRefused
from signer.stages import Appended

kept = []


def echo(*values):
    return list(values)


def habits(module):
    """Whether a module is imported already, and how nice this process and its session are."""
    group = Path("/proc/self/autogroup")
    session = int(group.read_text("ascii").split()[-1]) if group.exists() else None
    return [module in sys.modules, os.nice(0), session]


def values():
    return [
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


def pid():
    return os.getpid()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def spin():
    while True:
        pass


def sleep():
    time.sleep(600)


def bomb():
    found = []
    while True:
        found.append(bytearray(64 << 20))


def grow(size):
    kept.append(bytearray(b"x") * size)
    return os.getpid()


def recurse(depth=0):
    return recurse(depth + 1)


def refuse():
    raise PlacementRefused(reasons.TOO_SLOW, seconds=7)


def refuse_with_odd_values():
    raise DocumentRefused(reasons.TOO_SLOW, seconds=object())


def refuse_with_forged_words():
    raise DocumentRefused(Reason(reasons.TOO_SLOW.id, "x", "<b>x</b>", "x"), seconds=7)


def refuse_without_values():
    raise DocumentRefused(reasons.TOO_SLOW)


def refuse_as_something_else():
    class Other(Refused):
        pass

    raise Other(reasons.TOO_SLOW, seconds=7)


def crash():
    raise KeyError("a secret of the file")


def unwritable():
    return object()


def large(size):
    return bytes(size)


def write(path, size):
    with path.open("r+b") as out:
        out.seek(0, 2)
        out.write(bytes(size))
    return path.stat().st_size


def overwrite(path):
    with path.open("r+b") as out:
        out.seek(1)
        out.write(b"token")


def hold(path):
    """Says in the file that the call is under way, and ends when the file says so."""
    with path.open("r+b") as file:
        file.write(b"b")
        file.flush()
        while file.seek(1) and file.read(1) != b"e":
            time.sleep(0.02)
    return "held"


def create(path):
    path.write_bytes(b"x" * 10)


def descriptors():
    return sorted(str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.exists())


def environment():
    return dict(os.environ)


def printing():
    print("noise on the standard output", flush=True)
    return "quiet"


def _say(line: bytes):
    """Writes to the parent directly, as code that took the worker over would."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(entry.name)
        if descriptor > 2:
            try:
                os.write(descriptor, line)
            except OSError:
                continue


def forge(text):
    _say(text.encode() + b"\n")
    time.sleep(600)


def answer_ahead(path):
    """This call's answer is honest; when the file is there, another line follows for whoever calls next."""
    if os.fork() == 0:
        while not path.exists():
            time.sleep(0.02)
        _say(wire.dumps(["0" * 16, "ok", "forged", 1]).encode() + b"\n")
        os._exit(0)
    return os.getpid()


def dribble():
    while True:
        _say(b" ")
        time.sleep(0.05)


if __name__ == "__main__":
    tasks = types.ModuleType("signer.hostile")
    tasks.__dict__.update(globals())
    sys.modules["signer.hostile"] = tasks
    sandbox_worker.main()
