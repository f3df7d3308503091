"""Until when evidence is good: the row follows from the newest version's record, and its dates from each other.

Whoever moves an end away silences renewals and their alarm; the evidence then ends without a word.
"""

from __future__ import annotations

from typing import Any

from archive.fsck import findings as ids
from archive.fsck.findings import Report
from policies.renewal import NO_GAIN, Cause, Outlook, Renewal, of_told

RowValues = dict[str, Any]


def check_evidence(row: RowValues, report: Report) -> None:
    """The row alone: its alarm, and when it is due."""
    where = f"evidence of document {row['document']}"
    if row["good_until"] is None:
        return
    try:
        found = Outlook(row["good_until"], row["since"], Cause(row["cause"]), Renewal(row["kind"]))
        alarm_from = found.alarm_from
    except (TypeError, ValueError):
        report.error(ids.ROW_DIFFERS, where, "its dates make no sense")
        return
    latest = max(alarm_from, (row["tried_at"] or row["judged_at"]) + NO_GAIN)
    if row["alarm_from"] != alarm_from:
        report.error(
            ids.ROW_DIFFERS, where, f"it alarms from {row['alarm_from']}, which should be {alarm_from}"
        )
    if row["due"] > latest:
        report.error(ids.ROW_DIFFERS, where, f"it is due on {row['due']}, after {latest}")


def outlives_its_record(row: RowValues | None, record: RowValues) -> bool:
    """Whether the row says that evidence is good for longer than the record of that very version does."""
    told = of_told(record["facts"].get("evidence"))
    if row is None or told is None or row["good_until"] is None:
        return False
    outlook, rules = told
    same = (row["sha256"], row["rules"]) == (record["content"]["sha256"], rules)
    return same and bool(row["good_until"] > outlook.good_until)
