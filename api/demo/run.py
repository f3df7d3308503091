"""`antin demo`: a real decision goes its whole legal way over HTTP, and everything is checked afterwards."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx

from api.demo import furnish
from api.demo.documents import decision, of_this_year
from api.processor import keep_to_one
from api.server import server
from api.services import Services
from api.settings import Settings
from api.wiring import service, tools
from archive import receipt as receipts
from policies.vocabulary import Indication
from signer.trust import anchors

WAIT_SECONDS = 60.0
PATIENT = {"wait": 10}  # answered when the operation ends, not a moment later
AGENCY = "H99.DEMO"


class DemoFailed(Exception):
    """A step did not hold; the text says which and why."""


def run_demo(out: Path, port: int, once: bool) -> int:
    """The path, then the site until Ctrl-C (unless `once`). 0 only if everything held."""
    settings = demo_settings(Path("demo-data") / str(port), port)
    keep_to_one()
    with running(settings) as (services, passwords):
        try:
            Walk(settings, passwords, services, out).run()
        except DemoFailed as exc:
            click.echo(f"\n✗ {exc}", err=True)
            return 1
        if once:
            return 0
        _stay(settings, passwords)
    return 0


def demo_settings(data: Path, port: int) -> Settings:
    """Embedded, demo PKI, no grace period; kept as `antin.toml` beside the data, for the other commands."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = data / "antin.toml"
    rows = {
        "demo_pki": "true",
        "data_dir": json.dumps(str(data.resolve())),
        "port": str(port),
        "public_url": f'"http://127.0.0.1:{port}"',
        "agency_code": f'"{AGENCY}"',
        "grace_seconds": "0.0",
    }
    kept.write_text("".join(f"{key} = {value}\n" for key, value in rows.items()), "utf-8")
    return tools.load_settings(kept)


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[tuple[Services, dict[str, str]]]:
    """The service in a thread of this process, with the demo's accounts; stopped at the end."""
    web, services = server(settings)
    kept = settings.data_dir / "accounts.txt"
    passwords = furnish.kept_passwords(kept)
    if not passwords:
        passwords = {person.account: service.new_password() for person in furnish.PEOPLE}
        furnish.accounts(services.identity, settings.agency_code, passwords, services.clock())
        furnish.keep_passwords(kept, passwords)
    thread = threading.Thread(target=web.run, name="site", daemon=True)
    thread.start()
    try:
        _until(lambda: web.started or not thread.is_alive(), "the site to start")
        if not web.started:
            raise DemoFailed(f"the site did not start; is port {settings.port} taken?")
        yield services, passwords
    finally:
        web.should_exit = True
        thread.join(20)


