"""The process that reads stored copies for the service: `python -m api.fixity_process`, told by `api.fixity_child`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from threading import Event, Thread
from typing import TextIO

from api.fixity_child import BUSY
from api.settings import Settings
from api.wiring import watching
from archive.fixity import scan_due
from archive.pace import Pace

NICE = 19


def main(told: TextIO) -> int:
    """Reads what is due, store by store, until nothing is or `told` ends."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    first = json.loads(told.readline())
    _step_back(first["processors"])
    settings = Settings.model_validate(first["settings"])
    busy, stopping = Event(), Event()
    Thread(target=_listen, args=(told, busy, stopping), daemon=True).start()
    pace = Pace(settings.fixity_bytes, settings.fixity_objects, busy.is_set)
    with watching.reading(settings) as desk:
        for name in first["stores"]:
            if not stopping.is_set():
                scan_due(desk(name, pace, stopping.is_set))
    return 0


def _listen(told: TextIO, busy: Event, stopping: Event) -> None:
    for line in told:
        if line.strip() == BUSY:
            busy.set()
        else:
            busy.clear()
    stopping.set()


def _step_back(processors: list[int]) -> None:
    os.nice(NICE)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(0, processors)


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
