"""`antin serve`: the embedded service in one process."""

from __future__ import annotations

import gc

import uvicorn

from api.app import create_app
from api.http_protocol import HttpProtocol
from api.processor import keep_to_one
from api.services import Services
from api.settings import Settings
from api.wiring import service

GC_THRESHOLD = (10_000, 20, 20)  # a request makes thousands of values without cycles


def server(settings: Settings) -> tuple[uvicorn.Server, Services]:
    """A server that is ready to run, with its services."""
    services = service.build(settings)
    services.recover()
    gc.freeze()  # what was imported and made so far stays: no collection need look at it
    gc.set_threshold(*GC_THRESHOLD)
    config = uvicorn.Config(
        create_app(services),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=10,
        access_log=False,  # nothing below a warning is logged, and each line would be made all the same
        http=HttpProtocol,
        loop="uvloop",
    )
    return uvicorn.Server(config), services


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    keep_to_one()
    server(settings)[0].run()
