"""A real witness for tests: `antin witness serve` in a process of its own, over a folder of the test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.service import PATIENCE, free_port, until

NAME = "chung-kien.example.vn/antin"


class WitnessHouse:
    """Start, kill, restart; what it says over HTTP."""

    def __init__(self, folder: Path, *vkeys: str, name: str = NAME, port: int = 0) -> None:
        self.folder = folder
        self.name = name
        self.port = port or free_port()
        self.process: subprocess.Popen | None = None
        self.log = folder / "serve.log"
        folder.mkdir(parents=True, exist_ok=True)
        for number, vkey in enumerate(vkeys):
            path = folder / f"log-{number}.vkey"
            path.write_text(vkey + "\n")
            assert self.command("add-log", str(path)).returncode == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def vkey(self) -> str:
        return self.get("/vkey").text.strip()

    def command(self, *words: str) -> subprocess.CompletedProcess:
        line = [sys.executable, "-m", "api.cli", "witness", *words, "--dir", str(self.folder)]
        return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)

    def start(self) -> WitnessHouse:
        line = [sys.executable, "-m", "api.cli", "witness", "serve", "--dir", str(self.folder)]
        line += ["--name", self.name, "--port", str(self.port)]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(line, stdout=out, stderr=out)
        until(self._answers, "the witness to start")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text("utf-8")[-3000:]
        try:
            return self.get("/vkey").is_success
        except httpx.TransportError:
            return False

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, timeout=PATIENCE)

    def add(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body, trust_env=False, timeout=PATIENCE)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.process = None
        return code
