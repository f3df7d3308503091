"""`antin verify` and `antin verify-receipt`: no service, no database."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api import unjudged
from api.hosts import host_names
from api.progress import printable
from api.seen import SeenAfter, seen_after
from api.wiring import tools
from api.wiring.rules import validation_profiles
from archive import receipt as receipts
from policies.refusals import Refused
from policies.times import in_vietnam
from policies.vocabulary import Indication
from signer.creation.sources import look
from signer.document.pdfa.words import told
from signer.validation import report as reports

if TYPE_CHECKING:
    from api.cli_report import Wanted

EXIT = {
    Indication.TOTAL_PASSED: 0,
    Indication.TOTAL_FAILED: 1,
    Indication.INDETERMINATE: 2,
    Indication.NO_SIGNATURE: 2,
}
RECEIPT_LIMIT = 1 << 20


def verify(
    file: Path,
    trust: Path | None,
    trust_key: str,
    at: str,
    profile: str,
    password_file: Path | None,
    cache: Path | None = None,
    issuer_hosts: tuple[str, ...] = (),
    xml_out: Path | None = None,
    pdf_out: Path | None = None,
    report_key: Path | None = None,
    report_password_file: Path | None = None,
    *,
    offline: bool,
    as_json: bool,
    lang: str,
    pictures: Path | None = None,
) -> int:
    """Validate, write the reports and pictures that are asked for, print; the exit code is the verdict."""
    profiles = validation_profiles()
    if profile not in profiles:
        raise click.BadParameter(f"one of {', '.join(profiles)}", param_hint="--profile")
    wanted = _reports(xml_out, pdf_out, report_key, report_password_file)
    found = tools.given_trust(trust, trust_key)
    moment = _moment(at)
    hosts = _hosts(issuer_hosts)
    password = tools.password_of(password_file) if password_file else None
    if not as_json and file.stat().st_size > 64 << 20:
        click.echo(f"Đang kiểm tra {file.name} ({file.stat().st_size >> 20} MB)…", err=True)
    seen = look(file) if wanted is not None else None
    with tools.verifier(offline=offline, cache=cache, issuer_hosts=hosts) as verifier:
        examined = verifier.examine(file, found, moment, profiles[profile], password)
        report = examined.report
        if pictures is not None:
            states = seen_after(verifier.sandbox, file, report, password, "png")
            _write_pictures(pictures, file.stem, states, lang)
        if wanted is not None and seen is not None:
            wanted.write(file, seen, examined, lang, verifier.sandbox)
    if as_json:
        click.echo(json.dumps(reports.to_json(report, lang, examined.conformity), ensure_ascii=False))
    else:
        click.echo(_text(reports.to_json(report, lang)))
        click.echo(f"\nPDF/A: {told(examined.conformity, lang)}")
    return EXIT[report.verdict.indication]


def _write_pictures(folder: Path, stem: str, states: tuple[SeenAfter, ...], lang: str) -> None:
    """Each page that looks different, as signed and as now; what was done is told beside the verdict."""
    folder.mkdir(parents=True, exist_ok=True)
    for state in states:
        if state.seen is None:
            click.echo(state.refusal.text(lang) if state.refusal else "", err=True)
            continue
        for page in state.seen.pages:
            name = f"{stem}-r{state.revision + 1}-p{page.page + 1}"
            for end, picture in (("signed", page.signed), ("now", page.now)):
                if picture:
                    (folder / f"{name}-{end}.png").write_bytes(picture)
                    click.echo(str(folder / f"{name}-{end}.png"), err=True)


def _reports(*options: Path | None) -> Wanted | None:
    """What makes them is imported only then: a check alone starts quickly."""
    if not any(options):
        return None
    from api.cli_report import wanted

    return wanted(*options)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise click.BadParameter("not an ISO 8601 time", param_hint="--at") from exc
    if moment.tzinfo is None:
        raise click.BadParameter("needs an offset, as in 2026-11-21T08:00:00+07:00", param_hint="--at")
    return moment


def _hosts(given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return host_names(given)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--issuer-host") from exc


def _text(report: dict[str, Any]) -> str:
    """The report for a terminal: verdict, then each signature with its reasons, then by which policy."""
    lines = [f"{report['indication']}{_sub(report)}: {report['text']}"]
    for row in report["signatures"]:
        lines.append(f"\n[{row['field']}] {row['indication']}{_sub(row)}  {row['level']}  {row['text']}")
        when = f"{row['signing_time_text'] or '–'} ({row['signing_time_source']})"
        lines.append(f"  {row['signer']}{_domain(row)}, {when}")
        lines.append(f"  {row['integrity_text']} {row['coverage_text']} ({row['changes']})")
        lines += [f"  · {finding['text']}" for finding in row["findings"]]
    lines += [f"· {finding['text']}" for finding in report["findings"]]
    return "\n".join([*lines, "", f"{report['policy']['id']} ({report['policy']['basis']})"])


def _domain(row: dict[str, Any]) -> str:
    return f" ({row['trust_domain_text']})" if row["trust_domain_text"] else ""


def _sub(row: dict[str, Any]) -> str:
    return f" / {row['sub_indication']}" if row["sub_indication"] else ""


def refusal_object(exc: Refused) -> dict[str, Any]:
    """The contract's answer for a file that is refused before a verdict."""
    refusal = {"id": exc.id, "basis": exc.basis, "text": exc.text("vi"), "text_en": exc.text("en")}
    return {"schema": reports.SCHEMA, "refusal": {**refusal, "signatures": unjudged.to_json(exc)}}


