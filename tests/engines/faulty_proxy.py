"""A proxy on loopback that stands between a client and a real HTTP server, and does to requests what networks do.

with faulty_proxy(server.endpoint) as proxy:
    proxy.meets(cut_after, method="PUT")                   # the next PUT happens, and nobody hears of it
    proxy.meets(error(503, "SlowDown"), times=ALWAYS)
    proxy.calm()                                           # passes everything on again
    proxy.seen                                             # (method, target) of each request so far

One connection carries one request. Bodies are held in memory.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

ALWAYS = 1 << 30
_BLOCK = 1 << 16


@dataclass
class Request:
    """`head` with the empty line that ends it."""

    method: str
    target: str
    head: bytes
    body: bytes


@dataclass
class Turn:
    """One request on its connection. What answers nothing breaks the connection."""

    request: Request
    proxy: FaultyProxy
    client: socket.socket

    def deliver(self, body: bytes | None = None) -> bytes:
        """The request goes to the server, with another body if one is given; the whole answer."""
        return self.proxy.deliver(self.request.head + (self.request.body if body is None else body))

    def answer(self, data: bytes) -> None:
        self.client.sendall(data)


Fault = Callable[[Turn], object]


def cut_before(turn: Turn) -> None:
    """The connection breaks; the server never hears of it."""


def cut_after(turn: Turn) -> None:
    """It happens, and the connection breaks before the answer."""
    turn.deliver()


def silent(turn: Turn) -> None:
    """The server never hears of it; the connection stays open and nobody answers."""
    turn.proxy.released.wait()


def silent_after(turn: Turn) -> None:
    """It happens; the connection stays open and nobody answers."""
    turn.deliver()
    turn.proxy.released.wait()


def twice(turn: Turn) -> None:
    """The server hears it twice; the answer is the second one."""
    turn.deliver()
    turn.answer(turn.deliver())


def spoil_request(turn: Turn) -> None:
    """One bit of the body is wrong when it arrives."""
    body = turn.request.body
    turn.answer(turn.deliver(bytes([body[0] ^ 1]) + body[1:]))


def spoil_answer(turn: Turn) -> None:
    """One bit of the answer's body is wrong."""
    head, end, body = turn.deliver().partition(b"\r\n\r\n")
    turn.answer(head + end + bytes([body[0] ^ 1]) + body[1:])


def late(seconds: float) -> Fault:
    """The connection breaks now, and the request arrives so much later."""
    return lambda turn: turn.proxy.later(seconds, turn.deliver)


def delay(seconds: float) -> Fault:
    """It happens, and the answer comes so much later."""

    def act(turn: Turn) -> None:
        answer = turn.deliver()
        turn.proxy.released.wait(seconds)
        turn.answer(answer)

    return act


def cut_answer(size: int) -> Fault:
    """The connection breaks after so many bytes of the answer's body."""

    def act(turn: Turn) -> None:
        head, end, body = turn.deliver().partition(b"\r\n\r\n")
        turn.answer(head + end + body[:size])

    return act


def drip(seconds: float) -> Fault:
    """The answer's body comes byte by byte."""

    def act(turn: Turn) -> None:
        head, end, body = turn.deliver().partition(b"\r\n\r\n")
        turn.answer(head + end)
        for byte in body:
            turn.answer(bytes([byte]))
            if turn.proxy.released.wait(seconds):
                return

    return act


def error(status: int, code: str = "", headers: str = "") -> Fault:
    """The server never hears of it; an S3 error is the answer, or one without a body."""
    body = f"<Error><Code>{code}</Code><Message>of the proxy</Message></Error>".encode() if code else b""
    return reply(status, body, f"Content-Type: application/xml\r\n{headers}")


def reply(status: int, body: bytes, headers: str = "Content-Type: text/html\r\n") -> Fault:
    """The server never hears of it; this is the answer."""

    def act(turn: Turn) -> None:
        head = f"HTTP/1.1 {status} So\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        turn.answer(head.encode() + (b"" if turn.request.method == "HEAD" else body))

    return act


def rewrite(change: Callable[[bytes], bytes]) -> Fault:
    """The answer passes through a function of its bytes."""
    return lambda turn: turn.answer(change(turn.deliver()))


@dataclass
class _Rule:
    fault: Fault
    method: str
    having: str
    left: int

    def fits(self, request: Request) -> bool:
        return self.left > 0 and self.method in ("", request.method) and self.having in request.target


class FaultyProxy:
    """Listens on a port of its own; made and ended by `faulty_proxy`."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._threads: list[threading.Thread] = []
        self.released = threading.Event()
        self.seen: list[tuple[str, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._listen)

    def meets(self, fault: Fault, *, method: str = "", having: str = "", times: int = 1) -> None:
        """The next `times` requests of this method whose target contains `having` meet the fault. What was said
        first counts first."""
        with self._lock:
            self._rules.append(_Rule(fault, method, having, times))

    def calm(self) -> None:
        """Passes everything on; what was held is let go."""
        with self._lock:
            self._rules.clear()
        self.released.set()
        self.released = threading.Event()

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        def wait() -> None:
            time.sleep(seconds)
            with suppress(OSError):
                call()

        self._spawn(wait)

    def settle(self) -> None:
        """Returns when everything late has arrived."""
        for thread in self._threads[1:]:
            thread.join(30)

    def close(self) -> None:
        self.calm()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _spawn(self, call: Callable[[], object]) -> None:
        thread = threading.Thread(target=call, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._spawn(lambda client=client: self._serve(client))

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError, ValueError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = _read_request(client)
            if request is None:
                return
            with self._lock:
                self.seen.append((request.method, request.target))
                rule = next((rule for rule in self._rules if rule.fits(request)), None)
                if rule is not None:
                    rule.left -= 1
            if rule is None:
                client.sendall(self.deliver(request.head + request.body))
            else:
                rule.fault(Turn(request, self, client))

    def deliver(self, request: bytes) -> bytes:
        """To the server; its whole answer."""
        with socket.create_connection(self._upstream, timeout=60) as server:
            server.sendall(request)
            answer = b""
            while block := server.recv(_BLOCK):
                answer += block
            return answer


def _read_request(client: socket.socket) -> Request | None:
    """None when the client went away. The head is passed on with `Connection: close`."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = client.recv(_BLOCK)
        if not block:
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    method, target, _ = lines[0].decode("ascii").split(" ")
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])
    }
    size = int(fields.get(b"content-length", b"0"))
    parts = [body]
    have = len(body)
    while have < size:
        block = client.recv(_BLOCK)
        if not block:
            return None
        parts.append(block)
        have += len(block)
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return Request(method, target, b"\r\n".join(kept) + b"\r\nConnection: close\r\n\r\n", b"".join(parts))


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """In front of the server at `upstream` (host:port)."""
    proxy = FaultyProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
