"""`antin serve` or `antin worker` in a process of its own, prepared to die at a point, or with keys that fail.

python -m tests.crashes.service_child PLAN.json

The product knows nothing of this: its functions are wrapped from outside, then its own command line runs.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from api import cli
from api.wiring import service
from signer.keys.twin import FailingSigningKey, Failure
from tests.crashes.service_points import ANSWER_POINTS, BATCH_POINTS, POINTS, Point

ALL_POINTS = {**POINTS, **BATCH_POINTS, **ANSWER_POINTS}


def main(plan: dict) -> None:
    armed = Path(plan["armed"])
    if plan.get("die"):
        install(ALL_POINTS[plan["die"]], armed.exists, plan.get("turn", 1))
    for name in plan.get("freeze", ()):
        install(ALL_POINTS[name], functools.partial(told, armed, f"freeze {name}"), 1, signal.SIGSTOP)
    for name in plan.get("kill", ()):
        install(ALL_POINTS[name], functools.partial(told, armed, f"kill {name}"), 1)
    swap_keys(plan.get("keys", []), Path(plan["armed"]))
    for name in plan.get("faults", ()):
        FAULTS[name](Path(plan["armed"]))
    cli.main([plan.get("command", "serve"), "--config", plan["config"]])


def told(armed: Path, word: str) -> bool:
    """Whether the word stands in `armed`."""
    try:
        return armed.read_text("utf-8") == word
    except FileNotFoundError:
        return False


def install(
    point: Point, armed: Callable[[], bool], turn: int, number: signal.Signals = signal.SIGKILL
) -> None:
    """Wrap the point's function: once it is `armed`, the turn of that number is the process's last; or, with SIGSTOP,
    it stands still there until it is woken."""
    turns = itertools.count(1)

    def decide(when, arguments, named):
        if when != point.when or not armed() or not point.applies(arguments, named):
            return
        if next(turns) >= turn:
            os.kill(os.getpid(), number)
            if number is signal.SIGKILL:
                threading.Event().wait()

    wrap(point.target, decide)


def wrap(target: str, decide) -> None:
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    real = getattr(owner, name)

    @functools.wraps(real)
    def wrapped(*arguments, **named):
        decide("before", arguments, named)
        result = real(*arguments, **named)
        decide("after", arguments, named)
        return result

    setattr(owner, name, wrapped)


def swap_keys(names: list[str], armed: Path) -> None:
    """These keys of the ring do what `armed` says while it is there."""
    real = service._keys

    def swapped(settings, demo):
        ring = real(settings, demo)
        switched = {name: _Switched(ring.keys[name], demo, armed) for name in names}
        return type(ring)({**ring.keys, **switched})

    service._keys = swapped


class _Switched:
    """A key that is another identity's (`expired`), or that fails (`dies`), on command."""

    def __init__(self, inner, demo, armed):
        self.inner, self.demo, self.armed = inner, demo, armed

    def _now(self):
        word = self.armed.read_text() if self.armed.exists() else ""
        if word in ("", "silent"):
            return self.inner
        if word not in list(Failure):
            return self.demo.signing_key(word)
        twin = FailingSigningKey(self.inner)
        twin.fail_next(Failure(word))
        return twin

    certificate = property(lambda self: self._now().certificate)
    chain = property(lambda self: self._now().chain)
    algorithm = property(lambda self: self._now().algorithm)

    def sign(self, digest):
        return self._now().sign(digest)


def log_damaged(armed: Path) -> None:
    """The sequencer finds its log damaged."""
    from archive.errors import ArchiveDamaged

    def decide(when, _arguments, _named):
        if when == "before" and armed.exists():
            raise ArchiveDamaged("log: the tiles do not give the root signed at 1")

    wrap("archive.log.sequencer:Sequencer.run_once", decide)


def disk_full(armed: Path) -> None:
    """Nothing can be created in the object store or the work area."""
    import errno

    def decide(when, _arguments, _named):
        if when == "before" and armed.exists():
            raise OSError(errno.ENOSPC, "No space left on device")

    wrap("archive.storage.disk:Disk.create", decide)


