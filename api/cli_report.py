"""`antin verify --report`: sealed reports as files, without a service. A file appears whole, or not at all."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import click

from api.cli_sign import mistakes_told
from api.presenters.report_pages import printed
from api.presenters.signatures import Checked, found
from api.sealing import sealed_pdf, sealed_xml
from api.verification import file_sha256
from api.verifier import Examined
from api.wiring import tools
from api.wiring.clock import clock
from policies.algorithms import DEFAULT
from signer.creation.sources import Seen, check_unchanged
from signer.creation.staging import check_free
from signer.keys import checks
from signer.ports import SigningKey
from signer.reporting.values import ReportedFile
from signer.sandbox import Sandbox
from signer.trust.certificates import parse


@dataclass(frozen=True)
class Wanted:
    """Which reports, and the key that seals them."""

    xml: Path | None
    pdf: Path | None
    key: SigningKey

    @mistakes_told()
    def write(self, file: Path, seen: Seen, examined: Examined, language: str, sandbox: Sandbox) -> None:
        """Seal and write. `seen`: the file before it was validated; the report is about those bytes alone.

        Raises SigningRefused when the file was changed meanwhile, and what `api.sealing` raises; nothing of a report
        that failed is left.
        """
        report, conformity = examined.report, examined.conformity
        checked = Checked(file.name, seen.size, file_sha256(file), report, None, None, conformity)
        check_unchanged(file, seen)
        if self.xml is not None:
            about = ReportedFile(checked.file_name, checked.size, checked.sha256)
            _publish(self.xml, sealed_xml(report, about, self.key, clock()))
        if self.pdf is not None:
            words = printed(found(checked, language), language, archive=False)
            _publish(self.pdf, sealed_pdf(words, self.key, clock(), sandbox))


def wanted(
    xml: Path | None, pdf: Path | None, container: Path | None, password_file: Path | None
) -> Wanted | None:
    """Raises UsageError for a report without a key, SigningRefused for a key that must not be used, FileExistsError
    for a name that is taken: all before the file is looked at."""
    outs = [out for out in (xml, pdf) if out is not None]
    if not outs:
        if container or password_file:
            raise click.UsageError(
                "--report-key seals what --report or --report-pdf name, and neither is given"
            )
        return None
    if container is None or password_file is None:
        raise click.UsageError(
            "a report is never written unsigned: give --report-key and --report-password-file"
        )
    if xml == pdf:
        raise click.UsageError("--report and --report-pdf name the same file")
    for out in outs:
        check_free(out)
    key = tools.command_line_key(container, password_file, DEFAULT)
    checks.check_period(parse(key.certificate), clock())
    return Wanted(xml, pdf, key)


def _publish(out: Path, data: bytes) -> None:
    """Whole under its name, or not there; what is there stays. A kill leaves a `.antin-….part`, as `antin sign` does
    on some file systems. Raises FileExistsError."""
    part = out.with_name(f".antin-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        out.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
