"""A process of a company: submits leaves to a log that others sequence as well, and waits for each to be shown.

python -m tests.crashes.log_company PLAN.json NAME

Prints `receipt LEAF INDEX` when a head that it verified contains the leaf. Ends when it is killed.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from api.transactions import Transactions
from archive.catalogue import log_rows
from archive.catalogue.values import Leaf
from archive.log import leaf as leaves
from archive.log.follower import Follower
from archive.log.leaf import LeafKind, Opening, encode, make_leaf
from archive.log.loop import SequencerLoop
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader
from archive.log.sequencer import Sequencer
from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection

UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
AGENCY = "H99.01"
AT_ONCE = 5


def new_leaf(ordinal: int) -> Leaf:
    leaf_id = leaves.new_id()
    digest = uuid.uuid4().hex * 2
    entry = encode(
        make_leaf(
            LeafKind.AUDIT_HEAD,
            leaf_id,
            Opening(digest, leaves.new_salt()),
            Opening(digest, leaves.new_salt()),
        )
    )
    return Leaf(
        id=leaf_id.hex(),
        kind=LeafKind.AUDIT_HEAD,
        document=None,
        agency=AGENCY,
        head_ordinal=ordinal,
        content_sha256=None,
        record_sha256=digest,
        content_salt=None,
        record_salt=leaves.new_salt(),
        predecessor=None,
        entry=entry,
        log_index=None,
        created_at=datetime.now(UTC),
    )


def main(plan: dict) -> None:
    transactions = Transactions(plan["database"])
    store = S3Store(S3Connection(**plan["store"]), clock=lambda: datetime.now(UTC))
    key = Ed25519LogKey.parse(plan["key"])

    def leaves(start, stop):
        with transactions.look() as conn:
            return log_rows.sequenced(conn, start, stop)

    tiles = TileReader(store, leaves)

    def row():
        with transactions.look() as conn:
            return log_rows.current_checkpoint(conn)

    sequencer = Sequencer(
        store=store,
        catalogue=log_rows,
        transaction=transactions.write,
        reading=transactions.read,
        signer=key,
        retain_until=lambda: UNTIL,
    )
    follower = Follower(store, VerifierKey.parse(key.vkey), tiles, row, lambda: sequencer.shown)
    loop = SequencerLoop(sequencer, shared=True, poll=0.5)
    loop.start()
    ordinal = 0
    while loop.failure is None:
        new = [new_leaf(ordinal := ordinal + 1) for _ in range(AT_ONCE)]
        with transactions.write() as conn:
            for each in new:
                log_rows.insert_leaf(conn, each)
        loop.wake()
        for each in new:
            wait_for(each, transactions, follower, tiles)
    raise SystemExit(f"the log stopped: {loop.failure}")


def wait_for(leaf: Leaf, transactions: Transactions, follower: Follower, tiles: TileReader) -> None:
    while True:
        with transactions.look() as conn:
            found = log_rows.leaf(conn, leaf.id)
        assert found is not None
        head = follower.head() if found.log_index is not None else None
        if head is not None and found.log_index is not None and found.log_index < head.size:
            ProofMaker(tiles, head).inclusion(found.log_index, leaf.entry)
            print("receipt", leaf.id, found.log_index, flush=True)
            return
        time.sleep(0.02)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