def store_full(armed: Path) -> None:
    """Objects cannot be stored; the work area still takes bytes."""
    from archive.errors import ArchiveUnavailable

    def decide(when, _arguments, _named):
        if when == "before" and armed.exists():
            raise ArchiveUnavailable("store: No space left on device")

    wrap("archive.storage.directory:DirectoryStore.put", decide)


def crosscheck_dies(_armed: Path) -> None:
    """The worker that runs pyHanko is killed under it."""
    from policies.reasons import document as reasons
    from signer.errors import DocumentRefused

    def decide(when, arguments, _named):
        if when == "before" and arguments[1].startswith("signer.crosscheck.pyhanko_check"):
            raise DocumentRefused(reasons.PARSER_KILLED)

    wrap("signer.sandbox:Sandbox.call", decide)


def crosscheck_disagrees(armed: Path) -> None:
    """pyHanko is slow while `armed` is there; then its verdict is that no signature is there."""
    from signer.crosscheck.pyhanko_opinion import PyhankoVerdict
    from signer.sandbox import Sandbox

    real = Sandbox.call

    def call(self, task, *arguments, **named):
        if task.startswith("signer.crosscheck.pyhanko_check"):
            while armed.exists():
                time.sleep(0.05)
            return PyhankoVerdict(())
        return real(self, task, *arguments, **named)

    Sandbox.call = call


def judging_waits(armed: Path) -> None:
    """Our validation of our own output takes as long as `armed` is there."""

    def decide(when, _arguments, _named):
        while when == "before" and armed.exists():
            time.sleep(0.05)

    wrap("api.verification:Verification.own_report", decide)


def clock_jumps(armed: Path) -> None:
    """The machine's clock is wrong by as many seconds as `armed` says, while it is there."""
    from datetime import datetime, timedelta

    from api.wiring import clock

    real_now, real_time = clock.clock, time.time

    def off() -> float:
        return float(armed.read_text() or 0) if armed.exists() else 0.0

    def wrong() -> datetime:
        return real_now() + timedelta(seconds=off())

    time.time = lambda: real_time() + off()
    for module in (
        clock,
        service,
        *map(importlib.import_module, ("api.wiring.stores", "api.wiring.company")),
    ):
        module.clock = wrong


def faulty_document(_armed: Path) -> None:
    """A fault of ours that nobody foresaw, in the signature of whoever's subject says so."""

    def decide(when, arguments, _named):
        if when == "before" and "LỖI" in arguments[1].subject:
            raise ZeroDivisionError("in one document")

    wrap("api.signing:Signing.sign", decide)


def slow_signatures(_armed: Path) -> None:
    """Each signature takes half a second, so that a batch can be met in its middle."""

    def decide(when, _arguments, _named):
        if when == "before":
            threading.Event().wait(0.5)

    wrap("api.signing:Signing.sign", decide)


def no_revocation_answer(armed: Path) -> None:
    """Responders are silent while our own output is judged."""
    from signer.errors import RevocationUnavailable

    def decide(when, _arguments, _named):
        judging = any(frame.name == "_validated" for frame in traceback.extract_stack())
        if when == "before" and armed.exists() and judging:
            raise RevocationUnavailable("no answer")

    wrap("signer.trust.revocation_cache:CachedRevocationSource.ocsp", decide)
    wrap("signer.trust.revocation_cache:CachedRevocationSource.crl", decide)


def silent(armed: Path) -> None:
    """No revocation answer while `armed` says so."""
    from signer.errors import RevocationUnavailable

    def decide(when, _arguments, _named):
        if when == "before" and armed.exists() and armed.read_text() == "silent":
            raise RevocationUnavailable("no answer")

    wrap("signer.trust.revocation_cache:CachedRevocationSource.ocsp", decide)
    wrap("signer.trust.revocation_cache:CachedRevocationSource.crl", decide)


def heads_unbound(_armed: Path) -> None:
    """No fault: the log stands still between acts, since upkeep puts no heads of registers and audit into it."""
    from api.aftercare import Aftercare

    Aftercare.bind_heads = lambda _self: None


FAULTS = {
    each.__name__: each
    for each in (
        log_damaged,
        disk_full,
        store_full,
        crosscheck_dies,
        crosscheck_disagrees,
        judging_waits,
        clock_jumps,
        faulty_document,
        slow_signatures,
        no_revocation_answer,
        silent,
        heads_unbound,
    )
}

if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
