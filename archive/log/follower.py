"""The shown head, as one who did not make it reads it: believed only when it continues what was seen before.

The object store is not trusted. Whoever writes it can put an old checkpoint back, which the log did sign once, or,
with the log's key, one of another history. Proofs are made against a head from here and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from archive.errors import ArchiveDamaged, ProofRefused
from archive.log.checkpoint import SignedCheckpoint, check_not_behind
from archive.log.note import VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, published_checkpoint
from archive.ports import CheckpointRow, ObjectStore


class Follower:
    """Safe for threads. `row` reads the catalogue's checkpoint: the head that was committed last, shown or not.

    `own` is the head that a sequencer of this process showed last: it need not be proved once more.
    """

    def __init__(
        self,
        store: ObjectStore,
        key: VerifierKey,
        tiles: TileReader,
        row: Callable[[], CheckpointRow | None],
        own: Callable[[], SignedCheckpoint | None] = lambda: None,
    ) -> None:
        self._store, self._key, self._tiles = store, key, tiles
        self._row, self._own = row, own
        self._lock = Lock()
        self._known: SignedCheckpoint | None = None

    def head(self) -> SignedCheckpoint | None:
        """The newest head known to continue all those before it; None for a new log.

        Raises ProofRefused when the log did not sign what is shown, ArchiveDamaged when it shows another history
        than before or than the catalogue's.
        """
        shown = published_checkpoint(self._store, self._key)
        with self._lock:
            known = self._known
        if shown is None or (known is not None and shown.size < known.size):
            return known  # taken away or put back: what was seen does not become unseen
        if known is None or shown.note != known.note:
            self._check(shown, known)
            with self._lock:
                if self._known is None or self._known.size <= shown.size:
                    self._known = shown
        return shown

    def _check(self, shown: SignedCheckpoint, known: SignedCheckpoint | None) -> None:
        own = self._own()
        if own is not None and (own.size, own.root) == (shown.size, shown.root):
            return
        try:
            check_not_behind(shown.checkpoint, [known.checkpoint] if known else [])
        except ProofRefused as exc:
            raise ArchiveDamaged(f"log: {exc}") from exc
        if known is not None:
            ProofMaker(self._tiles, shown).consistency(known)
        self._check_catalogue(shown)

    def _check_catalogue(self, shown: SignedCheckpoint) -> None:
        """Read after what is shown: nothing is shown that is not committed."""
        row = self._row()
        size, root = (row.size, row.root) if row else (0, b"")
        if size < shown.size or (size == shown.size and root != shown.root):
            raise ArchiveDamaged(
                f"log: {shown.size} leaves are shown, and the catalogue has {size} or others"
            )
