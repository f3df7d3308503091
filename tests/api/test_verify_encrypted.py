"""A signed file with a password, as a clerk meets it: on the command line and over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.demo.documents import decision
from tests.factories.encrypted import OWNER, USER, encrypted, signed, signer_of
from tests.service import CLERK, LEADER, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")
ANTIN = str(Path(sys.executable).with_name("antin"))


@pytest.fixture(scope="module")
def locked(site: Site, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("locked")
    pki = site.services.demo
    data = encrypted(decision(), "aes-256")
    made = signed(data, USER, signer_of(pki.identity("leader"), pki.identity("issuing")))
    (folder / "locked.pdf").write_bytes(made)
    (folder / "trust.pem").write_bytes(pki.trust_pem)
    for name, text in (("right", f"{USER}\n"), ("owner", OWNER), ("wrong", "mat-khau-sai\n"), ("none", "")):
        (folder / name).write_text(text, "utf-8")
    return folder


def verify(locked: Path, password: str | None) -> subprocess.CompletedProcess[str]:
    command = [ANTIN, "verify", locked / "locked.pdf", "--trust", locked / "trust.pem", "--json"]
    if password is not None:
        command += ["--password-file", locked / password]
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("password", ["right", "owner"])
def test_the_command_line_with_a_password(locked, password):
    result = verify(locked, password)
    report = json.loads(result.stdout)
    assert (result.returncode, report["indication"]) == (0, "TOTAL-PASSED"), result.stdout
    assert report["signatures"][0]["integrity"] == "intact"
    assert USER not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("password", "reason"), [(None, "document.encrypted"), ("wrong", "document.wrong-password")]
)
def test_the_command_line_refuses_with_3(locked, password, reason):
    result = verify(locked, password)
    assert result.returncode == 3
    assert json.loads(result.stdout)["refusal"]["id"] == reason
    assert "mat-khau-sai" not in result.stdout + result.stderr


def test_an_empty_password_file_is_wrong_usage(locked):
    assert verify(locked, "none").returncode == 64


def post(site: Site, locked: Path, **data: str):
    files = {"file": ("a.pdf", (locked / "locked.pdf").read_bytes(), "application/pdf")}
    return site.client(None).post("/verifications", files=files, data=data)


def test_over_http(site: Site, locked):
    answer = post(site, locked, password=USER)
    assert answer.status_code == 200, answer.text
    assert answer.json()["indication"] == "TOTAL-PASSED", answer.text
    assert USER not in answer.text


@pytest.mark.parametrize(
    ("data", "reason"),
    [({}, "document.encrypted"), ({"password": "mat-khau-sai"}, "document.wrong-password")],
)
def test_over_http_a_typed_refusal(site: Site, locked, data, reason):
    answer = post(site, locked, **data)
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"] == reason
    assert "mat-khau-sai" not in answer.text


def test_an_absurd_password_is_not_repeated(site: Site, locked):
    answer = post(site, locked, password="x" * 4000)
    assert answer.status_code == 422
    assert "xxxx" not in answer.text


def test_for_issuing_it_is_refused_still(site: Site, locked):
    answer = site.post(
        CLERK,
        "/documents",
        data={"subject": "x", "leaders": LEADER},
        files={"file": ("a.pdf", (locked / "locked.pdf").read_bytes(), "application/pdf")},
    )
    assert answer.status_code == 422
    assert answer.json()["id"] == "document.encrypted"
