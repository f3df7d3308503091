"""The work area of several machines: what one brought all find, whole or not at all; what nobody needs goes, and
never from under somebody who brings it."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.storage.disk import CacheDisk
from archive.storage.memory_work import MemoryWorkObjects
from archive.storage.shared_work import SharedWork
from archive.storage.work import WorkDirectory

NOW = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)
DATA = b"Q\xc4\x90" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


class House:
    """A bucket, machines with their caches, and the time."""

    def __init__(self, folder):
        self.folder, self.bucket, self.now = folder, MemoryWorkObjects(), NOW
        self.count = 0

    def machine(self):
        self.count += 1
        cache = WorkDirectory(self.folder / f"machine-{self.count}", CacheDisk())
        return SharedWork(cache, self.bucket, clock=lambda: self.now)

    def days(self, count):
        self.now += timedelta(days=count)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_what_one_machine_brought_all_find(house):
    a, b = house.machine(), house.machine()
    assert a.put_work(DATA) == SHA256
    assert b.work_path(SHA256).read_bytes() == DATA
    longer = b.extend_work(SHA256, b"tail")
    assert a.work_path(longer).read_bytes() == DATA + b"tail"
    assert house.machine().hashed_work(longer).size == len(DATA) + 4


def test_what_is_at_hand_is_not_asked_for(house):
    a = house.machine()
    a.put_work(DATA)
    asked = len(house.bucket.asked)
    a.work_path(SHA256)
    a.hashed_work(SHA256)
    a.put_work(DATA)  # today's name has these bytes
    assert len(house.bucket.asked) == asked


def test_found_also_when_the_day_is_over_and_when_a_clock_is_wrong(house):
    house.machine().put_work(DATA)
    house.days(40)
    assert house.machine().work_path(SHA256).read_bytes() == DATA
    house.days(-41)
    assert house.machine().work_path(SHA256).read_bytes() == DATA


@pytest.mark.parametrize("kept", [False, True])
def test_a_bucket_that_does_not_answer_is_no_success(house, kept):
    a = house.machine()
    house.bucket.silent, house.bucket.kept = 1, kept
    with pytest.raises(ArchiveUnavailable):
        a.put_work(DATA)
    assert (house.bucket.objects != {}) == kept
    assert a.put_work(DATA) == SHA256
    assert house.machine().work_path(SHA256).read_bytes() == DATA


def test_what_was_never_brought_is_refused(house):
    for ask in (house.machine().work_path, house.machine().hashed_work):
        with pytest.raises(StorageRefused):
            ask(SHA256)
    with pytest.raises(StorageRefused):
        house.machine().extend_work(SHA256, b"x")


def test_other_bytes_are_no_bytes(house):
    house.machine().put_work(DATA)
    (name,) = house.bucket.objects
    house.bucket.objects[name] = DATA[:-1]
    b = house.machine()
    with pytest.raises(ArchiveDamaged, match="other bytes"):
        b.work_path(SHA256)
    house.bucket.objects[name] = DATA
    assert b.work_path(SHA256).read_bytes() == DATA


def test_a_cached_file_that_rotted_is_fetched_anew(house):
    house.machine().put_work(DATA)
    b = house.machine()
    path = b.work_path(SHA256)
    path.chmod(0o600)
    path.write_bytes(DATA[:-1] + b"?")
    assert b.hashed_work(SHA256).state.hexdigest() == SHA256
    assert b.work_path(SHA256).read_bytes() == DATA


def test_removed_is_removed_for_all(house):
    a = house.machine()
    a.put_work(DATA)
    house.days(1)
    a.put_work(DATA)
    a.remove_work(SHA256)
    assert house.bucket.objects == {}
    a.put_work(DATA)
    assert len(house.bucket.objects) == 1, "what was shared before is shared again"


# Clearing.


def test_old_is_what_was_brought_on_an_earlier_day(house):
    a = house.machine()
    a.put_work(DATA)
    assert list(a.old_work(house.now)) == []
    house.days(3)
    newer = a.put_work(b"newer")
    assert list(a.old_work(house.now - timedelta(days=2))) == [SHA256]
    assert sorted(a.old_work(house.now + timedelta(days=1))) == sorted([SHA256, newer])


def test_what_is_cleared_is_gone_for_all_in_time(house):
    a = house.machine()
    a.put_work(DATA)
    house.days(3)
    a.clear_work(SHA256, house.now - timedelta(days=2))
    assert house.bucket.objects == {}
    with pytest.raises(StorageRefused):
        house.machine().work_path(SHA256)


def test_who_brings_the_same_bytes_meanwhile_is_not_robbed(house):
    """Listed as old; then somebody brings them for an act that is about to commit; then they are cleared."""
    upkeep, other = house.machine(), house.machine()
    upkeep.put_work(DATA)
    house.days(3)
    (found,) = upkeep.old_work(house.now - timedelta(days=2))
    assert other.put_work(DATA) == found
    upkeep.clear_work(found, house.now - timedelta(days=2))
    assert house.machine().work_path(SHA256).read_bytes() == DATA


def test_a_machine_forgets_what_it_does_not_use_and_finds_it_again(house):
    a = house.machine()
    a.put_work(DATA)
    path = a.work_path(SHA256)
    a.trim(datetime.now(UTC) - timedelta(days=3))
    assert path.exists()
    old = (datetime.now(UTC) - timedelta(days=5)).timestamp()
    os.utime(path, (old, old))
    a.trim(datetime.now(UTC) - timedelta(days=3))
    assert not path.exists()
    assert a.work_path(SHA256).read_bytes() == DATA


# The same of a plain directory.


def aged(work, sha256, days):
    old = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(work.work_path(sha256), (old, old))


def test_a_directory_tells_what_is_old_and_clears_nothing_else(tmp_path):
    work = WorkDirectory(tmp_path)
    old, young = work.put_work(b"old"), work.put_work(b"young")
    aged(work, old, 5)
    before = datetime.now(UTC) - timedelta(days=2)
    assert list(work.old_work(before)) == [old]
    for each in (old, young, SHA256):
        work.clear_work(each, before)
    assert work.work_path(young).read_bytes() == b"young"
    with pytest.raises(StorageRefused):
        work.work_path(old)


def test_bytes_brought_between_the_look_and_the_removal_stay(tmp_path):
    work = WorkDirectory(tmp_path)
    sha256 = work.put_work(DATA)
    aged(work, sha256, 5)
    before = datetime.now(UTC) - timedelta(days=2)
    real = work._disk.replace

    def brought_meanwhile(source, target):
        if target.name.endswith(".part"):
            work._disk.replace = real
            work.put_work(DATA)
        real(source, target)

    work._disk.replace = brought_meanwhile
    work.clear_work(sha256, before)
    assert work.work_path(sha256).read_bytes() == DATA
    assert list(tmp_path.glob("*.part")) == []
