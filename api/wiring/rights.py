"""What the service's account may do in the object store: `archive.storage` knows the servers' words for it."""

from __future__ import annotations

from archive.storage.s3_rights import bucket_policy as bucket_policy
from archive.storage.s3_rights import seaweedfs_actions as seaweedfs_actions
