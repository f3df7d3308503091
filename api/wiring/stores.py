"""Where bytes lie: the object store and the work area of these settings."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from api.services import Sweepable
from api.settings import ObjectStoreSettings, Settings
from api.wiring.clock import clock
from archive.ports import ObjectStore, WorkArea
from archive.storage.directory import DirectoryStore
from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_prepare import BucketMaker
from archive.storage.work import WorkDirectory


def objects(given: Settings) -> ObjectStore:
    """The archive's objects. Raises SettingsError, StorageRefused for a directory in production."""
    if given.object_store is None:
        return DirectoryStore(given.data_dir / "store", clock=clock, production=given.production)
    return bucket(given.object_store)


def bucket(given: ObjectStoreSettings) -> S3Store:
    """One bucket. Raises SettingsError for credentials that cannot be read."""
    return S3Store(connection(given), clock=clock)


def connection(given: ObjectStoreSettings) -> S3Connection:
    """How that bucket is reached."""
    access, secret = given.credentials
    address = urlsplit(given.endpoint)
    return S3Connection(
        endpoint=address.netloc,
        bucket=given.bucket,
        access_key=access,
        secret_key=secret,
        region=given.region,
        tls=address.scheme == "https",
        ca=given.ca_file,
    )


def maker(given: ObjectStoreSettings, admin: tuple[str, str]) -> BucketMaker:
    """What makes buckets there, as the server's administrator."""
    access, secret = admin
    return BucketMaker(replace(connection(given), access_key=access, secret_key=secret))


def work(given: Settings, store: ObjectStore) -> WorkArea:
    """Bytes on their way: on a volume that all share, or beside the objects of a directory."""
    if given.work_dir is not None:
        return WorkDirectory(given.work_dir)
    if isinstance(store, DirectoryStore):
        return store
    return WorkDirectory(given.data_dir / "store" / "work")


def leftovers(*those: object) -> tuple[Sweepable, ...]:
    """Which of them can be swept when nobody else writes."""
    found = [each for each in those if isinstance(each, DirectoryStore | WorkDirectory)]
    return tuple({id(each): each for each in found}.values())
