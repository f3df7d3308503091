"""Child processes to be killed. They are forked from a clean server process, never from the test runner itself:
a runner that also runs the service has threads, and a fork may copy one of their locks in its locked state."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from tests.service import PATIENCE

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tests.crashes.test_numbers_crashes",
        "tests.crashes.test_ingest_crashes",
        "tests.crashes.test_keeping_crashes",
        "tests.crashes.test_archive_crashes",
        "tests.crashes.test_shared_commits_crashes",
        "tests.crashes.test_watch_crashes",
        "tests.crashes.test_renewal_crashes",
    ]
)


def forked(work: Callable[..., object], *args: object) -> BaseProcess:
    """Runs `work`, a function of a module, in a child of its own."""
    child = _CONTEXT.Process(target=work, args=args, daemon=True)
    child.start()
    return child


def exit_code(child: BaseProcess) -> int:
    """0, or minus the signal that ended it. A child that hangs is a failure."""
    child.join(PATIENCE)
    if child.exitcode is None:
        child.kill()
        raise AssertionError("the child hangs")
    return child.exitcode
