"""A process of its own that submits leaves and sequences them until it is killed. Prints each receipt.

python log_worker.py FOLDER [URL]      the catalogue: a file in the folder, or the product's own at URL
"""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from api.transactions import Transactions
from archive.catalogue import log_rows
from archive.catalogue.values import Leaf
from archive.log.leaf import LeafKind
from archive.log.note import Ed25519LogKey
from archive.log.sequencer import Sequencer
from archive.storage.directory import DirectoryStore
from tests.archive.log.sqlite import SqliteLogCatalogue


class ProductCatalogue:
    """The product's own rows, with leaves that are of no document."""

    pending = staticmethod(log_rows.pending)
    assign = staticmethod(log_rows.assign)
    sequenced = staticmethod(log_rows.sequenced)
    current_checkpoint = staticmethod(log_rows.current_checkpoint)
    swap_checkpoint = staticmethod(log_rows.swap_checkpoint)

    def __init__(self, url: str) -> None:
        transactions = Transactions(url)
        self.transaction, self.reading = transactions.write, transactions.read

    def add_random(self, conn, count):
        for _ in range(count):
            named = {
                "id": secrets.token_hex(8),
                "entry": secrets.token_bytes(83),
                "kind": LeafKind.AUDIT_HEAD,
            }
            nothing = dict.fromkeys(set(Leaf.__slots__) - named.keys())
            log_rows.insert_leaf(conn, Leaf(**{**nothing, **named, "created_at": datetime.now(UTC)}))


def main(root: Path, url: str = "") -> None:
    secret = root / "log.secret"
    if not secret.exists():
        key = Ed25519LogKey.generate("crash.example/log")
        (root / "log.vkey").write_text(key.vkey)
        secret.write_text(key.secret())
    key = Ed25519LogKey.parse(secret.read_text())
    store = DirectoryStore(root / "archive", clock=lambda: datetime.now(UTC))
    store.sweep()
    catalogue = ProductCatalogue(url) if url else SqliteLogCatalogue(root / "catalogue.db")
    sequencer = Sequencer(
        store=store,
        catalogue=catalogue,
        transaction=catalogue.transaction,
        reading=catalogue.reading,
        signer=key,
        retain_until=lambda: datetime(2040, 1, 1, tzinfo=UTC),
    )
    while True:
        with catalogue.transaction() as conn:
            catalogue.add_random(conn, 9)
        for leaf_id, index in sequencer.run_once().assigned.items():
            print("receipt", leaf_id, index, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
