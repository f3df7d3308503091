"""PDFBox 2 with BouncyCastle, in one Java process that stays warm and is commanded over a pipe."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contestants import FONT, LINES, PASSWORD, Act, Bench
from benchmarks.harness import Clocked

SOURCE = Path(__file__).parent / "java" / "PdfBoxSigner.java"
JARS = Path("/usr/share/java")
NEEDED = {
    "pdfbox2": "libpdfbox2-java",
    "fontbox2": "libpdfbox2-java",
    "commons-logging": "libpdfbox2-java",
    "bcpkix": "libbcpkix-java",
    "bcutil": "libbcpkix-java",
    "bcprov": "libbcprov-java",
}
_SETTLED_RUNS = 400


def missing() -> tuple[str, ...]:
    """Debian's packages that are not here; without one of them this peer cannot run."""
    wanted = [package for jar, package in NEEDED.items() if not (JARS / f"{jar}.jar").exists()]
    if not (shutil.which("javac") and shutil.which("java")):
        wanted.append("default-jdk-headless")
    return tuple(dict.fromkeys(wanted))


class PdfBox:
    """The running Java process. Raises `RuntimeError` for what it could not do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._known: set[Path] = set()

    def contestant(self, bench: Bench, *, kept: bool = False) -> Act:
        """Signs the bench's field; with `kept` the drawn stamp is kept for the next document."""
        if bench.container not in self._known:
            self._ask("identity", str(bench.container), str(bench.container), PASSWORD)
            self._known.add(bench.container)
        shown = "invisible"
        if bench.picture is not None:
            self._ask("stamp", str(bench.picture), str(FONT), *LINES)
            shown = "kept" if kept else "visible"
        words = ("sign", str(bench.container), shown, bench.field, str(bench.file), str(bench.out))

        def act() -> Clocked:
            wall, cpu = self._ask(*words).split()[1:]
            return Clocked(int(wall) / 1e9, int(cpu) / 1e9)

        return act

    def warm(self, bench: Bench, act: Act, seconds: float) -> None:
        """Sign until the compiler has settled: so long, or 400 times."""
        end, runs = time.monotonic() + seconds, 0
        while time.monotonic() < end and runs < _SETTLED_RUNS:
            bench.clear()
            act()
            runs += 1

    def _ask(self, *words: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer.startswith("ok"):
            raise RuntimeError(f"PDFBox: {answer or 'the process ended'}")
        return answer


@contextmanager
def running(folder: Path) -> Iterator[PdfBox | None]:
    """The peer, compiled into `folder` and started; None when a package is missing."""
    if missing():
        yield None
        return
    path = ":".join(str(JARS / f"{jar}.jar") for jar in NEEDED)
    subprocess.run(["javac", "-encoding", "UTF-8", "-cp", path, "-d", str(folder), str(SOURCE)], check=True)
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", f"{folder}:{path}", "PdfBoxSigner"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield PdfBox(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
