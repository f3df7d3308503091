"""The key process of a batch: one key session, a sandbox of its own for reading documents, one request a line.

    open     factory, folder, limits           opens the key session, once
    sign     jobs, room for a token            drafts, intents, uses of the key; publishes what needs no time-stamp
    stamped  tokens (or why there is none)     publishes what waited for them

Nothing of a document is parsed here. A crash after
    draft    nothing has happened
    intent   the key may have been used; the output is not there
    link     the output is there and complete; the journal's intent tells
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.reasons import signing as reasons
from policies.refusals import Refused
from signer import wire
from signer.creation import single, two_step
from signer.creation.batch.journal import NAME, Intent, JournalWriter
from signer.creation.batch.values import BatchLimits, Factory, Failure, Job
from signer.creation.single import Begun, Drafter
from signer.creation.sources import MISTAKES, Seen
from signer.creation.staging import check_free
from signer.creation.two_step import SignatureRequest
from signer.errors import SignerUnavailable
from signer.keys import checks
from signer.ports import KeySession
from signer.sandbox import Sandbox, SandboxLimits
from signer.sandbox_worker import die_with_parent
from signer.stamping.appearance import Appearance
from signer.trust.certificates import parse

_SYNCS = 8
_PASSING = (reasons.NO_ROOM, reasons.BASE_CHANGED, reasons.SOURCE_CHANGED)  # another time it may be signed
_PRELOAD = ("signer.creation.draft",)


@dataclass(frozen=True, slots=True)
class Task:
    """A job on its way to a key process. `key` names it in the journal; `seen` is the source that this is about.
    `shown`: the number of the appearance, which the process has; without, the job has it, or there is none."""

    number: int
    key: str
    job: Job
    seen: Seen
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a key process says of one task: a failure, an imprint that needs a token, or (neither) that the output
    has its name. `used`: the key was used, or may have been."""

    number: int
    failure: Failure | None = None
    imprint: bytes = b""
    lost_pdfa: str = ""
    used: bool = False


@dataclass
class _Running:
    """A task under way in this process."""

    task: Task
    begun: Begun
    cms: bytes = b""
    token: bytes | None = None


class Bench:
    """Signs bundles. Each step takes the whole bundle, so that its waits for the disk are shared."""

    def __init__(self, session: KeySession, drafter: Drafter, folder: Path, journal: JournalWriter) -> None:
        self._session = session
        self._drafter = drafter
        self._folder = folder
        self._journal = journal
        self._certificate = parse(session.key.certificate)
        self._name = checks.subject_of(session.key.certificate)
        self._syncs = ThreadPoolExecutor(_SYNCS)
        self._room = 0
        self._appearances: dict[int, Appearance] = {}
        self._waiting: dict[int, _Running] = {}
        self._reports: dict[int, Report] = {}

    @property
    def profile(self) -> str:
        """Names certificate and algorithm."""
        key = self._session.key
        named = f"{key.algorithm.scheme}:{key.algorithm.digest}:".encode() + key.certificate
        return hashlib.sha256(named).hexdigest()

    def sign(self, tasks: list[Task], news: dict[int, Appearance], reserve: int) -> list[Report]:
        """Everything up to the name of each output; with a `reserve`, up to the imprint of each signature. `news`:
        appearances that tasks refer to from now on."""
        self._reports = {}
        self._appearances.update(news)
        self._room = two_step.contents_size(self._session.key, reserve)
        running = self._each(tasks, self._begin, lambda task: task.number)
        running = self._recorded(running)
        running = self._each(running, self._use_key, _number, used=True)
        if reserve:
            for one in running:
                self._waiting[one.task.number] = one
                self._reports[one.task.number] = Report(
                    one.task.number, imprint=single.imprint(one.cms), lost_pdfa=one.begun.lost_pdfa, used=True
                )
        else:
            self._publish(running)
        return [self._reports[task.number] for task in tasks]

    def stamped(self, answers: list[tuple[int, bytes | Failure]]) -> list[Report]:
        """Publish what waited for these tokens; what gets none is discarded."""
        self._reports = {}
        ready = []
        for number, answer in answers:
            one = self._waiting.pop(number)
            if isinstance(answer, Failure):
                one.begun.close()
                self._reports[number] = Report(number, answer, used=True)
            else:
                one.token = answer
                ready.append(one)
        self._publish(ready)
        return [self._reports[number] for number, _ in answers]

    # --- the steps

    def _begin(self, task: Task) -> _Running:
        job, at = task.job, self._session.clock()
        if not self._certificate.not_before <= at <= self._certificate.not_after:
            checks.check_period(self._certificate, at)
        request = SignatureRequest(
            field=job.field,
            contents_size=self._room,
            name=job.name or self._name,
            at=at,
            appearance=job.appearance if task.shown is None else self._appearances[task.shown],
            fills=job.fills,
            digest_algorithm=self._session.key.algorithm.digest.value,
            reason=job.reason,
            location=job.location,
        )
        check_free(job.out)
        begun = single.begin(
            job.source, job.out.parent, request, self._drafter, make_field=job.make_field, seen=task.seen
        )
        return _Running(task, begun)

    def _recorded(self, running: list[_Running]) -> list[_Running]:
        """The intents are durable before the key is used at all."""
        at = self._session.clock().isoformat()
        self._journal.intents(_intent(one, self._folder, at) for one in running)
        return running

    def _use_key(self, one: _Running) -> _Running:
        one.cms = one.begun.sign(self._session.key)
        return one

    def _publish(self, running: list[_Running]) -> None:
        """Fill, sync, name; then the folders and the journal. Whoever is told has it on the disk."""
        filled = self._each(running, self._fill, _number, used=True)
        named = self._each(self._synced(filled), self._link, _number, used=True)
        for one in {one.task.job.out.parent: one for one in named}.values():
            one.begun.staged.sync_folder()
        at = self._session.clock().isoformat()
        self._journal.signed([(one.task.key, _relative(one.task.job.out, self._folder)) for one in named], at)
        for one in named:
            one.begun.close()
            self._reports[one.task.number] = Report(one.task.number, lost_pdfa=one.begun.lost_pdfa, used=True)

    def _synced(self, running: list[_Running]) -> list[_Running]:
        """All at once: the file system commits them together."""
        if len(running) < 2:
            return self._each(running, _sync, _number, used=True)
        waits = [(one, self._syncs.submit(_sync, one)) for one in running]
        return self._each(waits, lambda pair: pair[1].result(), lambda pair: _number(pair[0]), used=True)

    @staticmethod
    def _fill(one: _Running) -> _Running:
        one.begun.fill(one.cms, one.token)
        return one

    @staticmethod
    def _link(one: _Running) -> _Running:
        one.begun.staged.link(one.task.job.out)
        return one

    def _each(
        self,
        items: list[Any],
        step: Callable[[Any], _Running],
        number_of: Callable[[Any], int],
        *,
        used: bool = False,
    ) -> list[_Running]:
        """The step for each; one that fails is reported and discarded, and stops no other."""
        done = []
        for item in items:
            try:
                done.append(step(item))
            except Exception as exc:  # noqa: BLE001 (border: one bad document does not stop the rest)
                number = number_of(item)
                self._reports[number] = Report(number, failure_of(exc), used=used)
                _discard(item)
        return done


