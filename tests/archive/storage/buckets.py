"""Stores on buckets of real servers, as the service would open them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from archive.storage.s3 import S3Store
from archive.storage.s3_connection import S3Connection


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
