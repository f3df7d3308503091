"""`antin deploy`: what the deployment in containers reads, made once."""

from __future__ import annotations

from pathlib import Path

import click

from api.wiring.clock import clock


@click.group()
def deploy() -> None:
    """The deployment over several processes (docker-compose.yml)."""


@deploy.command()
@click.option("--public-url", required=True, help="The address that users will see.")
@click.option("--target", type=click.Path(path_type=Path), default=Path("/etc/antin"), show_default=True)
def prepare(public_url: str, target: Path) -> None:
    """Write certificates, passwords and settings for docker-compose.yml; never over what is there."""
    from api.deploy.layout import in_containers
    from api.deploy.prepare import prepare as write

    for path in write(in_containers(), target, public_url, clock()):
        click.echo(path)
    click.echo(f"Now complete {target}/antin.toml: agency, keys, time-stamp authority.")
    click.echo(
        f"Then say whom to believe: antin trust add --store {target}/trust.json --key {target}/trust.key …"
    )
