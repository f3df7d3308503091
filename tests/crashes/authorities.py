"""A time-stamp authority and revocation responders over real HTTP, which fail on command and count questions."""

from __future__ import annotations

import contextlib
import http.server
import select
import threading
import time
from collections import Counter, deque
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import tsp
from cryptography.hazmat.primitives.serialization import Encoding

from api.demo import ocsp, tsa
from api.demo.pki import DemoPki, make_demo_pki
from signer import der
from tests.service import PATIENCE

GOOD = "good"
IDENTITIES = ("expired", "not-yet-valid", "revoked", "other-leader", "other-tsa", "plain-tsa")


class Authorities:
    """One HTTP server on loopback. `fail_next` and `mode` command the time-stamps; `revocation_down` the rest.

    `asked` counts the questions by imprint (hex), `order` lists them as they came, `running` are those that are
    not answered yet, `late` is how many answers went to a client that had given up.
    """

    def __init__(self, folder: Path) -> None:
        self.mode = GOOD
        self.revocation_down = False
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.running = 0
        self.most_running = 0
        self.late = 0
        self._next: deque[str] = deque()
        self._lock = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # clients that are killed hang up in the middle
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.pki: DemoPki = make_demo_pki(folder, datetime.now(UTC), public_url=self.url)
        for name in IDENTITIES:
            self.pki.identity(name)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def tsa_url(self) -> str:
        return f"{self.url}/demo/tsa"

    def fail_next(self, *modes: str) -> None:
        self._next.extend(modes)

    def reset(self) -> None:
        self.mode, self.revocation_down, self.late = GOOD, False, 0
        self._next.clear()
        self.asked.clear()
        self.order.clear()
        self.most_running = 0
        self.gate.set()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        authorities = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                if self.path == "/demo/tsa":
                    authorities._stamp(self, body)
                elif authorities.revocation_down:
                    self._answer(b"", 503)
                else:
                    self._answer(ocsp.respond(authorities.pki, body, datetime.now(UTC)))

            def do_GET(self):
                kind, _, name = self.path.removeprefix("/demo/").partition("/")
                if kind == "crl" and not authorities.revocation_down:
                    self._answer(ocsp.crl(authorities.pki, name.removesuffix(".crl"), datetime.now(UTC)))
                elif kind == "ca":
                    found = authorities.pki.authority(name.removesuffix(".crt"))
                    self._answer(found.public_bytes(Encoding.DER) if found else None)
                else:
                    self._answer(b"", 503)

            def _answer(self, body, status=200):
                body, status = (body, status) if body is not None else (b"", 404)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def _stamp(self, handler, body: bytes) -> None:
        imprint = tsp.TimeStampReq.load(body)["message_imprint"]["hashed_message"].native.hex()
        with self._lock:
            self.asked[imprint] += 1
            self.order.append(imprint)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            mode = self._next.popleft() if self._next else self.mode
        self.gate.wait(PATIENCE)
        if mode == "slow":
            _given_up(handler)
        with self._lock:  # before the answer: who has it may ask the next question at once
            self.running -= 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client gave up
            self._misbehave(handler, body, mode)
        if mode == "slow":
            with self._lock:
                self.late += 1

    def _misbehave(self, handler, body: bytes, mode: str) -> None:
        now = datetime.now(UTC)
        if mode == "down":
            handler.close_connection = True
            handler.connection.close()
        elif mode == "drips":
            handler.send_response(200)
            handler.send_header("content-length", "600")
            handler.end_headers()
            for _ in range(600):
                handler.wfile.write(b"\x30")
                time.sleep(0.3)
        elif mode == "huge":
            handler.send_response(200)
            handler.send_header("content-length", str(50 << 20))
            handler.end_headers()
            for _ in range(50):
                handler.wfile.write(b"\x30" * (1 << 20))
        elif mode == "http-403":
            handler._answer(b"no", 403)
        elif mode == "http-500":
            handler._answer(b"no", 500)
        else:
            handler._answer(self._bytes(body, mode, now))

    def _bytes(self, body: bytes, mode: str, now: datetime) -> bytes:
        request = tsp.TimeStampReq.load(body)
        if mode == "garbage":
            return b"<html>502</html>"
        if mode == "empty":
            return b""
        if mode == "rejects":
            return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(2)))
        if mode == "wrong-nonce":
            request["nonce"] = request["nonce"].native ^ 1
            return tsa.respond(self.pki, request.dump(force=True), now)
        if mode == "wrong-imprint":
            request["message_imprint"]["hashed_message"] = bytes(32)
            return tsa.respond(self.pki, request.dump(force=True), now)
        if mode == "wrong-certificate":
            return tsa.respond(self.pki, body, now, identity="other-tsa")
        if mode == "plain-certificate":
            return tsa.respond(self.pki, body, now, identity="plain-tsa")
        if mode == "wrong-time":
            return tsa.respond(self.pki, body, datetime(2026, 1, 1, tzinfo=UTC))
        if mode == "wrong-signature":
            answer = tsa.respond(self.pki, body, now)
            return answer[:-1] + bytes((answer[-1] ^ 1,))
        return tsa.respond(self.pki, body, now)


def _given_up(handler) -> None:
    """Until the client has waited as long as it would: it closes the connection."""
    select.select([handler.connection], [], [], PATIENCE)
