"""A client of the API that costs little, since it runs on the processors that it measures: one kept connection of
`http.client`, and bodies put together by hand."""

from __future__ import annotations

import json
import select
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

BLOCK = 1 << 20  # bytes
BOUNDARY = uuid.uuid4().hex


@dataclass
class Client:
    """One account at one service. Not for two threads at a time."""

    port: int
    authorization: str = ""
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=900)

    def sign_in(self, name: str, password: str) -> None:
        """As that account from now on."""
        token = self.post("/sessions", {"name": name, "password": password})["token"]
        self.authorization = f"Bearer {token}"

    def get(self, path: str) -> dict[str, Any]:
        """The answer's JSON. Raises AssertionError for a refusal, as the others do."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, value: Mapping[str, Any] | None = None, **more: str) -> dict[str, Any]:
        """A write with a fresh key, with a body of JSON or none; `more` headers."""
        headers = {"idempotency-key": uuid.uuid4().hex, **more}
        if value is None:
            return self._ask("POST", path, None, headers)
        headers["content-type"] = "application/json"
        return self._ask("POST", path, json.dumps(value).encode(), headers)

    def upload(self, path: str, form: Mapping[str, str], name: str, pdf: Path | bytes) -> dict[str, Any]:
        """A write with a form and its file, of which no more than a block is in memory when it is a path."""
        head = b"".join(_part(f'name="{key}"', text.encode()) for key, text in form.items())
        head += _part(f'name="file"; filename="{name}"\r\nContent-Type: application/pdf', b"")[:-2]
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        size = pdf.stat().st_size if isinstance(pdf, Path) else len(pdf)
        headers = {
            "idempotency-key": uuid.uuid4().hex,
            "content-type": f"multipart/form-data; boundary={BOUNDARY}",
            "content-length": str(len(head) + size + len(tail)),
        }
        body = _blocks(head, pdf, tail) if isinstance(pdf, Path) else head + pdf + tail
        return self._ask("POST", path, body, headers)

    def _ask(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        self._leave_ended()
        if self.authorization:
            headers["authorization"] = self.authorization
        self.connection.request(method, f"/api/v1{path}", body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert 200 <= answer.status < 300, text.decode()
        found: dict[str, Any] = json.loads(text)
        return found

    def _leave_ended(self) -> None:
        """The service ends a connection that is idle for some seconds: there is something to read then, the end."""
        if self.connection.sock is not None and select.select([self.connection.sock], [], [], 0)[0]:
            self.connection.close()


def _part(disposition: str, value: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + value + b"\r\n"


def _blocks(head: bytes, source: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
    yield tail
