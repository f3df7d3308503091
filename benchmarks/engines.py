"""Real engines for the rows of the archive: PostgreSQL from its wheel, SeaweedFS from its wheel, a bucket with locks.

They run on the same processors as what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from minio import Minio

from api import migrations
from api.transactions import Transactions
from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection
from tests.engines.postgres import postgres_server
from tests.engines.seaweedfs import SeaweedFS, seaweedfs

BUCKET = "antin-bench"


@dataclass
class Engines:
    """A catalogue that is migrated and empty, a bucket, and the SDK's own client for what is compared."""

    transactions: Transactions
    store: S3Store
    raw: Minio
    server: SeaweedFS


def now() -> datetime:
    """Locks are judged by the server's clock, so theirs are real times."""
    return datetime.now(UTC)


@contextmanager
def engines(folder: Path) -> Iterator[Engines]:
    """PostgreSQL and SeaweedFS, fresh, with what they keep below `folder`."""
    with (
        postgres_server(folder / "postgres") as postgres,
        seaweedfs(folder / "seaweedfs", volume_mb=1024) as s3,
    ):
        transactions = Transactions(postgres.database("bench"))
        migrations.upgrade(transactions.engine)
        raw = s3.client()
        raw.make_bucket(BUCKET, object_lock=True)
        connection = S3Connection(s3.endpoint, BUCKET, *s3.admin, region=s3.region, tls=s3.secure)
        try:
            yield Engines(transactions, S3Store(connection, clock=now), raw, s3)
        finally:
            transactions.close()
