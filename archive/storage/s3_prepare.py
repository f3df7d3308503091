"""Making the buckets of an archive: Object Lock from the first moment, versioning, a default retention as a net."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import MinioException, S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import VersioningConfig
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from archive.errors import StorageRefused
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_errors import UNLOCKED, Where, broken, said, trouble
from archive.storage.s3_raw import tls_context
from policies.reasons import storage as reasons
from policies.vocabulary import LockMode

MODE = LockMode.COMPLIANCE
NET_DAYS = (
    7  # short: what comes without a lock by mistake is kept, and found, and no secret is kept for years by it
)


class BucketMaker:
    """Acts as the server's administrator: `connection` holds that account, not the service's."""

    def __init__(self, connection: S3Connection) -> None:
        self._place = connection.place
        self._client = Minio(
            connection.endpoint,
            connection.access_key,
            connection.secret_key,
            session_token=connection.session_token or None,
            secure=connection.tls,
            region=connection.region,
            http_client=PoolManager(
                timeout=Timeout(connect=connection.connect_seconds, read=connection.read_seconds),
                retries=False,
                ssl_context=tls_context(connection),
            ),
        )

    def locked(self, bucket: str, days: int = NET_DAYS) -> Iterator[str]:
        """A bucket for records; tells each thing that was done. What is right already is left as it is, a longer
        default retention too. Raises StorageRefused for a bucket without Object Lock, StoreUnavailable."""
        with self._answering(bucket):
            if not self._client.bucket_exists(bucket):
                self._client.make_bucket(bucket, object_lock=True)
                yield f"made {bucket}, with Object Lock"
            rule = self._rule(bucket)
            if self._client.get_bucket_versioning(bucket).status != ENABLED:
                self._client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
                yield f"{bucket}: versioning enabled"
            if not _covers(rule, days):
                self._client.set_object_lock_config(bucket, ObjectLockConfig(str(MODE), days, DAYS))
                yield f"{bucket}: default retention {MODE}, {days} days"

    def plain(self, bucket: str) -> Iterator[str]:
        """A bucket without locks, for bytes on their way. Raises StoreUnavailable."""
        with self._answering(bucket):
            if not self._client.bucket_exists(bucket):
                self._client.make_bucket(bucket)
                yield f"made {bucket}, without locks"

    @contextmanager
    def _answering(self, bucket: str) -> Iterator[None]:
        try:
            yield
        except MinioException as exc:
            raise trouble(said(exc, 0.0), Where(self._place, f"prepare {bucket}")) from exc
        except (HTTPError, OSError) as exc:
            raise broken(exc, Where(self._place, f"prepare {bucket}")) from exc

    def _rule(self, bucket: str) -> ObjectLockConfig:
        try:
            return self._client.get_object_lock_config(bucket)
        except S3Error as exc:
            if exc.code in UNLOCKED:
                raise StorageRefused(reasons.NO_OBJECT_LOCK) from exc
            raise


def _covers(rule: ObjectLockConfig, days: int) -> bool:
    """Whether the bucket's own default is as hard and as long."""
    long_enough = rule.duration is not None and (rule.duration_unit != DAYS or rule.duration >= days)
    return rule.mode == MODE and long_enough
