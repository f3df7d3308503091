"""A production deployment of a test: API and worker processes over one PostgreSQL and one SeaweedFS, killed at will."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import make_url

from api import settings, trust_desk
from api.demo import furnish
from api.proofs import new_log_key
from api.wiring import service
from api.wiring.clock import clock
from policies.anchors import AnchorRole
from policies.vocabulary import TrustDomain
from tests.cluster.authorities import trusted
from tests.crashes.authorities import Authorities
from tests.crashes.service_house import PASSWORD, ROOT, House
from tests.service import PATIENCE, free_port, until

AGENCY, ORIGIN = "H99.01", "antin.test/log"
NAMES = (
    "root",
    "issuing",
    "seal",
    *furnish.KEYS,
)  # whom production would refuse under their names of the demo
DEAD_AFTER = 5.0  # seconds; the machine may be busy


class Member:
    """One process. Its log is kept over its lives."""

    def __init__(self, house: Deployment, name: str, command: str, plan: dict[str, Any]) -> None:
        self.house, self.name, self.command = house, name, command
        self.data = house.data / name
        self.data.mkdir(exist_ok=True)
        self.armed, self.log = self.data / "armed", self.data / "log"
        self.armed.unlink(missing_ok=True)
        self.port = free_port()
        path = self.data / "plan.json"
        config = {"config": str(house.config), "command": command, "armed": str(self.armed)}
        path.write_text(json.dumps({**config, **plan}), "utf-8")
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.crashes.service_child", str(path)],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env={**os.environ, "ANTIN_DATA_DIR": str(self.data), "ANTIN_PORT": str(self.port)},
            )

    def told(self) -> str:
        return self.log.read_text("utf-8", "replace")[-8000:]

    def ready(self) -> bool:
        assert self.process.poll() is None, self.told()
        if self.command == "worker":
            return "is ready" in self.told()
        try:
            return httpx.get(f"{self.url}/api/v1/log/key", trust_env=False).is_success
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def arm(self, word: str = "") -> None:
        self.armed.write_text(word)

    def disarm(self) -> None:
        self.armed.unlink(missing_ok=True)

    def died(self) -> None:
        """Wait for the kill that was prepared."""
        assert self.process.wait(PATIENCE) == -signal.SIGKILL, self.told()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> float:
        """By SIGTERM; the seconds until it had ended, which must have been well."""
        since = time.monotonic()
        self.process.terminate()
        assert self.process.wait(PATIENCE) in (0, -signal.SIGTERM), self.told()
        return time.monotonic() - since


class Deployment(House):
    """The driver of `House`, over whichever API process it is turned to (`at`)."""

    def __init__(
        self, data: Path, authorities: Authorities, database: str, store: dict[str, str], **more: Any
    ) -> None:
        self.data, self.authorities, self.database = data, authorities, database
        data.mkdir(exist_ok=True)
        self.config = data / "antin.toml"
        self.members: dict[str, Member] = {}
        self.at = ""
        self.clients = {}
        self.process = None
        self.store = store
        keys = data.parent / "keys"
        self.values: dict[str, Any] = {
            "mode": "production",
            "database_url": database,
            "public_url": "http://127.0.0.1:8460",
            "log_origin": ORIGIN,
            "log_key": str(keys / "log.key"),
            "agency_code": AGENCY,
            "trust": str(keys / "trust.json"),
            "trust_key": (keys / "trust.vkey").read_text(),
            "stamps": str(keys / "stamps"),
            "grace_seconds": 0.0,
            "dead_after": DEAD_AFTER,
            "tsa_url": authorities.tsa_url,
            "tsa_timeout": 120.0,
            "tsa_attempts": 1,
            **more,
        }
        self.change()

    def change(self, **values: Any) -> None:
        """Settings, from the next start of a process on."""
        self.values |= values
        keys, store = self.data.parent / "keys", self.store
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.values.items()]
        lines += ["[object_store]", *(f"{name} = {json.dumps(value)}" for name, value in store.items())]
        seal = {"pkcs12": str(keys / "seal.p12"), "password_file": str(keys / "password")}
        lines += ["[seal_key]", *(f"{name} = {json.dumps(value)}" for name, value in seal.items())]
        for name in furnish.KEYS:
            leader = {**seal, "account": name, "pkcs12": str(keys / f"{name}.p12")}
            lines += ["[[leader_keys]]", *(f"{key} = {json.dumps(value)}" for key, value in leader.items())]
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    # Its processes.

    def api(self, name: str = "api-1", **plan: Any) -> Member:
        return self._begun(name, "serve", plan)

    def worker(self, name: str = "worker-1", **plan: Any) -> Member:
        return self._begun(name, "worker", plan)

    def _begun(self, name: str, command: str, plan: dict[str, Any]) -> Member:
        self._forget_clients(name)
        member = self.members[name] = Member(self, name, command, plan)
        if command == "serve":
            self.at = name
        return member

    def ready(self, *members: Member) -> None:
        for member in members or tuple(self.members.values()):
            if member.process.poll() != -signal.SIGKILL:
                until(member.ready, lambda member=member: f"{member.name} to start\n{member.told()}")

    def turn_to(self, member: Member) -> None:
        """Requests go to that API process from now on."""
        self.at = member.name

    def kill(self) -> None:
        for member in self.members.values():
            member.kill()
        self._forget()

    def stop(self) -> None:
        for member in self.members.values():
            if member.process.poll() is None:
                member.stop()
        self._forget()

    def until(self, done: Any, what: str) -> Any:
        return until(
            done, lambda: "\n".join([f"waited for {what}", *(m.told() for m in self.members.values())])
        )

    def antin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line, with the deployment's settings."""
        command = [Path(sys.executable).with_name("antin"), *arguments, "--config", self.config]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    # HTTP, and the data.

    def client(self, name: str | None) -> httpx.Client:
        key: Any = (self.at, name)
        if key not in self.clients:
            url = f"{self.members[self.at].url}/api/v1"
            client = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
            if name is not None:
                answer = client.post("/sessions", json={"name": name, "password": PASSWORD})
                assert answer.status_code == 201, answer.text
                client.headers["authorization"] = f"Bearer {answer.json()['token']}"
            self.clients[key] = client
        return self.clients[key]

    def _forget_clients(self, member: str) -> None:
        for key in [key for key in self.clients if key[0] == member]:  # type: ignore[index]
            self.clients.pop(key).close()

    def sql(self, query: str, *values: Any) -> list[tuple]:
        url = make_url(self.database).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as conn:
            return conn.execute(query.replace("?", "%s").encode(), values).fetchall()


