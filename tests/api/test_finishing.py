"""Only a pass of every opinion that was asked for goes on; one that is missing is none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from api.finishing import Finishing
from policies.refusals import Refused
from signer.document.pdfa.report import PdfaFinding, PdfaReport
from signer.own_output import OwnOutput

GOOD, BAD = PdfaReport("2B", (), True), PdfaReport("2B", (PdfaFinding("6.1.2-1", "no header"),), True)


def goes_on(output, conformity):
    try:
        Finishing(SimpleNamespace())._require_agreement(SimpleNamespace(id="a"), output, conformity)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("found", [None, GOOD, BAD])
@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("agreed", [False, True, None, "no"])
def test_what_was_not_heard_is_no_pass(agreed, asked, found):
    output = OwnOutput(SimpleNamespace(), agreed, found)
    assert goes_on(output, asked) is (agreed is True and (not asked or found is GOOD))
