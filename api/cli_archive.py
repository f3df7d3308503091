"""`antin fsck`, `rebuild`, `registers`, `migrate`, `backup` and `restore`: what a service keeps, checked, saved and
brought back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from api.cli_options import CONFIG, DATA, FILE
from api.wiring import tools


@click.command()
@CONFIG
@DATA
@click.option(
    "--quick", is_flag=True, help="Of stored objects only what the store says of them: no bytes are read."
)
@click.option("--json", "as_json", is_flag=True)
def fsck(config: Path | None, data_dir: Path | None, quick: bool, as_json: bool) -> None:
    """Read everything, trust nothing: objects, catalogue, log, numbers. Exit 0 only when all agree."""
    from api.cli_fsck import run_fsck

    sys.exit(run_fsck(tools.load_settings(config, data_dir=data_dir), quick=quick, as_json=as_json))


@click.command()
@CONFIG
@DATA
@click.option(
    "--from",
    "source",
    type=click.Choice(["first", "second"]),
    default="first",
    show_default=True,
    help="Which of the stores is read.",
)
@click.option(
    "--quick", is_flag=True, help="Do not read the contents: their rows say what their records promise."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, schema antin.rebuild/1.")
def rebuild(config: Path | None, data_dir: Path | None, source: str, quick: bool, as_json: bool) -> None:
    """Make the archived facts of a lost catalogue again, into an empty database, out of the object store alone.

    \b
    Nothing in the store is believed that the log, under its own key, does not bear out. A run that was stopped
    goes on when it is started again. Drafts and accounts come from a backup; number series stay closed until
    antin registers confirm.
    Exit: 0 all came back, 1 something is missing or not ours, 3 refused, 70 the log does not hold or no answer.
    """
    from api.cli_rebuild import run_rebuild

    settings = tools.load_settings(config, data_dir=data_dir)
    sys.exit(run_rebuild(settings, source, quick=quick, as_json=as_json))


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 3 when the database needs an upgrade.")
@CONFIG
@DATA
def migrate(check: bool, config: Path | None, data_dir: Path | None) -> None:
    """Bring the database to the shape that this release needs; processes of the one before go on meanwhile."""
    from api.cli_migrate import run_migrate

    sys.exit(run_migrate(tools.load_settings(config, data_dir=data_dir), check=check))


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@CONFIG
@DATA
@click.option("--with-keys", is_flag=True, help="Also the log's key, encrypted with the passphrase.")
@click.option("--passphrase-file", type=FILE, help="First line: what the keys are encrypted with.")
def backup(
    out: Path, config: Path | None, data_dir: Path | None, with_keys: bool, passphrase_file: Path | None
) -> None:
    """Write what the object store does not hold into OUT, as one consistent file. The service may run."""
    from api import cli_backup

    settings = tools.load_settings(config, data_dir=data_dir)
    cli_backup.backup(settings, out, passphrase_file, with_keys=with_keys)


@click.command()
@click.argument("source", type=FILE, metavar="IN")
@CONFIG
@DATA
@click.option("--passphrase-file", type=FILE, help="First line: what the keys in it are encrypted with.")
def restore(source: Path, config: Path | None, data_dir: Path | None, passphrase_file: Path | None) -> None:
    """Bring a backup back, into an empty folder and database. The service must not run.

    \b
    Number series stay closed until antin registers confirm.
    Exit: 0 all is there, 1 restored, but the log of an object store is longer, shorter or another, 3 refused.
    """
    from api import cli_backup

    sys.exit(cli_backup.bring_back(tools.load_settings(config, data_dir=data_dir), source, passphrase_file))


@click.group()
def registers() -> None:
    """Number series after a rebuild or a restore."""


@registers.command("closed")
@CONFIG
@DATA
@click.option("--json", "as_json", is_flag=True)
def registers_closed(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Series that give no number until their last one is confirmed."""
    from api.cli_rebuild import show_closed

    show_closed(tools.load_settings(config, data_dir=data_dir), as_json=as_json)


@registers.command("confirm")
@click.option("--kind", required=True, help="Code of the kind: QĐ, TB, CV …")
@click.option("--year", type=click.IntRange(2000, 2999), required=True)
@click.option(
    "--last", type=click.IntRange(0), required=True, help="The last number that was given, by paper or file."
)
@click.option("--yes", "sure", is_flag=True, help="Do not ask about numbers that the archive does not know.")
@CONFIG
@DATA
def registers_confirm(
    kind: str, year: int, last: int, sure: bool, config: Path | None, data_dir: Path | None
) -> None:
    """Open a series behind its last number, which somebody has looked up in registers and documents sent."""
    from api.cli_rebuild import run_confirm

    run_confirm(tools.load_settings(config, data_dir=data_dir), kind, year, last, sure=sure)
