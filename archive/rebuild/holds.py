"""Holds: over dossiers as their versions tell them, over documents as their events do."""

from __future__ import annotations

from collections.abc import Sequence

from archive.catalogue import Connection, rebuild_rows
from archive.fsck import findings as ids
from archive.openings import MALFORMED
from archive.rebuild.dossier_values import Believed, Row, time_of
from archive.rebuild.log import Found as Tell


def dossier_holds(believed: Sequence[Believed]) -> list[Row]:
    told = [
        (each.value["act"], each.value["hold"])
        for each in believed
        if each.value["act"] in ("held", "released")
    ]
    if not told:
        return []
    dossier = believed[-1].value["dossier"]
    return holds(told, dossier["agency"]["code"], dossier=dossier["id"])


def holds(told: Sequence[tuple[str, Row]], agency: str, dossier: str | None = None) -> list[Row]:
    """Rows of holds, from what events or versions tell of them in their order: placed, then perhaps released.

    That somebody asked for a release and nobody decided was not archived: the hold stands as placed.
    """
    found: dict[str, Row] = {}
    for act, facts in told:
        row = found.setdefault(facts["hold"], _placed(facts, agency, dossier))
        if act == "released":
            row |= {
                "state": "released",
                "version": 4,
                "asked_by": facts["asked_by_account"],
                "asked_by_display": facts["asked_by"],
                "asked_at": time_of(facts["asked_at"]),
                "asked_reason": facts["asked_reason"],
                "decided_by": facts["confirmed_by_account"],
                "decided_by_display": facts["confirmed_by"],
                "decided_at": time_of(facts["confirmed_at"]),
                "released_at": time_of(facts["confirmed_at"]),
            }
    return list(found.values())


def _placed(facts: Row, agency: str, dossier: str | None) -> Row:
    return {
        "id": facts["hold"],
        "agency": agency,
        "dossier": dossier,
        "state": "placed",
        "version": 1,
        "reason": facts["reason"],
        "basis": facts["basis"],
        "placed_by": facts["placed_by_account"],
        "placed_by_display": facts["placed_by"],
        "placed_at": time_of(facts["placed_at"]),
        "asked_by": None,
        "asked_by_display": "",
        "asked_at": None,
        "asked_reason": "",
        "decided_by": None,
        "decided_by_display": "",
        "decided_at": None,
        "released_at": None,
    }


def enter_document_holds(conn: Connection, tell: Tell) -> None:
    """Holds over documents, from their events. One is over when every document that it names says so."""
    by_hold: dict[str, list[tuple[str, str, str, Row]]] = {}
    for document, agency, kind, facts in rebuild_rows.hold_events(conn):
        try:
            holds([(kind, facts)], agency)
        except MALFORMED as exc:
            tell(ids.HOLD_DIFFERS, f"document {document}", f"its event makes no hold: {exc}")
            continue
        by_hold.setdefault(facts["hold"], []).append((document, agency, kind, facts))
    rows, named = [], []
    for hold, told in by_hold.items():
        held = {document for document, _, kind, _ in told if kind == "held"}
        let_go = {document for document, _, kind, _ in told if kind == "released"}
        acts = [(kind, facts) for _, _, kind, facts in told if kind == "held" or held <= let_go]
        rows += holds(acts, told[0][1])
        named += [{"hold": hold, "document": document} for document in sorted(held)]
    rebuild_rows.insert(conn, "holds", rows)
    rebuild_rows.insert(conn, "hold_documents", named)
