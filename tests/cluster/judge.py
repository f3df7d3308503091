"""What must hold in the end, looked at from outside: through the API, in the store, by the audit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from archive import receipt as receipts
from archive.errors import ProofRefused
from tests.cluster.clients import Client
from tests.cluster.drive import Progress, numbers_without_gap
from tests.cluster.house import House


def judge(house: House, progress: Progress) -> list[str]:
    """Everything that is wrong; empty: every document was archived exactly once."""
    clerk = house.sign_in("van-thu")
    faults = [f"refused: {why}" for why in progress.refused]
    if len(set(progress.ids)) != progress.wanted:
        faults.append(f"{len(set(progress.ids))} documents were issued, not {progress.wanted}")
    documents = [clerk.get(f"/documents/{one}") for one in progress.ids]
    if not numbers_without_gap(documents):
        faults.append("the numbers have a gap, or one was given twice")
    faults += _states(Counter(document["state"] for document in documents))
    faults += _receipts(clerk, [str(document["id"]) for document in documents])
    faults += _audit(house)
    return faults


def _states(states: Counter[str]) -> Iterator[str]:
    for state, count in states.items():
        if state not in ("issued", "filed"):
            yield f"{count} documents are {state}"


def _receipts(clerk: Client, documents: list[str]) -> Iterator[str]:
    vkey = clerk.http.get("/log/key").text.strip()
    seen: Counter[int] = Counter()
    for document in documents:
        found = clerk.http.get(f"/documents/{document}/receipt").content
        try:
            facts = receipts.verify(json.loads(found)["pdf"]["sha256"], found, vkey)
        except (ProofRefused, KeyError, ValueError) as exc:
            yield f"receipt of {document}: {exc}"
            continue
        seen[facts.index] += 1
    for index, count in seen.items():
        if count > 1:
            yield f"leaf {index} stands for {count} documents"


def _audit(house: House) -> Iterator[str]:
    try:
        house.antin("fsck")
    except RuntimeError as exc:
        yield f"fsck: {exc}"
