"""`antin sign` as a user meets it: one file with its progress, many files with their sum, wrong usage."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

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


@pytest.mark.long
def test_a_name_that_is_no_text(sources, tmp_path, key):
    (sources / "a.pdf").rename(sources / os.fsdecode(b"\xff.pdf"))
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    assert result.returncode == 0, result.stderr
    assert "3 signed" in result.stdout


def antin(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [ANTIN, *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd)


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
    assert "REFUSED" in first.stderr and "[document.not-pdf;" in first.stderr
    assert first.stdout.splitlines()[-1] == f"{out}: 2 signed, 1 REFUSED"
    (sources / "b.PDF").write_bytes(decision(DecisionSpec(subject="b")))
    second = antin(*command)
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[-1] == f"{out}: 1 signed, 2 signed before"
    assert names(out) == ["a.pdf", NAME, "b.PDF", "d.pdf"]


@pytest.mark.long
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


@pytest.mark.parametrize("ends", ["\n", "\r\n", "", "\nnot the password\n"], ids=repr)
def test_a_password_file_as_windows_writes_it(sources, tmp_path, key, ends):
    """With a byte order mark: a password that is wrong for that would cost one of a token's three tries."""
    written = tmp_path / "password"
    written.write_bytes(f"\ufeff{PASSWORD}{ends}".encode())
    result = antin("sign", sources / "a.pdf", tmp_path / "out.pdf", *key[:3], written)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("way", ["one", "many"])
def test_an_expired_certificate_is_told_once(sources, tmp_path, key, way):
    demo_pki().write_pkcs12("expired", tmp_path / "expired.p12", PASSWORD)
    target = (tmp_path / "out.pdf",) if way == "one" else ("--out-dir", tmp_path / "out")
    result = antin("sign", sources / "a.pdf", *target, "--key", tmp_path / "expired.p12", *key[2:])
    assert result.returncode == 3 and result.stderr.count("[signing.certificate-") == 1, result.stderr
    assert not (tmp_path / "out.pdf").exists() and not (tmp_path / "out" / "a.pdf").exists()


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


@pytest.mark.parametrize("way", ["one", pytest.param("many", marks=pytest.mark.long)])
def test_modules_in_the_current_folder_are_not_ours(sources, tmp_path, key, way):
    """Whoever can put a file beside the documents must not run code beside the key."""
    (sources / "signer").mkdir()
    hostile = "from pathlib import Path\nPath('taken').touch()\nraise SystemExit(1)\n"
    for name in ("signer/__init__.py", "base64.py", "importlib.py", "dataclasses.py"):
        (sources / name).write_text(hostile)
    target = (tmp_path / "out.pdf",) if way == "one" else ("--out-dir", tmp_path / "out")
    result = antin("sign", "a.pdf", *target, *key, cwd=sources)
    assert (result.returncode, result.stderr) == (0, "")
    assert not (sources / "taken").exists()


# --- what is around the documents


@pytest.mark.long
def test_names_are_shown_in_one_line_that_commands_no_terminal(sources, tmp_path, key):
    """A line of the report is about one document, whatever its name says."""
    (sources / "a.pdf").rename(sources / "a\nsigned: x.pdf")
    (sources / "b.PDF").rename(sources / "b\033[2J\u202e.pdf")
    (sources / "c" / "d.pdf").rename(sources / os.fsdecode(b"Quy\xe1\xba\xbft \xff.pdf"))
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    assert result.returncode == 0, result.stderr
    assert sorted(result.stdout.splitlines()) == sorted([
        rf"signed: {tmp_path}/out/a\nsigned: x.pdf",
        rf"signed: {tmp_path}/out/b\x1b[2J\u202e.pdf",
        rf"signed: {tmp_path}/out/Quyết \udcff.pdf",
        f"{tmp_path}/out: 3 signed",
    ])  # fmt: skip


