"""HTTP/1.1 at the door: uvicorn's reader over llhttp, with the limits that llhttp leaves to its user."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 << 10  # bytes that may come before a head, a chunk's size or a trailer has ended


class HttpProtocol(HttpToolsProtocol):
    """Refuses an endless head, another version than 1.0 and 1.1, and a request that names not exactly one host.
    Drops what trails a body: it would count as headers that no gateway has seen."""

    _unfinished = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)  # the callbacks below begin anew
        super().data_received(data)
        if self._unfinished > HEAD_LIMIT and not self.transport.is_closing():
            self._refuse()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response("The head of the request is too large.")
        else:
            self.transport.close()  # an answer is under way, which another one must not interrupt

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unfinished = 0
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if version not in ("1.0", "1.1") or hosts > 1 or (hosts == 0 and version == "1.1"):
            raise ValueError("RFC 9112, 3.2")  # within a callback: llhttp stops, and 400 is answered
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        super().on_message_complete()
