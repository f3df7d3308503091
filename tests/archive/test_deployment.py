"""Whose archive it is: the catalogue's and the store's id are one, and the log's key is the one it was begun with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from archive import deployment
from archive.catalogue import log_rows
from archive.catalogue.deployment_rows import deployment_of
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable
from archive.log.note import Ed25519LogKey
from archive.log.sequencer import Sequencer
from archive.storage import keys
from archive.storage.memory import Fault, MemoryStore
from tests.archive.catalogue.test_log_rows import add
from tests.archive.catalogue_fixtures import AT, open_catalogue

KEY, OTHER_KEY = (Ed25519LogKey.generate("antin.test/log") for _ in range(2))


class House:
    """A catalogue and a store, each of which can be exchanged."""

    def __init__(self, folder, url):
        self.folder, self.url, self.opened = folder, url, []
        self.store, self.catalogue = self.new_store(), self.new_catalogue(url)

    def new_store(self):
        return MemoryStore(clock=lambda: AT)

    def new_catalogue(self, url=None):
        self.opened.append(open_catalogue(self.folder, url or f"sqlite:///{self.folder / 'other.sqlite3'}"))
        return self.opened[-1]

    def claim(self, key=KEY, store=None, catalogue=None, at=AT):
        return deployment.claim(store or self.store, (catalogue or self.catalogue).write, key.vkey, at)

    def with_a_log(self, key=KEY):
        with self.catalogue.write() as conn:
            add(conn, "first")
        Sequencer(
            store=self.store,
            catalogue=log_rows,
            transaction=self.catalogue.write,
            signer=key,
            retain_until=lambda: AT + timedelta(days=400),
        ).run_once()


@pytest.fixture
def house(tmp_path, database):
    made = House(tmp_path, database)
    yield made
    for each in made.opened:
        each.close()


def refused(claim, *arguments, **named):
    with pytest.raises(ArchiveRefused) as caught:
        claim(*arguments, **named)
    for language in ("vi", "en"):
        assert caught.value.text(language)
    return caught.value.id


def test_begun_once_and_found_again(house):
    begun = house.claim()
    assert deployment.stored(house.store) == begun
    assert house.store.head(keys.DEPLOYMENT).retain_until > AT
    assert house.claim(at=AT + timedelta(days=1)) == begun


def test_two_deployments_at_one_bucket(house):
    house.claim()
    assert refused(house.claim, catalogue=house.new_catalogue()) == "archive.other-deployment"
    other_store, other_catalogue = house.new_store(), house.new_catalogue()
    house.claim(OTHER_KEY, other_store, other_catalogue)
    assert refused(house.claim, OTHER_KEY, house.store, other_catalogue) == "archive.other-deployment"
    assert refused(house.claim, KEY, other_store) == "archive.other-deployment"


def test_another_key_than_the_log_was_begun_with(house):
    house.claim()
    assert refused(house.claim, OTHER_KEY) == "archive.other-log-key"


def test_an_empty_bucket_under_a_catalogue_with_a_log(house):
    house.claim()
    house.with_a_log()
    assert refused(house.claim, store=house.new_store()) == "archive.store-is-empty"


def test_a_bucket_with_somebody_elses_log(house):
    """Of an earlier version, which wrote no id."""
    house.with_a_log(OTHER_KEY)
    assert refused(house.claim, catalogue=house.new_catalogue()) == "archive.other-deployment"


def test_an_archive_of_an_earlier_version_gets_its_id(house):
    house.with_a_log()
    begun = house.claim()
    assert deployment.stored(house.store) == begun == house.claim()


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_a_crash_between_the_row_and_the_object(house, fault):
    house.store.fail_at(1, fault)
    with pytest.raises(ArchiveUnavailable):
        house.claim()
    with house.catalogue.read() as conn:
        row = deployment_of(conn)
    assert house.claim() == row == deployment.stored(house.store)


def test_several_that_begin_at_once_are_one(house):
    with ThreadPoolExecutor(4) as pool:
        begun = set(pool.map(lambda number: house.claim(at=AT + timedelta(seconds=number)), range(8)))
    assert begun == {deployment.stored(house.store)}


def test_an_id_that_nobody_wrote_so_is_damage(house):
    house.claim()
    house.store.flip(keys.DEPLOYMENT, 30)
    with pytest.raises(ArchiveDamaged, match=keys.DEPLOYMENT):
        house.claim()
