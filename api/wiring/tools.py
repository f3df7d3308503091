"""What the command line needs without a service: a sandbox, a key, an authority. Few imports, quick start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import settings
from api.settings import Settings, SettingsError
from api.trust_files import is_store
from api.verifier import Verifier
from api.wiring import trust
from api.wiring.clock import clock
from policies.algorithms import SignatureAlgorithm
from signer.keys import checks, pkcs12
from signer.ports import RevocationSource, SigningKey, TimestampAuthority
from signer.sandbox import Sandbox, SandboxLimits
from signer.timestamping.rfc3161 import HttpTimestampAuthority
from signer.timestamping.token import TokenRules
from signer.trust import anchors
from signer.trust.anchors import TrustAnchors
from signer.trust.certificates import parse
from signer.trust.revocation import HttpRevocationSource

if TYPE_CHECKING:
    from signer.creation.batch.values import Factory

SIGN_SECONDS_PER_GB = 60.0
# Whoever brought the file: an answer within these, and 100 s more for each gigabyte of it (`SandboxLimits`).
VERIFY_SECONDS = 20.0
VERIFY_MEMORY = 1 << 30


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Settings of this process: of the file, else of the `antin.toml` in the data directory or here."""
    data = overrides.get("data_dir")
    if path is None and data is not None and (Path(data) / "antin.toml").exists():
        path = Path(data) / "antin.toml"
    return settings.load(path, **overrides)


@contextmanager
def verifier(
    *, offline: bool, cache: Path | None = None, issuer_hosts: tuple[str, ...] = ()
) -> Iterator[Verifier]:
    """What `antin verify` needs: one worker, and the network unless `offline`; answers are kept in `cache`.
    `issuer_hosts`: who may be asked for certificates that a signature leaves out."""
    with Sandbox(1, verification_limits()) as sandbox:
        source: RevocationSource | None = None if offline else HttpRevocationSource()
        if cache is not None:
            source = trust.revocation(cache, sandbox, offline=offline)
        yield Verifier(sandbox, source, clock, issuers=trust.issuers(issuer_hosts, offline=offline))


def given_trust(path: Path | None, pin: str) -> TrustAnchors:
    """What a command line was told to believe: certificates, or a store with its key; nothing without."""
    if path is None:
        return TrustAnchors(())
    if pin:
        return trust.of_store(path, pin, None)
    if is_store(path):
        raise SettingsError("--trust-key: a signed trust store needs the key that it is pinned by")
    return anchors.load(path)


def verification_limits(**more: Any) -> SandboxLimits:
    """Limits of a worker that verifies what anybody may have brought."""
    return SandboxLimits(wall_seconds=VERIFY_SECONDS, address_space=VERIFY_MEMORY, **more)


def command_line_sandbox(size: int) -> Sandbox:
    """One worker for `antin sign`, with time for a file of that many bytes."""
    return Sandbox(1, SandboxLimits(wall_seconds=120.0 + SIGN_SECONDS_PER_GB * size / (1 << 30)))


def command_line_key(container: Path, password_file: Path, algorithm: SignatureAlgorithm) -> SigningKey:
    """The key of `antin sign`."""
    return pkcs12.load(container, password_of(password_file), algorithm)


@dataclass(frozen=True)
class ContainerSession:
    """A `KeySession` over a PKCS#12 container."""

    key: SigningKey

    def clock(self) -> datetime:
        """Now."""
        return clock()

    def close(self) -> None:
        """The key goes with the process."""


def container_session(container: Path, password: str, algorithm: SignatureAlgorithm) -> ContainerSession:
    """The key session of one process of a batch; see `key_factory`."""
    key = pkcs12.load(container, password, algorithm)
    checks.check_period(parse(key.certificate), clock())
    return ContainerSession(key)


def key_factory(container: Path, password_file: Path, algorithm: SignatureAlgorithm) -> Factory:
    """What makes the key sessions of `antin sign --out-dir`: the password is read once, here."""
    from signer.creation.batch.values import Factory

    arguments = {
        "container": container.resolve(),
        "password": password_of(password_file),
        "algorithm": algorithm,
    }
    return Factory(f"{__name__}:{container_session.__name__}", arguments)


def command_line_tsa(url: str, anchors_at: Path | None) -> TimestampAuthority:
    """The authority of `antin sign`; its anchors are needed, else any answer would do."""
    if anchors_at is None:
        raise SettingsError("--trust: the anchors of the time-stamp authority are needed with --tsa")
    return HttpTimestampAuthority(url, TokenRules(anchors.load(anchors_at), now=clock))


def password_of(path: Path) -> str:
    """First line of a password file. Raises SettingsError that names the file, never the password."""
    try:
        return path.read_text("utf-8-sig").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as exc:
        raise SettingsError(f"password file {path} cannot be read") from exc
