"""Where bytes lie: the object store and the work area of these settings."""

from __future__ import annotations

from api.services import Sweepable
from api.settings import Settings, SettingsError
from api.wiring.clock import clock
from archive.ports import ObjectStore, WorkArea
from archive.storage.directory import DirectoryStore
from archive.storage.work import WorkDirectory


def objects(given: Settings) -> ObjectStore:
    """The archive's objects. Raises SettingsError, StorageRefused for a directory in production."""
    if given.object_store is None:
        return DirectoryStore(given.data_dir / "store", clock=clock, production=given.production)
    raise SettingsError("object_store: there is no adapter for S3 yet")


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
