"""A process of its own that submits leaves and sequences them until it is killed. Prints each receipt.

python log_worker.py FOLDER
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from archive.log.note import Ed25519LogKey
from archive.log.sequencer import Sequencer
from archive.storage.directory import DirectoryStore
from tests.archive.log.sqlite import SqliteLogCatalogue


def main(root: Path) -> None:
    secret = root / "log.secret"
    if not secret.exists():
        key = Ed25519LogKey.generate("crash.example/log")
        (root / "log.vkey").write_text(key.vkey)
        secret.write_text(key.secret())
    key = Ed25519LogKey.parse(secret.read_text())
    store = DirectoryStore(root / "archive", clock=lambda: datetime.now(UTC))
    store.sweep()
    catalogue = SqliteLogCatalogue(root / "catalogue.db")
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
    main(Path(sys.argv[1]))
