"""`antin worker`: takes jobs, numbers the log's leaves, looks after what nobody does. In production alone."""

from __future__ import annotations

import logging
import os
import signal
from threading import Event
from types import FrameType

from api.processor import keep_to_one
from api.server import spare_collections
from api.services import Part
from api.settings import Settings, SettingsError
from api.wiring import service

log = logging.getLogger("antin.worker")


def run(settings: Settings) -> None:
    """Until SIGINT or SIGTERM. Raises SettingsError in embedded mode, where `antin serve` does it all."""
    if not settings.production:
        raise SettingsError("mode: a worker is for production; the embedded service is `antin serve` alone")
    stop = _on_signals()
    keep_to_one()
    services = service.build(settings, Part.WORKER)
    services.recover()
    spare_collections()
    services.start()
    log.warning("worker %s is ready", services.processes.id)
    stop.wait()
    services.stop()
    logging.shutdown()
    # Threads of jobs that could not be ended may wait for an authority for minutes. What they had is in line again,
    # and nothing that they still do is committed.
    os._exit(0)


def _on_signals() -> Event:
    """Set when the process is told to stop; told again, it stops at once."""
    stop = Event()

    def told(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    return stop
