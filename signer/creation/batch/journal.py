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

from policies.reasons import signing as reasons
from signer.creation.append import digest_ranges
from signer.creation.batch.values import Job
from signer.errors import SigningRefused

NAME = "antin-batch.journal"
_MOST_LINE = 1 << 16
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
        start, digits = self.hole
        try:
            with out.open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size != self.size:
                    return False
                rest = os.pread(file.fileno(), self.size - start - digits - 1, start + digits + 1)
                digest = digest_ranges(file.fileno(), start - 1, (memoryview(rest),), self.algorithm)
        except (OSError, SigningRefused, ValueError):
            return False
        return digest.hex() == self.digest


def key_of(job: Job, folder: Path) -> tuple[str, int]:
    """Names a job in the journal: its output's place, and the source as it is now; and the source's size.

    Raises OSError, also for what is no regular file.
    """
    found = job.source.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(job.source))
    out = os.path.relpath(job.out, folder)
    text = f"{out}\0{job.source.resolve()}\0{found.st_size}\0{found.st_mtime_ns}"
    key = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=10).hexdigest()
    return key, found.st_size


class JournalWriter:
    """Appends events. Several processes may; a line is one write."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

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
        except OSError:
            time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


class Journal:
    """The journal of a folder, open and locked. A few dozen bytes are kept for each document that it names."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(self._file):
            os.close(self._file)
            raise SigningRefused(reasons.BATCH_RUNNING, folder=folder)
        self.writer = JournalWriter(self.path)
        self._read_to = 0
        self._done: set[int] = set()
        self._open: dict[int, Intent] = {}
        self.refresh()

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
                    self._open.pop(key, None)
                    self._done.add(key)
                case "lost":
                    self._open.pop(key, None)
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # cut off by a crash

    def done(self, key: str) -> bool:
        """Whether this job was signed, now or by an earlier run."""
        return int(key, 16) in self._done

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
    algorithm, _, digest = event["digest"].partition(":")
    start, digits = event["hole"]
    return Intent(event["key"], event["out"], event["size"], (start, digits), algorithm, digest, event["at"])
