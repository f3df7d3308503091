"""`antin fixity`, `antin locks`, `antin premis`: what watches over the archive, asked and done by hand."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from api.cli_options import CONFIG, DATA
from api.progress import printable
from api.wiring import tools
from api.wiring.clock import clock

if TYPE_CHECKING:
    from archive.catalogue.watch_rows import FixityRun

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
WRONG = 1
MOST = 50  # faults shown


@click.group()
def fixity() -> None:
    """Stored copies read back and hashed: now, and how far the nights are."""


@fixity.command("run")
@CONFIG
@DATA
@click.option("--all", "everything", is_flag=True, help="Every copy, due or not.")
@click.option("--key", default="", help="One object alone, by its key.")
@click.option("--second", is_flag=True, help="The second store instead of the first.")
@click.option(
    "--bytes", "bytes_", type=click.FloatRange(0), help="Bytes a second (default: as the store gives)."
)
@click.option(
    "--objects", type=click.FloatRange(0), default=0.0, help="Objects a second (default: no limit)."
)
def run(
    config: Path | None,
    data_dir: Path | None,
    everything: bool,
    key: str,
    second: bool,
    bytes_: float | None,
    objects: float,
) -> None:
    """Read what is due, newest risk first. Ctrl-C stops it; the same command goes on where it was.

    \b
    Exit: 0 all is well, 1 something is damaged or was not read, 64 usage, 70 fault.
    """
    from api.wiring import watching
    from archive.catalogue.copies import FIRST, SECOND
    from archive.fixity import scan_all, scan_due, scan_one
    from archive.pace import Pace

    settings = tools.load_settings(config, data_dir=data_dir)
    stop = _on_interrupt()
    with watching.reading(settings) as make:
        desk = make(SECOND if second else FIRST, Pace(bytes_ or 0.0, objects), stop.is_set)
        if key:
            result = scan_one(desk, key)
            if result is None:
                raise click.BadParameter(
                    f"{printable(key)}: no copy of that key in that store", param_hint="--key"
                )
            click.echo(f"{result.outcome}: {printable(key)} {result.detail}".rstrip())
            sys.exit(0 if result.outcome == "intact" else WRONG)
        found = (scan_all if everything else scan_due)(desk)
    _show_run(found)
    sys.exit(WRONG if found.damaged or found.unread else 0)


@fixity.command("status")
@CONFIG
@DATA
@JSON
def status(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """How far the scans are, when what is due will be read, what is damaged. Exit 1 when something is."""
    from api.watch_health import last_run, told_of
    from api.wiring import watching
    from archive.catalogue import copy_rows, watch_rows
    from archive.catalogue.copies import SHELVES, Shelf
    from archive.catalogue.watch_rows import EventType

    settings = tools.load_settings(config, data_dir=data_dir)
    with watching.catalogue(settings) as transactions, transactions.read() as conn:
        at = clock()
        stores: dict[str, Any] = {}
        for name in watching.names(settings):
            latest = last_run(conn, name)
            due = [copy_rows.due_work(conn, shelf, at) for shelf in SHELVES[name]]
            stores[name] = {
                "due_now": {"objects": sum(w.objects for w in due), "bytes": sum(w.size for w in due)},
                "last": told_of(latest) if latest else None,
            }
        damaged = [
            {"store": copy.shelf.store, "key": copy.key, "since": _when(copy.fixity_at)}
            for shelf in Shelf
            for copy in copy_rows.damaged(conn, shelf, "", MOST)
        ]
        faults = watch_rows.latest_events(conn, EventType.FIXITY, MOST, faults=True)
        repairs = watch_rows.latest_events(conn, EventType.REPAIR, MOST)
    told = {
        "schema": "antin.fixity/1",
        "stores": stores,
        "damaged": damaged,
        "faults": [_event(event) for event in faults if event.key],
        "repairs": [_event(event) for event in repairs],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show_status(told)
    sys.exit(WRONG if damaged else 0)


@fixity.command("repair")
@CONFIG
@DATA
def repair(config: Path | None, data_dir: Path | None) -> None:
    """Mend every damaged copy from a whole one. The running service does this by itself.

    \b
    Exit: 0 nothing damaged is left, 1 something is.
    """
    from api import keepers
    from api.wiring import service
    from archive import ingest
    from archive.repair import mend_all

    settings = tools.load_settings(config, data_dir=data_dir)
    left = 0
    with service.for_reading(settings) as services:
        for tried in mend_all(keepers.repair_desk(services), services.clock()):
            left += tried.error is not None
            what = f"repaired from {tried.source}" if tried.error is None else f"NOT repaired: {tried.error}"
            click.echo(f"{tried.copy.shelf.store} {printable(tried.copy.key)}: {printable(what)}")
            if tried.deposit is not None:
                write, at = services.transactions.write, services.clock()
                ingest.carry_out(tried.deposit, services.store, services.work_area, write, at)
    click.echo("nothing damaged is left" if not left else f"{left} copies are still damaged")
    sys.exit(WRONG if left else 0)


@click.group()
def locks() -> None:
    """The locks of stored objects: extended every night, read back."""


@locks.command("run")
@CONFIG
@DATA
def extend(config: Path | None, data_dir: Path | None) -> None:
    """Extend, harden and read back every lock that is due, now. Exit 1 when that did not go well."""
    from api import keepers
    from api.wiring import service
    from archive.locks import extend_due
    from policies.reasons.storage import HARDENING_DENIED

    settings = tools.load_settings(config, data_dir=data_dir)
    stop, good = _on_interrupt(), True
    with service.for_reading(settings) as services:
        at = services.clock()
        for name in keepers.stores(services):
            found = extend_due(keepers.lock_desk(services, name, stop.is_set), at)
            good = good and found.good
            click.echo(
                f"{name}: examined {found.examined}, extended {found.extended}, hardened {found.hardened}, in "
                f"quarantine {found.withheld}, shortened by others {found.shortened}, failed {found.failed}; first "
                f"end {_when(found.earliest_end)}"
            )
            if found.denied:
                click.echo(f"{name}: {found.denied} not hardened. {HARDENING_DENIED.en}")
        keeper = keepers.keeper(services)
        if not stop.is_set():
            keeper.enter_all(at)
        if keeper.failed:
            click.echo(f"{keeper.failed} new objects of the log could not be read, and are not watched yet")
            good = False
    sys.exit(0 if good else WRONG)


@locks.command("status")
@CONFIG
@DATA
@JSON
def lock_status(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """When the first lock ends, what the last night did, which locks were shortened. Exit 1 on an alarm."""
    from api.store import night_rows
    from api.wiring import watching
    from archive.catalogue import watch_rows
    from archive.catalogue.watch_rows import EventType
    from archive.locks import watched
    from policies.locks import alarms

    settings = tools.load_settings(config, data_dir=data_dir)
    at = clock()
    stores: dict[str, Any] = {}
    with watching.catalogue(settings) as transactions, transactions.read() as conn:
        since = min((row.since for row in night_rows.tasks(conn).values()), default=at)
        for name in watching.names(settings):
            state = watched(conn, name, since)
            stores[name] = {
                "first_end": _when(state.earliest_end),
                "good": _when(state.last_good),
                "alarms": [str(alarm) for alarm in alarms(state, at)],
            }
        events = watch_rows.latest_events(conn, EventType.EXTENSION, MOST, faults=True)
        faults = [_event(event) for event in events if event.key]
    told = {"schema": "antin.locks/1", "stores": stores, "faults": faults}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for name, here in stores.items():
            click.echo(f"{name}: first end {here['first_end']}, last good night {here['good']}")
            click.echo(f"  alarms: {', '.join(here['alarms']) or 'none'}")
        for event in faults:
            click.echo(
                f"{event['at']} {event['store']} {printable(event['key'])}: {printable(event['detail'])}"
            )
    sys.exit(WRONG if any(here["alarms"] for here in stores.values()) else 0)


@click.command("premis")
@click.argument("document")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@CONFIG
@DATA
def premis(document: str, out: Path, config: Path | None, data_dir: Path | None) -> None:
    """Write the preservation history of DOCUMENT (its id) as PREMIS 3.0."""
    from api.wiring import watching
    from archive.premis import document_premis

    settings = tools.load_settings(config, data_dir=data_dir)
    with watching.catalogue(settings) as transactions, transactions.read() as conn:
        try:
            data = document_premis(conn, document)
        except ValueError as exc:
            raise click.BadParameter("no archived document has this id", param_hint="DOCUMENT") from exc
    with out.open("xb") as file:
        file.write(data)
    click.echo(f"{out}: {len(data):,} bytes")


def _show_run(run: FixityRun) -> None:
    click.echo(
        f"{run.store}: read {run.done.objects:,} copies, {run.done.size:,} bytes in {run.seconds:.1f} s; damaged "
        f"{run.damaged}, not read {run.unread}, still due {run.left.objects:,}"
    )


def _show_status(told: dict[str, Any]) -> None:
    for name, here in told["stores"].items():
        due, last = here["due_now"], here["last"]
        click.echo(f"{name}: due now {due['objects']:,} copies, {due['bytes']:,} bytes")
        if last is None:
            click.echo("  never read yet")
            continue
        click.echo(
            f"  last run {last['at']}: {last['objects_per_second']} copies/s, {last['bytes_per_second']:,} bytes/s"
        )
        left, nights = last["due_read_in_seconds"], last["nights_for_all"]
        click.echo(f"  what is due is read in {_span(left)}; all of it takes {_nights(nights)}")
    for copy in told["damaged"]:
        click.echo(f"DAMAGED: {copy['store']} {printable(copy['key'])}, since {copy['since']}")
    for kind in ("faults", "repairs"):
        for event in told[kind][:10]:
            click.echo(
                f"{event['at']} {event['store']} {printable(event['key'])}: {printable(event['detail'])}"
            )


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "an unknown time"
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds:.0f} seconds"


def _nights(nights: float | None) -> str:
    return "unknown nights" if nights is None else f"{nights:.1f} nights of eight hours"


def _event(event: Any) -> dict[str, Any]:
    return {
        "at": _when(event.at),
        "store": event.store,
        "key": event.key,
        "outcome": str(event.outcome),
        "detail": event.detail,
    }


def _when(at: Any) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _on_interrupt() -> Event:
    """Set by Ctrl-C or SIGTERM; a second one ends the process at once."""
    stop = Event()

    def told(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    return stop
