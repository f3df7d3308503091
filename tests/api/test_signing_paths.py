"""Both signing paths as a user meets them: the command line, the service, the counters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.demo.documents import decision
from api.metrics import Metrics
from policies.reasons import signing as reasons
from signer.creation.shapes import Shape, SigningPath
from signer.errors import SigningRefused
from tests.demo_pki import demo_pki
from tests.factories.encrypted import encrypted
from tests.service import AUDITOR, CLERK, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")
ANTIN = str(Path(sys.executable).with_name("antin"))
PASSWORD = "mat khau tep"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "password").write_text("mat khau\n")
    (tmp_path / "document-password").write_text(PASSWORD + "\n")
    demo_pki().write_pkcs12("leader", tmp_path / "leader.p12", "mat khau")
    return tmp_path


def sign(folder: Path, data: bytes, *options: object) -> subprocess.CompletedProcess[str]:
    (folder / "source.pdf").write_bytes(data)
    key = ("--key", folder / "leader.p12", "--password-file", folder / "password")
    command = [ANTIN, "sign", folder / "source.pdf", folder / "signed.pdf", *key, *options]
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, timeout=PATIENCE)


def test_a_plain_file_is_signed_natively_and_nothing_is_said(folder):
    result = sign(folder, decision())
    assert result.returncode == 0, result
    assert "pyhanko" not in result.stdout


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n", bytes(2_000)], ids=["lines", "crlf", "zeros"])
def test_blank_bytes_at_the_end_are_no_refusal(folder, end):
    result = sign(folder, decision() + end)
    assert result.returncode == 0, result
    assert (folder / "signed.pdf").read_bytes().startswith(decision() + end)


def test_an_encrypted_file_is_signed_with_its_password(folder):
    data = encrypted(decision(), "aes-256", user=PASSWORD, owner="chu so huu")
    assert sign(folder, data).returncode == 3
    assert not (folder / "signed.pdf").exists()
    result = sign(folder, data, "--document-password-file", folder / "document-password")
    assert result.returncode == 0, result
    assert "(pyhanko: encrypted)" in result.stdout
    told = subprocess.run(
        ["pdfsig", "-nocert", "-upw", PASSWORD, folder / "signed.pdf"], capture_output=True, text=True
    ).stdout
    assert "Signature is Valid" in told and "Total document signed" in told


def test_a_wrong_password_is_told_and_is_no_other_refusal(folder):
    (folder / "document-password").write_text("sai\n")
    data = encrypted(decision(), "aes-256", user=PASSWORD, owner="chu so huu")
    result = sign(folder, data, "--document-password-file", folder / "document-password")
    assert result.returncode == 3 and "document.wrong-password" in result.stderr


def counters(site: Site) -> dict[str, int]:
    text = site.client(AUDITOR).get("/metrics").text
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: int(count) for name, count in rows}


def test_a_document_with_blank_lines_at_its_end_goes_the_whole_way(site: Site):
    before = counters(site)
    answer = site.upload(decision() + b"\n\n\n")
    assert answer.status_code == 201, answer.text
    document = str(answer.json()["id"])
    ready = site.post(CLERK, f"/documents/{document}/preparation", json={})
    assert ready.status_code == 200, ready.text
    site.done("nguyen-van-an", site.post("nguyen-van-an", f"/documents/{document}/leader-signature"))
    assert site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
    site.done(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
    after = counters(site)
    name = 'antin_signatures_total{path="native",shape="ordinary"}'
    assert after[name] - before.get(name, 0) == 2, "once prepared it is an ordinary document"


def test_the_counters_are_for_the_auditor_alone(site: Site):
    answer = site.client(AUDITOR).get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4"
    )
    assert site.client(None).get("/metrics").status_code == 401
    assert site.client(CLERK).get("/metrics").status_code == 403
    assert httpx.get(f"{site.url}/metrics").status_code == 404


def test_signatures_and_refusals_are_counted_by_path_shape_and_reason():
    metrics = Metrics()
    metrics.signed(SigningPath.NATIVE, Shape.ORDINARY)
    metrics.signed(SigningPath.PYHANKO, Shape.ENCRYPTED)
    metrics.signed(SigningPath.PYHANKO, Shape.ENCRYPTED)
    with pytest.raises(SigningRefused), metrics.refusals():
        raise SigningRefused(reasons.FIELD_MISSING, field="x")
    rows = [line for line in metrics.text().splitlines() if not line.startswith("#")]
    assert rows == [
        'antin_signatures_total{path="native",shape="ordinary"} 1',
        'antin_signatures_total{path="pyhanko",shape="encrypted"} 2',
        'antin_signatures_refused_total{reason="signing.field-missing"} 1',
    ]
