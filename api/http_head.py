"""HEAD is GET without the body (RFC 9110, 9.3.2), at every address: the server sends the head of the answer alone.

Pure ASGI, so that no route is declared twice and none is forgotten.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadAsGet:
    """The server keeps its own scope, and by that leaves out the body of whatever answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET"} if head else scope, receive, send)
