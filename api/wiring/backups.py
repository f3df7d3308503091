"""Where a service keeps what a backup holds, out of its settings: the stores are named here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from api.backup.make import Place
from api.settings import Settings, SettingsError
from api.transactions import Transactions
from api.wiring import stores
from archive.catalogue import log_rows
from archive.log.note import Ed25519LogKey
from archive.ports import CheckpointRow, ObjectStore


def object_stores(given: Settings) -> dict[str, ObjectStore]:
    """Every store of the archive, by what it is called."""
    return {"the object store": stores.objects(given), **stores.others(given)}


def place(given: Settings) -> Place:
    """Of a service that is set up or is to be restored. Raises SettingsError for a log key that cannot be read."""
    key = given.log_key_path
    vkey = ""
    if key.exists():
        try:
            vkey = Ed25519LogKey.parse(key.read_text("ascii")).vkey
        except (OSError, ValueError) as exc:
            raise SettingsError(f"log key {key} cannot be used: {type(exc).__name__}") from exc
    given.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Place(given, stores.work(given, stores.objects(given)), given.stamps_path, key, vkey)


@contextmanager
def committed(given: Settings) -> Iterator[tuple[CheckpointRow | None, Callable[[int], list[str]]]]:
    """The log's row in the catalogue, and what gives the keys of objects whose leaves come from an index on."""
    transactions = Transactions(given.engine_url)
    try:
        with transactions.read() as conn:
            yield log_rows.current_checkpoint(conn), partial(log_rows.objects_from, conn)
    finally:
        transactions.close()
