"""`antin fsck`: reads the stores of a stopped or running service."""

from __future__ import annotations

import json

import click

from api.checking import Checking, report_json
from api.progress import StagesLine
from api.settings import Settings
from api.wiring import service


def run_fsck(settings: Settings, *, quick: bool, as_json: bool) -> int:
    """0 when everything agrees, 1 when something is wrong."""
    with (
        service.for_reading(settings) as services,
        StagesLine(lambda line: click.echo(line, err=True)) as progress,
    ):
        report = Checking(services).report(progress, quick=quick)
    if as_json:
        click.echo(json.dumps(report_json(report), ensure_ascii=False))
    else:
        read = ", ".join(f"{count} {name}" for name, count in sorted(report.read.items()))
        click.echo(f"read: {read}" + ("; no bytes of objects (--quick)" if quick else ""))
        for finding in report.findings:
            click.echo(f"{finding.severity}: {finding.id} at {finding.where}: {finding.what}")
        click.echo("clean: everything agrees" if report.clean else "NOT clean")
    return 0 if report.clean else 1
