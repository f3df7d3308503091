"""`antin rebuild` killed with -9 at many of its steps: nothing half made is served, and the same command ends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.demo.run import demo_settings
from api.wiring import service, tools
from archive.log.note import Ed25519LogKey
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from benchmarks.simulated_archive import FastDisk, SimulatedArchive, put
from benchmarks.simulated_documents import AT, LOCK
from benchmarks.simulated_store import SimulatedStore
from tests.engines.ports import free_port

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("rebuild-kills")]
ROOT = Path(__file__).parents[2]
ANTIN = Path(sys.executable).with_name("antin")
DOCUMENTS = 450  # several blocks of each stage


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """A data directory whose database is gone: the store with every object, the log's key, the settings."""
    data = tmp_path_factory.mktemp("lost") / "data"
    demo_settings(data, free_port())
    settings = tools.load_settings(data / "antin.toml")
    made = service.build(settings)
    key = made.proofs.key
    store = DirectoryStore(data / "store", clock=lambda: AT, disk=FastDisk())
    archive = SimulatedArchive(DOCUMENTS, Ed25519LogKey.parse(key.secret()))
    archive.fill(made.transactions, store)
    every = SimulatedStore(archive, store)
    for name in every.list(keys.DOCUMENTS):
        put(store, name, every.open(name).read(), LOCK)
    for part in (made.sandbox, made.visitors, made.background, made.transactions, made.proofs):
        part.close()
    for path in data.glob("antin.sqlite3*"):
        path.unlink()
    return data


def antin(data, *words):
    done = subprocess.run(
        [ANTIN, *words, "--config", data / "antin.toml"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def killed(data, turn, when):
    command = [sys.executable, "-m", "tests.crashes.rebuild_child", str(turn), when, str(data / "antin.toml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == -9


def test_killed_again_and_again(lost):
    kills = 0
    while killed(lost, 1 + kills % 4, ("before", "after")[kills % 2]):
        kills += 1
        for command in ("serve", "fsck"):
            status, told = antin(lost, command)
            assert (status, "rebuild.half-done" in told) == (3, True), told
        assert kills < 60
    assert kills >= 4
    status, told = antin(lost, "fsck")
    assert status == 0, told
    assert "clean: everything agrees" in told
    assert f"{3 * DOCUMENTS} objects" in told
    assert antin(lost, "rebuild")[0] == 3
