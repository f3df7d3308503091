"""What is archived was passed by all who were asked: one opinion less, and nothing is written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from api import finishing, problems
from api.finishing import Finishing
from api.judging import Judging
from api.verification import Verification
from policies.refusals import Refused
from policies.vocabulary import Indication, SubIndication
from signer.document.pdfa.report import PdfaFinding, PdfaReport
from signer.errors import RevocationUnavailable, TrustOverdue
from signer.own_output import OwnOutput

CONFORMS, BROKEN = PdfaReport("2B", (), True), PdfaReport("2B", (PdfaFinding("6.1.2-1", "header"),), True)
PASSED = (Indication.TOTAL_PASSED, None)


class Written(Exception):
    """It went on to the transaction that archives."""


def judged(monkeypatch, indication, agreed, conformity, *, claims, part="2B"):
    """`Finishing._validate` of a document, which claims PDF/A or not, about which this was said."""
    verdict = SimpleNamespace(indication=indication[0], sub_indication=indication[1])
    report = SimpleNamespace(verdict=verdict, signatures=[SimpleNamespace(level="B-T")])
    output = OwnOutput(report, agreed=agreed, conformity=conformity)

    def write():
        raise Written

    monkeypatch.setattr(Verification, "own_output", lambda *_, **__: output)
    monkeypatch.setattr(Judging, "expectation", lambda *_: None)
    monkeypatch.setattr(finishing, "judged", lambda *_: {})
    services = SimpleNamespace(
        sandbox=None,
        clock=lambda: None,
        work_area=SimpleNamespace(work_path=lambda _: None),
        transactions=SimpleNamespace(write=write),
        profiles={"agency": None},
    )
    pdfa = {"claims": part, "conforms": claims}
    document = SimpleNamespace(id="d", current_sha256="0" * 64, metadata={"pdfa": pdfa})
    Finishing(services)._validate(document)


@pytest.mark.parametrize(("conformity", "claims"), [(CONFORMS, True), (None, False)])
def test_what_all_passed_goes_on(monkeypatch, conformity, claims):
    with pytest.raises(Written):
        judged(monkeypatch, PASSED, True, conformity, claims=claims)


def test_part_1_is_not_promised(monkeypatch):
    """Our own revisions do not keep what it asks of fields and fonts: such a document is finished all the same."""
    with pytest.raises(Written):
        judged(monkeypatch, PASSED, True, None, claims=True, part="1B")


@pytest.mark.parametrize("part", ["2B", "3B", "2U"])
def test_parts_2_and_3_are(monkeypatch, part):
    with pytest.raises(Refused):
        judged(monkeypatch, PASSED, True, BROKEN, claims=True, part=part)


def test_a_trust_store_past_its_review_makes_it_wait(monkeypatch):
    """Nothing is wrong with the document: it waits for the store's keeper, and is not failed."""
    stale = (Indication.INDETERMINATE, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)
    with pytest.raises(TrustOverdue) as caught:
        judged(monkeypatch, stale, True, CONFORMS, claims=True)
    told = problems.problem(caught.value)
    assert (told["status"], told["id"]) == (503, "unavailable.TrustOverdue")
    assert "rà soát" in told["text"]["vi"]


@pytest.mark.parametrize(
    ("indication", "agreed", "conformity", "claims"),
    [
        ((Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE), True, CONFORMS, True),
        ((Indication.INDETERMINATE, None), True, CONFORMS, True),
        ((Indication.INDETERMINATE, SubIndication.TRY_LATER), True, CONFORMS, True),
        (PASSED, False, CONFORMS, True),
        (PASSED, False, None, False),
        (PASSED, True, BROKEN, True),
        (PASSED, True, None, True),  # asked for, and not heard
    ],
)
def test_one_opinion_less_stops_it(monkeypatch, indication, agreed, conformity, claims):
    with pytest.raises((Refused, RevocationUnavailable)):
        judged(monkeypatch, indication, agreed, conformity, claims=claims)