def _number(one: _Running) -> int:
    return one.task.number


def _sync(one: _Running) -> _Running:
    one.begun.staged.sync()
    return one


def _discard(item: Any) -> None:
    one = item[0] if isinstance(item, tuple) else item
    if isinstance(one, _Running):
        one.begun.close()


def _intent(one: _Running, folder: Path, at: str) -> Intent:
    prepared = one.begun.prepared
    return Intent(
        key=one.task.key,
        out=_relative(one.task.job.out, folder),
        size=prepared.base_size + len(prepared.tail),
        hole=prepared.hole,
        algorithm=prepared.digest_algorithm,
        digest=prepared.digest.hex(),
        at=at,
    )


def _relative(out: Path, folder: Path) -> str:
    return os.path.relpath(out, folder)


def failure_of(exc: Exception) -> Failure:
    """What an exception means for a document."""
    if isinstance(exc, Refused):
        return dataclasses.replace(Failure.of(exc), refused=exc.reason not in _PASSING)
    if isinstance(exc, FileExistsError):
        return Failure(reasons.OUT_EXISTS, {"out": str(exc.filename2 or exc.filename or exc)})
    if isinstance(exc, SignerUnavailable):
        return Failure.fault(reasons.NOT_AVAILABLE, cause=f"{type(exc).__name__}: {exc}")
    if isinstance(exc, OSError):
        values = {"path": str(exc.filename or "?"), "cause": exc.strerror or type(exc).__name__}
        return Failure(reasons.SOURCE_UNREADABLE, values, refused=exc.errno in MISTAKES)
    return Failure.fault(reasons.SIGNING_FAULT, kind=type(exc).__name__)


def main() -> None:
    """Serve until the parent closes the pipe or dies."""
    die_with_parent(int(sys.argv[-1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no file with a key in it
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # sent to all of us: the batch decides, and we end with it
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    session, bench, sandbox = None, None, None
    for line in requests:
        command, *arguments = wire.loads(line)
        try:
            if command == "open":
                session, bench, sandbox = _opened(*arguments)
                value: Any = bench.profile
            elif bench is not None:
                value = getattr(bench, _COMMANDS[command])(*arguments)
            kind = "ok"
        except (Refused, SignerUnavailable, OSError) as exc:
            kind, value = "failed", failure_of(exc)
        _write_all(answers.fileno(), wire.dumps([kind, value]).encode() + b"\n")
    if sandbox is not None:
        sandbox.close()
    if session is not None:
        session.close()


_COMMANDS = {"sign": "sign", "stamped": "stamped"}


def _opened(*arguments: Any) -> tuple[KeySession, Bench, Sandbox]:
    """Whatever the maker of a session raises is told: a second process would only try the same again."""
    try:
        return _open(*arguments)
    except (Refused, SignerUnavailable, OSError):
        raise
    except Exception as exc:
        raise SignerUnavailable(f"the key session could not be made ({type(exc).__name__})") from exc


def _open(factory: Factory, folder: Path, limits: BatchLimits) -> tuple[KeySession, Bench, Sandbox]:
    session = _session(factory)
    sandbox = Sandbox(1, SandboxLimits(wall_seconds=limits.sandbox_seconds, preload=_PRELOAD))
    sandbox.warm()
    return session, Bench(session, single.sandboxed(sandbox), folder, JournalWriter(folder / NAME)), sandbox


def _session(factory: Factory) -> KeySession:
    module, _, name = factory.target.partition(":")
    try:
        make = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as exc:
        raise SignerUnavailable(f"no key session is made by {factory.target}") from exc
    session: KeySession = make(**factory.arguments)
    return session


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
