"""What was seen of the log elsewhere, for a rebuild: files, the other store, cosigned heads, witnesses."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from api.settings import Settings
from api.transactions import Transactions
from api.witnesses import Witnesses
from archive.catalogue.copies import FIRST
from archive.errors import ArchiveUnavailable
from archive.log.checkpoint import Checkpoint
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.reader import TileReader, highest_checkpoint
from archive.ports import ObjectStore
from archive.witnessing import Cosigning, Watcher

log = logging.getLogger("antin.rebuilding")


def seen_elsewhere(
    settings: Settings,
    transactions: Transactions,
    stores: Mapping[str, ObjectStore],
    source: str,
    key: Ed25519LogKey,
    watchers: tuple[Watcher, ...],
    size: int,
) -> tuple[Checkpoint, ...]:
    """Heads that the log of the store `source`, of `size` leaves, must reach. Raises as `Witnesses.known` and `ask`."""
    store, verifier = stores[source], VerifierKey.parse(key.vkey)
    witnesses = Witnesses(
        settings,
        transactions,
        verifier,
        store,
        _others(stores, source, verifier),
        watchers,
        Cosigning(store, TileReader(store), key),
    )
    witnesses.ask(lambda: size)
    return tuple(witnesses.known())


def _others(stores: Mapping[str, ObjectStore], source: str, key: VerifierKey) -> dict[str, ObjectStore]:
    """The first store may be what was lost, and settings always name it: it need not answer. The second must."""
    others = {name: store for name, store in stores.items() if name != source}
    if FIRST in others:
        try:
            highest_checkpoint(others[FIRST], key)
        except ArchiveUnavailable as exc:
            log.warning("the first store does not answer (%s): what it knows of the log is not compared", exc)
            del others[FIRST]
    return {f"the {name} store": store for name, store in others.items()}
