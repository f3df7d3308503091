"""The least rights of the service's account, in the two forms in which servers take them.

Whoever may bypass GOVERNANCE, change the bucket's lock rule or its policy can undo what locks are for, so these are
denied by name: an explicit Deny holds where a server counts ownership as a right (Ceph RGW 16.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

VERSION = "2012-10-17"
ON_OBJECTS = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObjectRetention",
    "s3:PutObjectRetention",
    "s3:GetObjectLegalHold",
    "s3:PutObjectLegalHold",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
ON_BUCKETS = (
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetLifecycleConfiguration",
)
# Of nobody at all; whoever owns the bucket can lift this by another policy, and by nothing else.
BYPASS = "s3:BypassGovernanceRetention"
NOBODY = ("s3:PutBucketObjectLockConfiguration",)
NOT_THE_SERVICE = (
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketAcl",
    "s3:PutObjectAcl",
    "s3:DeleteBucket",
)
# SeaweedFS: the actions of an identity, each for one bucket. `Admin` is what they must not hold.
SEAWEEDFS = (
    "Read",
    "Write",
    "List",
    "GetObjectRetention",
    "PutObjectRetention",
    "GetObjectLegalHold",
    "PutObjectLegalHold",
    "GetBucketObjectLockConfiguration",
)


def bucket_policy(bucket: str, principal: str, *, may_harden: bool = False) -> str:
    """The policy of one bucket (JSON), for AWS S3, Ceph RGW and others that know bucket policies.

    `principal` is the service's account as the server writes it, such as arn:aws:iam:::user/antin. `may_harden`: it
    may turn GOVERNANCE into COMPLIANCE, which is the right that also deletes what is under GOVERNANCE. It
    stays denied to everybody else.
    """
    whole, objects = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"
    service = {"AWS": [principal]}
    allowed = [*ON_OBJECTS, BYPASS] if may_harden else [*ON_OBJECTS]
    others = {"NotPrincipal": service} if may_harden else {"Principal": "*"}
    statements = [
        _statement("Objects", "Allow", {"Principal": service}, allowed, [objects]),
        _statement("Bucket", "Allow", {"Principal": service}, ON_BUCKETS, [whole]),
        _statement("NobodyElseBypasses", "Deny", others, [BYPASS], [objects]),
        _statement("NobodyChangesTheRule", "Deny", {"Principal": "*"}, NOBODY, [whole]),
        _statement(
            "ServiceChangesNothing", "Deny", {"Principal": service}, NOT_THE_SERVICE, [whole, objects]
        ),
    ]
    return json.dumps({"Version": VERSION, "Statement": statements}, indent=2)


def seaweedfs_actions(buckets: Sequence[str], *, may_harden: bool = False) -> list[str]:
    """The actions of the service's identity in SeaweedFS's `-s3.config`, for these buckets and no others."""
    actions = [*SEAWEEDFS, "BypassGovernanceRetention"] if may_harden else SEAWEEDFS
    return [f"{action}:{bucket}" for bucket in buckets for action in actions]


def _statement(
    name: str, effect: str, who: Mapping[str, object], actions: Sequence[str], resources: Sequence[str]
) -> dict[str, object]:
    return {
        "Sid": name,
        "Effect": effect,
        **who,
        "Action": list(actions),
        "Resource": list(resources),
    }
