"""`antin rebuild` and `antin registers`: after the database was lost."""

from __future__ import annotations

import getpass
import json
import os

import click

from api import rebuilding
from api.progress import StagesLine, printable
from api.rebuilding import Outcome
from api.settings import Settings
from api.wiring import service
from policies.numbering import Series, SeriesState


def run_rebuild(settings: Settings, source: str, *, quick: bool, as_json: bool) -> int:
    """0 when everything came back, 1 when something was told."""
    with service.bench(settings) as bench, StagesLine(lambda line: click.echo(line, err=True)) as progress:
        outcome = rebuilding.run(bench, source, _operator(), quick=quick, progress=progress)
    if as_json:
        click.echo(json.dumps(_as_json(outcome), ensure_ascii=False))
    else:
        _show(outcome)
    return 1 if outcome.counts else 0


def _as_json(outcome: Outcome) -> dict[str, object]:
    """`antin.rebuild/1`."""
    return {
        "schema": "antin.rebuild/1",
        "source": outcome.rebuild.source,
        "size": outcome.rebuild.size,
        "quick": outcome.rebuild.quick,
        "counts": outcome.counts,
        "findings": [{"id": one, "where": place, "text": what} for one, place, what in outcome.told],
        "closed": [_series_json(state) for state in outcome.closed],
    }


def _series_json(state: SeriesState) -> dict[str, object]:
    return {"kind": state.series.kind, "year": state.series.year, "last": state.last_number}


def _show(outcome: Outcome) -> None:
    for finding, place, what in outcome.told:
        click.echo(printable(f"{finding} at {place}: {what}"))
    left = sum(outcome.counts.values()) - len(outcome.told)
    if left > 0:
        click.echo(f"… and {left:,} more")
    read = "contents were not read (--quick); " if outcome.rebuild.quick else ""
    click.echo(f"rebuilt: {outcome.rebuild.size:,} leaves of the log; {read}now run: antin fsck")
    tell_closed(outcome.closed)


def show_closed(settings: Settings, *, as_json: bool) -> None:
    """Series that give no number until somebody confirms their last one."""
    with service.bench(settings) as bench:
        found = rebuilding.closed(bench)
    if as_json:
        click.echo(json.dumps([_series_json(state) for state in found], ensure_ascii=False))
    elif found:
        tell_closed(found)
    else:
        click.echo("every series is open / mọi sổ đều đang mở")


def tell_closed(found: tuple[SeriesState, ...]) -> None:
    """Each series with the command that opens it."""
    for state in found:
        kind, year, last = state.series.kind, state.series.year, state.last_number
        click.echo(f"closed: {kind} {year}, the last number that is known here is {last:02d}")
        click.echo(f"    antin registers confirm --kind {kind} --year {year} --last {last}")


def run_confirm(settings: Settings, kind: str, year: int, last: int, *, sure: bool) -> None:
    """Open the series. Numbers that only people know of are entered as lost, once that was said twice."""
    series = Series(settings.agency_code, kind, year)
    with service.bench(settings) as bench:
        archived = rebuilding.last_in_archive(bench, series)
        if archived is not None and last > archived and not sure:
            numbers = f"{archived + 1:02d}–{last:02d}"
            question = f"{kind} {year}: numbers {numbers} are entered as lost and never given again. Go on?"
            click.confirm(question, abort=True)
        done = rebuilding.confirm_series(bench, series, last, _operator())
    lost = f"; {len(done.lost)} entered as lost" if done.lost else ""
    click.echo(f"{kind} {year}: open, the next number is {last + 1:02d}{lost}")


def _operator() -> str:
    """Who runs the command, by the system's account; for the audit."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        return str(os.getuid())
