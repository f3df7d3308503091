"""`antin serve`: the embedded service in one process."""

from __future__ import annotations

import uvicorn

from api.app import create_app
from api.services import Services
from api.settings import Settings
from api.wiring import service


def server(settings: Settings) -> tuple[uvicorn.Server, Services]:
    """A server that is ready to run, with its services."""
    services = service.build(settings)
    services.recover()
    config = uvicorn.Config(
        create_app(services),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 << 10,
    )
    return uvicorn.Server(config), services


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    server(settings)[0].run()
