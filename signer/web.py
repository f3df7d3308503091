"""One bounded HTTP exchange: total time, size of the answer, no redirects, no second try.

    WebError
    ├── NoAnswer    nothing, or not all of it, within the time
    │   └── Late    the request went out, the time passed: the peer may still be at it
    └── TooLarge    more than the limit; the rest was never read

A peer that drips one byte a minute is cut off when the whole exchange's time is up: the limit is put under
every single read of the connection, not only around the body.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

import httpcore

# A firewall may forget a silent connection without telling: one that was idle for so long is not used again.
IDLE_SECONDS = 60.0


class WebError(Exception):
    """The exchange failed."""


class NoAnswer(WebError):
    """No whole answer in time."""


class Late(NoAnswer):
    """The request went out whole, and its time passed before the answer was."""


class TooLarge(WebError):
    """The answer was cut at the limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code, body, and its media type as it was sent."""

    status: int
    body: bytes
    kind: str = ""


_running = threading.local()


def _left(timeout: float | None) -> float:
    """Seconds left of this thread's exchange. Raises httpcore.ReadTimeout when there are none."""
    left = float(_running.deadline) - _elapsed()
    if left <= 0:
        raise httpcore.ReadTimeout("the exchange's time is up")
    return left if timeout is None else min(left, timeout)


def _elapsed() -> float:
    return os.times().elapsed


class _Stream(httpcore.NetworkStream):
    """`open_sockets` holds it while it can be read from, so that `Web.close` can end a read that waits."""

    def __init__(self, inner: httpcore.NetworkStream, open_sockets: set[socket.socket]) -> None:
        self._inner = inner
        self._open = open_sockets
        self._socket: socket.socket = inner.get_extra_info("socket")
        self._open.add(self._socket)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._open.discard(self._socket)
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._open.discard(self._socket)  # its descriptor passes to the one with TLS
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)), self._open)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()
        self.open_sockets: set[socket.socket] = set()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(host, port, _left(timeout), local_address, socket_options)
        return _Stream(stream, self.open_sockets)


class Web:
    """A kept pool of connections. Safe for several threads."""

    def __init__(self, connections: int = 4) -> None:
        self._backend = _Backend()
        self._pool = httpcore.ConnectionPool(
            max_connections=connections, keepalive_expiry=IDLE_SECONDS, network_backend=self._backend
        )

    def post(self, url: str, body: bytes, headers: dict[str, str], *, seconds: float, limit: int) -> Answer:
        """POST once. `seconds` bounds the whole exchange, `limit` the bytes of the answer's body.

        Raises `NoAnswer` or `TooLarge`.
        """
        return self._exchange("POST", url, body, headers, seconds, limit)

    def get(self, url: str, headers: dict[str, str], *, seconds: float, limit: int) -> Answer:
        """GET once, bounded like `post`."""
        return self._exchange("GET", url, None, headers, seconds, limit)

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], seconds: float, limit: int
    ) -> Answer:
        _running.deadline = _elapsed() + seconds
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        try:
            with self._pool.stream(
                method, url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
            ) as response:
                kinds = [value for name, value in response.headers if name.lower() == b"content-type"]
                kind = kinds[0].decode("latin-1") if kinds else ""
                return Answer(response.status, _bounded(response.iter_stream(), limit), kind)
        except httpcore.ReadTimeout as exc:
            raise Late(type(exc).__name__) from exc
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
        ) as exc:
            raise NoAnswer(type(exc).__name__) from exc

    def close(self) -> None:
        """Close all connections. An exchange under way ends with `NoAnswer` at once."""
        for each in tuple(self._backend.open_sockets):
            with contextlib.suppress(OSError):  # closed meanwhile
                each.shutdown(socket.SHUT_RDWR)  # a close alone does not wake who reads
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bounded(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(str(limit))
    return bytes(body)
