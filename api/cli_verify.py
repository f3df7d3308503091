"""`antin verify` and `antin verify-receipt`: no service, no database."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from api.progress import printable
from api.wiring import tools
from archive import receipt as receipts
from policies.numbering import VIETNAM
from policies.refusals import Refused
from policies.validation import PROFILES
from policies.vocabulary import Indication
from signer.trust import anchors
from signer.trust.anchors import TrustAnchors
from signer.validation import report as reports

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
    at: str,
    profile: str,
    password_file: Path | None,
    *,
    offline: bool,
    as_json: bool,
    lang: str,
) -> int:
    """Validate and print; the exit code is the verdict."""
    if profile not in PROFILES:
        raise click.BadParameter(f"one of {', '.join(PROFILES)}", param_hint="--profile")
    found = anchors.load(trust) if trust else TrustAnchors(())
    moment = _moment(at)
    password = tools.password_of(password_file) if password_file else None
    if not as_json and file.stat().st_size > 64 << 20:
        click.echo(f"Đang kiểm tra {file.name} ({file.stat().st_size >> 20} MB)…", err=True)
    with tools.verifier(offline=offline) as verifier:
        report = verifier.validate(file, found, moment, PROFILES[profile], password)
    if as_json:
        click.echo(json.dumps(reports.to_json(report, lang), ensure_ascii=False))
    else:
        click.echo(_text(reports.to_json(report, lang)))
    return EXIT[report.verdict.indication]


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


def _text(report: dict[str, Any]) -> str:
    """The report for a terminal: verdict, then each signature with its reasons."""
    lines = [f"{report['indication']}{_sub(report)}: {report['text']}"]
    for row in report["signatures"]:
        lines.append(f"\n[{row['field']}] {row['indication']}{_sub(row)}  {row['level']}  {row['text']}")
        lines.append(f"  {row['signer']}, {row['signing_time_text'] or '–'} ({row['signing_time_source']})")
        lines.append(f"  {row['integrity_text']} {row['coverage_text']} ({row['changes']})")
        lines += [f"  · {finding['text']}" for finding in row["findings"]]
    return "\n".join(lines + [f"· {finding['text']}" for finding in report["findings"]])


def _sub(row: dict[str, Any]) -> str:
    return f" / {row['sub_indication']}" if row["sub_indication"] else ""


def refusal_object(exc: Refused) -> dict[str, Any]:
    """The contract's answer for a file that is refused before a verdict."""
    refusal = {"id": exc.id, "basis": exc.basis, "text": exc.text("vi"), "text_en": exc.text("en")}
    return {"schema": reports.SCHEMA, "refusal": refusal}


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
        f"Witnessed by {one.name} at {one.at.astimezone(VIETNAM).isoformat()}. / Được chứng kiến."
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
        "witnessed_by": [
            {"name": one.name, "at": one.at.astimezone(VIETNAM).isoformat()} for one in facts.witnesses
        ],
        "witnesses": list(facts.other_signers),
        "not_proved": dict(facts.informational),
    }
