"""Legal holds for the desks."""

from __future__ import annotations

from collections.abc import Sequence

from api.pages import kept
from api.pages.addresses import address
from api.pages.views import Choice
from api.services import Services
from api.store.accounts import Account
from archive.catalogue import Connection, documents, dossier_rows, hold_rows
from archive.catalogue.keeping_values import Hold
from archive.holds import Subject
from policies.holds import HOLDING, ROLES_OF, HoldAct, HoldState

LISTED = 50
NAMED = 5  # documents of a hold that are named in a list
_POSSIBLE = {
    HoldState.PLACED: frozenset({HoldAct.ASK_RELEASE}),
    HoldState.RELEASE_ASKED: frozenset({HoldAct.REFUSE_RELEASE, HoldAct.CONFIRM_RELEASE}),
}


def listing(services: Services, account: Account, over: bool, after: str | None) -> kept.HoldsView:
    """Those that stand, or all."""
    states = tuple(HoldState) if over else tuple(state for state in HoldState if state in HOLDING)
    with services.transactions.read() as conn:
        found, older = hold_rows.page(conn, account.agency, states=states, cursor=after, limit=LISTED)
    return kept.HoldsView(
        items=tuple(hold(services, one, account) for one in found),
        older=older,
        may_place=bool(ROLES_OF[HoldAct.PLACE] & account.roles),
        over=over,
    )


def hold(services: Services, found: Hold, account: Account) -> kept.HoldView:
    """One hold, with what this account may do now; whoever asked for the release does not confirm it."""
    with services.transactions.read() as conn:
        links = _links(conn, found)
    acts = {act for act in _POSSIBLE.get(found.state, frozenset()) if ROLES_OF[act] & account.roles}
    own = found.asked_by == account.id
    if own:
        acts.discard(HoldAct.CONFIRM_RELEASE)
    return kept.HoldView(
        id=found.id,
        state=found.state,
        over="; ".join(link.text for link in links),
        links=links,
        reason=found.reason,
        basis=found.basis,
        placed_by=found.placed_by_display,
        placed_at=found.placed_at,
        asked_by=found.asked_by_display,
        asked_at=found.asked_at,
        asked_reason=found.asked_reason,
        decided_by=found.decided_by_display,
        released_at=found.released_at,
        acts=frozenset(str(act) for act in acts),
        own_request=own and found.state is HoldState.RELEASE_ASKED,
    )


def _links(conn: Connection, found: Hold) -> tuple[Choice, ...]:
    if found.dossier is not None:
        dossier = dossier_rows.find(conn, found.dossier)
        text = f"{dossier.code} · {dossier.fields.title}" if dossier else found.dossier
        return (Choice(address("dossier", id=found.dossier), text),)
    named = [Choice(address("work", id=one), _name(conn, one)) for one in found.documents[:NAMED]]
    left = len(found.documents) - len(named)
    return (*named, *([Choice("", f"… +{left}")] if left else []))


def _name(conn: Connection, document_id: str) -> str:
    document = documents.find(conn, document_id)
    if document is None:
        return document_id
    return f"{document.number_text or ''} {document.subject}".strip()


def form(
    services: Services, over: Subject, account: Account, reason: str = "", basis: str = ""
) -> kept.HoldForm:
    """What is to be held: things of the account's own agency only."""
    with services.transactions.read() as conn:
        if over.dossier is not None:
            dossier = dossier_rows.find(conn, over.dossier)
            known = dossier is not None and dossier.agency == account.agency
            things = (
                [Choice(dossier.id, f"{dossier.code} · {dossier.fields.title}")] if dossier and known else []
            )
        else:
            things = _own(conn, over.documents, account)
    back = address("dossier", id=over.dossier) if over.dossier else address("holds")
    if over.dossier is None and len(things) == 1:
        back = address("work", id=things[0].value)
    return kept.HoldForm(tuple(things), over.dossier is not None, reason, basis, back)


def _own(conn: Connection, ids: Sequence[str], account: Account) -> list[Choice]:
    found = [documents.find(conn, one) for one in dict.fromkeys(ids)]
    return [
        Choice(one.id, f"{one.number_text or ''} {one.subject}".strip())
        for one in found
        if one is not None and one.agency == account.agency
    ]
