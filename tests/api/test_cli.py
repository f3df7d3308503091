"""The command line as a user meets it: help, exit codes, one JSON object, nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.service import PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")
ANTIN = str(Path(sys.executable).with_name("antin"))
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "antin.verify-1.schema.json").read_text("utf-8"))


def antin(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [ANTIN, *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd)


def verified(*arguments: object) -> tuple[int, dict]:
    result = antin("verify", *arguments, "--json")
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    assert result.stdout.count("\n") == 1
    return result.returncode, found


@pytest.fixture(scope="module")
def files(site: Site, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    document = site.issued(subject="Cho dòng lệnh")
    site.long_term(document)
    (folder / "draft.pdf").write_bytes(site.file(document, "uploaded"))
    (folder / "decision.pdf").write_bytes(site.file(document, "seal-timestamped"))
    (folder / "decision-lt.pdf").write_bytes(site.file(document, "long-term"))
    (folder / "trust.pem").write_bytes(site.services.demo.trust_pem)
    (folder / "receipt.json").write_bytes(
        site.client("van-thu").get(f"/documents/{document}/receipt").content
    )
    (folder / "log.vkey").write_text(site.services.proofs.vkey + "\n")
    (folder / "password").write_text("mat khau\n")
    site.services.demo.write_pkcs12("leader", folder / "leader.p12", "mat khau")
    return folder


def test_total_passed_is_0(files):
    code, report = verified(files / "decision-lt.pdf", "--trust", files / "trust.pem", "--offline")
    assert (code, report["indication"]) == (0, "TOTAL-PASSED")
    assert [row["level"] for row in report["signatures"]] == ["B-LT", "B-LT"]


def test_no_revocation_answer_is_never_a_pass(files):
    code, report = verified(files / "decision.pdf", "--trust", files / "trust.pem", "--offline")
    assert (code, report["indication"]) == (2, "INDETERMINATE")
    assert {row["sub_indication"] for row in report["signatures"]} == {"TRY_LATER"}


def test_without_trust_nothing_passes(files):
    code, report = verified(files / "decision-lt.pdf", "--offline")
    assert (code, report["indication"]) == (2, "INDETERMINATE")


def test_an_altered_file_is_1(files, tmp_path):
    pdf = bytearray((files / "decision-lt.pdf").read_bytes())
    at = pdf.index(b"/Contents <") - 100
    pdf[at] = pdf[at] ^ 1
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(pdf)
    code, report = verified(altered, "--trust", files / "trust.pem", "--offline")
    assert code in (1, 3)
    assert report.get("indication") != "TOTAL-PASSED"


def test_unsigned_is_2(files):
    code, report = verified(files / "draft.pdf")
    assert (code, report["indication"], report["signatures"]) == (2, "NO-SIGNATURE", [])


def test_a_refusal_is_3(tmp_path):
    zipped = tmp_path / "a.pdf"
    zipped.write_bytes(b"PK\x03\x04" * 50)
    code, report = verified(zipped)
    assert code == 3
    assert report["refusal"]["id"].startswith("document.")
    assert report["refusal"]["basis"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",),
        ("verify", "missing.pdf"),
        ("nonsense",),
        ("verify", "--at", "yesterday", "PDF"),
        ("verify", "--at", "2026-01-01T00:00:00", "PDF"),
        ("verify", "--profile", "nonsense", "PDF"),
        ("fsck", "--data-dir", "missing"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64(files, tmp_path, arguments):
    given = [files / "draft.pdf" if one == "PDF" else one for one in arguments]
    result = antin(*given, cwd=tmp_path)
    assert result.returncode == 64, result
    assert "Traceback" not in result.stderr


def test_at_a_time_before_signing(files):
    code, report = verified(
        files / "decision-lt.pdf",
        "--trust",
        files / "trust.pem",
        "--offline",
        "--at",
        "2001-01-01T00:00:00+07:00",
    )
    assert code == 2
    assert report["indication"] == "INDETERMINATE"


def test_verify_receipt(files):
    arguments = (files / "receipt.json", "--key", files / "log.vkey")
    assert antin("verify-receipt", files / "decision.pdf", *arguments).returncode == 0
    other = antin("verify-receipt", files / "decision-lt.pdf", *arguments, "--json")
    assert other.returncode == 3
    assert "refusal" in json.loads(other.stdout)


def test_sign_and_verify(files, tmp_path):
    out = tmp_path / "signed.pdf"
    given = ("--key", files / "leader.p12", "--password-file", files / "password")
    result = antin("sign", files / "draft.pdf", out, *given)
    assert result.returncode == 0, result.stderr
    assert "B-B" in result.stdout
    told = subprocess.run(["pdfsig", "-nocert", out], capture_output=True, text=True).stdout
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    again = antin("sign", files / "draft.pdf", out, *given)
    assert again.returncode == 64
    assert [path.name for path in tmp_path.iterdir()] == ["signed.pdf"]


def test_sign_with_a_time_stamp(site, files, tmp_path):
    out = tmp_path / "signed.pdf"
    given = (
        "--key",
        files / "leader.p12",
        "--password-file",
        files / "password",
        "--trust",
        files / "trust.pem",
    )
    result = antin("sign", files / "draft.pdf", out, *given, "--tsa", f"{site.url}/demo/tsa")
    assert result.returncode == 0, result.stderr
    code, report = verified(out, "--trust", files / "trust.pem")
    assert (code, report["signatures"][0]["level"]) == (0, "B-T")


@pytest.mark.long
def test_sign_many_with_time_stamps(site, files, tmp_path):
    out = tmp_path / "out"
    key = ("--key", files / "leader.p12", "--password-file", files / "password")
    tsa = ("--trust", files / "trust.pem", "--tsa", f"{site.url}/demo/tsa")
    result = antin("sign", files / "draft.pdf", "--out-dir", out, *key, *tsa)
    assert result.returncode == 0, result.stderr
    code, report = verified(out / "draft.pdf", "--trust", files / "trust.pem")
    assert (code, report["signatures"][0]["level"]) == (0, "B-T")
    down = antin("sign", files / "decision.pdf", "--out-dir", out, *key, *tsa[:3], "http://127.0.0.1:9/")
    assert down.returncode == 3, "a signed document is refused before anybody is asked"
    down = antin(
        "sign", files / "draft.pdf", "--out-dir", tmp_path / "other", *key, *tsa[:3], "http://127.0.0.1:9/"
    )
    assert down.returncode == 70
    assert "signing.not-available" in down.stderr and "use(s) of the key without an output" in down.stderr
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["antin-batch.journal"]


def test_sign_with_a_tsa_that_is_down_leaves_nothing(files, tmp_path):
    out = tmp_path / "signed.pdf"
    given = (
        "--key",
        files / "leader.p12",
        "--password-file",
        files / "password",
        "--trust",
        files / "trust.pem",
    )
    result = antin("sign", files / "draft.pdf", out, *given, "--tsa", "http://127.0.0.1:9/")
    assert result.returncode == 70
    assert list(tmp_path.iterdir()) == []


def test_sign_with_a_wrong_password_tells_no_secret(files, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("khong phai\n")
    given = ("--key", files / "leader.p12", "--password-file", wrong)
    result = antin("sign", files / "draft.pdf", tmp_path / "out.pdf", *given)
    assert result.returncode == 3
    assert "khong phai" not in result.stdout + result.stderr


def test_sample_and_its_limits(tmp_path):
    out = tmp_path / "sample.pdf"
    assert antin("sample", out, "--pages", 3).returncode == 0
    assert out.read_bytes().startswith(b"%PDF-1.7")
    assert antin("sample", out).returncode == 64
    assert antin("sample", tmp_path / "b.pdf", "--pages", 0).returncode == 64


def test_fsck_of_a_running_service(site, files):
    result = antin("fsck", "--data-dir", site.settings.data_dir, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["schema"] == "antin.fsck/1"
    assert report["clean"] is True


def test_every_command_has_help():
    for command in ("serve", "demo", "sample", "sign", "verify", "verify-receipt", "fsck"):
        result = antin(command, "--help")
        assert result.returncode == 0
        assert "Usage" in result.stdout
    assert antin("--version").returncode == 0
