"""What several commands ask for in the same words."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)
CONFIG = click.option("--config", type=FILE, help="Settings file.")
DATA = click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
