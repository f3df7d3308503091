"""Pure ASGI guards around the application: size of a request body, security headers."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.identity import AccessRefused
from policies.reasons import access as reasons

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "DENY",
}
_ENCODED = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
# Room for the multipart framing and the other form fields around a file of the allowed size.
FRAMING = 1 << 20
# What comes to any other place is held in memory, by whoever sends it.
UPLOADS = frozenset({"/api/v1/documents", "/api/v1/verifications", "/verify", "/desk/documents"})


class _TooLarge(Exception):
    """More bytes arrived than were announced or allowed."""


class BodyLimit:
    """Refuses a body above `limit` bytes where a file is expected, above `FRAMING` elsewhere: at once when
    announced, else when it passes the limit."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    def _most(self, scope: Scope) -> int:
        return self.limit + FRAMING if scope["path"] in UPLOADS else FRAMING

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._most(scope)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > most:
            await self._refuse(send, most)
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if seen > most and not started:
                return  # whatever the application made of the cut: the refusal below says what happened
            started = started or message["type"] == "http.response.start"
            await send(message)

        with suppress(_TooLarge):
            await self.app(scope, counted, watched)
        if seen > most and not started:
            await self._refuse(send, most)

    async def _refuse(self, send: Send, most: int) -> None:
        refusal = AccessRefused(reasons.TOO_LARGE, limit=max(most - FRAMING, FRAMING) >> 20)
        body = json.dumps(problems.of_refusal(refusal), ensure_ascii=False).encode()
        headers = [(b"content-type", problems.MEDIA_TYPE.encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class SecurityHeaders:
    """Adds the strict headers to every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = (pair for pair in _ENCODED if pair[0] not in present)
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self.app(scope, receive, with_headers)
