"""A time-stamp authority on loopback that takes its time: real HTTP, good tokens, `delay` seconds each."""

from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from asn1crypto import tsp

from api.demo import tsa
from api.demo.pki import DemoPki, make_demo_pki


class SlowAuthority:
    """Counts what it is asked. `pki_folder` is the demo PKI of the site that asks; it exists by then."""

    def __init__(self, pki_folder: Path) -> None:
        self.delay = 0.0
        self.open = threading.Event()  # until it is, questions come in and wait
        self.open.set()
        self.asked: Counter[str] = Counter()  # by imprint
        self.running = self.most_running = 0
        self.first: float | None = None  # when the first question was taken up, and the last answer went
        self.last = 0.0
        self._folder = pki_folder
        self._pki: DemoPki | None = None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def connections(self) -> int:
        """Connections that were accepted since counting started."""
        return self._server.accepted

    def start_counting(self) -> None:
        """Forget what was asked until now."""
        with self._lock:
            self.asked.clear()
            self.most_running, self.first, self.last = 0, None, 0.0
            self._server.accepted = 0

    def answer(self, question: bytes) -> bytes:
        """The response, when its time has come."""
        imprint = tsp.TimeStampReq.load(question)["message_imprint"]["hashed_message"].native.hex()
        with self._lock:
            self._pki = self._pki or make_demo_pki(self._folder, datetime.now(UTC))
            self.asked[imprint] += 1
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            self.open.wait()
            self.first = self.first or time.monotonic()
            time.sleep(self.delay)
            return tsa.respond(self._pki, question, datetime.now(UTC))
        finally:
            with self._lock:
                self.running -= 1
                self.last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    accepted = 0

    def get_request(self) -> tuple[object, object]:  # type: ignore[override]
        self.accepted += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """A service that stops hangs up: that is measured, not told."""


def _handler(authority: SlowAuthority) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
