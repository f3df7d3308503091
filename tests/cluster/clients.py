"""Clients that never give up: whatever is not answered is asked again under the same Idempotency-Key."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 600.0  # seconds for one request, while processes die and come back
PAUSE = 0.3
WAIT = 10  # seconds in which the service may hold an answer back until the operation has ended
AGAIN = frozenset({409, 429, 500, 502, 503, 504})
UNAVAILABLE = frozenset({502, 503})
IN_USE = "access.idempotency-in-progress"
NOT_YET = "archive.no-receipt-yet"


class Refused(AssertionError):
    """The service said no, and would again."""


@dataclass
class Client:
    """One account. Not for two threads at a time. `repeated` counts requests that had to be asked again."""

    url: str
    ca: Path
    name: str
    password: str
    repeated: int = 0
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=f"{self.url}/api/v1", verify=str(self.ca), timeout=WAIT + 20, trust_env=False
        )
        token = self.ask("POST", "/sessions", json={"name": self.name, "password": self.password})["token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.ask("POST", path, **body)

    def get(self, path: str) -> dict[str, Any]:
        return self.ask("GET", path)

    def ended(self, path: str, **body: Any) -> dict[str, Any]:
        """A write whose operation has ended well. What failed because a store or an authority did not answer is
        asked for again with `continuation`, as docs/api.md has it."""
        operation, deadline = self.ask("POST", path, wait=True, **body), time.monotonic() + PATIENCE
        while operation["state"] != "succeeded":
            assert time.monotonic() < deadline, operation
            if operation["state"] != "failed":
                operation = self.get(f"/operations/{operation['id']}?wait={WAIT}")
            elif operation["problem"]["status"] in UNAVAILABLE:
                self.repeated += 1
                time.sleep(PAUSE)
                operation = self.ask("POST", f"/documents/{operation['document']}/continuation", wait=True)
            else:
                raise Refused(operation["problem"])
        return operation

    def ask(self, method: str, path: str, *, wait: bool = False, **body: Any) -> dict[str, Any]:
        """The answer's JSON, in the end. Raises Refused."""
        headers = {"idempotency-key": uuid.uuid4().hex} if method == "POST" else {}
        if wait:
            headers["prefer"] = f"wait={WAIT}"
        for answer in self._answers(lambda: self.http.request(method, path, headers=headers, **body)):
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if not _worth_repeating(answer):
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        raise Refused(f"{method} {path}: no answer in {PATIENCE:.0f} s")

    def _answers(self, act: Callable[[], httpx.Response]) -> Iterator[httpx.Response]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                yield act()
            self.repeated += 1
            time.sleep(PAUSE)


def _worth_repeating(answer: httpx.Response) -> bool:
    if answer.status_code != 409:
        return answer.status_code in AGAIN
    return answer.json().get("id") in (IN_USE, NOT_YET)
