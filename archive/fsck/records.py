"""Records ⇔ rows: what was stored beside the bytes says what the catalogue says.

A register that was changed together with its journal is found here: records name the journal's hash.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from archive.catalogue import Connection, audit_documents, audit_registers
from archive.catalogue.values import ObjectRole
from archive.errors import ArchiveDamaged
from archive.fsck import findings as ids
from archive.fsck.evidence import outlives_its_record
from archive.fsck.findings import Report
from archive.fsck.objects import Looked
from archive.record import EVENT_SCHEMA, MAX_RECORD, RECORD_SCHEMA, digest, parse

RowValues = dict[str, Any]
_DOCUMENT_COLUMNS = ("id", "public_code", "kind", "unit", "subject", "number", "number_text", "document_date")
_SIGNER_COLUMNS = ("ordinal", "role", "display", "title", "field")


class Records:
    """The records of a block of documents."""

    def __init__(self, documents: dict[str, RowValues], of: audit_documents.Belongings) -> None:
        self._documents, self._of = documents, of
        self._registers: list[tuple[str, str, int, str]] = []  # key, agency, ordinal, hash

    def check(self, looked: Looked, report: Report) -> None:
        """A record whose bytes were read."""
        stored, data = looked.row, looked.data or b""
        key, event = stored["key"], stored["role"] == ObjectRole.EVENT
        row = next((r for r in self._of.leaves[stored["document"]] if r["id"] == stored["leaf"]), None)
        if row is None:
            report.error(ids.LEAF_MISSING, key, "its object row names a leaf that its document does not have")
            return
        try:
            if len(data) > MAX_RECORD:
                raise ArchiveDamaged(f"{key}: longer than {MAX_RECORD} bytes")
            value = parse(data, EVENT_SCHEMA if event else RECORD_SCHEMA, key)
            differing = self._differing(value, row, stored, event=event)
        except ArchiveDamaged as exc:
            report.error(ids.RECORD_MALFORMED, key, str(exc))
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            report.error(ids.RECORD_MALFORMED, key, f"a field is missing or of a wrong form: {exc}")
        else:
            if digest(data) != row["record_sha256"]:
                report.error(ids.RECORD_DIFFERS, key, "the leaf commits to another record")
            for field in differing:
                report.error(ids.RECORD_DIFFERS, key, f"record and catalogue differ in {field}")

    def check_registers(self, conn: Connection, report: Report) -> None:
        """The hashes that the block's records name, all at once."""
        told = [(agency, ordinal) for _, agency, ordinal, _ in self._registers]
        hashes = audit_registers.journal_hashes(conn, told)
        for key, agency, ordinal, sha256 in self._registers:
            if hashes.get((agency, ordinal)) != sha256:
                what = f"record and catalogue differ in register journal, row {ordinal}"
                report.error(ids.RECORD_DIFFERS, key, what)
        self._registers.clear()

    def _differing(self, record: RowValues, row: RowValues, stored: RowValues, *, event: bool) -> list[str]:
        leaf = {
            "id": row["id"],
            "content_salt": _hex(row["content_salt"]),
            "record_salt": _hex(row["record_salt"]),
        }
        found = []
        if record["leaf"] != leaf and None not in leaf.values():
            found.append("leaf")
        if record["predecessor"] != row["predecessor"]:
            found.append("predecessor")
        if datetime.fromisoformat(record["retain_until"]) > stored["retain_until"]:
            found.append("retain_until")
        if event:
            return found + self._event_differs(record, row)
        if record["content"]["sha256"] != row["content_sha256"]:
            found.append("content")
        if record["register"] is not None:
            told = record["register"]
            agency = record["document"]["agency"]["code"]
            self._registers.append((stored["key"], agency, told["ordinal"], told["sha256"]))
        if outlives_its_record(self._of.evidence.get(row["document"]), record):
            found.append("the end of its evidence")
        return found + self._document_differs(record, row["document"])

    def _document_differs(self, record: RowValues, document_id: str) -> list[str]:
        document, told = self._documents[document_id], record["document"]
        found = [name for name in _DOCUMENT_COLUMNS if told[name] != _json(document[name])]
        if told["agency"]["code"] != document["agency"]:
            found.append("agency")
        found += [name for name in ("recipients", "metadata") if told[name] != document[name]]
        signers = [{name: row[name] for name in _SIGNER_COLUMNS} for row in self._of.signers[document_id]]
        if [{name: one[name] for name in _SIGNER_COLUMNS} for one in record["signers"]] != signers:
            found.append("signers")
        return found + self._versions_differ(record, document_id)

    def _versions_differ(self, record: RowValues, document_id: str) -> list[str]:
        """The digests of the bytes before, which earlier records do not name."""
        known = {row["ordinal"]: (row["role"], row["sha256"]) for row in self._of.versions[document_id]}
        told = record.get("versions", [])
        same = all(known.get(one["ordinal"]) == (one["role"], one["sha256"]) for one in told)
        return [] if same else ["versions"]

    def _event_differs(self, record: RowValues, row: RowValues) -> list[str]:
        events = {event["ordinal"]: event for event in self._of.events[row["document"]]}
        event = events.get(record["event"])
        if event is None:
            return [f"event {record['event']}, which has no row"]
        found = [name for name in ("kind", "facts", "actor", "document") if record[name] != event[name]]
        if record["content_sha256"] != row["content_sha256"]:
            found.append("content_sha256")
        return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _hex(value: bytes | None) -> str | None:
    return value.hex() if value is not None else None
