"""`antin sign --out-dir`: many files by several processes; a rerun of the same command goes on where it was."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import click

from api.cli_sign import BEYOND_PDFA, FIELD, algorithm, mistakes_told
from api.progress import TerminalLine, printable
from api.wiring import tools
from signer.creation.batch import Batch, BatchLimits, Counts, Job, Outcome, Status
from signer.creation.batch.journal import NAME
from signer.errors import SignerUnavailable

REFUSED, FAILED = 3, 70
_MARKS = {
    Status.SIGNED: "signed",
    Status.DONE_BEFORE: "signed before",
    Status.REFUSED: "REFUSED",
    Status.FAILED: "FAILED",
}


class Stopped(KeyboardInterrupt):
    """By a signal that means the same as Ctrl-C."""

    def __init__(self, number: int, _frame: FrameType | None) -> None:
        super().__init__()
        self.signal = number


@mistakes_told()
def sign_many(
    sources: Sequence[Path],
    out_dir: Path,
    container: Path,
    password_file: Path,
    tsa: str,
    trust: Path | None,
    field: str,
    *,
    pss: bool,
    processes: int,
) -> int:
    """Sign every source (a folder: the PDFs in it) into `out_dir`; a line for each, and a sum.

    The exit code: 0 when all are signed, 3 when documents were refused, 70 when something did not answer.
    """
    factory = tools.key_factory(container, password_file, algorithm(pss=pss))
    authority = tools.command_line_tsa(tsa, trust) if tsa else None
    out_dir.mkdir(parents=True, exist_ok=True)
    told = _Told()
    jobs = (
        Job(source, _made(out), field or FIELD, make_field=not field)
        for source, out in _pairs(sources, out_dir, told)
    )
    limits = BatchLimits(processes=processes or len(os.sched_getaffinity(0)))
    with (
        _stopped_by_signals(),
        told.line,
        Batch(jobs, out_dir, factory, authority=authority, limits=limits, progress=told.progress) as batch,
    ):
        try:
            for outcome in batch:
                told.outcome(outcome)
        except KeyboardInterrupt:
            told.stopping(batch.counts)
            raise
        except SignerUnavailable:
            told.ended(out_dir)
            raise
    told.sum(out_dir)
    return told.exit_code


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """What would end the program at once stops the batch, unless its caller ignores the signal (nohup)."""
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number, frame)


def _pairs(sources: Sequence[Path], out_dir: Path, told: _Told) -> Iterator[tuple[Path, Path]]:
    """Each source with its output: a file keeps its name, a folder's file its place below the folder.

    A folder that cannot be read is told, and so is a link to one, which is not entered: it may lead anywhere.
    """
    ours = os.path.realpath(out_dir)
    for source in sources:
        if not source.is_dir():
            yield source, out_dir / source.name
            continue
        for folder, folders, names in os.walk(source, onerror=told.unread):
            told.links(folder, [name for name in folders if _is_link(f"{folder}/{name}")])
            folders[:] = sorted(name for name in folders if os.path.realpath(f"{folder}/{name}") != ours)
            for name in sorted(name for name in names if name.lower().endswith(".pdf")):
                path = Path(folder) / name
                yield path, out_dir / path.relative_to(source)


def _is_link(path: str) -> bool:
    return os.path.islink(path)  # noqa: PTH114 (Path raises for a path that is too long)


def _made(out: Path) -> Path:
    """The output; without its folder its document is refused, and no other."""
    with contextlib.suppress(OSError):
        out.parent.mkdir(parents=True, exist_ok=True)
    return out


def _say(text: str, *, err: bool = False) -> None:
    click.echo(printable(text), err=err)


class _Told:
    """What the user sees of a batch."""

    def __init__(self) -> None:
        self.line = TerminalLine()
        self._ends: Counter[Status] = Counter()
        self._unread = 0

    def progress(self, counts: Counts) -> None:
        """The line that is written over."""
        bad = counts.refused + counts.failed
        self.line.show(f"{counts.finished:,} done, {bad:,} not signed, {counts.in_hand:,} in hand")

    def outcome(self, outcome: Outcome) -> None:
        """A line for one document, for standard output when it is signed, else for standard error."""
        self.line.clear()
        self._ends[outcome.status] += 1
        job, failure = outcome.job, outcome.failure
        if failure is None:
            _say(f"{_MARKS[outcome.status]}: {job.out}")
        else:
            text = f"{failure.text('vi')} / {failure.text('en')}"
            rule = f"[{failure.reason.id}; {failure.reason.basis}]"
            _say(f"{_MARKS[outcome.status]}: {job.source}: {text} {rule}", err=True)
        if outcome.lost_uses:
            uses = f"{outcome.lost_uses} use(s) of the key without an output, recorded in {NAME}"
            _say(f"note: {job.source}: {uses}", err=True)
        if outcome.lost_pdfa:
            for line in BEYOND_PDFA.format(claim=outcome.lost_pdfa).splitlines():
                _say(f"{job.out}: {line}", err=True)

    def unread(self, exc: OSError) -> None:
        """A folder of sources that could not be listed: its documents are not signed."""
        self.line.clear()
        self._unread += 1
        _say(
            f"{_MARKS[Status.FAILED]}: {exc.filename}: thư mục không đọc được / not listed ({exc.strerror})",
            err=True,
        )

    def links(self, folder: str, names: Sequence[str]) -> None:
        """Links to folders, which are not entered."""
        for name in names:
            self.line.clear()
            _say(
                f"note: {folder}/{name} is a link to a folder and was not entered; name it as a source",
                err=True,
            )

    def stopping(self, counts: Counts) -> None:
        """After Ctrl-C."""
        self.line.clear()
        _say(
            f"antin: finishing what is in hand ({counts.in_hand} or fewer); Ctrl-C again leaves at once. "
            "The same command goes on later.",
            err=True,
        )

    def ended(self, out_dir: Path) -> None:
        """The batch ended before its last document; why is told behind it."""
        self.line.clear()
        if self._ends or self._unread:
            self.sum(out_dir)
        _say("antin: not all were tried; the same command goes on when what failed is back", err=True)

    def sum(self, out_dir: Path) -> None:
        """The last line."""
        parts = [f"{self._ends[status]:,} {mark}" for status, mark in _MARKS.items() if self._ends[status]]
        parts += [f"{self._unread:,} folders not read"] * bool(self._unread)
        _say(f"{out_dir}: {', '.join(parts) or 'nothing to sign'}")

    @property
    def exit_code(self) -> int:
        """What the shell is told."""
        if self._ends[Status.FAILED] or self._unread:
            return FAILED
        return REFUSED if self._ends[Status.REFUSED] else 0
