"""Key sessions for tests of batches: the real one, one that writes down its uses, one that is killed at a point."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.wiring import tools
from policies.algorithms import SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.creation import single
from signer.creation.batch import worker
from signer.creation.batch.journal import JournalWriter
from signer.creation.staging import Staged
from signer.errors import SignerUnavailable, SigningRefused
from signer.ports import SigningKey

POINTS = (
    "draft",
    "copied",
    "intent",
    "intent-written",
    "key",
    "key-used",
    "filled",
    "synced",
    "named",
    "journal-signed",
)
POISON = "poison"


@dataclass(frozen=True)
class Around:
    """A key around another one."""

    inner: SigningKey

    @property
    def certificate(self) -> bytes:
        return self.inner.certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.inner.chain

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.inner.algorithm


@dataclass(frozen=True)
class Waiting(Around):
    """A key that waits while `gate` is there and so many outputs lie beside it."""

    gate: Path
    outputs: int

    def sign(self, digest: bytes) -> bytes:
        while self.gate.exists() and len(list(self.gate.parent.rglob("out/*.pdf"))) >= self.outputs:
            threading.Event().wait(0.02)
        return self.inner.sign(digest)


@dataclass(frozen=True)
class Counted(Around):
    """A key that writes a byte to `log` for each use, and fails when the file `down` exists."""

    log: Path

    def sign(self, digest: bytes) -> bytes:
        if self.log.with_suffix(".down").exists():
            raise SignerUnavailable("the device is gone")
        value = self.inner.sign(digest)
        with self.log.open("ab", buffering=0) as file:
            file.write(b".")
        return value


@dataclass(frozen=True)
class Session:
    inner: tools.ContainerSession
    key: SigningKey

    def clock(self) -> datetime:
        return self.inner.clock()

    def close(self) -> None:
        self.inner.close()


def counted(container: Path, password: str, algorithm: SignatureAlgorithm, log: Path) -> Session:
    """A session whose uses are written down."""
    inner = tools.container_session(container, password, algorithm)
    return Session(inner, Counted(inner.key, log))


def waiting(gate: Path, outputs: int, **given: object) -> Session:
    """A session whose key waits at the gate."""
    inner = tools.container_session(**given)  # type: ignore[arg-type]
    return Session(inner, Waiting(inner.key, gate, outputs))


def killed(at: str, flag: Path, **given: object) -> Session:
    """A session in a process that kills itself at `at`, once: the first to remove `flag` dies."""

    def die() -> None:
        try:
            flag.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    session = counted(**given)  # type: ignore[arg-type]
    _plant(at, die, session)
    return session


def poisoned(**given: object) -> Session:
    """A session in a process that dies of every document of that name."""
    real = single.begin

    def begin(source: Path, *more: object, **named: object) -> object:
        if source.stem == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(source, *more, **named)  # type: ignore[arg-type]

    single.begin = begin  # type: ignore[assignment]
    return counted(**given)  # type: ignore[arg-type]


def stillborn(**_given: object) -> Session:
    """A process that dies while it opens its key."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _plant(at: str, die: object, session: Session) -> None:
    before = {
        "draft": (single, "begin"),
        "intent": (JournalWriter, "intents"),
        "key": (single.Begun, "sign"),
        "synced": (Staged, "link"),
        "filled": (Staged, "sync"),
    }
    after = {
        "copied": (single, "begin"),
        "intent-written": (JournalWriter, "intents"),
        "key-used": (single.Begun, "sign"),
        "named": (Staged, "link"),
        "journal-signed": (JournalWriter, "signed"),
    }
    owner, name = {**before, **after}[at]
    real = getattr(owner, name)

    def planted(*given: object, **named: object) -> object:
        if at in before:
            die()  # type: ignore[operator]
        value = real(*given, **named)
        if at in after:
            die()  # type: ignore[operator]
        return value

    setattr(owner, name, planted)
    assert worker.single is single


def noted(opened: Path, raises: str = "", **given: object) -> Session:
    """A session whose openings are written down; it does not open when `raises` names an error."""
    with opened.open("ab", buffering=0) as file:
        file.write(b".")
    if raises == "refused":
        raise SigningRefused(reasons.PKCS12_UNREADABLE)
    if raises:
        raise LookupError(raises)
    return counted(**given)  # type: ignore[arg-type]


def swapped(opened: Path, others: Path, container: Path, **given: object) -> Session:
    """The first process opens one container, each later one another."""
    return counted(container if _first(opened) else others, **given)  # type: ignore[arg-type]


def meddled(when: str, target: Path, how: str, **given: object) -> Session:
    """Somebody writes, replaces or removes `target` before or after it is drafted, once."""
    flag = target.with_suffix(".met")
    real = single.sandboxed

    def sandboxed(*more: object) -> single.Drafter:
        inner = real(*more)  # type: ignore[arg-type]

        def draft(source: Path, *rest: object) -> object:
            made = inner(source, *rest) if when == "after" else None  # type: ignore[arg-type]
            if source == target and _first(flag):
                MEDDLING[how](target)
            return made or inner(source, *rest)  # type: ignore[arg-type]

        return draft  # type: ignore[return-value]

    single.sandboxed = sandboxed  # type: ignore[assignment]
    return counted(**given)  # type: ignore[arg-type]


def delayed(source: Path, flag: Path, target: Path, **given: object) -> Session:
    """`source` is not drafted before `flag` is there; then somebody writes `target`."""
    real = single.begin

    def begin(one: Path, *more: object, **named: object) -> object:
        if one == source:
            while not flag.exists():
                time.sleep(0.01)
            os.utime(target, ns=(1, 1))
        return real(one, *more, **named)  # type: ignore[arg-type]

    single.begin = begin  # type: ignore[assignment]
    return counted(**given)  # type: ignore[arg-type]


def _rewrite(target: Path) -> None:
    target.write_bytes(target.read_bytes())


def _replace(target: Path) -> None:
    other = target.with_suffix(".new")
    other.write_bytes(target.read_bytes())
    os.utime(other, ns=(target.stat().st_atime_ns, target.stat().st_mtime_ns))
    other.rename(target)


MEDDLING = {"rewritten": _rewrite, "replaced": _replace, "removed": Path.unlink}


def hanging(flag: Path, **given: object) -> Session:
    """A device that does not come back, once."""
    session = counted(**given)  # type: ignore[arg-type]
    if _first(flag):
        single.Begun.sign = lambda *_given: signal.pause()  # type: ignore[assignment, method-assign]
    return session


def _first(flag: Path) -> bool:
    """Whether nobody was here before, in any process."""
    try:
        flag.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
