"""`antin backup` and `antin restore`: one command each."""

from __future__ import annotations

from pathlib import Path

import click

from api.backup.aftermath import Compared, compare
from api.backup.make import make_backup
from api.backup.mark import refuse_half_restored
from api.backup.restore import Restored, restore
from api.claim import Claim
from api.cli_rebuild import tell_closed
from api.progress import printable
from api.settings import Settings, SettingsError
from api.wiring import backups, tools
from api.wiring.clock import clock

STATES = {
    "same": "the log is the one of {store}, {size} leaves",
    "ahead": "the log of {store} has {size} leaves; what is missing there is written at the start",
    "behind": "{store} has a longer log, {size} leaves; since the backup was made this was lost here: {lost}",
    "lacking": "{store} has a log of {size} leaves only: put the objects back first, they are not in the backup",
    "damaged": "the log of {store} cannot be read: look at it with antin fsck before you serve",
    "another": "{store} has another log, {size} leaves: these objects are not this catalogue's, or were changed",
}


def backup(settings: Settings, out: Path, passphrase_file: Path | None, *, with_keys: bool) -> None:
    """Write OUT. Raises SettingsError for options that do not go together."""
    if with_keys != (passphrase_file is not None):
        raise SettingsError(
            "--with-keys and --passphrase-file go together: keys leave this machine only encrypted"
        )
    place = backups.place(settings)
    if not place.vkey:
        raise SettingsError(f"log key {place.key}: there is no archive here")
    refuse_half_restored(settings.data_dir)
    passphrase = tools.password_of(passphrase_file) if passphrase_file else None
    made = make_backup(place, out, clock(), passphrase)
    counts = ", ".join(f"{number} {name}" for name, number in made.counts.items())
    click.echo(
        printable(f"{out}: {made.size:,} bytes; log of {made.leaves} leaves; {counts}; read back whole")
    )
    for sha256 in made.missing:
        click.echo(f"not in the work area, hence not in the backup: {sha256}", err=True)
    if not made.keys:
        click.echo("without the log's key: keep a copy of it elsewhere, or use --with-keys", err=True)


def bring_back(settings: Settings, source: Path, passphrase_file: Path | None) -> int:
    """Restore IN. 0 when the log is that of every store, 1 when something was lost or is missing."""
    place = backups.place(settings)
    passphrase = tools.password_of(passphrase_file) if passphrase_file else None
    claim = Claim(settings.data_dir / "antin.lock")
    claim.take()
    try:
        restored = restore(place, source, clock(), passphrase)
    finally:
        claim.release()
    counts = ", ".join(f"{number} {name}" for name, number in restored.counts.items())
    click.echo(f"restored as of {restored.made_at}: log of {restored.leaves} leaves; {counts}")
    found = _compared(settings, restored.vkey)
    for one in found:
        click.echo(_told(one))
    _tell_series(restored)
    _advise(place.key, restored, found)
    return 0 if all(one.good for one in found) else 1


def _compared(settings: Settings, vkey: str) -> list[Compared]:
    """Further stores get their copies later: there no object is looked for."""
    with backups.committed(settings) as (row, objects):
        (first, store), *others = backups.object_stores(settings).items()
        return [
            compare(row, first, store, vkey, objects),
            *(compare(row, name, other, vkey) for name, other in others),
        ]


def _told(one: Compared) -> str:
    lost = ", ".join(f"{number} {kind}" for kind, number in sorted(one.lost.items()))
    return STATES[one.state].format(store=one.store, size=one.size, lost=lost)


def _tell_series(restored: Restored) -> None:
    click.echo(
        "number series are closed: numbers given after the backup was made are not in it. Look into paper registers "
        "and documents sent, then confirm the last number of each; --last 0 for one that gave none:"
    )
    tell_closed(restored.closed)


def _advise(key: Path, restored: Restored, found: list[Compared]) -> None:
    if not restored.has_key:
        click.echo(f"the log's key is not in its place: put it back as {key} before you serve", err=True)
    if any(one.state == "behind" for one in found):
        click.echo(
            "the service will not start behind its log: restore a newer backup, or make the archived facts anew from "
            "the objects (antin rebuild)",
            err=True,
        )
    click.echo("next: antin fsck, antin registers confirm, then antin serve", err=True)
