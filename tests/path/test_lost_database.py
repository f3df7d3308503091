"""The database is deleted under a service that did its work; the commands of the guide bring the archive back."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.demo import furnish
from api.demo.run import demo_settings, running
from api.wiring import service, tools
from archive import receipt as receipts
from archive.catalogue import deposit_rows, log_rows
from policies.numbering import civil_date
from tests.archive.ingest_fixtures import sha256
from tests.engines.ports import free_port
from tests.service import CLERK, Site, until

pytestmark = [pytest.mark.long, pytest.mark.own_service, pytest.mark.xdist_group("site")]
ANTIN = Path(sys.executable).with_name("antin")


class Place:
    """A data directory whose database can be lost."""

    def __init__(self, data, url: str, port: int) -> None:
        self.data, self.url, self.port = data, url, port
        self.config = data / "antin.toml"
        demo_settings(data, port)
        with self.config.open("a") as file:
            file.write(f"database_url = {json.dumps(url)}\n" if url.startswith("postgresql") else "")
        self.settings = tools.load_settings(self.config)

    def running(self):
        return running(self.settings)

    def antin(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [ANTIN, *words, "--config", self.config], capture_output=True, text=True, check=False
        )
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done.stdout

    def lose(self, drop) -> None:
        if self.url.startswith("postgresql"):
            drop()
        else:
            for path in self.data.glob("antin.sqlite3*"):
                path.unlink()

    def bring_accounts_back(self) -> None:
        """As a backup would: accounts are nothing of the archive."""
        passwords = furnish.kept_passwords(self.data / "accounts.txt")
        with service.identity(self.settings) as identity:
            furnish.accounts(identity, self.settings.agency_code, passwords, service.clock())


@pytest.fixture
def place(database, tmp_path, request):
    return Place(tmp_path / "data", database, free_port())


@pytest.fixture
def drop(database, request):
    """The server's database of this test is dropped and made anew, empty."""
    if database.startswith("sqlite"):
        return lambda: None
    server, name = request.getfixturevalue("postgres"), database.rpartition("/")[2]

    def again():
        server.drop(name)
        server.database(name)

    return again


def public(site: Site, code: str, path: str = "") -> bytes:
    answer = site.client(None).get(f"{site.url}/v/{code}{path}")
    assert answer.status_code == 200, answer.text
    return answer.content


@dataclass
class Before:
    """What was known of the documents when the database was lost."""

    issued: str
    recalled: str
    filed: str
    voided: str
    under_way: str
    archived: str
    late: str = ""
    rows: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, bytes] = field(default_factory=dict)
    vkey: str = ""

    @property
    def kept(self) -> tuple[str, ...]:
        return self.issued, self.recalled, self.filed, self.archived


def act(site: Site, document: str, step: str, **body: Any) -> None:
    answer = site.post(CLERK, f"/documents/{document}/{step}", json=body)
    assert answer.status_code == 200, answer.text


