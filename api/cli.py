"""The command line `antin`. Exit codes: 0 holds, 1 TOTAL-FAILED, 2 INDETERMINATE or unsigned, 3 refusal,
64 wrong usage, 70 internal fault (sysexits).

Each family of commands has a module `api.cli_…`; what takes long to import is imported by the command that runs.
"""

from __future__ import annotations

import io
import json
import logging
import signal
import sys

import click

from api.cli_archive import backup, fsck, migrate, rebuild, registers, restore
from api.cli_demo import demo, sample
from api.cli_deploy import deploy
from api.cli_files import sign, verify, verify_receipt
from api.cli_renew import renew
from api.cli_service import account, log_key, serve, worker
from api.cli_storage import storage
from api.cli_trust import trust
from api.cli_watch import fixity, locks, premis
from api.cli_witness import witness
from api.progress import printable
from api.settings import SettingsError
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from policies.refusals import Refused
from signer.errors import SignerUnavailable

REFUSED, USAGE, INTERNAL = 3, 64, 70
log = logging.getLogger("antin")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="antin")
def antin() -> None:
    """An Tín: signs, seals, issues, archives and proves official PDF documents.

    \b
    Ký số, đóng dấu, phát hành, lưu trữ và chứng minh văn bản điện tử.
    Every command explains itself: antin COMMAND --help
    """


for _command in (
    *(account, log_key, serve, worker),
    *(demo, sample),
    *(sign, verify, verify_receipt),
    *(backup, fsck, migrate, rebuild, registers, restore),
    *(deploy, storage, trust, witness),
    *(fixity, locks, premis, renew),
):
    antin.add_command(_command)


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
        from api import cli_verify

        click.echo(json.dumps(cli_verify.refusal_object(exc), ensure_ascii=False))
    else:
        for line in (exc.text("vi"), exc.text("en"), f"[{exc.id}; {exc.basis}]"):
            click.echo(printable(line), err=True)


if __name__ == "__main__":
    main()
