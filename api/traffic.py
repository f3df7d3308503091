"""Whether requests are being answered, or were a moment ago: what can wait keeps out of their way."""

from __future__ import annotations

from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

QUIET_SECONDS = 0.5  # without a request, until the service counts as idle
_NOBODY = "/health"


class Traffic:
    """Counts requests under way. Written by the event loop alone; read from everywhere."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last = -QUIET_SECONDS

    def busy(self) -> bool:
        return self._under_way > 0 or monotonic() - self._last < QUIET_SECONDS

    def began(self) -> None:
        self._under_way += 1

    def ended(self) -> None:
        self._under_way -= 1
        self._last = monotonic()


class Counted:
    """ASGI: tells the traffic of each request, but for those that only ask how it is."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self.app, self.traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(_NOBODY):
            await self.app(scope, receive, send)
            return
        self.traffic.began()
        try:
            await self.app(scope, receive, send)
        finally:
            self.traffic.ended()
