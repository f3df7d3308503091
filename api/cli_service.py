"""`antin serve`, `worker`, `log-key` and `account`: a service, its processes, and who may use it."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli_options import CONFIG, DATA, FILE
from api.settings import Settings
from api.wiring import tools

KNOWN = click.option(
    "--known-checkpoint",
    "known",
    type=FILE,
    multiple=True,
    help="A checkpoint or receipt of this log that was seen elsewhere: do not start behind it.",
)


@click.command()
@click.option("--config", type=FILE, help="Settings file (default: antin.toml beside the service).")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@DATA
@KNOWN
def serve(
    config: Path | None, host: str | None, port: int | None, data_dir: Path | None, known: tuple[Path, ...]
) -> None:
    """Run the service until it is stopped (Ctrl-C).

    In production it answers requests alone: `antin worker` does what waits. Any number of each share the work.
    """
    from api.server import run

    run(_knowing(tools.load_settings(config, host=host, port=port, data_dir=data_dir), known))


def _knowing(given: Settings, known: tuple[Path, ...]) -> Settings:
    return given.model_copy(update={"known_checkpoints": (*given.known_checkpoints, *known)})


@click.command()
@click.option("--config", type=FILE, help="Settings file (default: antin.toml here).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where this process keeps what is its own.")
@KNOWN
def worker(config: Path | None, data_dir: Path | None, known: tuple[Path, ...]) -> None:
    """Production: do what waits, until it is stopped (time-stamps, batches, archiving, the log)."""
    from api.worker import run

    run(_knowing(tools.load_settings(config, data_dir=data_dir), known))


@click.command("log-key")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--config", type=FILE, help="Settings file (default: antin.toml here).")
def log_key(path: Path, config: Path | None) -> None:
    """Make the key of a log that is to be begun, for the processes of a production deployment."""
    from api.proofs import new_log_key

    click.echo(new_log_key(path, tools.load_settings(config).origin).vkey)


@click.group()
def account() -> None:
    """Local accounts and API tokens."""


@account.command("add")
@click.argument("name")
@click.option("--display", required=True, help="Full name as it is printed on documents.")
@click.option("--title", default="", help="Chức vụ.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(["leader", "clerk", "auditor"])
)
@click.option("--key", default="", help="Name of the signing key (default: the account's name).")
@click.option("--password-file", type=FILE, help="First line; without it the terminal is asked.")
@CONFIG
@DATA
def account_add(
    name: str,
    display: str,
    title: str,
    roles: tuple[str, ...],
    key: str,
    password_file: Path | None,
    config: Path | None,
    data_dir: Path | None,
) -> None:
    """Create an account."""
    from api import cli_account

    password = tools.password_of(password_file) if password_file else cli_account.ask_password()
    settings = tools.load_settings(config, data_dir=data_dir)
    click.echo(cli_account.add(settings, name, display, title, roles, key, password))


@account.command("token")
@click.argument("name")
@click.option("--label", required=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 730), default=365, show_default=True)
@CONFIG
@DATA
def account_token(name: str, label: str, days: int, config: Path | None, data_dir: Path | None) -> None:
    """Make a bearer token for a program; it is shown once."""
    from api import cli_account

    click.echo(cli_account.token(tools.load_settings(config, data_dir=data_dir), name, label, days))
