"""`antin sign` as a user meets it: one file with its progress, many files with their sum, wrong usage."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.demo.documents import DecisionSpec, decision
from signer.creation.batch.journal import NAME
from tests.conftest import need_tool
from tests.demo_pki import demo_pki
from tests.factories.large_pdf import write_large
from tests.service import PATIENCE

ANTIN = str(Path(sys.executable).with_name("antin"))
PASSWORD = "mat khau"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """The options of a key."""
    folder = tmp_path_factory.mktemp("key")
    demo_pki().write_pkcs12("leader", folder / "leader.p12", PASSWORD)
    (folder / "password").write_text(PASSWORD + "\n")
    return ("--key", folder / "leader.p12", "--password-file", folder / "password")


@pytest.fixture
def sources(tmp_path):
    """a.pdf, b.PDF and c/d.pdf; a text that is no PDF by its name."""
    folder = tmp_path / "in"
    (folder / "c").mkdir(parents=True)
    for name in ("a.pdf", "b.PDF", "c/d.pdf"):
        (folder / name).write_bytes(decision(DecisionSpec(subject=name)))
    (folder / "notes.txt").write_text("x")
    return folder


def test_a_name_that_is_no_text(sources, tmp_path, key):
    (sources / "a.pdf").rename(sources / os.fsdecode(b"\xff.pdf"))
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    assert result.returncode == 0, result.stderr
    assert "3 signed" in result.stdout


def antin(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [ANTIN, *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def valid(path: Path) -> bool:
    told = subprocess.run([need_tool("pdfsig"), "-nocert", path], capture_output=True, text=True).stdout
    return told.count("Signature is Valid") == 1 and "Total document signed" in told


def test_a_folder_keeps_its_shape(sources, tmp_path, key):
    out = tmp_path / "out" / "new"
    result = antin("sign", sources, "--out-dir", out, *key)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        f"signed: {out}/a.pdf",
        f"signed: {out}/b.PDF",
        f"signed: {out}/c/d.pdf",
        f"{out}: 3 signed",
    ]
    assert names(out) == ["a.pdf", NAME, "b.PDF", "c/d.pdf"]
    assert all(valid(out / name) for name in names(out) if name != NAME)


def test_some_refused_is_3_and_the_same_command_goes_on(sources, tmp_path, key):
    out = tmp_path / "out"
    (sources / "b.PDF").write_bytes(b"hello")
    command = ("sign", sources / "a.pdf", sources / "b.PDF", sources / "c", "--out-dir", out, *key)
    first = antin(*command)
    assert first.returncode == 3
    assert "REFUSED" in first.stderr and "[document.not-pdf]" in first.stderr
    assert first.stdout.splitlines()[-1] == f"{out}: 2 signed, 1 REFUSED"
    (sources / "b.PDF").write_bytes(decision(DecisionSpec(subject="b")))
    second = antin(*command)
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[-1] == f"{out}: 1 signed, 2 signed before"
    assert names(out) == ["a.pdf", NAME, "b.PDF", "d.pdf"]


def test_the_folder_of_outputs_is_no_source(sources, tmp_path, key):
    out = sources / "signed"
    for _ in range(2):
        assert antin("sign", sources, "--out-dir", out, *key).returncode == 0
    assert names(out) == ["a.pdf", NAME, "b.PDF", "c/d.pdf"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.pdf",),
        ("a.pdf", "x.pdf", "y.pdf"),
        ("c", "x.pdf"),
        ("gone.pdf", "x.pdf"),
        ("gone.pdf", "--out-dir", "o"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64(sources, key, arguments):
    given = [sources / one if not one.startswith("--") else one for one in arguments]
    result = antin("sign", *given, *key)
    assert result.returncode == 64, result
    assert "Traceback" not in result.stderr
    assert not (sources / "x.pdf").exists()


def test_a_wrong_password_is_told_once_and_tells_no_secret(sources, tmp_path, key):
    wrong = tmp_path / "wrong"
    wrong.write_text("khong phai\n")
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key[:3], wrong)
    assert result.returncode == 3
    assert result.stderr.count("signing.pkcs12-unreadable") == 1
    assert "khong phai" not in result.stdout + result.stderr
    assert names(tmp_path / "out") == [NAME]


def test_a_terminal_sees_how_far_it_is(tmp_path, key):
    """A copy that takes long enough to be shown, on a real terminal."""
    source = write_large(tmp_path / "large.pdf", 400_000_000, sparse=True)
    shown = _on_a_terminal("sign", source, tmp_path / "out.pdf", *key)
    assert "… large.pdf: " in shown and "/400 MB" in shown
    assert shown.rstrip().endswith("\033[K"), "the line is gone at the end"
    assert valid(tmp_path / "out.pdf")


def _on_a_terminal(*arguments: object) -> str:
    master, slave = pty.openpty()
    command = [ANTIN, *(str(one) for one in arguments)]
    running = subprocess.Popen(command, stderr=slave, stdout=subprocess.DEVNULL)
    os.close(slave)
    shown = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            block = os.read(master, 1 << 16)
        except OSError:  # the other end is closed
            break
        shown += block
        if not block:
            break
    os.close(master)
    assert running.wait(PATIENCE) == 0
    return shown.decode()


def test_a_file_hears_nothing_of_progress(sources, tmp_path, key):
    result = antin("sign", sources / "a.pdf", tmp_path / "out.pdf", *key)
    assert (result.returncode, result.stderr) == (0, "")
