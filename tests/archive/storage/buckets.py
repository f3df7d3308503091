"""Stores on buckets of real servers, as the service would open them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection

DATE = "%Y-%m-%dT%H:%M:%SZ"


def real_now():
    """The servers judge locks by this machine's clock."""
    return datetime.now(UTC)


def new_bucket(server, *, locks=True):
    """An empty bucket of its own name."""
    name = f"test-{uuid.uuid4().hex}"
    server.client().make_bucket(name, object_lock=locks)
    return name


def connection(server, bucket, keys=None, **more):
    """For tests: less patience than in production."""
    access, secret = keys or server.admin
    options = {"read_seconds": 20.0, "act_seconds": 40.0, "tls": server.secure, "ca": server.ca, **more}
    return S3Connection(server.endpoint, bucket, access, secret, region=server.region, **options)


def bucket_store(server, bucket=None, clock=real_now, **more):
    """A store on this bucket, or on a new one."""
    return S3Store(connection(server, bucket or new_bucket(server), **more), clock=clock)


def raw_put(store, key, data, *, sha256=None, until=None, mode="COMPLIANCE"):
    """A version that somebody else wrote, with whatever digest they claim."""
    headers = {} if sha256 is None else {"x-amz-meta-sha256": sha256}
    if until is not None:
        headers |= {
            "x-amz-object-lock-mode": mode,
            "x-amz-object-lock-retain-until-date": until.strftime(DATE),
        }
    answer = store._wire.send("PUT", key, headers=headers, body=data, deadline=store._wire.deadline())
    return store.head(key, answer.headers["x-amz-version-id"])


def raw_shadow(store, key, data):
    """A newer version without a lock, or for None a delete marker."""
    if data is not None:
        return raw_put(store, key, data)
    return store._wire.send("DELETE", key, deadline=store._wire.deadline())
