"""`antin renew`: the evidence of archived documents, renewed by hand, and how long it is good."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from api.cli_options import FILE
from api.progress import printable
from api.wiring import tools
from api.wiring.clock import clock

WRONG = 1
MOST = 1000


@click.command("renew")
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
@click.option("--document", default="", help="One document, by its id, due or not.")
@click.option("--due", is_flag=True, help="Everything that is due, as the night does it.")
@click.option("--status", is_flag=True, help="When the first evidence ends, what is due, what alarms.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def renew(
    config: Path | None, data_dir: Path | None, document: str, due: bool, status: bool, as_json: bool
) -> None:
    """Renew the evidence of archived documents with a new document time-stamp. The running service does it at night.

    \b
    Exit: 0 all is well, 1 something was not renewed or alarms, 64 usage, 70 fault.
    """
    if bool(document) + due + status != 1:
        raise click.UsageError("one of --document, --due and --status")
    settings = tools.load_settings(config, data_dir=data_dir)
    told, good = _status(settings) if status else _renewed(settings, document)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else _lines(told))
    sys.exit(0 if good else WRONG)


def _status(settings: Any) -> tuple[dict[str, Any], bool]:
    from api.wiring import watching
    from archive.catalogue import evidence_rows

    with watching.catalogue(settings) as transactions, transactions.read() as conn:
        found = evidence_rows.summary(conn, clock(), MOST)
        late = evidence_rows.of(conn, found.first) if found.first else None
    told: dict[str, Any] = {
        "schema": "antin.renewal/1",
        "first_end": _when(found.first_end),
        "due": found.waiting,
        "alarms": found.alarms,
    }
    if late is not None:
        told["first_alarm"] = {
            "document": late.document,
            "good_until": _when(late.outlook.good_until if late.outlook else None),
            "tried_at": _when(late.tried_at),
            "failure": late.failure,
        }
    return told, not found.alarms


def _renewed(settings: Any, document: str) -> tuple[dict[str, Any], bool]:
    """One document, or all that is due. Leaves are numbered by the service, at once or at its next start."""
    from api.renewals import Renewals
    from api.renewing import Outcome, Renewing
    from api.wiring import service
    from archive import ingest
    from archive.catalogue.values import Deposit

    with service.for_reading(settings) as services:

        def carry_out(deposit: Deposit) -> None:
            services.gate.require()
            write, at = services.transactions.write, services.clock()
            ingest.carry_out(deposit, services.store, services.work_area, write, at)

        if document:
            result = Renewing(services, carry_out).renew(document, due=False)
            told: dict[str, Any] = {"document": document, "outcome": result.outcome}
            told |= {"failure": result.failure} if result.failure else {}
            good = result.outcome is not Outcome.FAILED
        else:
            run = Renewals(services, carry_out=carry_out).run()
            told, good = dict(run.told), run.good and not run.counts[Outcome.FAILED]
    return {"schema": "antin.renewal/1", **told}, good


def _lines(told: dict[str, Any]) -> str:
    rows = [(name, value) for name, value in told.items() if name != "schema"]
    return "\n".join(f"{name.replace('_', ' ')}: {printable(str(value))}" for name, value in rows)


def _when(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
