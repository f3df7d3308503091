"""`antin trust`: keep the signed trust store. Each change is checked, signed, and made in one step."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from api.cli_options import FILE
from api.progress import printable
from policies.anchors import AnchorRole
from policies.vocabulary import TrustDomain

STORE = click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("trust.json"),
    show_default=True,
    help="The store's file.",
)
KEY = click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("trust.key"),
    show_default=True,
    help="The private key that signs it: yours alone.",
)
DAYS = click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=180,
    show_default=True,
    help="For so long the new version is good; then the store is to be reviewed.",
)
REASON = click.option("--reason", required=True, help="Why; it stays in the store for ever.")
DOMAIN = click.option("--domain", type=click.Choice([each.value for each in TrustDomain]), required=True)
FINGERPRINT = click.option(
    "--sha256",
    required=True,
    help="Fingerprint of the certificate, from its issuer by another way than the file.",
)


@click.group()
def trust() -> None:
    """The signed store of trust anchors (kho chứng thư tin cậy)."""


@trust.command("init")
@STORE
@KEY
@click.option("--name", required=True, help="Name of the key: vanban.example.gov.vn/trust")
@DAYS
def init(store: Path, key: Path, name: str, days: int) -> None:
    """Begin a store that believes nobody yet, and make its key. Prints the line for trust_key."""
    from api.trust_desk import begin

    click.echo(begin(store, key, name, days))


@trust.command("add")
@click.argument("file", type=FILE)
@FINGERPRINT
@DOMAIN
@click.option(
    "--role",
    type=click.Choice([each.value for each in AnchorRole]),
    default=AnchorRole.ANCHOR.value,
    show_default=True,
    help="An intermediate only helps to build paths; it is not believed.",
)
@REASON
@STORE
@KEY
@DAYS
def add(
    file: Path, sha256: str, domain: str, role: str, reason: str, store: Path, key: Path, days: int
) -> None:
    """Believe the certificate in FILE (PEM, DER or .p7b), if it is the one with this fingerprint."""
    from api.trust_desk import Desk

    _tell(Desk(store, key, days).add(file, sha256, TrustDomain(domain), AnchorRole(role), reason))


@trust.command("remove")
@FINGERPRINT
@REASON
@STORE
@KEY
@DAYS
def remove(sha256: str, reason: str, store: Path, key: Path, days: int) -> None:
    """Believe it no longer. It stays listed as removed, with when and why."""
    from api.trust_desk import Desk

    _tell(Desk(store, key, days).remove(sha256, reason))


@trust.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@REASON
@STORE
@KEY
@DAYS
def import_known(files: tuple[Path, ...], reason: str, store: Path, key: Path, days: int) -> None:
    """Believe the certificates in FILES or folders, all of which An Tín must know by fingerprint."""
    from api.trust_desk import Desk

    _tell(Desk(store, key, days).import_known(files, reason))


@trust.command("import-list")
@click.argument("file", type=FILE)
@click.option("--signer-sha256", required=True, help="Fingerprint of the certificate that signs the list.")
@DOMAIN
@click.option(
    "--type",
    "types",
    multiple=True,
    default=("CA/QC",),
    show_default=True,
    help="Service type, as CA/QC or TSA/QTST; may be given again.",
)
@STORE
@KEY
@DAYS
def import_list(
    file: Path, signer_sha256: str, domain: str, types: tuple[str, ...], store: Path, key: Path, days: int
) -> None:
    """Take in a trusted list (ETSI TS 119 612): its granted services come, those it no longer grants go."""
    from api.trust_desk import Desk

    _tell(Desk(store, key, days).import_list(file, signer_sha256, TrustDomain(domain), types))


@trust.command("renew")
@REASON
@STORE
@KEY
@DAYS
def renew(reason: str, store: Path, key: Path, days: int) -> None:
    """You looked through the store and it is right: sign the same again, good for longer."""
    from api.trust_desk import Desk

    _tell(Desk(store, key, days).renew(reason))


@trust.command("show")
@STORE
@click.option(
    "--trust-key", default="", help="The key that it must be signed by (default: as the file names it)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, schema antin.trust-facts/1.")
def show(store: Path, trust_key: str, as_json: bool) -> None:
    """What is believed, what was removed, and what each version changed.

    \b
    Exit: 0 good, 1 to be reviewed: nothing is found valid with it, 3 refused.
    """
    from api.trust_desk import facts, told

    found = facts(store, trust_key)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else printable_lines(told(found)))
    sys.exit(1 if found["stale"] else 0)


def printable_lines(text: str) -> str:
    """Names in certificates are anybody's text."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _tell(found: dict[str, Any]) -> None:
    """The new version, with every certificate that it brings or takes away: the keeper reads them before he goes on."""
    click.echo(printable(f"{found['label']}: {found['detail']}"))
    for row in found["entries"]:
        if found["version"] in (row["added_in"], row["removed_in"]):
            sign = "-" if row["removed_in"] else "+"
            click.echo(printable(f"{sign} {row['sha256']}  {row['domain']} {row['role']}  {row['subject']}"))
    click.echo(f"good until {found['next_update']}")
