"""`antin sign`, `verify` and `verify-receipt`: PDF files without a service. What they are asked; `api.cli_sign`,
`cli_sign_many` and `cli_verify` do it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from api.cli_options import FILE, NEW


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE... [OUT]")
@click.option("--key", "container", type=FILE, required=True, help="PKCS#12 container.")
@click.option("--password-file", type=FILE, required=True, help="Its password, first line.")
@click.option("--tsa", default="", help="RFC 3161 authority; without it the level is B-B.")
@click.option(
    "--trust", type=click.Path(exists=True, path_type=Path), help="Anchors of the TSA (PEM or folder)."
)
@click.option("--field", default="", help="An empty signature field; without it an invisible one is made.")
@click.option("--document-password-file", type=FILE, help="Password of an encrypted PDF, first line.")
@click.option("--pss", is_flag=True, help="RSASSA-PSS instead of PKCS#1 v1.5.")
@click.option(
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Sign every SOURCE, file or folder, into this folder.",
)
@click.option(
    "--processes", type=click.IntRange(0, 256), default=0, help="With --out-dir; 0: one for each core."
)
def sign(files: tuple[Path, ...], out_dir: Path | None, processes: int, **options: Any) -> None:
    """Sign PDFs as PAdES B-B or B-T. A source is not touched; an existing output is never overwritten.

    \b
    antin sign SOURCE OUT …                  one file
    antin sign SOURCE... --out-dir DIR …     many, also whole folders

    With --out-dir the same command run again goes on where it was stopped or killed; the journal in DIR knows.
    Ctrl-C, SIGTERM and SIGHUP finish what is in hand; a second one leaves at once.
    Exit: 0 all signed, 3 some refused, 70 something did not answer or broke, 128 + the signal that stopped it.
    """
    if options["trust"] is not None and not options["tsa"]:
        raise click.UsageError(
            "--trust are the anchors of --tsa, which is not given: there would be no time-stamp"
        )
    if out_dir is not None:
        from api.cli_sign_many import sign_many

        if options.pop("document_password_file") is not None:
            raise click.UsageError("--document-password-file opens one file; it does not go with --out-dir")
        for source in files:
            _check_there(source)
        sys.exit(sign_many(files, out_dir, processes=processes, **options))
    from api.cli_sign import sign_file

    if processes:
        raise click.UsageError("--processes goes with --out-dir: one file has one process")
    if len(files) != 2:
        raise click.UsageError("one SOURCE and one OUT, or --out-dir")
    source, out = files
    _check_there(source)
    if source.is_dir():
        raise click.BadParameter(f"{source} is a folder; use --out-dir", param_hint="SOURCE")
    click.echo(sign_file(source, out, **options))


def _check_there(source: Path) -> None:
    if not source.exists():
        raise click.BadParameter(f"{source} does not exist", param_hint="SOURCE")


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--trust",
    type=click.Path(exists=True, path_type=Path),
    help="Trust anchors: PEM file or folder, or a signed trust store.",
)
@click.option("--trust-key", default="", help="The key that the trust store is pinned by (antin trust show).")
@click.option("--at", "at", default="", help="Validate as of this time (ISO 8601 with offset).")
@click.option("--profile", default="agency", show_default=True, help="agency, public, strict or historical.")
@click.option("--password-file", type=FILE, help="Password of an encrypted PDF, first line.")
@click.option(
    "--report", "xml_out", type=NEW, help="Write the report by ETSI TS 119 102-2 (XML) to this file."
)
@click.option("--report-pdf", "pdf_out", type=NEW, help="Write the report as PDF to this file.")
@click.option("--report-key", type=FILE, help="PKCS#12 container that seals the reports.")
@click.option("--report-password-file", type=FILE, help="Its password, first line.")
@click.option(
    "--issuer-host",
    "issuer_hosts",
    multiple=True,
    help="Host that may be asked for a certificate that a signature leaves out; may be given again.",
)
@click.option("--offline", is_flag=True, help="Ask no one: only what the file carries counts, and --cache.")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder where answers on revocation are kept for the next time.",
)
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pages that look different, as signed and as now.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, schema antin.verify/1.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
def verify(**options: Any) -> None:
    """Validate every signature of a PDF (EN 319 102-1).

    A report is never written without its seal, nor over a file that is there.

    \b
    Exit: 0 TOTAL-PASSED, 1 TOTAL-FAILED, 2 INDETERMINATE or unsigned, 3 refused, 64 usage, 70 fault.
    """
    from api import cli_verify

    sys.exit(cli_verify.verify(**options))


@click.command("verify-receipt")
@click.argument("file", type=FILE)
@click.argument("receipt", type=FILE)
@click.option("--key", "key_file", type=FILE, required=True, help="The log's public key (log.vkey).")
@click.option(
    "--witness", "witness_files", type=FILE, multiple=True, help="A witness's public key; may be given again."
)
@click.option(
    "--need",
    type=click.IntRange(0),
    help="How many of the witnesses must have cosigned (default: all that are given).",
)
@click.option("--json", "as_json", is_flag=True)
def verify_receipt(file: Path, receipt: Path, **options: Any) -> None:
    """Prove offline, without any database, that FILE is in the log that the key belongs to.

    With --witness also that these other bodies saw the log as it is in the receipt.
    """
    from api import cli_verify

    sys.exit(cli_verify.verify_receipt(file, receipt, **options))
