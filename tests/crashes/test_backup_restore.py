"""Backup and restore of a real service on either engine: the way back, what was lost since, and kills on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
import zipfile
from contextlib import closing

import pytest

from api.backup import restore as restoring
from api.backup.container import reading
from api.backup.mark import is_interrupted
from api.backup.refusals import BackupRefused
from api.settings import load
from api.wiring import backups
from api.wiring.clock import clock
from policies.numbering import civil_date
from tests.crashes.service_house import House, next_step
from tests.service import CLERK, PATIENCE

pytestmark = pytest.mark.xdist_group("service-crashes")
PASSPHRASE = "một mật khẩu đủ dài"
# Half a minute after a start upkeep would bind heads: between a backup and the end of its service, on a slow machine.
STILL = {"faults": ["heads_unbound"]}
SERVICE = [sys.executable, "-m", "api.cli"]


class Old:
    """A service with an issued document, one on its way, and its backup."""

    def __init__(self, house: House, folder) -> None:
        self.house, self.folder = house, folder
        folder.mkdir()
        (folder / "passphrase").write_text(PASSPHRASE + "\n", "utf-8")
        house.start(**STILL)
        self.issued = house.archived()
        assert house.act(self.issued, "issue").status_code == 200
        self.signed = house.signed()
        house.settle()
        self.receipt = house.client(CLERK).get(f"/documents/{self.issued}/receipt").content
        self.head = house.client(None).get("/log/checkpoint").text
        self.pages = house.client(CLERK).get(f"/documents/{self.signed}/file").content
        self.as_issued = house.client(CLERK).get(f"/documents/{self.issued}/file").content

    def backup(self, name="backup.zip", *options):
        return command(self.house, "backup", self.folder / name, *options)

    def with_keys(self, name="backup.zip"):
        done = self.backup(name, "--with-keys", "--passphrase-file", self.folder / "passphrase")
        assert done.returncode == 0, done.stderr
        return self.folder / name


def command(house, *words):
    """The command line over the house's settings."""
    line = [*SERVICE, words[0], *map(str, words[1:]), "--config", str(house.config)]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)


def restore(old, house, source, *options):
    return command(house, "restore", source, "--passphrase-file", old.folder / "passphrase", *options)


@pytest.fixture
def engine_url(request):
    """A database for each house, or none: SQLite in its folder."""

    def make(engine):
        if engine == "sqlite":
            return ""
        server = request.getfixturevalue("postgres")
        return server.database(f"backup_{uuid.uuid4().hex}")

    return make


@pytest.fixture
def make_old(make_house, engine_url, tmp_path, furnished):
    def make(engine="sqlite"):
        house = make_house()
        if engine != "sqlite":
            url = engine_url(engine)
            furnish_database(house, url)
            house.configure(database_url=url)
        return Old(house, tmp_path / "kept")

    return make


def furnish_database(house, url):
    """The accounts of the furnished folder, in a database of its own: by a backup and a restore of them."""
    made = command(house, "backup", house.data / "furnished.zip")
    assert made.returncode == 0, made.stderr
    (house.data / "antin.sqlite3").unlink()
    house.configure(database_url=url)
    done = command(house, "restore", house.data / "furnished.zip")
    assert done.returncode == 0, done.stderr
    confirm_series(house, "QĐ", civil_date(clock()).year, 0)


@pytest.fixture
def make_new(make_house, engine_url):
    """An empty place to restore into; the archive's objects may be there, as they are on their own server."""

    def make(old, engine="sqlite", objects=True):
        house = make_house()
        shutil.rmtree(house.data)
        house.data.mkdir()
        url = engine_url(engine)
        house.configure(**({"database_url": url} if url else {}))
        if objects:
            source = old.house.data / "store" / "objects"
            shutil.copytree(source, house.data / "store" / "objects")
        return house

    return make


def confirm_series(house, kind, year, last):
    done = command(house, "registers", "confirm", "--kind", kind, "--year", year, "--last", last, "--yes")
    assert done.returncode == 0, done.stderr


def check_alive(old, house):
    """The restored service goes on where the old one was: same log, receipts, documents under way, clean audit."""
    assert house.client(None).get("/log/checkpoint").text == old.head
    assert house.client(None).get("/health").status_code == 200
    assert house.client(CLERK).get(f"/documents/{old.issued}/receipt").content == old.receipt
    assert house.client(CLERK).get(f"/documents/{old.signed}/file").content == old.pages
    assert house.client(CLERK).get(f"/documents/{old.issued}/file").content == old.as_issued
    assert house.fsck()["clean"], house.fsck()
    for one in closed(house):
        confirm_series(house, **one)
    house.push(old.signed)
    assert next_step(house.document(old.signed)) is None
    later = house.archived()
    numbers = [house.document(one)["number"] for one in (old.issued, old.signed, later)]
    assert len(set(numbers)) == 3
    assert house.fsck()["clean"]