@pytest.mark.long
def test_a_terminal_without_our_letters(sources, tmp_path, key, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (sources / "a.pdf").rename(sources / "Quyết.pdf")
    (sources / "b.PDF").write_bytes(b"hello")
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    assert result.returncode == 3 and "document.not-pdf" in result.stderr, result.stderr
    assert "2 signed, 1 REFUSED" in result.stdout


def test_a_refusal_names_its_rule(sources, tmp_path, key):
    (sources / "b.PDF").write_bytes(b"hello")
    result = antin("sign", sources / "b.PDF", "--out-dir", tmp_path / "out", *key)
    assert "[document.not-pdf; ISO 32000" in result.stderr


def test_a_file_where_a_folder_is_needed_stops_no_other(sources, tmp_path, key):
    out = tmp_path / "out"
    out.mkdir()
    (out / "c").write_bytes(b"x")
    result = antin("sign", sources, "--out-dir", out, *key)
    assert result.returncode == 3, result.stderr
    assert "in/c/d.pdf" in result.stderr and "signing.source-unreadable" in result.stderr
    assert result.stdout.splitlines()[-1] == f"{out}: 2 signed, 1 REFUSED"


@pytest.mark.long
def test_a_folder_that_cannot_be_listed_is_not_passed_over(sources, tmp_path, key):
    """Nobody is told that all is signed when nobody knows what all is. (Root may list anything: a path too long.)"""
    _make_deep(sources, 20)
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    shutil.rmtree(sources)
    assert result.returncode == 70, result.stdout + result.stderr
    assert "3 signed, 1 folders not read" in result.stdout and "not listed" in result.stderr


def _make_deep(folder: Path, levels: int) -> None:
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("n" * 220, dir_fd=at)
        below = os.open("n" * 220, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


@pytest.mark.long
def test_a_link_to_a_folder_is_told(sources, tmp_path, key):
    (tmp_path / "elsewhere").mkdir()
    (sources / "more").symlink_to(tmp_path / "elsewhere")
    result = antin("sign", sources, "--out-dir", tmp_path / "out", *key)
    assert result.returncode == 0 and f"{sources}/more is a link to a folder" in result.stderr


@pytest.mark.parametrize("kind", ["gone", "exists", "dead link", "pipe"])
def test_what_is_wrong_with_one_file_is_said_in_a_sentence(sources, tmp_path, key, kind):
    source, out = sources / "a.pdf", tmp_path / "out.pdf"
    if kind == "gone":
        out = tmp_path / "nowhere" / "out.pdf"
    elif kind == "exists":
        out.write_bytes(b"mine")
    elif kind == "dead link":
        out.symlink_to(tmp_path / "nothing")
    else:
        source = sources / "pipe"
        os.mkfifo(source)
    result = antin("sign", source, out, *key)
    if kind in {"exists", "dead link"}:
        assert (result.returncode, result.stderr) == (
            64,
            f"antin: {out} exists already; choose another name\n",
        )
    else:
        assert result.returncode == 3 and "[signing.source-unreadable;" in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


def test_an_authority_that_is_down_ends_the_batch_and_says_why(sources, tmp_path, key):
    for number in range(40):
        (sources / f"{number}.pdf").write_bytes((sources / "a.pdf").read_bytes())
    (tmp_path / "trust.pem").write_bytes(demo_pki().identity("root").certificate.public_bytes(Encoding.PEM))
    stamped = ("--tsa", "http://127.0.0.1:9/", "--trust", tmp_path / "trust.pem")
    command = ("sign", sources, "--out-dir", tmp_path / "out", "--processes", "1", *key)
    result = antin(*command, *stamped)
    assert result.returncode == 70
    assert "documents in a row" in result.stderr and "127.0.0.1:9" in result.stderr
    assert "the same command goes on" in result.stderr and "nothing to sign" not in result.stdout
    assert names(tmp_path / "out") == [NAME]
    assert antin(*command).returncode == 0, (
        "without time-stamps it is another batch, and nothing is in its way"
    )


@pytest.mark.parametrize("extra", [("--processes", "2"), ("--trust", "here")], ids=" ".join)
def test_options_that_would_do_nothing_are_wrong_usage(sources, tmp_path, key, extra):
    given = [sources if one == "here" else one for one in extra]
    result = antin("sign", sources / "a.pdf", tmp_path / "out.pdf", *key, *given)
    assert result.returncode == 64 and not (tmp_path / "out.pdf").exists()
