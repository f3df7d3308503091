"""Names the adapters and reads the clock: the only module that does either.

`build` makes the services of one process from settings; `verifier` makes the few that the command line needs.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from api import migrations, settings as settings_module
from api.demo.pki import DemoPki, make_demo_pki
from api.identity import LocalIdentity
from api.jobs import DbosJobs, Handler, Jobs
from api.keyring import KeyRing
from api.logging_service import TransparencyLog
from api.settings import Settings
from api.stamps import Stamps
from api.transactions import Transactions
from api.verification import Verifier
from archive.catalogue import documents
from archive.catalogue.values import Agency
from archive.storage.directory import DirectoryStore
from policies.intake import IntakeLimits
from signer.keys.checks import SigningRules
from signer.ports import RevocationSource, TimestampAuthority
from signer.sandbox import Sandbox, SandboxLimits
from signer.timestamping.rfc3161 import HttpLimits, HttpTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust import anchors
from signer.trust.anchors import TrustAnchors
from signer.trust.revocation import HttpRevocationSource

Clock = Callable[[], datetime]


def clock() -> datetime:
    """Now, UTC. Everything else in the product takes the time as a parameter."""
    return datetime.now(UTC)


def load_settings(path: Path | None = None, **overrides: object) -> Settings:
    """Settings of this process."""
    return settings_module.load(path, **overrides)
