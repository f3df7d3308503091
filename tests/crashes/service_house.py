"""A service in a process of its own over a data directory of the test, driven over HTTP and killed at will."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.demo import furnish
from api.demo.documents import DecisionSpec, decision
from api.settings import Settings
from api.wiring import service
from signer.creation import cms
from tests.crashes.authorities import Authorities
from tests.engines.ports import free_port
from tests.service import AUDITOR, CLERK, LEADER, PATIENCE, current, until, with_what_was_seen

ROOT = Path(__file__).parents[2]
PASSWORD = "mot-mat-khau-rat-dai"
ENDED = ("succeeded", "failed")


def template(data: Path, authorities: Authorities, database_url: str = "") -> Path:
    """A furnished data directory: PKI, accounts, pictures, log key. Copied for each house, and so is its database."""
    shutil.copytree(authorities.pki.directory, data / "demo-pki")
    settings = Settings(
        demo_pki=True,
        data_dir=data,
        database_url=database_url,
        log_origin="antin.test/log",
        agency_code="H99.DEMO",
    )
    services = service.build(settings)
    try:
        passwords = {person.account: PASSWORD for person in furnish.PEOPLE}
        furnish.accounts(services.identity, settings.agency_code, passwords, services.clock())
    finally:
        services.proofs.close()
        services.sandbox.close()
        services.transactions.close()
    return data


class House:
    """Start, kill and restart; and the driver that brings a document on from wherever it stands."""

    def __init__(self, data: Path, authorities: Authorities, **settings: Any) -> None:
        self.data = data
        self.port = free_port()
        self.armed = data / "armed"
        self.authorities = authorities
        self.settings: dict[str, Any] = {
            "demo_pki": True,
            "data_dir": str(data),
            "database_url": "",
            "port": self.port,
            "public_url": f"http://127.0.0.1:{self.port}",
            "log_origin": "antin.test/log",
            "agency_code": "H99.DEMO",
            "grace_seconds": 0.0,
            "tsa_url": authorities.tsa_url,
            "tsa_timeout": 120.0,
            "tsa_attempts": 1,
        }
        self.config = data / "antin.toml"
        self.configure(**settings)
        self.process: subprocess.Popen | None = None
        self.clients: dict[str | None, httpx.Client] = {}
        self.log = data / "service.log"

    # The process.

    def configure(self, **settings: Any) -> None:
        """From the next start on."""
        self.settings |= settings
        lines = (f"{name} = {_toml(value)}\n" for name, value in self.settings.items())
        self.config.write_text("".join(lines), "utf-8")

    def start(self, **plan: Any) -> House:
        self.disarm()
        path = self.data / "plan.json"
        path.write_text(json.dumps({"config": str(self.config), "armed": str(self.armed), **plan}), "utf-8")
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.crashes.service_child", str(path)],
                cwd=ROOT,
                stdout=out,
                stderr=out,
            )
        self.until(self._answers, "the service to start")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text("utf-8")[-3000:]
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/api/v1/log/key", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def arm(self, word: str = "") -> None:
        self.armed.write_text(word)

    def disarm(self) -> None:
        self.armed.unlink(missing_ok=True)

    def died(self) -> None:
        """Wait for the kill that was prepared."""
        assert self.process is not None
        assert self.process.wait(PATIENCE) == -9, self.log.read_text("utf-8")[-3000:]
        self._forget()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self._forget()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self._forget()

    def _forget(self) -> None:
        for client in self.clients.values():
            client.close()
        self.clients.clear()
        self.process = None

    def until(self, done: Callable[[], Any], what: str) -> Any:
        return until(done, lambda: f"waited for {what}\n{self.log.read_text('utf-8')[-3000:]}")

    # HTTP.

    def client(self, name: str | None) -> httpx.Client:
        if name not in self.clients:
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}/api/v1", timeout=PATIENCE, trust_env=False
            )
            if name is not None:
                answer = client.post("/sessions", json={"name": name, "password": PASSWORD})
                assert answer.status_code == 201, answer.text
                client.headers["authorization"] = f"Bearer {answer.json()['token']}"
            self.clients[name] = client
        return self.clients[name]

    def post(self, who: str | None, path: str, key: str | None = None, **body: Any) -> httpx.Response:
        body = with_what_was_seen(lambda place: self.get(AUDITOR, place), path, body)
        return self.client(who).post(path, headers={"idempotency-key": key or uuid.uuid4().hex}, **body)

    def batch(self, documents: list[str]) -> str:
        """The leader signs them all; the operation's id."""
        answer = self.post(LEADER, "/batches/leader-signatures", json={"documents": documents})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def get(self, who: str | None, path: str) -> Any:
        answer = self.client(who).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, key: str | None = None, **form: Any) -> httpx.Response:
        key = key or uuid.uuid4().hex
        fields, files = self.upload_form(key, **form)
        return self.post(CLERK, "/documents", key, data=fields, files=files)

    def upload_form(self, key: str, **form: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fields and files of an upload under that key."""
        fields = {"subject": "Quyết định thử nghiệm", "kind": "QĐ", "leaders": LEADER, **form}
        # The same text signed in the same second would be the same bytes, and their signature the same.
        mark = hashlib.sha256(key.encode()).hexdigest()[:12]
        pdf = decision(current(DecisionSpec(subject=f"Phê duyệt Kế hoạch {mark} của tỉnh Sông Hồng")))
        return fields, {"file": ("quyet-dinh.pdf", pdf, "application/pdf")}

    def act(self, document: str, step: str, key: str | None = None, **body: Any) -> httpx.Response:
        """One act by whoever may do it."""
        who = LEADER if step == "leader-signature" else CLERK
        if step in ("preparation", "number"):
            body = {"json": {}, **body}
        return self.post(who, f"/documents/{document}/{step}", key, **body)

    def document(self, document: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(AUDITOR, f"/documents/{document}")
        return found

    def operation(self, operation: str) -> dict[str, Any]:
        """Its end."""
        found = self.until(
            lambda: (row := self.get(AUDITOR, f"/operations/{operation}"))["state"] in ENDED and row,
            "an operation",
        )
        return dict(found)

    def prepared(self, **form: Any) -> str:
        answer = self.upload(**form)
        assert answer.status_code == 201, answer.text
        document = str(answer.json()["id"])
        assert self.act(document, "preparation").status_code == 200
        return document

    def ended(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 202, answer.text
        return self.operation(answer.json()["id"])

    def signed(self, **form: Any) -> str:
        document = self.prepared(**form)
        operation = self.ended(self.act(document, "leader-signature"))
        assert operation["state"] == "succeeded", operation
        return document

    def numbered(self, **form: Any) -> str:
        document = self.signed(**form)
        assert self.act(document, "number").status_code == 200
        return document

    def archived(self, **form: Any) -> str:
        document = self.numbered(**form)
        operation = self.ended(self.act(document, "seal"))
        assert operation["state"] == "succeeded", operation
        return document

    def push(self, document: str, key: str = "") -> None:
        """As a patient clerk and leader would: whatever comes next, until the document is out and augmented."""
        for _ in range(20):
            self.settle()
            found = self.document(document)
            step = next_step(found)
            if step is None:
                return
            answer = self.act(document, step, f"{key}-{step}" if key else None)
            assert answer.status_code < 500, answer.text
        raise AssertionError(f"{document} does not come on: {found['state']}")

    def settle(self) -> None:
        """No operation waits or runs."""
        self.until(
            lambda: not self.sql("select id from operations where state in ('waiting', 'running')"), "jobs"
        )

    # The data itself, read beside the service.

    def sql(self, query: str, *values: Any) -> list[tuple]:
        if url := self.settings["database_url"]:
            with psycopg.connect(url.replace("+psycopg", ""), options="-csearch_path=public,dbos") as conn:
                return conn.execute(query.replace("?", "%s").encode(), values).fetchall()
        with sqlite3.connect(f"file:{self.data / 'antin.sqlite3'}?mode=ro", uri=True, timeout=30) as conn:
            return conn.execute(query, values).fetchall()

    def back_up(self) -> None:
        """The catalogue of a stopped service, as it is."""
        self._copy_catalogue("antin.sqlite3", "old.sqlite3", "", "_old")

    def put_back(self) -> None:
        """As it was."""
        for newer in self.data.glob("antin.sqlite3*"):
            newer.unlink()
        self._copy_catalogue("old.sqlite3", "antin.sqlite3", "_old", "")

    def _copy_catalogue(self, file: str, to_file: str, suffix: str, to_suffix: str) -> None:
        if url := self.settings["database_url"].replace("+psycopg", ""):
            server, _, name = url.rpartition("/")
            with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
                conn.execute(f'DROP DATABASE IF EXISTS "{name}{to_suffix}" WITH (FORCE)'.encode())
                conn.execute(f'CREATE DATABASE "{name}{to_suffix}" TEMPLATE "{name}{suffix}"'.encode())
            return
        with (
            closing(sqlite3.connect(self.data / file)) as now,
            closing(sqlite3.connect(self.data / to_file)) as copy,
        ):
            now.backup(copy)

    def fsck(self) -> dict[str, Any]:
        """The command line's own, beside a running or a stopped service."""
        antin = Path(sys.executable).with_name("antin")
        done = subprocess.run(
            [antin, "fsck", "--config", self.config, "--json"], capture_output=True, text=True, check=False
        )
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def stamped_in_order(self) -> list[str]:
        """The documents with a leader's time-stamp, in the order in which the authority was asked.

        Not in the order of their versions: those that have their token are judged side by side.
        """
        query = "select document from document_versions where role = 'leader-timestamped'"
        of = {self.imprints(document)[0]: document for (document,) in self.sql(query)}
        return [of[imprint] for imprint in self.authorities.order]

    def imprints(self, document: str) -> list[str]:
        """What the authority is asked about for each of the document's signatures: the leader's, the seal."""
        pdf = self.client(AUDITOR).get(f"/documents/{document}/file").content
        found = re.findall(rb"/Contents\s*<([0-9A-Fa-f]+)>", pdf)
        return [hashlib.sha256(cms.signature_value(bytes.fromhex(one.decode()))).hexdigest() for one in found]

    def intents_left(self) -> Counter[tuple[str, str]]:
        """(document, act) of uses of a key whose audit shows an intent and neither result nor failure."""
        left: Counter[tuple[str, str]] = Counter()
        for subject, act, phase in self.sql("select subject, act, phase from audit order by sequence"):
            if phase == "intent":
                left[subject, act] += 1
            elif phase in ("result", "failed"):
                left[subject, act] -= 1
        return +left


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


STEPS = {
    "draft": "preparation",
    "prepared": "leader-signature",
    "signed": "continuation",
    "sealed": "continuation",
    "seal-timestamped": "continuation",
    "validated": "continuation",
    "archived": "issue",
}
ROLES = (
    "uploaded",
    "prepared",
    "leader-signed",
    "leader-timestamped",
    "sealed",
    "seal-timestamped",
    "long-term",
)


def next_step(found: dict[str, Any]) -> str | None:
    """What the document waits for; None when it is out and has its validation data."""
    state = found["state"]
    if state == "leader-timestamped":
        return "seal" if found["number"] else "number"
    if state == "issued":
        return None if found["versions"][-1]["role"] == "long-term" else "continuation"
    return STEPS[state]
