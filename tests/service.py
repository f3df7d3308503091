"""A real service for tests: uvicorn in a thread, SQLite, directory store, demo PKI over HTTP, DBOS jobs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api import jobs
from api.demo.documents import DecisionSpec, decision, of_this_year
from api.demo.run import demo_settings, running
from api.services import Services
from api.settings import Settings
from api.store import operations
from api.wiring import clock
from tests.engines.ports import free_port

CLERK, LEADER, SECOND, INITIAL, AUDITOR = (
    "van-thu",
    "nguyen-van-an",
    "tran-thi-binh",
    "le-van-cuong",
    "kiem-tra",
)


PATIENCE = 240.0  # seconds; only against hanging: the machine may be busy with other things


def until(done: Callable[[], Any], what: object = "", seconds: float = PATIENCE) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, what() if callable(what) else f"waited for {what}"
        time.sleep(0.03)
    return found


def current(spec: DecisionSpec | None = None) -> DecisionSpec:
    """A document for a service that lives now."""
    return of_this_year(clock.clock(), spec or DecisionSpec())


SEEN = ("prepared", "initialled")


def seen_sha256(document: dict[str, Any]) -> str:
    """What a signer was last shown: what waits now, or what waited before the document moved on."""
    if document["state"] == "prepared":
        return str(document["sha256"])
    shown = [version["sha256"] for version in document["versions"] if version["role"] in SEEN]
    return str(shown[-1] if shown else document["sha256"])


def with_what_was_seen(read: Callable[[str], Any], path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of a signing request, as a desk would send it: with the digest of the pages that it showed."""
    if path.endswith(("/leader-signature", "/initials")) and "json" not in body:
        return {**body, "json": {"sha256": seen_sha256(read(path.rsplit("/", 1)[0]))}}
    if path == "/batches/leader-signatures":
        ids = body["json"]["documents"]
        rows = [{"id": one, "sha256": seen_sha256(read(f"/documents/{one}"))} for one in ids]
        return {"json": {"documents": rows}}
    return body


@dataclass
class Site:
    """The running service, seen from outside."""

    settings: Settings
    services: Services
    passwords: dict[str, str]
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.settings.public_url

    def client(self, name: str | None) -> httpx.Client:
        """An API client of that account; None is the public."""
        if name is None:
            return httpx.Client(base_url=f"{self.url}/api/v1", timeout=PATIENCE, trust_env=False)
        if name not in self.clients:
            client = self.client(None)
            answer = client.post("/sessions", json={"name": name, "password": self.passwords[name]})
            assert answer.status_code == 201, answer.text
            client.headers["authorization"] = f"Bearer {answer.json()['token']}"
            self.clients[name] = client
        return self.clients[name]

    def post(self, who: str | None, path: str, key: str | None = None, **body: Any) -> httpx.Response:
        headers = {"idempotency-key": key or uuid.uuid4().hex}
        body = with_what_was_seen(lambda place: self.get(CLERK, place), path, body)
        return self.client(who).post(path, headers=headers, **body)

    def get(self, who: str | None, path: str) -> Any:
        answer = self.client(who).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, pdf: bytes | None = None, key: str | None = None, **form: Any) -> httpx.Response:
        fields = {"subject": "Quyết định thử nghiệm", "kind": "QĐ", "leaders": LEADER, **form}
        name = fields.pop("file_name", "quyet-dinh.pdf")
        return self.post(
            CLERK,
            "/documents",
            key,
            data=fields,
            files={"file": (name, pdf or decision(current()), "application/pdf")},
        )

    def wait(self, who: str, answer: httpx.Response) -> dict[str, Any]:
        """The operation's end."""
        assert answer.status_code == 202, answer.text
        place = f"/operations/{answer.json()['id']}"

        def ended() -> dict[str, Any] | None:
            operation: dict[str, Any] = self.get(who, place)
            return operation if operation["state"] in ("succeeded", "failed") else None

        operation: dict[str, Any] = until(ended, place)
        return operation

    def nobody_asks(self) -> None:
        """Until no job of an earlier test can ask the time-stamp authority."""

        def done() -> bool:
            with self.services.transactions.read() as conn:
                return {job.kind for job in operations.unfinished(conn)} <= jobs.BACKGROUND

        until(done, "the jobs of earlier tests")

    def long_term(self, document: str) -> None:
        """Until the version with validation data is there."""
        until(lambda: self.document(document)["versions"][-1]["role"] == "long-term", "the long-term version")

    def done(self, who: str, answer: httpx.Response) -> dict[str, Any]:
        operation = self.wait(who, answer)
        assert operation["state"] == "succeeded", json.dumps(operation["problem"], ensure_ascii=False)
        return operation

    def prepared(self, spec: DecisionSpec | None = None, **form: Any) -> str:
        """A document that waits for its signers."""
        answer = self.upload(decision(current(spec)) if spec else None, **form)
        assert answer.status_code == 201, answer.text
        document = str(answer.json()["id"])
        ready = self.post(CLERK, f"/documents/{document}/preparation", json={})
        assert ready.status_code == 200, ready.text
        return document

    def signed(self, **form: Any) -> str:
        document = self.prepared(**form)
        self.done(LEADER, self.post(LEADER, f"/documents/{document}/leader-signature"))
        return document

    def archived(self, **form: Any) -> str:
        document = self.signed(**form)
        assert self.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
        self.done(CLERK, self.post(CLERK, f"/documents/{document}/seal"))
        return document

    def issued(self, **form: Any) -> str:
        document = self.archived(**form)
        answer = self.post(CLERK, f"/documents/{document}/issue")
        assert answer.status_code == 200, answer.text
        return document

    def document(self, document: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(CLERK, f"/documents/{document}")
        return found

    def file(self, document: str, version: str = "") -> bytes:
        path = f"/documents/{document}/file" + (f"?version={version}" if version else "")
        answer = self.client(CLERK).get(path)
        assert answer.status_code == 200, answer.text
        return answer.content


def start(data: Path, database_url: str = "") -> Any:
    """Context manager: the running service and its accounts; on SQLite unless another database is named."""
    settings = demo_settings(data, free_port())
    # "localhost" may be asked for certificates, 127.0.0.1 may not: to tests the same server under two names.
    return running(settings.model_copy(update={"database_url": database_url, "issuer_hosts": ("localhost",)}))
