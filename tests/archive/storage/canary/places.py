"""Real buckets for the canary: as a server comes, and as `antin storage prepare` leaves them."""

from __future__ import annotations

import json
import uuid

from archive.storage.canary.bench import Surroundings
from archive.storage.canary.run import run
from archive.storage.s3_prepare import BucketMaker
from archive.storage.s3_probe import ProbeAccess, S3Probe
from archive.storage.s3_raw import Keys
from archive.storage.s3_rights import bucket_policy
from tests.archive.storage.buckets import connection, new_bucket, real_now
from tests.engines.rgw import LEAST_PRINCIPAL, WEAK_PRINCIPAL
from tests.engines.seaweedfs import LEAST_BUCKETS


def probe(server, bucket, keys=None, *, weaker=True, scratch="", doors=(), **more):
    """A canary on this bucket, as the service's account `keys` (default: the administrator)."""
    given = Keys(*server.weak) if weaker else None
    reached = connection(server, bucket, keys, **more)
    return S3Probe(ProbeAccess(reached, given, scratch, tuple(doors)), real_now)


def checked(found, **around):
    return run(found, Surroundings(at=real_now(), **around))


def made(server, *buckets, days=7):
    """By what `antin storage prepare` does."""
    maker = BucketMaker(connection(server, buckets[0]))
    return [line for bucket in buckets for line in maker.locked(bucket, days)]


def as_it_comes(server):
    """A bucket with Object Lock and nothing else, by the administrator's account."""
    bucket, scratch = new_bucket(server), new_bucket(server)
    if hasattr(server, "inner_doors"):
        return probe(server, bucket, scratch=scratch, doors=server.inner_doors)
    let_weak(server, bucket)
    return probe(server, bucket, scratch=scratch)


def prepared(server, *, may_harden=False):
    """Prepared buckets, by an account with the least rights; at RGW also with the right to harden."""
    if hasattr(server, "inner_doors"):
        made(server, *LEAST_BUCKETS)
        bucket, scratch = LEAST_BUCKETS
        return probe(server, bucket, server.least, scratch=scratch, doors=server.inner_doors)
    bucket, scratch = (f"{name}-{uuid.uuid4().hex}" for name in ("kept", "scratch"))
    made(server, bucket, scratch)
    for name in (bucket, scratch):
        server.client().set_bucket_policy(name, bucket_policy(name, LEAST_PRINCIPAL, may_harden=may_harden))
    let_weak(server, bucket, bucket_policy(bucket, LEAST_PRINCIPAL, may_harden=may_harden))
    return probe(server, bucket, server.least, scratch=scratch)


def let_weak(server, bucket, policy='{"Version": "2012-10-17", "Statement": []}'):
    """RGW's weaker user may put, lock and delete versions, and nothing tells of bypassing."""
    rights = ("PutObject", "PutObjectRetention", "DeleteObjectVersion")
    found = json.loads(policy)
    found["Statement"].append(
        {
            "Sid": "Weak",
            "Effect": "Allow",
            "Principal": {"AWS": [WEAK_PRINCIPAL]},
            "Action": [f"s3:{right}" for right in rights],
            "Resource": [f"arn:aws:s3:::{bucket}/*"],
        }
    )
    server.client().set_bucket_policy(bucket, json.dumps(found))