def hand_out_keys(folder: Path, authorities: Authorities) -> None:
    """What an operator gives to every process: containers, trust, pictures, the log's key."""
    folder.mkdir()
    (folder / "password").write_text(f"{PASSWORD}\n")
    store, secret = folder / "trust.json", folder / "trust.key"
    (folder / "trust.vkey").write_text(trust_desk.begin(store, secret, "test/trust", 30))
    trust_desk.Desk(store, secret, 30).add(
        *trusted(authorities.pki, folder), TrustDomain.OFFICIAL_DUTY, AnchorRole.ANCHOR, "kiểm thử"
    )
    for name in ("seal", *furnish.KEYS):
        authorities.pki.write_pkcs12(name, folder / f"{name}.p12", PASSWORD)
    furnish.stamps(folder / "stamps")
    new_log_key(folder / "log.key", ORIGIN)


def add_accounts(database: str, folder: Path) -> None:
    """Into an empty database."""
    given = settings.load(None, {}, data_dir=folder, database_url=database, agency_code=AGENCY)
    with service.identity(given) as identity:
        passwords = {person.account: PASSWORD for person in furnish.PEOPLE}
        furnish.accounts(identity, AGENCY, passwords, clock())
    shutil.rmtree(folder)


def store_settings(server: Any) -> dict[str, str]:
    """New buckets on that server: the archive's with locks, the work area's without."""
    mark = uuid.uuid4().hex
    server.client().make_bucket(f"test-{mark}", object_lock=True)
    server.client().make_bucket(f"work-{mark}")
    folder = server.directory
    for name, value in (("access", server.admin.access), ("secret", server.admin.secret)):
        (folder / name).write_text(value)
    return {
        "endpoint": f"http://{server.endpoint}",
        "bucket": f"test-{mark}",
        "work_bucket": f"work-{mark}",
        "access_key_file": str(folder / "access"),
        "secret_key_file": str(folder / "secret"),
    }
