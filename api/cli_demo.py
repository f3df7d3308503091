"""`antin demo` and `antin sample`: the path and a document of a demo agency."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from api.wiring.clock import clock


@click.command()
@click.option("--once", is_flag=True, help="Exit after the path; status 0 only if everything held.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True)
@click.option("--port", type=int, default=8460, show_default=True)
def demo(once: bool, out: Path, port: int) -> None:
    """The whole legal path of a real decision, over HTTP, with a demo PKI; then the site stays up."""
    from api.demo.run import run_demo

    sys.exit(run_demo(out, port, once))


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--subject", default="", help="Trích yếu of the document.")
@click.option("--kind", type=click.Choice(["decision", "letter"]), default="decision", show_default=True)
@click.option("--pages", type=click.IntRange(1, 2000), default=1, show_default=True)
@click.option("--megabytes", type=click.IntRange(0, 4096), default=0, help="Pad to about this size.")
def sample(out: Path, subject: str, kind: str, pages: int, megabytes: int) -> None:
    """Write a document of the demo agency, ready to be signed."""
    from api.demo.sample import write_sample

    size = write_sample(out, clock(), subject=subject, kind=kind, pages=pages, megabytes=megabytes)
    click.echo(f"{out}: {size:,} bytes")
