"""From believed records to rows of the catalogue. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.catalogue import evidence_rows
from archive.rebuild.believing import Believed
from archive.rebuild.gathering import Found
from archive.rebuild.leaves import UNKNOWN_TIME
from archive.record import digest
from policies.vocabulary import LockMode, State

Row = dict[str, Any]
# Beyond every count that a client can have seen of the row before: an old ETag fits nothing.
_COUNT_ON = 1000


@dataclass(slots=True)
class Rows:
    """Rows of one document, by table; and what opens its leaves."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    leaves: list[Row] = field(default_factory=list)
    agency: tuple[str, str, str] = ("", "", "")

    def add(self, table: str, row: Row) -> None:
        self.tables.setdefault(table, []).append(row)


def of_document(
    records: Sequence[Believed], events: Sequence[Believed], contents: dict[str, Found], at: datetime
) -> Rows:
    """`records` and `events` in the order of the log, at least one record; `contents` by digest; `at`: now.

    Raises KeyError, TypeError or ValueError when a record lacks what this version of the service needs.
    """
    rows, newest = Rows(), records[-1].value
    told = newest["document"]
    rows.agency = told["agency"]["code"], told["agency"]["name"], told["agency"]["symbol"]
    versions = _versions(records, told["created_at"])
    rows.add("documents", _document(records, events))
    for signer in newest["signers"]:
        rows.add("document_signers", _signer(told["id"], signer))
    for version in versions:
        rows.add("document_versions", {"document": told["id"], **version})
    content = newest["content"]["sha256"]
    evidence = evidence_rows.of_record(told["id"], content, newest["facts"], at)
    if evidence is not None:
        rows.add("evidence_ends", evidence)
    for record in records:
        rows.leaves.append(_leaf(record))
        content = record.value["content"]
        rows.add("objects", _object(record, contents.get(content["sha256"]), "content", content, at))
        rows.add("objects", _object(record, record.claimed.found, "record", None, at))
    for event in events:
        rows.leaves.append(_leaf(event))
        rows.add("objects", _object(event, event.claimed.found, "event", None, at))
        rows.add("events", _event(event))
    return rows


def _document(records: Sequence[Believed], events: Sequence[Believed]) -> Row:
    told = records[-1].value["document"]
    row: Row = {
        "id": told["id"],
        "public_code": told["public_code"],
        "agency": told["agency"]["code"],
        "kind": told["kind"],
        "unit": told["unit"],
        "subject": told["subject"],
        "state": State.ARCHIVED,
        "stopped_from": None,
        "reason": told.get("reason", ""),
        "version": int(told.get("row_version", 0)) + _COUNT_ON,
        "urgency": told["urgency"],
        "number": told["number"],
        "number_text": told["number_text"],
        "document_date": date.fromisoformat(told["document_date"]) if told["document_date"] else None,
        "uploader": told.get("uploader_account", ""),
        "uploader_display": told["uploader"],
        "recipients": told["recipients"],
        "metadata": told["metadata"],
        "boxes": told.get("boxes", []),
        "current_sha256": records[-1].value["content"]["sha256"],
        "leader_token_time": _time(told.get("leader_token_time")),
        "created_at": _time(told["created_at"]),
        "updated_at": _committed(records[-1]),
        "archived_at": _committed(records[0]),
        "issued_at": None,
        "recalled_at": None,
        "replaced_by": None,
    }
    for event in events:
        _befall(row, event)
    return row


def _befall(row: Row, event: Believed) -> None:
    """What an event does to the row, as the act did that was its cause."""
    kind, facts, at = event.value["kind"], event.value["facts"], _time(event.value["recorded_at"])
    row["updated_at"] = max(row["updated_at"], at)
    if kind == "issued":
        row |= {"state": State.ISSUED, "issued_at": at}
    elif kind == "filed":
        row |= {"state": State.FILED}
    elif kind == "recalled":
        row |= {"recalled_at": at}
    elif kind == "voided":
        row |= {"state": State.VOIDED}
    elif kind == "stopped":
        row |= {"state": State.STOPPED, "stopped_from": row["state"]}
    elif kind == "resumed":
        row |= {"state": row["stopped_from"] or row["state"]}
    if facts.get("reason"):
        row["reason"] = facts["reason"]


def _versions(records: Sequence[Believed], created_at: str) -> list[Row]:
    """Every version that a record knows; those that were archived after the newest list was made follow it."""
    listed = records[-1].value.get("versions", [])
    versions = [
        {
            "ordinal": one["ordinal"],
            "role": one["role"],
            "sha256": one["sha256"],
            "size": one["size"],
            "created_at": _time(one["created_at"]),
        }
        for one in listed
    ]
    known = {one["sha256"] for one in versions}
    for record in records:
        content = record.value["content"]
        if content["sha256"] not in known:
            known.add(content["sha256"])
            ordinal = 1 + max((one["ordinal"] for one in versions), default=0)
            new = {"ordinal": ordinal, "role": content["role"], "sha256": content["sha256"]}
            made = _time(record.value.get("recorded_at", created_at))
            versions.append({**new, "size": content["size"], "created_at": made})
    return versions


def _signer(document: str, told: Row) -> Row:
    return {
        "document": document,
        "ordinal": told["ordinal"],
        "role": told["role"],
        "account": told.get("account", ""),
        "display": told["display"],
        "title": told["title"],
        "field": told["field"],
        "signed_at": _time(told["signed_at"]),
    }


def _event(event: Believed) -> Row:
    told = event.value
    return {
        "document": told["document"],
        "ordinal": told["event"],
        "kind": told["kind"],
        "facts": told["facts"],
        "actor": told["actor"],
        "at": _time(told["recorded_at"]),
    }


def _leaf(record: Believed) -> Row:
    claimed = record.claimed
    return {
        "id": record.leaf.id,
        "document": claimed.document,
        "content_sha256": claimed.content_sha256,
        "record_sha256": digest(claimed.found.data),
        "content_salt": claimed.content_salt,
        "record_salt": claimed.record_salt,
        "predecessor": claimed.predecessor,
        "created_at": _committed(record),
    }


def _object(record: Believed, found: Found | None, role: str, content: Row | None, at: datetime) -> Row:
    """As the record promises it and the store has it; of what is gone or damaged, what the record promises."""
    stored = found.stored if found is not None else None
    claimed = record.claimed
    return {
        "key": content["key"] if content else claimed.found.key,
        "document": claimed.document,
        "leaf": record.leaf.id,
        "role": role,
        "sha256": content["sha256"] if content else digest(claimed.found.data),
        "size": content["size"] if content else claimed.found.size,
        "retain_until": (stored.retain_until if stored else None) or _time(record.value["retain_until"]),
        "read_back_at": at,
        "version": stored.version if stored else "",
        "mode": (stored.mode if stored else None) or LockMode.GOVERNANCE,
        "hold": stored.hold if stored else False,
        "repaired_at": at if found is not None and found.over else None,
    }


def _committed(record: Believed) -> datetime:
    """When the leaf was committed, as its openings tell; else when the record was made, shortly before."""
    recorded: datetime = _time(record.value["recorded_at"])
    told = record.leaf.created_at
    return told if told != UNKNOWN_TIME and told >= recorded else recorded


def _time(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)
