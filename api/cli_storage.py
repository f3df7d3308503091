"""`antin storage check` and `antin storage prepare`: the object store tried out, and made."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from api.cli_options import CONFIG, FILE
from api.settings import ObjectStoreSettings, Settings, SettingsError
from api.wiring import tools
from api.wiring.rights import bucket_policy, seaweedfs_actions
from archive.errors import StoreUnavailable
from policies.reasons import storage as reasons

EXIT = {"sound": 0, "broken": 1, "unusable": 2, "no-answer": 2}
NOTHING_TO_TRY = 2
SECOND = click.option("--second", is_flag=True, help="The second store instead of the first.")
DATA = click.option("--data-dir", type=click.Path(path_type=Path), help="Where this process keeps its own.")


@click.group()
def storage() -> None:
    """The object store: whether it keeps what it is given, and how to make one that does."""


@storage.command("check")
@CONFIG
@DATA
@SECOND
@click.option("--json", "as_json", is_flag=True, help="One JSON object, schema antin.storage-check/1.")
@click.option("--markdown", is_flag=True, help="The attempts as a table for a report.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
def check(
    config: Path | None, data_dir: Path | None, second: bool, as_json: bool, markdown: bool, lang: str
) -> None:
    """Try on the store what nobody may be able to do: overwrite, delete, shorten, go around.

    \b
    What it finds counts for the running service at once: archiving stops, or goes on. Then it tells what the nights
    have found damaged or gone in the archive.
    Exit: 0 sound, 1 a lock gave way or something is damaged or gone, 2 not set up or no answer, 64 usage.
    """
    from api.wiring import canary
    from archive.storage.canary.report import lines, table, to_json

    settings = tools.load_settings(config, data_dir=data_dir)
    if _chosen(settings, second) is None:
        told = reasons.DIRECTORY_ENFORCES_NOTHING
        click.echo(told.en if lang == "en" else told.vi)
        sys.exit(1 if _tell_faults(canary.known_faults(settings, _aside), lang) else NOTHING_TO_TRY)
    try:
        report = canary.check_now(settings, second=second, tell=_aside)
    except StoreUnavailable as exc:  # before anything could be asked: a CA file that cannot be read
        _give_up(exc)
    faults = canary.known_faults(settings, _aside)
    if as_json:
        told_of = to_json(report) | ({"archive": faults} if faults else {})
        click.echo(json.dumps(told_of, ensure_ascii=False))
    else:
        _print(table({report.server or report.store: report.findings}) if markdown else lines(report, lang))
        _tell_faults(faults, lang)
    sys.exit(EXIT[report.conclusion] or (1 if faults else 0))


@storage.command("prepare")
@CONFIG
@DATA
@SECOND
@click.option("--admin-access-key-file", type=FILE, required=True, help="The administrator's, first line.")
@click.option("--admin-secret-key-file", type=FILE, required=True, help="The administrator's, first line.")
@click.option(
    "--principal",
    default="arn:aws:iam:::user/antin",
    show_default=True,
    help="The service's account as the server's policies name it.",
)
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=7, show_default=True, help="Default retention."
)
@click.option(
    "--may-harden/--never-harden",
    default=True,
    show_default=True,
    help="The service may turn GOVERNANCE into COMPLIANCE after quarantine, and so bypass it.",
)
def prepare(
    config: Path | None,
    data_dir: Path | None,
    second: bool,
    admin_access_key_file: Path,
    admin_secret_key_file: Path,
    principal: str,
    days: int,
    may_harden: bool,
) -> None:
    """Make the buckets of these settings, as the server's administrator, and print the service's least rights.

    Object Lock from the first moment, versioning, a default retention. What is right already is left as it is.
    """
    from api.wiring import stores

    chosen = _chosen(tools.load_settings(config, data_dir=data_dir), second)
    if chosen is None:
        raise SettingsError("object_store: there is no S3 store in these settings")
    admin = tools.password_of(admin_access_key_file), tools.password_of(admin_secret_key_file)
    locked = [bucket for bucket in (chosen.bucket, chosen.canary_bucket) if bucket]
    try:
        maker = stores.maker(chosen, admin)
        for bucket in locked:
            _print(maker.locked(bucket, days))
        if chosen.work_bucket:
            _print(maker.plain(chosen.work_bucket))
    except StoreUnavailable as exc:
        _give_up(exc)
    buckets = [*locked, chosen.work_bucket] if chosen.work_bucket else locked
    for line in _rights(buckets, principal, may_harden):
        click.echo(line)


def _rights(buckets: list[str], principal: str, may_harden: bool) -> list[str]:
    found = []
    for bucket in buckets:
        found += [f"\npolicy of {bucket} (AWS S3, Ceph RGW: s3cmd setpolicy, aws s3api put-bucket-policy):"]
        found += [bucket_policy(bucket, principal, may_harden=may_harden)]
    actions = json.dumps(seaweedfs_actions(buckets, may_harden=may_harden))
    return [*found, f'\nSeaweedFS, the service\'s identity in -s3.config:\n"actions": {actions}']


def _aside(line: str) -> None:
    click.echo(line, err=True)


def _tell_faults(faults: list[dict[str, Any]], lang: str) -> bool:
    """Whether there are any."""
    _print(f"{fault['text'][lang]} [{fault['reason']}]" for fault in faults)
    return bool(faults)


def _give_up(exc: StoreUnavailable) -> NoReturn:
    """Exits with what an operator does about it."""
    reason = exc.reason or reasons.UNEXPECTED
    click.echo(f"{reason.vi}\n{reason.en}\n[{reason.id}; {exc.detail}]", err=True)
    sys.exit(NOTHING_TO_TRY)


def _chosen(settings: Settings, second: bool) -> ObjectStoreSettings | None:
    return settings.second_store if second else settings.object_store


def _print(told: Iterable[str]) -> None:
    for line in told:
        click.echo(line)
