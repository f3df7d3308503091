"""The file of a backup: never half there, never written over, and every damage found."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest

from api.backup import container
from api.backup.container import KEYS, MANIFEST, reading, writing
from api.backup.refusals import BackupRefused
from api.backup.sealed import seal, unseal

PASSPHRASE = "một mật khẩu đủ dài"
FACTS = {"made_at": "2026-03-05T07:05:09+00:00", "revision": "0004", "leaves": 7}


def made(path: Path, keys: bool = False) -> Path:
    with writing(path, FACTS) as out:
        out.add("database.sqlite3", [b"rows " * 1000, b"and more rows"])
        out.add(f"work/{'a' * 64}", [os.urandom(5000)], packed=False)
        out.add("settings.json", [b"{}\n"])
        if keys:
            out.add(KEYS, [seal({"log.key": b"secret"}, PASSPHRASE, out.bound())])
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refused(call, *arguments):
    with pytest.raises(BackupRefused) as caught:
        call(*arguments)
    return caught.value.id


def check(path):
    with reading(path) as found:
        found.check()
        return found.facts


def test_what_is_written_is_read_and_only_its_owner_reads_it(tmp_path):
    path = made(tmp_path / "b.zip")
    assert check(path) == {"schema": "antin.backup/1", **FACTS}
    assert path.stat().st_mode & 0o777 == 0o600
    with reading(path) as found:
        assert found.read("database.sqlite3") == b"rows " * 1000 + b"and more rows"
        assert found.named("work") == [f"work/{'a' * 64}"]
    assert names(tmp_path) == ["b.zip"]


def test_an_existing_file_is_never_written_over(tmp_path):
    path = tmp_path / "b.zip"
    path.write_bytes(b"yesterday's")
    with pytest.raises(FileExistsError):
        made(path)
    assert path.read_bytes() == b"yesterday's" and names(tmp_path) == ["b.zip"]


def test_of_two_at_once_one_gets_the_name(tmp_path):
    path = tmp_path / "b.zip"

    def slow():
        with writing(path, FACTS) as out:
            made(path)
            out.add("settings.json", [b"slow"])

    with pytest.raises(FileExistsError):
        slow()
    with reading(path) as found:
        assert "database.sqlite3" in found.members
    assert names(tmp_path) == ["b.zip"]


def test_a_backup_that_fails_leaves_nothing(tmp_path):
    def blocks():
        yield b"{}"
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError), writing(tmp_path / "b.zip", FACTS) as out:
        out.add("settings.json", blocks())
    assert names(tmp_path) == []


def test_a_disk_that_writes_other_bytes_is_found_before_the_file_has_its_name(tmp_path, monkeypatch):
    real = os.posix_fadvise

    def spoil(descriptor, *arguments):
        os.pwrite(descriptor, b"\xff\xff", 200)
        real(descriptor, *arguments)

    monkeypatch.setattr(container.os, "posix_fadvise", spoil)
    assert refused(made, tmp_path / "b.zip") == "backup.damaged"
    assert names(tmp_path) == []


def test_every_cut_is_found(tmp_path):
    path = made(tmp_path / "b.zip")
    data = path.read_bytes()
    cut = tmp_path / "cut.zip"
    for size in {*range(0, len(data), max(1, len(data) // 60)), len(data) - 1, len(data) - 30}:
        cut.write_bytes(data[:size])
        assert refused(check, cut) == "backup.damaged"


def test_every_flipped_byte_is_found_or_was_of_no_meaning(tmp_path):
    """A ZIP file has a few bytes that say nothing (versions, times); none of them changes what is restored."""
    path = made(tmp_path / "b.zip")
    data = path.read_bytes()
    with reading(path) as found:
        true = {name: found.read(name) for name in found.members}
    changed = tmp_path / "changed.zip"
    found_count = 0
    for place in range(0, len(data), 7):
        changed.write_bytes(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :])
        try:
            with reading(changed) as read:
                read.check()
                assert {name: read.read(name) for name in read.members} == true
        except BackupRefused as exc:
            assert exc.id == "backup.damaged"  # noqa: PT017 (either way is right)
            found_count += 1
    assert found_count > len(data) / 7 * 0.9


def rewritten(source: Path, target: Path, change) -> Path:
    """The backup with its members changed by somebody who makes everything fit again, except secrets."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        members = {name: old.read(name) for name in old.namelist()}
        change(members)
        for name, data in members.items():
            new.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("settings.json"),
        lambda m: m.update({"settings.json": b"{ }\n"}),
        lambda m: m.update({"extra": b"x"}),
        lambda m: m.pop(MANIFEST),
        lambda m: m.update({MANIFEST: b"[]"}),
        lambda m: m.update({MANIFEST: b"{}"}),
        lambda m: m.update({MANIFEST: b"\xff"}),
        lambda m: m.update({MANIFEST: b"[" * 100_000}),
        lambda m: m.update({MANIFEST: m[MANIFEST].replace(b"antin.backup/1", b"antin.backup/9")}),
        lambda m: m.update({MANIFEST: m[MANIFEST].replace(b"settings.json", b"../../etc/cron")}),
        lambda m: m.update(
            {MANIFEST: json.dumps({"schema": "antin.backup/1", "members": {"checkpoint": 3}}).encode()}
        ),
    ],
)
def test_members_and_manifest_must_fit_each_other(tmp_path, change):
    path = rewritten(made(tmp_path / "b.zip"), tmp_path / "changed.zip", change)
    assert refused(check, path) == "backup.damaged"


