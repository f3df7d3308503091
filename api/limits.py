"""Pure ASGI guards around the application: size of a request body, security headers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypedDict

from fastapi import Request, Response
from fastapi.params import File
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
STATIC = "/static/"
_CHALLENGE = (b"www-authenticate", b'Bearer realm="An Tin"')  # with every 401: RFC 9110, 15.5.2
_UNKEPT = (b"cache-control", b"no-store")
_ENCODED = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class FormLimits(TypedDict, total=False):
    """As FastAPI takes them."""

    max_files: int
    max_fields: int
    max_part_size: int


# Room for the multipart framing and the other form fields around a file of the allowed size.
FRAMING = 1 << 20
# What a form may hold beside the one file, which goes to disk: in memory, and elsewhere within `FRAMING`. 2,000
# characters in the longest coding are the longest text of ours.
UPLOAD_FORM: FormLimits = {"max_files": 1, "max_fields": 200, "max_part_size": 32 << 10}
PUBLIC_FORM: FormLimits = {**UPLOAD_FORM, "max_fields": 16}
Answer = Callable[[Request, AccessRefused], Awaitable[Response]]


def takes_file(route: BaseRoute) -> bool:
    """What comes to any other place is held in memory, by whoever sends it."""
    return (
        isinstance(route, APIRoute)
        and route.body_field is not None
        and isinstance(route.body_field.field_info, File)
    )


def upload_paths(routes: Iterable[BaseRoute]) -> tuple[re.Pattern[str], ...]:
    """Where a file is expected: read off the routes themselves, so that none can be forgotten."""
    return tuple(route.path_regex for route in routes if isinstance(route, APIRoute) and takes_file(route))


class _TooLarge(Exception):
    """More bytes arrived than were announced or allowed."""


class BodyLimit:
    """Refuses a body above `limit` bytes where a file is expected, above `FRAMING` elsewhere: at once when
    announced, else when it passes the limit."""

    def __init__(
        self, app: ASGIApp, limit: int, uploads: tuple[re.Pattern[str], ...], answer: Answer
    ) -> None:
        self.app = app
        self.limit = limit
        self.uploads = uploads
        self.answer = answer

    def _most(self, scope: Scope) -> int:
        expected = scope["method"] == "POST" and any(path.match(scope["path"]) for path in self.uploads)
        return self.limit + FRAMING if expected else FRAMING

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._most(scope)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > most:
            await self._refuse(scope, receive, send, most)
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
            await self._refuse(scope, receive, send, most)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """As any other refusal is told: a page for a browser, a problem for a program."""
        refusal = AccessRefused(reasons.TOO_LARGE, limit=max(most - FRAMING, FRAMING) >> 20)
        response = await self.answer(Request(scope), refusal)
        response.headers["connection"] = "close"  # what is still on its way is not waited for
        await response(scope, receive, send)


class SecurityHeaders:
    """Adds the strict headers to every answer that does not set its own.

    What is kept on a shared machine or on the way is kept because its route says so: all else is of one who asked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                wanted = _ENCODED if scope["path"].startswith(STATIC) else (*_ENCODED, _UNKEPT)
                extra = (pair for pair in wanted if pair[0] not in present)
                challenge = [_CHALLENGE] if message["status"] == 401 and _CHALLENGE[0] not in present else []
                message["headers"] = [*message["headers"], *extra, *challenge]
            await send(message)

        await self.app(scope, receive, with_headers)
