"""`antin witness serve`: one process, a few connections, none of which may only wait."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import uvicorn

from api.http_protocol import HttpProtocol
from api.witness.app import create_app
from archive.witness.witness import Witness

MOST_CONNECTIONS = 128
IDLE_SECONDS = 15.0


class Impatient(HttpProtocol):
    """Ends a connection that brought no whole head of a request for some seconds while nothing of it is answered:
    a few that only wait would keep every log from its witness."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._seen = False
        self._watch = self.loop.call_later(IDLE_SECONDS, self._look)

    def on_headers_complete(self) -> None:
        self._seen = True
        super().on_headers_complete()

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if not self._seen and not answering:
            self.transport.close()
            return
        self._seen = False
        self._watch = self.loop.call_later(IDLE_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)


def server(witness: Witness, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to run."""
    config = uvicorn.Config(
        create_app(witness),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        access_log=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        http=Impatient,
    )
    return uvicorn.Server(config)


def run(witness: Witness, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; the caller's clean-up follows either."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn lets requests end, then passes it on
    asyncio.run(server(witness, host, port).serve())
