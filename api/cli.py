"""The command line `antin`. Exit codes: 0 holds, 1 TOTAL-FAILED, 2 INDETERMINATE or unsigned, 3 refusal,
64 wrong usage, 70 internal fault (sysexits)."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import click

from api import cli_verify
from api.cli_deploy import deploy
from api.cli_renew import renew
from api.cli_storage import storage
from api.cli_trust import trust
from api.cli_watch import fixity, locks, premis
from api.cli_witness import witness
from api.progress import printable
from api.settings import Settings, SettingsError
from api.wiring import tools
from api.wiring.clock import clock
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from policies.refusals import Refused
from signer.errors import SignerUnavailable

REFUSED, USAGE, INTERNAL = 3, 64, 70
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)
log = logging.getLogger("antin")
KNOWN = click.option(
    "--known-checkpoint",
    "known",
    type=FILE,
    multiple=True,
    help="A checkpoint or receipt of this log that was seen elsewhere: do not start behind it.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="antin")
def antin() -> None:
    """An Tín: signs, seals, issues, archives and proves official PDF documents.

    \b
    Ký số, đóng dấu, phát hành, lưu trữ và chứng minh văn bản điện tử.
    Every command explains itself: antin COMMAND --help
    """


antin.add_command(deploy)
antin.add_command(storage)
antin.add_command(trust)
for _command in (fixity, locks, premis, renew):
    antin.add_command(_command)


@antin.command()
@click.option("--config", type=FILE, help="Settings file (default: antin.toml beside the service).")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
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


@antin.command()
@click.option("--config", type=FILE, help="Settings file (default: antin.toml here).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where this process keeps what is its own.")
@KNOWN
def worker(config: Path | None, data_dir: Path | None, known: tuple[Path, ...]) -> None:
    """Production: do what waits, until it is stopped (time-stamps, batches, archiving, the log)."""
    from api.worker import run

    run(_knowing(tools.load_settings(config, data_dir=data_dir), known))


@antin.command("log-key")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--config", type=FILE, help="Settings file (default: antin.toml here).")
def log_key(path: Path, config: Path | None) -> None:
    """Make the key of a log that is to be begun, for the processes of a production deployment."""
    from api.proofs import new_log_key

    click.echo(new_log_key(path, tools.load_settings(config).origin).vkey)


@antin.command()
@click.option("--once", is_flag=True, help="Exit after the path; status 0 only if everything held.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True)
@click.option("--port", type=int, default=8460, show_default=True)
def demo(once: bool, out: Path, port: int) -> None:
    """The whole legal path of a real decision, over HTTP, with a demo PKI; then the site stays up."""
    from api.demo.run import run_demo

    sys.exit(run_demo(out, port, once))


@antin.command()
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


@antin.command()
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


@antin.command()
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
    sys.exit(cli_verify.verify(**options))


@antin.command("verify-receipt")
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
    sys.exit(cli_verify.verify_receipt(file, receipt, **options))


@antin.command()
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
@click.option(
    "--quick", is_flag=True, help="Of stored objects only what the store says of them: no bytes are read."
)
@click.option("--json", "as_json", is_flag=True)
def fsck(config: Path | None, data_dir: Path | None, quick: bool, as_json: bool) -> None:
    """Read everything, trust nothing: objects, catalogue, log, numbers. Exit 0 only when all agree."""
    from api.cli_fsck import run_fsck

    sys.exit(run_fsck(tools.load_settings(config, data_dir=data_dir), quick=quick, as_json=as_json))


@antin.command()
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
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


@antin.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 3 when the database needs an upgrade.")
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
def migrate(check: bool, config: Path | None, data_dir: Path | None) -> None:
    """Bring the database to the shape that this release needs; processes of the one before go on meanwhile."""
    from api.cli_migrate import run_migrate

    sys.exit(run_migrate(tools.load_settings(config, data_dir=data_dir), check=check))


@antin.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
@click.option("--with-keys", is_flag=True, help="Also the log's key, encrypted with the passphrase.")
@click.option("--passphrase-file", type=FILE, help="First line: what the keys are encrypted with.")
def backup(
    out: Path, config: Path | None, data_dir: Path | None, with_keys: bool, passphrase_file: Path | None
) -> None:
    """Write what the object store does not hold into OUT, as one consistent file. The service may run."""
    from api import cli_backup

    settings = tools.load_settings(config, data_dir=data_dir)
    cli_backup.backup(settings, out, passphrase_file, with_keys=with_keys)


@antin.command()
@click.argument("source", type=FILE, metavar="IN")
@click.option("--config", type=FILE, help="Settings file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")
@click.option("--passphrase-file", type=FILE, help="First line: what the keys in it are encrypted with.")
def restore(source: Path, config: Path | None, data_dir: Path | None, passphrase_file: Path | None) -> None:
    """Bring a backup back, into an empty folder and database. The service must not run.

    \b
    Exit: 0 all is there, 1 restored, but the log of an object store is longer, shorter or another, 3 refused.
    """
    from api import cli_backup

    sys.exit(cli_backup.bring_back(tools.load_settings(config, data_dir=data_dir), source, passphrase_file))


@antin.group()
def account() -> None:
    """Local accounts and API tokens."""


CONFIG = click.option("--config", type=FILE, help="Settings file.")
DATA = click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded stores live.")


@antin.group()
def registers() -> None:
    """Number series after a rebuild."""


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


antin.add_command(witness)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: click's usage errors and our own become the documented exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without these letters
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    wants_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        antin.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except click.Abort as exc:
        sys.exit(128 + getattr(exc.__cause__, "signal", signal.SIGINT))
    except click.ClickException as exc:
        exc.show()
        sys.exit(USAGE)
    except SettingsError as exc:
        click.echo(f"antin: {exc}", err=True)
        sys.exit(USAGE)
    except Refused as exc:
        _show_refusal(exc, wants_json)
        sys.exit(REFUSED)
    except FileExistsError as exc:
        click.echo(printable(f"antin: {exc.filename or exc} exists already; choose another name"), err=True)
        sys.exit(USAGE)
    except (SignerUnavailable, ArchiveUnavailable, ArchiveDamaged, OSError) as exc:
        click.echo(printable(f"antin: {type(exc).__name__}: {exc}"), err=True)
        sys.exit(INTERNAL)
    except Exception as exc:
        log.debug("fault", exc_info=exc)
        click.echo(f"antin: internal fault ({type(exc).__name__}); please report it", err=True)
        sys.exit(INTERNAL)


def _show_refusal(exc: Refused, wants_json: bool) -> None:
    if wants_json:
        click.echo(json.dumps(cli_verify.refusal_object(exc), ensure_ascii=False))
    else:
        for line in (exc.text("vi"), exc.text("en"), f"[{exc.id}; {exc.basis}]"):
            click.echo(printable(line), err=True)


if __name__ == "__main__":
    main()
