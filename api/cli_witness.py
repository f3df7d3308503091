"""`antin witness`: run a witness of other agencies' logs, tell it which, see what it saw."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from api.progress import printable
from api.settings import SettingsError

FOLDER = click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("antin-witness"),
    show_default=True,
    help="Key, heads and watched logs of the witness.",
)


@click.group()
def witness() -> None:
    """A witness of other agencies' logs (C2SP tlog-witness)."""


@witness.command("serve")
@FOLDER
@click.option(
    "--name", default="", help="Name of the key, at the first start: chung-kien.example.gov.vn/antin"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8470, show_default=True)
def serve(folder: Path, name: str, host: str, port: int) -> None:
    """Cosign the heads of the watched logs until stopped (Ctrl-C). The key is made at the first start."""
    from api.wiring.witness import opened
    from api.witness.server import run

    with opened(folder, name) as found:
        click.echo(found.key.vkey)
        click.echo(f"watches {len(found.logs)} logs, listens on http://{host}:{port}", err=True)
        run(found, host, port)


@witness.command("show")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="One JSON object, schema antin.witness/1.")
def show(folder: Path, as_json: bool) -> None:
    """The witness's key and the last head of each log. Exit 1 when a log was seen to fork."""
    from api.wiring.witness import KEY, opened
    from api.witness.app import heads_json

    if not (folder / KEY).exists():
        raise SettingsError(f"{folder}: there is no witness here")
    with opened(folder) as found:
        shown = heads_json(found)
    click.echo(json.dumps(shown, ensure_ascii=False) if as_json else _text(shown))
    sys.exit(1 if any(row["forks"] for row in shown["logs"]) else 0)


def _text(shown: dict[str, Any]) -> str:
    lines = [shown["vkey"]]
    for row in shown["logs"]:
        seen = f"{row['size']} leaves, {row['at']}" if row["at"] else "nothing cosigned yet"
        forks = f"; FORKED: {row['forks']} other heads of the same size" if row["forks"] else ""
        lines.append(printable(f"{row['origin']}: {seen}{forks}"))
    return "\n".join(lines)


@witness.command("add-log")
@click.argument("vkey", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="LOG.VKEY")
@FOLDER
@click.option("--origin", default="", help="The log's origin, when it is not the name of its key.")
def add(vkey: Path, folder: Path, origin: str) -> None:
    """Watch one more log, by the verifier key in the file. A running witness takes it up when started again."""
    from api.witness.settings import FILE, add_log

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = add_log(folder, vkey.read_text("utf-8"), origin)
    click.echo(printable(f"{folder / FILE}: watches {name}"))
