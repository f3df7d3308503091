"""`antin serve`: the whole service in one process, or, in production, one of those that answer requests."""

from __future__ import annotations

import gc
import socket

import uvicorn

from api.app import create_app
from api.http_protocol import HttpProtocol
from api.processor import keep_to_one
from api.services import Part, Services
from api.settings import Settings
from api.wiring import service

GRACE_SECONDS = 10  # for requests under way; who waits for the end of an operation is answered at once
GC_THRESHOLD = (10_000, 20, 20)  # a request makes thousands of values without cycles


class Server(uvicorn.Server):
    """Before it waits for requests to end, it sends those away that wait for something else."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.closing()
        await super().shutdown(sockets)


def spare_collections() -> None:
    """What was imported and made so far stays: no collection need look at it."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)


def server(settings: Settings) -> tuple[Server, Services]:
    """A server that is ready to run, with its services."""
    services = service.build(settings, Part.API if settings.production else Part.EVERYTHING)
    services.recover()
    spare_collections()
    config = uvicorn.Config(
        create_app(services),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        log_level="warning",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
        access_log=False,  # nothing below a warning is logged, and each line would be made all the same
        http=HttpProtocol,
        loop="uvloop",
    )
    return Server(config, services), services


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    keep_to_one()
    server(settings)[0].run()
