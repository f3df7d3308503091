"""`antin sign --out-dir`: many files by several processes; a rerun of the same command goes on where it was."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from api.cli_sign import BEYOND_PDFA, FIELD, algorithm
from api.progress import TerminalLine
from api.wiring import tools
from signer.creation.batch import Batch, BatchLimits, Counts, Job, Outcome, Status
from signer.creation.batch.journal import NAME

REFUSED, FAILED = 3, 70
_MARKS = {
    Status.SIGNED: "signed",
    Status.DONE_BEFORE: "signed before",
    Status.REFUSED: "REFUSED",
    Status.FAILED: "FAILED",
}


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
    jobs = (
        Job(source, _made(out), field or FIELD, make_field=not field)
        for source, out in _pairs(sources, out_dir)
    )
    limits = BatchLimits(processes=processes or os.cpu_count() or 1)
    told = _Told()
    with (
        told.line,
        Batch(jobs, out_dir, factory, authority=authority, limits=limits, progress=told.progress) as batch,
    ):
        try:
            for outcome in batch:
                told.outcome(outcome)
        except KeyboardInterrupt:
            told.stopping(batch.counts)
            raise
    told.sum(out_dir)
    return told.exit_code


def _pairs(sources: Sequence[Path], out_dir: Path) -> Iterator[tuple[Path, Path]]:
    """Each source with its output: a file keeps its name, a folder's file its place below the folder."""
    ours = out_dir.resolve()
    for source in sources:
        if not source.is_dir():
            yield source, out_dir / source.name
            continue
        for folder, folders, names in os.walk(source):
            folders[:] = sorted(name for name in folders if (Path(folder) / name).resolve() != ours)
            for name in sorted(name for name in names if name.lower().endswith(".pdf")):
                path = Path(folder) / name
                yield path, out_dir / path.relative_to(source)


def _made(out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    return out


def _say(text: str, *, err: bool = False) -> None:
    """A name may hold bytes that are no text."""
    click.echo(text.encode(errors="replace").decode(), err=err)


class _Told:
    """What the user sees of a batch."""

    def __init__(self) -> None:
        self.line = TerminalLine()
        self._ends: Counter[Status] = Counter()
        self._lost = 0

    def progress(self, counts: Counts) -> None:
        """The line that is written over."""
        bad = counts.refused + counts.failed
        self.line.show(f"{counts.finished:,} done, {bad:,} not signed, {counts.in_hand:,} in hand")

    def outcome(self, outcome: Outcome) -> None:
        """A line for one document, for standard output when it is signed, else for standard error."""
        self.line.clear()
        self._ends[outcome.status] += 1
        self._lost += outcome.lost_uses
        job, failure = outcome.job, outcome.failure
        if failure is None:
            _say(f"{_MARKS[outcome.status]}: {job.out}")
        else:
            text = f"{failure.text('vi')} / {failure.text('en')} [{failure.reason.id}]"
            _say(f"{_MARKS[outcome.status]}: {job.source}: {text}", err=True)
        if outcome.lost_uses:
            uses = f"{outcome.lost_uses} use(s) of the key without an output, recorded in {NAME}"
            _say(f"note: {job.source}: {uses}", err=True)
        if outcome.lost_pdfa:
            _say(f"{job.out}: {BEYOND_PDFA.format(claim=outcome.lost_pdfa)}", err=True)

    def stopping(self, counts: Counts) -> None:
        """After Ctrl-C."""
        self.line.clear()
        click.echo(
            f"antin: finishing what is in hand ({counts.in_hand} or fewer); Ctrl-C again leaves at once. "
            "The same command goes on later.",
            err=True,
        )

    def sum(self, out_dir: Path) -> None:
        """The last line."""
        parts = [f"{self._ends[status]:,} {mark}" for status, mark in _MARKS.items() if self._ends[status]]
        click.echo(f"{out_dir}: {', '.join(parts) or 'nothing to sign'}")

    @property
    def exit_code(self) -> int:
        """What the shell is told."""
        if self._ends[Status.FAILED]:
            return FAILED
        return REFUSED if self._ends[Status.REFUSED] else 0
