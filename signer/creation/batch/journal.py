"""The batch's journal: one line of JSON for each event, beside the outputs, never rewritten.

    intent   before the key is used: which output, its size and digest        (synced before the key is used)
    signed   the output has its name                                          (synced before anybody is told)
    lost     an intent whose output never came: the key may have been used for nothing

A crash after `intent`: the output is not there, and a rerun signs again and writes `lost`; or it is there, complete,
and is taken as signed when it is what the intent said. A line that a crash cut off is no event. The file is not
trusted with anything else: whoever writes it can make a rerun leave out or repeat documents.

One batch at a time: the journal is locked, and key processes share the lock, so that a rerun does not begin while
one of a killed batch still lives.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from policies.algorithms import Digest
from policies.reasons import signing as reasons
from signer.creation.append import BLOCK
from signer.creation.batch.values import Job
from signer.creation.sources import Seen
from signer.creation.staging import sync_folder
from signer.errors import SigningRefused
from signer.stamping.appearance import Appearance

NAME = "antin-batch.journal"
_MOST_LINE = 1 << 16
_ALGORITHMS = frozenset(digest.value for digest in Digest)
_LOCK_TRIES, _LOCK_PAUSE = 20, 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Intent:
    """What an output will be, written before the key is used."""

    key: str
    out: str
    size: int
    hole: tuple[int, int]
    algorithm: str
    digest: str
    at: str

    def made(self, out: Path) -> bool:
        """Whether the file at `out` is this output: same size, same digest around the hole."""
        try:
            file = os.open(out, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return os.fstat(file).st_size == self.size and self._digest(file) == self.digest
        except OSError:
            return False
        finally:
            os.close(file)

    def _digest(self, file: int) -> str:
        start, digits = self.hole
        digest = hashlib.new(self.algorithm)
        for place, end in ((0, start - 1), (start + digits + 1, self.size)):
            while place < end and (block := os.pread(file, min(BLOCK, end - place), place)):
                digest.update(block)
                place += len(block)
        return digest.hexdigest()


def place_of(out: Path) -> Path:
    """One name for an output, by whichever links its folder was reached."""
    return Path(os.path.realpath(out.parent), out.name)


def key_of(job: Job, place: Path, folder: Path, seen: Seen, profile: str) -> str:
    """Names a job in the journal: its output's place, the source as it was seen, and all that the signature depends
    on; `profile` is what the batch adds to that (certificate, algorithm, time-stamp)."""
    asked = (job.field, job.make_field, job.name, sorted(job.fills.items()), job.reason, job.location)
    parts = (
        os.path.relpath(place, os.path.realpath(folder)),
        os.path.realpath(job.source),
        repr((seen.size, seen.changed, asked, _shown(job.appearance))),
        profile,
    )
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=10).hexdigest()


@functools.lru_cache(64)
def _shown(appearance: Appearance | None) -> str:
    if appearance is None:
        return ""
    shown = hashlib.blake2b(appearance.image or b"", digest_size=16)
    shown.update(repr((appearance.image is None, appearance.lines, appearance.size)).encode())
    return shown.hexdigest()


class JournalWriter:
    """Appends events. Several processes may; a line is one write."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path, os.O_APPEND)

    def intents(self, intents: Iterable[Intent]) -> None:
        """Durable when it returns: only then may the key be used."""
        self._write([{"event": "intent", **_fields(intent)} for intent in intents])

    def signed(self, done: Iterable[tuple[str, str]], at: str) -> None:
        """Key and output of those that have their names; durable when it returns."""
        self._write([{"event": "signed", "key": key, "out": out, "at": at} for key, out in done])

    def lost(self, key: str, out: str) -> None:
        """An intent without output was found."""
        self._write([{"event": "lost", "key": key, "out": out}])

    def _write(self, events: list[dict[str, Any]]) -> None:
        if not events:
            return
        data = "".join(json.dumps(event, ensure_ascii=True) + "\n" for event in events).encode()
        if _is_cut(self._file):
            data = b"\n" + data
        count = os.write(self._file, data)
        if count != len(data):
            raise OSError("the journal could not be written")
        os.fdatasync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _opened(path: Path, flags: int = 0) -> int:
    """Raises OSError: a journal is a file of its own, no link to one and no pipe."""
    more = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(path, flags | more, 0o644)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def _is_cut(file: int) -> bool:
    """Whether the last line has no end: a crash, or a full disk."""
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _fields(intent: Intent) -> dict[str, Any]:
    return {
        "key": intent.key,
        "out": intent.out,
        "size": intent.size,
        "hole": list(intent.hole),
        "digest": f"{intent.algorithm}:{intent.digest}",
        "at": intent.at,
    }


def _locked(file: int) -> bool:
    """Lock it; the processes of a batch that was killed just now get a moment to end."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


class Journal:
    """The journal of a folder, open and locked. Less than 200 bytes are kept for each document that it names.

    Raises `SigningRefused` when another batch has it, OSError.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._file = _opened(self.path)
        self._read_to = 0
        self._done: dict[int, int] = {}
        self._open: dict[int, Intent] = {}
        try:
            if not _locked(self._file):
                raise SigningRefused(reasons.BATCH_RUNNING, folder=folder)
            sync_folder(folder)
            self.refresh()
            self.writer = JournalWriter(self.path)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def lock(self) -> int:
        """The descriptor that key processes keep open with the lock."""
        return self._file

    def refresh(self) -> None:
        """Read what was appended since."""
        size = os.fstat(self._file).st_size
        rest = b""
        while self._read_to < size:
            block = os.pread(self._file, 1 << 20, self._read_to)
            if not block:  # cut meanwhile, by whomever
                break
            self._read_to += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._event(line)
            rest = rest[-_MOST_LINE:]
        self._read_to -= len(rest)

    def _event(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            key = int(event["key"], 16)
            match event["event"]:
                case "intent":
                    self._open[key] = _intent(event)
                case "signed":
                    intent = self._open.pop(key, None)
                    self._done[key] = intent.size if intent is not None else 0
                case "lost":
                    self._open.pop(key, None)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # cut off by a crash, or none of ours

    def done(self, key: str) -> int | None:
        """The least size of the output when this job was signed, now or by an earlier run; else None."""
        return self._done.get(int(key, 16))

    def intent(self, key: str) -> Intent | None:
        """The intent of this job whose end is not known."""
        return self._open.get(int(key, 16))

    def close(self) -> None:
        """Close, and unlock when no key process is left."""
        self.writer.close()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _intent(event: dict[str, Any]) -> Intent:
    """Raises ValueError for what no batch writes, TypeError, KeyError."""
    algorithm, _, digest = event["digest"].partition(":")
    start, digits = event["hole"]
    texts = (event["key"], event["out"], event["at"])
    if not all(type(one) is int and one >= 0 for one in (event["size"], start, digits)):
        raise ValueError("sizes are numbers")
    if algorithm not in _ALGORITHMS or not all(isinstance(one, str) for one in texts):
        raise ValueError("not an intent")
    return Intent(event["key"], event["out"], event["size"], (start, digits), algorithm, digest, event["at"])