def test_names_that_no_backup_has_are_neither_written_nor_read(tmp_path):
    for name in (
        "../x",
        "/etc/passwd",
        "work/short",
        "stamps/../x.png",
        "database/a.b.copy/x",
        "stamps/a b.png",
    ):
        with pytest.raises(ValueError, match="member"), writing(tmp_path / "b.zip", FACTS) as out:
            out.add(name, [b""])
    for data in (b"", b"PK\x03\x04", b"x" * 5000):
        (tmp_path / "no.zip").write_bytes(data)
        assert refused(check, tmp_path / "no.zip") == "backup.damaged"


# Keys.


def test_keys_open_with_their_passphrase_alone(tmp_path):
    with reading(made(tmp_path / "b.zip", keys=True)) as found:
        sealed = found.read(KEYS)
        assert b"secret" not in sealed
        assert unseal(sealed, PASSPHRASE, found.bound()) == {"log.key": b"secret"}
        for wrong in ("", PASSPHRASE + " ", PASSPHRASE[:-1]):
            assert refused(unseal, sealed, wrong, found.bound()) == "backup.wrong-passphrase"
        assert refused(unseal, sealed[:-1], PASSPHRASE, found.bound()) == "backup.wrong-passphrase"
        assert refused(unseal, b"short", PASSPHRASE, found.bound()) == "backup.wrong-passphrase"


def test_a_short_passphrase_is_refused():
    assert refused(seal, {}, "mười một ký", b"") == "backup.weak-passphrase"


def test_who_changes_another_part_and_makes_all_digests_fit_does_not_have_the_passphrase(tmp_path):
    def swap_database(members):
        members["database.sqlite3"] = b"other rows"
        manifest = json.loads(members[MANIFEST])
        row = {"size": 10, "sha256": hashlib.sha256(b"other rows").hexdigest()}
        manifest["members"]["database.sqlite3"] = row
        members[MANIFEST] = json.dumps(manifest).encode()

    path = rewritten(made(tmp_path / "b.zip", keys=True), tmp_path / "forged.zip", swap_database)
    assert check(path)["leaves"] == 7  # without a secret nobody can tell
    with reading(path) as found:
        assert refused(unseal, found.read(KEYS), PASSPHRASE, found.bound()) == "backup.wrong-passphrase"
