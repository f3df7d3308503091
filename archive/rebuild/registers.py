"""Numbers, the outgoing register and the series, out of the registers' journal.

A number may be a document's that was never archived: it was under way when the catalogue was lost, or was voided.
Such a document gets a row that stands still: the register must not lose the number, and nobody may use it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from archive.catalogue import Connection, rebuild_rows
from archive.fsck import findings as ids
from archive.openings import MALFORMED
from archive.rebuild.log import Found
from archive.registers.chain import ALLOTTED, LOST, VOIDED, void_note
from policies.kinds import BY_CODE
from policies.numbering import civil_date
from policies.vocabulary import State

Row = dict[str, Any]
UNARCHIVED = (
    "Văn bản đã được cấp số nhưng chưa kịp lưu trữ thì cơ sở dữ liệu bị mất; kho lưu trữ không có tệp. "
    "Hãy hủy số kèm lý do rồi làm văn bản mới, hoặc khôi phục từ bản sao lưu."
)
# As the clerk's entry has them where a journal of an earlier version does not tell.
_KEEPER, _COPIES = "VT", 1


def enter_numbers(conn: Connection, block: Sequence[tuple[str, int, str]], tell: Found) -> None:
    """Rows for a block of the journal, in its order, in the caller's transaction."""
    acts = [_act(agency, ordinal, entry, tell) for agency, ordinal, entry in block]
    allotted = [act for act in acts if act["act"] == ALLOTTED]
    wanted = [act["document"] for act in allotted]
    documents, leaders = rebuild_rows.documents_of(conn, wanted), rebuild_rows.last_leaders(conn, wanted)
    rebuild_rows.insert(
        conn, "documents", [_stub(act) for act in allotted if act["document"] not in documents]
    )
    for agency, kind, year in dict.fromkeys((act["agency"], act["kind"], act["year"]) for act in allotted):
        rebuild_rows.insert_missing_series(conn, agency, kind, year)
    rebuild_rows.insert(conn, "numbers", [_number(act) for act in allotted])
    rebuild_rows.insert(conn, "outgoing_register", _entered(conn, allotted, documents, leaders))
    for act in acts:
        if act["act"] == VOIDED:
            at = datetime.fromisoformat(act["allotted_at"])
            rebuild_rows.void(conn, act["document"], act["reason"], void_note(act["reason"]), at)


def _act(agency: str, ordinal: int, entry: str, tell: Found) -> Row:
    """The entry's facts; an act that this version does not know is told, and does nothing."""
    try:
        facts: Row = json.loads(entry)
        if facts["act"] in (ALLOTTED, VOIDED):
            datetime.fromisoformat(facts["allotted_at"])
            return facts
        if facts["act"] == LOST:
            return facts
        raise ValueError(f"act {facts['act']}")
    except MALFORMED as exc:
        where = f"register journal of {agency}, row {ordinal}"
        tell(ids.JOURNAL_BROKEN, where, f"of no known form: {exc}")
        return {"act": ""}


def _stub(act: Row) -> Row:
    entered = act.get("entered", {})
    at = datetime.fromisoformat(act["allotted_at"])
    return {
        "id": act["document"],
        "public_code": entered.get("code") or act["document"].replace("-", "")[:26],
        "agency": act["agency"],
        "kind": act["kind"],
        "unit": entered.get("unit", ""),
        "subject": entered.get("subject", ""),
        "state": State.STOPPED,
        "stopped_from": None,
        "reason": UNARCHIVED,
        "version": 1,
        "urgency": 0,
        "number": act["number"],
        "number_text": act["text"],
        "document_date": date.fromisoformat(act["document_date"]),
        "uploader": "",
        "uploader_display": entered.get("drafter", ""),
        "recipients": entered.get("recipients", []),
        "metadata": {},
        "boxes": [],
        "current_sha256": None,
        "leader_token_time": None,
        "created_at": at,
        "updated_at": at,
        "archived_at": None,
        "issued_at": None,
        "recalled_at": None,
        "replaced_by": None,
    }


def _number(act: Row) -> Row:
    return {
        "agency": act["agency"],
        "kind": act["kind"],
        "year": act["year"],
        "number": act["number"],
        "document": act["document"],
        "text": act["text"],
        "document_date": date.fromisoformat(act["document_date"]),
        "allotted_at": datetime.fromisoformat(act["allotted_at"]),
        "state": "active",
        "reason": "",
    }


def _entered(
    conn: Connection, allotted: list[Row], documents: dict[str, Any], leaders: dict[str, str]
) -> list[Row]:
    """Rows of the outgoing register: as the journal tells them, else as the documents' own rows do."""
    position: dict[tuple[str, int], int] = {}
    made = []
    for act in allotted:
        place = act["agency"], act["year"]
        last = position.get(place)
        if last is None:
            last = rebuild_rows.last_position(conn, *place)
        document = documents.get(act["document"])
        told = act.get("entered") or _of_document(act, document, leaders, last + 1)
        position[place] = told["position"]
        made.append(_outgoing(act, told, document))
    return made


def _of_document(act: Row, document: Any, leaders: dict[str, str], position: int) -> Row:
    return {
        "position": position,
        "kind_name": BY_CODE[act["kind"]].name if act["kind"] in BY_CODE else act["kind"],
        "subject": document.subject if document else "",
        "signer": leaders.get(act["document"], ""),
        "recipients": document.recipients if document else [],
        "keeper": _KEEPER,
        "copies": _COPIES,
        "note": "",
    }


def _outgoing(act: Row, told: Row, document: Any) -> Row:
    issued = document.issued_at if document else None
    return {
        "document": act["document"],
        "agency": act["agency"],
        "year": act["year"],
        "position": told["position"],
        "number_text": act["text"],
        "document_date": date.fromisoformat(act["document_date"]),
        "kind_name": told["kind_name"],
        "subject": told["subject"],
        "signer": told["signer"],
        "recipients": told["recipients"],
        "keeper": told["keeper"],
        "copies": told["copies"],
        "sent_on": civil_date(issued) if issued else None,
        "acknowledged": "",
        "note": told["note"],
        "entered_at": datetime.fromisoformat(act["allotted_at"]),
    }
