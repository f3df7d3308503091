"""Where bytes lie: the object stores and the work area of these settings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from api.services import Sweepable
from api.settings import ObjectStoreSettings, Settings
from api.transactions import Transactions
from api.wiring.clock import clock
from archive.catalogue import copy_rows
from archive.catalogue.copies import FIRST
from archive.ports import ObjectStore, WorkArea
from archive.storage.directory import DirectoryStore
from archive.storage.disk import CacheDisk
from archive.storage.pinned import PinnedStore
from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_prepare import BucketMaker
from archive.storage.s3_work import S3WorkObjects
from archive.storage.shared_work import SharedWork
from archive.storage.work import WorkDirectory

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def objects(given: Settings) -> ObjectStore:
    """The archive's objects. Raises StorageRefused for a directory in production, SettingsError for credentials that
    cannot be read."""
    if given.object_store is None:
        return DirectoryStore(given.data_dir / "store", clock=clock, production=given.production)
    return bucket(given.object_store)


def knowing_repairs(store: ObjectStore, transactions: Transactions) -> tuple[ObjectStore, PinnedStore | None]:
    """The store for readers that know only keys. A directory needs nothing: a repair there takes the old place."""
    if isinstance(store, DirectoryStore):
        return store, None

    def repaired() -> dict[str, str]:
        with transactions.read() as conn:
            return copy_rows.repaired_versions(conn, FIRST)

    pinned = PinnedStore(store, repaired)
    return pinned, pinned


def bucket(given: ObjectStoreSettings) -> S3Store:
    """One bucket. Raises SettingsError for credentials that cannot be read."""
    return S3Store(connection(given), clock=clock)


def maker(given: ObjectStoreSettings, admin: tuple[str, str]) -> BucketMaker:
    """What makes buckets there, as the server's administrator."""
    access, secret = admin
    return BucketMaker(replace(connection(given), access_key=access, secret_key=secret))


def others(given: Settings) -> dict[str, ObjectStore]:
    """Further stores of the same archive, by what they are called. Raises SettingsError as `objects` does."""
    if given.second_store is None:
        return {}
    return {"the second store": S3Store(connection(given.second_store), clock=clock)}


def work(given: Settings, store: ObjectStore) -> WorkArea:
    """Bytes on their way: on a volume that all share, in a bucket, or beside the objects of a directory."""
    hashed = store.hashed if isinstance(store, S3Store) else None
    if given.work_dir is not None:
        return WorkDirectory(given.work_dir, hashed=hashed)
    if given.object_store is not None and given.object_store.work_bucket:
        objects = S3WorkObjects(connection(given.object_store, work=True), clock=clock, hashed=hashed)
        return SharedWork(WorkDirectory(_cache(given), CacheDisk(), hashed), objects, clock=clock)
    if isinstance(store, DirectoryStore):
        return store
    return WorkDirectory(given.data_dir / "store" / "work", hashed=hashed)


def connection(given: ObjectStoreSettings, *, work: bool = False) -> S3Connection:
    """What it takes to reach the bucket. Raises SettingsError for credentials that cannot be read."""
    address = urlsplit(given.endpoint)
    access_key, secret_key = given.credentials
    return S3Connection(
        endpoint=address.netloc,
        bucket=given.work_bucket if work else given.bucket,
        access_key=access_key,
        secret_key=secret_key,
        region=given.region,
        tls=address.scheme == "https",
        ca=given.ca_file,
    )


def leftovers(*those: object) -> tuple[Sweepable, ...]:
    """Which of them can be swept when nobody else writes."""
    found = [each for each in those if isinstance(each, DirectoryStore | WorkDirectory)]
    return tuple({id(each): each for each in found}.values())


def stale(store: ObjectStore, work: WorkArea) -> tuple[Sweepable, ...]:
    """Which of them can be swept while others write."""
    return tuple(each for each in (store, work) if isinstance(each, S3Store | SharedWork))


def caches(work: WorkArea) -> tuple[SharedWork, ...]:
    return (work,) if isinstance(work, SharedWork) else ()


def _cache(given: Settings) -> Path:
    """A directory of this boot of the machine: what an earlier one left may never have reached the disk."""
    root = given.data_dir / "work"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    boot = BOOT_ID.read_text("ascii").strip() if BOOT_ID.exists() else "cache"
    for other in root.iterdir():
        if other.name != boot:
            shutil.rmtree(other, ignore_errors=True)
    return root / boot