def dossier(site: Site) -> str:
    body = {
        "catalog_year": int(year()),
        "notation": "001",
        "title": "Hồ sơ trước khi mất",
        "start_date": f"{year()}-01-02",
    }
    answer = site.post(CLERK, "/dossiers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def numbered(site: Site) -> str:
    document = site.signed()
    act(site, document, "number")
    return document


def live(site: Site) -> Before:
    """A service that did its work: what was archived, what was voided, and two documents on their way."""
    issued, recalled, filed = (site.issued() for _ in range(3))
    act(site, recalled, "recall", reason="Ban hành nhầm")
    act(site, filed, "filing", dossiers=[dossier(site)])
    voided, under_way = numbered(site), numbered(site)
    act(site, voided, "void", reason="Soạn sai")
    made = Before(issued, recalled, filed, voided, under_way, site.archived())
    for document in made.kept:
        site.long_term(document)
    made.late = numbered(site)  # after the last head of the registers in the log: only people will know of it
    site.nobody_asks()
    until(lambda: all_logged(site.services), "the log")
    for document in (*made.kept, voided, under_way):
        made.rows[document] = site.document(document)
    for document in made.kept:
        made.files[document] = site.file(document, "seal-timestamped")
        made.receipts[document] = site.client(CLERK).get(f"/documents/{document}/receipt").content
    made.vkey = site.services.proofs.vkey
    return made


def check_kept(site: Site, made: Before) -> None:
    """Documents stand where they stood, their bytes and receipts are given, the public sees what it saw."""
    for document in made.kept:
        after, before = site.document(document), made.rows[document]
        for name in (
            "state",
            "number",
            "date",
            "code",
            "subject",
            "recipients",
            "sha256",
            "issued_at",
            "versions",
        ):
            assert after[name] == before[name], (name, document)
        acts = [one["act"] for one in after["acts"]]
        assert acts == [one["act"] for one in before["acts"]][: len(acts)]  # up to the last head in the log
        assert ("recall" in acts, "file" in acts) == (document == made.recalled, document == made.filed)
        again = site.client(CLERK).get(f"/documents/{document}/receipt").content
        assert json.loads(again)["pdf"] == json.loads(made.receipts[document])["pdf"]
        receipts.verify(sha256(made.files[document]), again, made.vkey)
    for document in (made.issued, made.recalled, made.filed):
        code = made.rows[document]["code"]
        assert public(site, code, "/file") == made.files[document]
        assert ("Đã thu hồi" in public(site, code).decode()) is (document == made.recalled)


def check_registers(site: Site, made: Before) -> None:
    """No number is lost or free: not of the voided document, nor of that which was on its way."""
    voided, under_way = site.document(made.voided), site.document(made.under_way)
    assert (voided["state"], under_way["state"]) == ("voided", "stopped")
    for found in (voided, under_way):
        assert found["number"] == made.rows[found["id"]]["number"]
    for path in ("/desk/clerk", "/desk/clerk?tab=issued", f"/desk/documents/{made.under_way}"):
        answer = site.client(CLERK).get(f"{site.url}{path}")
        assert answer.status_code < 500, (path, answer.text)
    refused = site.post(CLERK, f"/documents/{made.under_way}/resumption", json={"reason": "Tiếp tục"})
    assert refused.status_code in (404, 409)
    act(site, made.under_way, "void", reason="Tệp không còn")


def check_going_on(site: Site, place: Place, made: Before) -> None:
    """The series opens when its last number is confirmed; what follows is archived behind what was."""
    document = site.signed()
    refused = site.post(CLERK, f"/documents/{document}/number", json={})
    assert refused.json()["id"] == "issuing.series-closed"
    last = int(made.rows[made.archived]["number"].split("/")[0])
    words = ("registers", "confirm", "--kind", "QĐ", "--year", year(), "--last")
    place.antin(*words, str(last - 1), status=3)
    assert "1 entered as lost" in place.antin(*words, str(last + 1), "--yes")
    act(site, document, "number")
    assert int(site.document(document)["number"].split("/")[0]) == last + 2
    site.done(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
    act(site, document, "issue")
    act(site, made.archived, "issue")
    site.nobody_asks()


def test_the_database_is_deleted_and_everything_archived_comes_back(place, drop):
    with place.running() as (services, passwords):
        made = live(Site(place.settings, services, passwords))
    place.lose(drop)
    place.antin("serve", status=3)  # an empty catalogue belongs to no store, and is behind its log
    place.lose(drop)
    assert "closed: QĐ" in place.antin("rebuild")
    assert place.antin("fsck").rstrip().endswith("clean: everything agrees")
    assert "QĐ" in place.antin("registers", "closed")
    place.bring_accounts_back()
    for document, data in made.receipts.items():
        receipts.verify(sha256(made.files[document]), data, made.vkey)
    with place.running() as (services, passwords):
        site = Site(place.settings, services, passwords)
        check_kept(site, made)
        check_registers(site, made)
        check_going_on(site, place, made)
    assert place.antin("fsck").rstrip().endswith("clean: everything agrees")
    place.antin("rebuild", status=3)


def all_logged(services) -> bool:
    with services.transactions.read() as conn:
        return not log_rows.pending(conn, 1) and not deposit_rows.deposits_left(conn)


def year() -> str:
    return str(civil_date(service.clock()).year)
