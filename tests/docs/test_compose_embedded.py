"""`docker-compose.embedded.yml` and `Dockerfile` without a container engine: their shape, and the same process started
with the same command and environment from nothing but what the image gets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from api.settings import Settings, load
from tests.engines.ports import free_port
from tests.service import PATIENCE, until

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.embedded.yml").read_text("utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
SERVICE = COMPOSE["services"]["antin"]


def filled(value: str, given: dict[str, str]) -> str:
    """Compose's ${NAME:-default}."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: given.get(m[1]) or m[2], value)


def environment(**given: str) -> dict[str, str]:
    return {name: filled(value, given) for name, value in SERVICE["environment"].items()}


def copied() -> list[str]:
    """What the image gets of the tree."""
    lines = [line.split() for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    return [source.rstrip("/") for line in lines for source in line[1:-1]]


def test_the_top_level_and_the_service_have_only_known_keys():
    assert set(COMPOSE) == {"services", "volumes"}
    known = {"build", "init", "read_only", "cap_drop", "security_opt", "working_dir", "command"}
    known |= {"environment", "ports", "volumes", "healthcheck", "stop_grace_period", "restart"}
    assert set(SERVICE) <= known
    assert set(SERVICE["healthcheck"]) == {"test", "interval", "timeout", "start_period", "retries"}


def test_the_container_has_no_rights_and_nothing_secret():
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICE["security_opt"]
    assert re.search(r"^USER antin$", DOCKERFILE, re.M)
    assert all(port.startswith("127.0.0.1:") for port in SERVICE["ports"])
    assert not [name for name in SERVICE["environment"] if re.search("PASS|PIN|SECRET|KEY", name)]


def test_every_volume_is_declared_and_the_data_lies_in_one():
    named = {entry.split(":")[0] for entry in SERVICE["volumes"] if not entry.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    targets = [entry.split(":")[1] for entry in SERVICE["volumes"]]
    assert environment()["ANTIN_DATA_DIR"] in targets
    assert SERVICE["working_dir"] in targets
    assert "/tmp" in targets


def test_the_environment_names_settings_that_exist():
    for name in SERVICE["environment"]:
        assert name.startswith("ANTIN_")
        assert name.removeprefix("ANTIN_").lower() in Settings.model_fields
    settings = load(None, environment())
    assert settings.mode == "embedded"
    assert settings.demo_pki is False


def test_the_image_gets_files_that_exist_and_are_not_ignored():
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignore


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """The rooms as the image has them."""
    root = tmp_path_factory.mktemp("image")
    for source in copied():
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, root / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, root / source)
    return root


def process(image: Path, config: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    """The service's own command, `antin` being what this interpreter finds in the image's rooms."""
    program, *arguments = SERVICE["command"]
    assert program == "antin"
    command = [sys.executable, "-P", "-c", "from api.cli import main; main()", *arguments]
    return subprocess.Popen(
        command,
        cwd=config,
        env={**env, "PATH": os.environ["PATH"], "PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_same_command_with_the_same_environment_serves(image, tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = environment(ANTIN_DEMO_PKI="true", ANTIN_PUBLIC_URL=url)
    # What differs outside of a container: a free port, and the data in a directory of the test.
    env |= {"ANTIN_PORT": str(port), "ANTIN_HOST": "127.0.0.1", "ANTIN_DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "config").mkdir()
    started = process(image, tmp_path / "config", env)
    try:
        answer = wait_for(f"{url}/api/v1/openapi.json", started)
        assert answer.json()["openapi"].startswith("3.1")
        probe = [
            part.replace("127.0.0.1:8460", f"127.0.0.1:{port}") for part in SERVICE["healthcheck"]["test"]
        ]
        assert probe[0] == "CMD"
        inside = {**os.environ, "no_proxy": "*"}  # a container has no proxy to the registries
        command = [sys.executable, *probe[2:]]
        until(lambda: subprocess.run(command, env=inside).returncode == 0, "a healthy answer")
        assert httpx.get(url, trust_env=False, timeout=PATIENCE).status_code == 200
        assert {path.name for path in (tmp_path / "config").iterdir()} == set()
    finally:
        started.terminate()
        output, _ = started.communicate(timeout=PATIENCE)
    assert "Traceback" not in output, output


def wait_for(url: str, started: subprocess.Popen[str]) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and started.poll() is None:
        try:
            return httpx.get(url, trust_env=False, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer; the process ended with {started.poll()}")


def test_without_keys_it_says_what_is_missing_and_does_not_start(image, tmp_path):
    env = environment() | {"ANTIN_DATA_DIR": str(tmp_path / "data")}
    started = process(image, tmp_path, env)
    output, _ = started.communicate(timeout=PATIENCE)
    assert started.returncode == 64
    assert "trust" in output
