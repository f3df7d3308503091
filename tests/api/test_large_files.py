"""5 GB by the command line: signed, verified, judged by pdfsig, with every process under 256 MB resident."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import need_tool
from tests.demo_pki import demo_pki
from tests.factories.large_pdf import write_large
from tests.service import PATIENCE

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.xdist_group("large")]
ANTIN = str(Path(sys.executable).with_name("antin"))
SIZE = 5_000_000_000
LIMIT = 256 << 20  # bytes resident


class Measured:
    """A command with the highest resident bytes of each of its processes, as the kernel keeps them."""

    def __init__(self, *arguments: object) -> None:
        self.peaks: dict[int, int] = {}
        start = time.monotonic()
        self.running = subprocess.Popen(
            [str(one) for one in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while self.running.poll() is None:
            self._look()
            time.sleep(0.02)
        self.out, self.err = self.running.communicate()
        self.seconds = time.monotonic() - start

    def _look(self) -> None:
        try:
            root = psutil.Process(self.running.pid)
            for process in (root, *root.children(recursive=True)):
                status = Path(f"/proc/{process.pid}/status").read_text()
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        self.peaks[process.pid] = int(line.split()[1]) << 10
        except (psutil.NoSuchProcess, OSError):
            return

    def within(self, what: str) -> None:
        """Print what it took; every process stayed below the limit."""
        shown = ", ".join(f"{peak >> 20} MiB" for peak in self.peaks.values())
        print(f"{what}: {self.seconds:.1f} s; resident {shown}")
        assert self.peaks and max(self.peaks.values()) <= LIMIT


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    demo_pki().write_pkcs12("leader", folder / "leader.p12", "mat khau")
    (folder / "password").write_text("mat khau\n")
    (folder / "trust.pem").write_bytes(demo_pki().trust_pem)
    return ("--key", folder / "leader.p12", "--password-file", folder / "password")


@pytest.fixture(params=["table", "stream"])
def source(request, tmp_path):
    """Five pictures of bytes that do not compress under a classic table; one sparse picture under a stream."""
    streams = request.param == "stream"
    path = tmp_path / "large.pdf"
    write_large(path, SIZE, pictures=1 if streams else 5, streams=streams, sparse=streams, claims_pdfa=True)
    yield path
    path.unlink()


def test_5_gb_signed_verified_and_valid(source, key, tmp_path):
    out = tmp_path / "out" / "signed.pdf"
    out.parent.mkdir()
    try:
        signed = Measured(ANTIN, "sign", source, out, *key)
        assert signed.running.returncode == 0, signed.err
        signed.within("sign")
        assert "PDF/A-2B" in signed.err and "2 GiB" in signed.err
        assert [path.name for path in out.parent.iterdir()] == ["signed.pdf"]
        assert out.stat().st_size > SIZE

        trust = key[1].with_name("trust.pem")
        verified = Measured(ANTIN, "verify", out, "--trust", trust, "--offline", "--json")
        verified.within("verify")
        report = json.loads(verified.out)
        (row,) = report["signatures"]
        assert (row["integrity"], row["coverage"], row["changes"]) == ("intact", "whole", "none")
        assert (report["indication"], report["sub_indication"]) == ("INDETERMINATE", "TRY_LATER")
        assert "verification.beyond-pdfa" in [finding["id"] for finding in report["findings"]]

        judged = Measured(need_tool("pdfsig"), "-nocert", out)
        judged.within("pdfsig")
        assert "Signature is Valid" in judged.out and "Total document signed" in judged.out

        _flip(out, SIZE // 2)
        again = Measured(ANTIN, "verify", out, "--trust", trust, "--offline", "--json")
        report = json.loads(again.out)
        assert (again.running.returncode, report["sub_indication"]) == (1, "HASH_FAILURE")
    finally:
        out.unlink(missing_ok=True)


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes((byte[0] ^ 1,)))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_interrupted_while_it_copies_nothing_is_left(key, tmp_path, how):
    source = write_large(tmp_path / "large.pdf", SIZE, sparse=True)
    folder = tmp_path / "out"
    folder.mkdir()
    running = subprocess.Popen(
        [ANTIN, "sign", str(source), str(folder / "a.pdf"), *map(str, key)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + PATIENCE
    while psutil.Process(running.pid).io_counters().read_chars < 200 << 20:
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.01)
    running.send_signal(how)
    running.communicate(timeout=PATIENCE)
    assert running.returncode == {signal.SIGINT: 130}.get(how, -how)
    assert list(folder.iterdir()) == []