def _until(done: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise DemoFailed(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


@dataclass
class Walk:
    """The journey of one decision. Each step prints its time and what was proved."""

    settings: Settings
    passwords: dict[str, str]
    services: Services
    out: Path
    steps: int = 0
    writes: int = 0
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    key: str = field(default_factory=service.new_password)

    def run(self) -> None:
        if self.out.exists():
            shutil.rmtree(self.out)
        self.out.mkdir(parents=True)
        clerk, leader, auditor = (self._client(name) for name in ("van-thu", "nguyen-van-an", "kiem-tra"))
        document = self._receive(clerk)
        place = f"/documents/{document['id']}"
        self._step("Trình ký", lambda: self._post(clerk, f"{place}/preparation", json={}), _prepared)
        self._step("Lãnh đạo ký số", lambda: self._signs(leader, place), _stamped)
        self._step("Cấp số, vào sổ", lambda: self._post(clerk, f"{place}/number", json={}), _numbered)
        self._step(
            "Ký số cơ quan, dấu thời gian, kiểm tra, lưu", lambda: self._waits(clerk, f"{place}/seal"), _kept
        )
        issued = self._step("Phát hành", lambda: self._post(clerk, f"{place}/issue"), _issued)
        self._step("Bổ sung dữ liệu kiểm tra (B-LT)", lambda: self._long_term(clerk, place), _long_term)
        self._files(clerk, place)
        self._step("Kiểm tra lại qua HTTP", lambda: self._verify(auditor), _verdict)
        self._step("Kiểm tra ngoại tuyến", self._offline, str)
        self._where(issued)

    def _client(self, name: str) -> httpx.Client:
        client = httpx.Client(
            base_url=f"{self.settings.public_url}/api/v1", timeout=WAIT_SECONDS, trust_env=False
        )
        answer = client.post("/sessions", json={"name": name, "password": self.passwords[name]})
        client.headers["authorization"] = f"Bearer {_good(answer)['token']}"
        self.clients[name] = client
        return client

    def _step(self, what: str, act: Callable[[], Any], proved: Callable[[Any], str]) -> Any:
        start = time.monotonic()
        result = act()
        self.steps += 1
        milliseconds = (time.monotonic() - start) * 1000
        click.echo(f"{self.steps:2}. {what:<46} {milliseconds:7.0f} ms   {proved(result)}")
        return result

    def _receive(self, clerk: httpx.Client) -> dict[str, Any]:
        pdf = decision(of_this_year(self.services.clock()))
        form = {
            "subject": "Phê duyệt Kế hoạch số hóa và lưu trữ điện tử hồ sơ năm 2027",
            "kind": "QĐ",
            "leaders": "nguyen-van-an",
            "recipients": "Như Điều 3; Lưu: VT, VP",
        }
        files = {"file": ("quyet-dinh.pdf", pdf, "application/pdf")}
        found: dict[str, Any] = self._step(
            "Tiếp nhận dự thảo", lambda: self._post(clerk, "/documents", data=form, files=files), _received
        )
        return found

    def _post(self, client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
        self.writes += 1
        return _good(client.post(path, headers={"idempotency-key": f"{self.key}-{self.writes}"}, **body))

    def _signs(self, leader: httpx.Client, place: str) -> dict[str, Any]:
        """The leader looks at the page, and signs the bytes that it shows."""
        shown = _good(leader.get(place))["sha256"]
        _answered(leader.get(f"{place}/pages/0?dpi=96"))
        return self._waits(leader, f"{place}/leader-signature", json={"sha256": shown})

    def _waits(self, client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
        """An act that answers 202: poll its operation to the end."""
        operation = self._post(client, path, **body)
        where = f"/operations/{operation['id']}"
        _until(
            lambda: operation.update(_good(client.get(where, params=PATIENT))) or operation["state"] in ENDED,
            path,
        )
        if operation["state"] != "succeeded":
            raise DemoFailed(f"{path}: {operation['problem']['text']['en']}")
        document = path.rsplit("/", 1)[0]
        return {**_good(client.get(document)), "operation": operation}

    def _long_term(self, clerk: httpx.Client, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def done() -> bool:
            found.update(_good(clerk.get(place)))
            return bool(found["versions"][-1]["role"] == "long-term")

        _until(done, "the version with validation data")
        return found

    def _files(self, clerk: httpx.Client, place: str) -> None:
        wanted = {
            "decision.pdf": f"{place}/file?version=seal-timestamped",
            "decision-lt.pdf": f"{place}/file?version=long-term",
            "receipt.json": f"{place}/receipt",
            "log.vkey": "/log/key",
            "page-1.png": f"{place}/pages/0?dpi=144&image=png",
        }
        for name, path in wanted.items():
            (self.out / name).write_bytes(_answered(clerk.get(path)).content)
        if self.services.demo is not None:
            (self.out / "trust.pem").write_bytes(self.services.demo.trust_pem)

    def _verify(self, auditor: httpx.Client) -> dict[str, Any]:
        files = {"file": ("decision-lt.pdf", (self.out / "decision-lt.pdf").read_bytes(), "application/pdf")}
        report = _good(auditor.post("/verifications", files=files))
        text = json.dumps(report, ensure_ascii=False, indent=2)
        (self.out / "report.json").write_text(text + "\n", "utf-8")
        if report["indication"] != Indication.TOTAL_PASSED or not report["archive"]:
            raise DemoFailed(f"verification says {report['indication']}")
        return report

    def _offline(self) -> str:
        with tools.verifier(offline=True) as verifier:
            trust = anchors.load(self.out / "trust.pem")
            profile = self.services.profiles["agency"]
            report = verifier.validate(self.out / "decision-lt.pdf", trust, None, profile)
        if report.verdict.indication is not Indication.TOTAL_PASSED:
            raise DemoFailed(f"offline verification says {report.verdict.indication}")
        receipt = (self.out / "receipt.json").read_bytes()
        facts = receipts.verify(
            self.out / "decision.pdf", receipt, (self.out / "log.vkey").read_text().strip()
        )
        return f"decision-lt.pdf {report.verdict.indication}; biên nhận đúng, lá {facts.index}/{facts.checkpoint.size}"

    def _where(self, issued: dict[str, Any]) -> None:
        site = self.settings.public_url
        click.echo(f"\nTệp: {', '.join(sorted(path.name for path in self.out.iterdir()))} trong {self.out}/")
        click.echo(f"Trang văn bản:  {site}/v/{issued['code']}")
        click.echo(f"Kiểm tra tệp:   {site}/")


ENDED = ("succeeded", "failed")


def _answered(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
        text = problem.get("text", {}).get("en") or problem.get("title", "")
    except ValueError:
        text = answer.text[:200]
    raise DemoFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {text}")


def _good(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = _answered(answer).json()
    return found


def _received(found: dict[str, Any]) -> str:
    return f"{found['metadata']['pages']} trang, SHA-256 {found['sha256'][:16]}…"


def _prepared(found: dict[str, Any]) -> str:
    return f"{len(found['boxes'])} ô: " + ", ".join(box["name"] for box in found["boxes"])


def _stamped(found: dict[str, Any]) -> str:
    return f"chữ ký có dấu thời gian {found['leader_token_time']}"


def _numbered(found: dict[str, Any]) -> str:
    return f"số {found['number']}, ngày {found['date']}"


def _kept(found: dict[str, Any]) -> str:
    return f"{found['state_text']['vi']}: kiểm tra hai lần, đã lưu {found['archived_at']}"


def _issued(found: dict[str, Any]) -> str:
    return f"phát hành lúc {found['issued_at']}"


def _long_term(found: dict[str, Any]) -> str:
    return f"bản mới {found['versions'][-1]['size']:,} byte"


def _verdict(report: dict[str, Any]) -> str:
    levels = ", ".join(f"{row['field']} {row['level']}" for row in report["signatures"])
    return f"{report['indication']} ({levels}); trong kho lưu trữ: có"


def _stay(settings: Settings, passwords: dict[str, str]) -> None:
    click.echo("\nĐăng nhập (mật khẩu chỉ có trong bản demo này):")
    for person in furnish.PEOPLE:
        click.echo(f"  {person.account:<16} {passwords[person.account]:<20} {person.title}")
    click.echo(f"\nBàn làm việc:   {settings.public_url}/sign-in\nDừng: Ctrl-C")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