@pytest.mark.parametrize(
    ("engine", "into"),
    [
        ("sqlite", "sqlite"),
        pytest.param("postgresql", "postgresql", marks=pytest.mark.long),
        pytest.param("sqlite", "postgresql", marks=pytest.mark.long),
    ],
)
def test_the_whole_way_back(make_old, make_new, engine, into):
    old = make_old(engine)
    kept = old.with_keys()  # beside the running service
    old.house.stop()
    new = make_new(old, into)
    done = restore(old, new, kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the log is the one of the object store" in done.stdout
    assert not (new.data / "restoring").exists()
    assert (new.data / "log.key").stat().st_mode & 0o777 == 0o600
    new.start(**STILL)
    check_alive(old, new)


def closed(house):
    return json.loads(command(house, "registers", "closed", "--json").stdout)


@pytest.mark.long
def test_a_number_given_after_the_backup_is_not_given_again(make_old, make_new):
    """It was on paper only: the log has no leaf of it, so the log of the backup is the one of the objects."""
    old = make_old()
    kept = old.with_keys()
    given = old.house.numbered()
    assert old.house.document(given)["number"].startswith("02/")
    old.house.stop()
    new = make_new(old)
    done = restore(old, new, kept)
    year = civil_date(clock()).year
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the log is the one of the object store" in done.stdout
    assert f"antin registers confirm --kind QĐ --year {year} --last 1" in done.stdout
    assert closed(new) == [{"kind": "QĐ", "year": year, "last": 1}]
    new.start(**STILL)
    refused = new.act(old.signed, "number")
    assert refused.status_code == 422 and refused.json()["id"] == "issuing.series-closed", refused.text
    low = command(new, "registers", "confirm", "--kind", "QĐ", "--year", year, "--last", 0)
    assert low.returncode == 3 and "issuing.last-too-low" in low.stderr
    confirm_series(new, "QĐ", year, 2)
    assert new.act(old.signed, "number").status_code == 200
    assert new.document(old.signed)["number"].startswith("03/")
    assert new.fsck()["clean"]


@pytest.mark.long
def test_a_backup_is_written_beside_a_service_at_work_and_holds_one_instant(make_old, make_new):
    old = make_old()
    done = []
    for number in range(3):
        done.append(old.house.archived())
        old.with_keys(f"{number}.zip")
    old.house.stop()
    new = make_new(old)
    result = restore(old, new, old.folder / "1.zip")
    # The objects are those of the end: the log of the backup lies behind, and what was lost since is told.
    assert result.returncode == 1
    assert re.search(r"has a longer log, .* this was lost here: .*\b[1-9]\d* document\b", result.stdout), (
        result.stdout
    )
    assert "antin rebuild" in result.stderr
    code = subprocess.run(
        [*SERVICE, "serve", "--config", str(new.config)], capture_output=True, text=True, timeout=PATIENCE
    )
    assert code.returncode == 70 and "LogBehind" in code.stderr and "Traceback" not in code.stderr


@pytest.mark.long
def test_without_keys_the_old_key_is_asked_for_and_another_is_refused(make_old, make_new):
    old = make_old()
    done = old.backup()
    assert done.returncode == 0 and "without the log's key" in done.stderr
    old.house.stop()
    kept = old.folder / "backup.zip"
    new = make_new(old)
    assert restore(old, new, kept).returncode == 3  # a passphrase, and nothing that it opens
    other = make_new(old)
    (other.data / "log.key").write_text(
        (old.house.data / "log.key").read_text().replace("antin.test", "other.test")
    )
    assert command(other, "restore", kept).returncode in (3, 64)
    done = command(new, "restore", kept)
    assert done.returncode == 0 and "put it back" in done.stderr
    shutil.copy(old.house.data / "log.key", new.data / "log.key")
    shutil.copytree(old.house.data / "demo-pki", new.data / "demo-pki")
    new.start(**STILL)
    check_alive(old, new)


@pytest.mark.long
def test_what_is_refused_changes_nothing(make_old, make_new):
    old = make_old()
    kept = old.with_keys()
    old.house.stop()
    # Options that do not go together, and a name that is taken.
    assert old.backup("x.zip", "--with-keys").returncode == 64
    again = old.backup("backup.zip")
    assert again.returncode == 64 and "exists already" in again.stderr
    new = make_new(old)
    before = sorted(str(path) for path in new.data.rglob("*"))
    half, newer = old.folder / "half.zip", old.folder / "newer.zip"
    half.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    of_another_release(kept, newer)
    assert refusal(old.house, kept).startswith("backup.not-empty")
    assert refusal(new, kept, "một mật khẩu khác hẳn").startswith("backup.wrong-passphrase")
    assert refusal(new, half).startswith("backup.damaged")
    told = refusal(new, newer, None)
    assert told.startswith("backup.newer-schema") and "9999" in told
    after = {str(path) for path in new.data.rglob("*")} - set(before)
    assert after <= {
        str(new.data / name)
        for name in ("antin.lock", "stamps", "store/parts", "store/work", "store/damaged")
    }
    # As the command line says it, in both languages and without a trace.
    done = restore(old, new, half)
    assert done.returncode == 3 and "Bản sao lưu bị hỏng" in done.stderr and "backup.damaged" in done.stderr
    # And a service without a log key is no archive to back up.
    empty = make_new(old, objects=False)
    assert command(empty, "backup", old.folder / "empty.zip").returncode == 64


def refusal(house, source, passphrase=PASSPHRASE):
    with pytest.raises(BackupRefused) as caught:
        restoring.restore(backups.place(load(house.config, {})), source, clock(), passphrase)
    return str(caught.value)


def of_another_release(source, target):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                data = json.dumps({**json.loads(data), "revision": "9999"}).encode()
            new.writestr(name, data)


@pytest.mark.long
def test_objects_that_are_not_put_back_are_missed(make_old, make_new):
    old = make_old()
    kept = old.with_keys()
    old.house.stop()
    new = make_new(old, objects=False)
    done = restore(old, new, kept)
    assert done.returncode == 1 and "put the objects back first" in done.stdout


# Killed on the way.


def killed(line, after, mark=None):
    """The command, killed with all its children after so many seconds, counted from when the mark is there."""
    process = subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while mark is not None and not mark.exists() and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(after)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


def took(line):
    started = time.monotonic()
    subprocess.run(line, check=True, capture_output=True, timeout=PATIENCE)
    return time.monotonic() - started


@pytest.mark.long
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_kill_at_any_time_leaves_a_whole_backup_or_none(make_old, engine):
    old = make_old(engine)
    old.house.stop()
    line = [*SERVICE, "backup", "--config", str(old.house.config), "--with-keys"]
    line += ["--passphrase-file", str(old.folder / "passphrase")]
    whole = took([*line, str(old.folder / "whole.zip")])
    for number in range(8):
        target = old.folder / f"{number}.zip"
        killed([*line, str(target)], whole * (number + 1) / 8.5)
        if target.exists():
            with reading(target) as found:
                found.check()


@pytest.mark.long
@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_restore_that_is_killed_goes_on_when_it_is_run_again(make_old, make_new, into):
    old = make_old(into)
    kept = old.with_keys()
    other = old.with_keys("other.zip")
    old.house.stop()
    options = ["--passphrase-file", str(old.folder / "passphrase")]
    interrupted = 0
    for after in (0.0, 0.003, 0.01, 0.03, 0.1, 0.3):
        new = make_new(old, into)
        line = [*SERVICE, "restore", str(kept), "--config", str(new.config), *options]
        killed(line, after, new.data / "restoring")
        if (new.data / "restoring").exists():
            interrupted += 1
            served = command(new, "serve")
            assert served.returncode == 64 and "antin restore" in served.stderr
            assert command(new, "account", "token", "van-thu", "--label", "x").returncode == 64
            assert "backup.interrupted" in restore(old, new, other).stderr
        done = restore(old, new, kept)
        assert done.returncode == 0 or "backup.not-empty" in done.stderr, done.stderr
        assert not (new.data / "restoring").exists()
    assert interrupted
    new.start(**STILL)
    check_alive(old, new)
    assert not list(new.data.glob(".antin-restore-*"))


class Killed(BaseException):
    """The process is no more."""


@pytest.mark.long
def test_a_killed_restore_is_taken_up_from_every_step(make_old, make_new, monkeypatch):
    """The same in one process, stopped before each durable step; with the key put back by hand."""
    old = make_old()
    assert old.backup().returncode == old.backup("other.zip").returncode == 0
    kept, other = old.folder / "backup.zip", old.folder / "other.zip"
    old.house.stop()
    real = restoring._write
    for step in range(1, 40):
        new = make_new(old)
        shutil.copy(old.house.data / "log.key", new.data / "log.key")
        place = backups.place(load(new.config, {}))
        left = iter(range(step - 1))

        def dying(path, data, left=left):
            if next(left, None) is None:
                raise Killed
            real(path, data)

        with monkeypatch.context() as patch:
            patch.setattr(restoring, "_write", dying)
            try:
                restoring.restore(place, kept, clock())
            except Killed:
                pass
            else:
                break
        if is_interrupted(new.data):
            assert refusal(new, other, None).startswith("backup.interrupted")
        else:
            assert step == 1
        assert restoring.restore(place, kept, clock()).has_key
        with closing(sqlite3.connect(new.data / "antin.sqlite3")) as conn:
            assert conn.execute("SELECT count(*) FROM documents").fetchone()[0] == 2
    assert step > 3
    shutil.copytree(old.house.data / "demo-pki", new.data / "demo-pki")
    new.start(**STILL)
    check_alive(old, new)