def verify_receipt(
    file: Path,
    receipt: Path,
    key_file: Path,
    witness_files: tuple[Path, ...],
    need: int | None,
    *,
    as_json: bool,
) -> int:
    """Raises ProofRefused (exit 3) when the receipt does not prove this file, or too few witnesses cosigned."""
    if receipt.stat().st_size > RECEIPT_LIMIT:
        raise click.BadParameter("not a receipt: larger than 1 MB", param_hint="RECEIPT")
    if need is not None and need > len(witness_files):
        raise click.BadParameter("more than there are --witness", param_hint="--need")
    keys = [path.read_text("utf-8").strip() for path in witness_files]
    facts = receipts.verify(file, receipt.read_bytes(), key_file.read_text("utf-8").strip(), keys, need)
    click.echo(json.dumps(_facts(facts), ensure_ascii=False) if as_json else _told(facts))
    return 0


def _told(facts: receipts.ReceiptFacts) -> str:
    head = facts.checkpoint
    lines = [
        f"Biên nhận đúng: tệp nằm trong nhật ký {head.origin}, lá {facts.index}.",
        f"The receipt holds: leaf {facts.index} of {head.size}, log {head.origin}.",
    ]
    lines += [
        f"Witnessed by {one.name} at {in_vietnam(one.at).isoformat()}. / Được chứng kiến."
        for one in facts.witnesses
    ]
    if not facts.witnesses and facts.other_signers:
        names = printable(", ".join(facts.other_signers))
        lines.append(f"Cosigned by {names}: not checked, give --witness. / Đồng ký chưa được kiểm tra.")
    elif not facts.witnesses:
        lines.append("Not independently witnessed. / Chưa có bên thứ ba chứng kiến.")
    return "\n".join(lines)


def _facts(facts: receipts.ReceiptFacts) -> dict[str, Any]:
    return {
        "schema": "antin.receipt-facts/1",
        "sha256": facts.pdf_sha256,
        "origin": facts.checkpoint.origin,
        "index": facts.index,
        "size": facts.checkpoint.size,
        "root": facts.checkpoint.root.hex(),
        "witnessed_by": [{"name": one.name, "at": in_vietnam(one.at).isoformat()} for one in facts.witnesses],
        "witnesses": list(facts.other_signers),
        "not_proved": dict(facts.informational),
    }
