"""Files that are made to cost get a verdict or a typed refusal, from a worker under the limits of verification."""

from __future__ import annotations

import pytest

from api.wiring.tools import verification_limits
from policies.refusals import Refused
from signer.sandbox import Sandbox
from signer.validation.values import NO_EVIDENCE
from tests.attacks.pdf.denial import SHAPES
from tests.attacks.pdf.desk import LATER
from tests.profiles import AGENCY

# Made of ten thousands of objects, or answered by the limit alone: that takes longer than a commit should wait.
_SLOW = ("answers: ", "CMS: ", "quadratic: ", "deep: ", "loop: drawings", "locks: ")
SHAPE = [pytest.param(name, marks=pytest.mark.long if name.startswith(_SLOW) else ()) for name in SHAPES]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, verification_limits(preload=("signer.validation.process",))) as pool:
        yield pool


def asked(sandbox, path, desk):
    """The report, or the refusal."""
    arguments = (path, desk.trust(), LATER, AGENCY, NO_EVIDENCE, None, ())
    try:
        return sandbox.call("signer.validation.process:run", *arguments)
    except Refused as refused:
        return refused


@pytest.mark.parametrize("name", SHAPE)
def test_it_is_answered(desk, sandbox, name):
    path = desk.folder / "denial.pdf"
    path.write_bytes(SHAPES[name](desk))
    answer = asked(sandbox, path, desk)
    if isinstance(answer, Refused):
        assert answer.id != "document.parser-failed", answer
        assert answer.text("vi") and answer.text("en")
    else:
        assert answer.verdict.indication != "TOTAL-PASSED"
        findings = {f.reason.id for each in answer.signatures for f in each.findings}
        assert "verification.not-understood" not in findings
    assert sandbox.call("signer.document.preview:page_sizes", desk.write_good()), "the next file is served"
