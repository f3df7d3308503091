"""A run's report as JSON (schema antin.storage-check/1), as text in Vietnamese or English, as a row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from archive.storage.canary.values import (
    Conclusion,
    Elder,
    Finding,
    Kind,
    Lock,
    Outcome,
    Report,
    Weight,
)
from policies.refusals import Both
from policies.vocabulary import LockMode

SCHEMA = "antin.storage-check/1"
CONCLUSIONS = {
    Conclusion.SOUND: Both(
        "ĐẠT: kho giữ được khóa, việc lưu trữ được tiếp tục.",
        "SOUND: the store keeps its locks; archiving goes on.",
    ),
    Conclusion.BROKEN: Both(
        "HỎNG: một phép thử đã vượt được khóa. Việc lưu trữ đã dừng.",
        "BROKEN: an attempt got past the locks. Archiving has stopped.",
    ),
    Conclusion.UNUSABLE: Both(
        "CHƯA DÙNG ĐƯỢC: kho chưa được thiết lập đúng. Việc lưu trữ đã dừng.",
        "UNUSABLE: the store is not set up as it must be. Archiving has stopped.",
    ),
    Conclusion.NO_ANSWER: Both(
        "KHÔNG RÕ: không có đủ câu trả lời, và không có câu trả lời không có nghĩa là an toàn. Việc lưu trữ tạm dừng.",
        "NOT KNOWN: what had to be known was not answered, and no answer is not a yes. Archiving waits.",
    ),
}
OUTCOMES = {
    Outcome.HELD: Both("đạt", "held"),
    Outcome.BROKEN: Both("HỎNG", "BROKEN"),
    Outcome.NOT_TRIED: Both("không thử", "not tried"),
    Outcome.NO_ANSWER: Both("KHÔNG RÕ", "NO ANSWER"),
}
_WARNED = Both("cảnh báo", "warning")


def say(words: Both, language: str) -> str:
    """In `vi` or `en`."""
    return words.en if language == "en" else words.vi


def to_json(report: Report) -> dict[str, Any]:
    """All of it. No secrets are in a report."""
    return {
        "schema": SCHEMA,
        "store": report.store,
        "server": report.server,
        "at": report.at.isoformat(timespec="seconds"),
        "seconds": report.seconds,
        "conclusion": str(report.conclusion),
        "text": _both(CONCLUSIONS[report.conclusion]),
        "findings": [_finding(found) for found in report.findings],
        "elders": [_elder(elder) for elder in report.elders],
        "counts": dict(report.counts),
    }


def elders_of(row: Mapping[str, Any]) -> tuple[Elder, ...]:
    """The locked objects that a kept report (`to_json`) tells the next run to look for."""
    return tuple(
        Elder(
            one["key"],
            one["version"],
            one["sha256"],
            Lock(LockMode(one["mode"]), datetime.fromisoformat(one["until"])),
        )
        for one in row["elders"]
    )


def lines(report: Report, language: str) -> Iterator[str]:
    """For a terminal: each check and attempt, what it means where it did not hold, and the verdict last."""
    for kind, title in (
        (Kind.CHECK, Both("Thiết lập", "Set-up")),
        (Kind.ATTEMPT, Both("Phép thử", "Attempts")),
    ):
        yield f"{say(title, language)}:"
        for found in (one for one in report.findings if one.kind is kind):
            told = f"{say(found.tried, language)} {_detail(found)}".rstrip()
            yield f"  {_word(found, language):<12} {found.id:<26} {told}"
            if say(found.sentence, language):
                yield f"  {'':<12} → {say(found.sentence, language)}"
    yield f"{report.store} {report.server}".rstrip()
    yield say(CONCLUSIONS[report.conclusion], language)


def table(columns: Mapping[str, Sequence[Finding]]) -> Iterator[str]:
    """Markdown: one row an attempt, one column for each named server."""
    yield "| attempt | what is tried | weight | " + " | ".join(columns) + " |"
    yield "|---|---|---|" + "---|" * len(columns)
    by_id = [{found.id: found for found in findings} for findings in columns.values()]
    for found in next(iter(columns.values())):
        if found.kind is Kind.ATTEMPT:
            cells = " | ".join(_cell(one[found.id]) for one in by_id)
            yield f"| `{found.id}` | {found.tried.en} | {found.weight} | {cells} |"


def _cell(found: Finding) -> str:
    word = OUTCOMES[found.outcome].en
    return f"{f'**{word}**' if found.outcome is Outcome.BROKEN else word} {_detail(found)}".rstrip()


def _word(found: Finding, language: str) -> str:
    if found.weight is Weight.WARNING and found.outcome in (Outcome.BROKEN, Outcome.NO_ANSWER):
        return say(_WARNED, language)
    return say(OUTCOMES[found.outcome], language)


def _detail(found: Finding) -> str:
    return f"({found.detail})" if found.detail else ""


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": str(found.kind),
        "weight": str(found.weight),
        "outcome": str(found.outcome),
        "detail": found.detail,
        "tried": _both(found.tried),
        "text": _both(found.sentence),
    }


def _elder(elder: Elder) -> dict[str, str]:
    return {
        "key": elder.key,
        "version": elder.version,
        "sha256": elder.sha256,
        "mode": str(elder.lock.mode),
        "until": elder.lock.until.isoformat(),
    }


def _both(words: Both) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}
