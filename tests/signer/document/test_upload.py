"""One call says of an upload exactly what intake and the PDF/A check say of it apart."""

from __future__ import annotations

import pytest

from api.demo.documents import decision
from policies.intake import ISSUING, IntakeRefused, decide
from signer import wire
from signer.document.intake import examine_file
from signer.document.pdfa import check
from signer.document.upload import examine_upload
from signer.errors import DocumentRefused
from signer.sandbox import Sandbox, SandboxLimits
from tests.factories import hostile
from tests.factories.pdfa_violations import VIOLATIONS, make
from tests.service import PATIENCE


def _outcome(work, *arguments):
    try:
        return work(*arguments)
    except DocumentRefused as refusal:
        return refusal.reason, refusal.values


def _apart(path):
    facts = examine_file(path, ISSUING.limits)
    try:
        decide(facts, ISSUING)
    except IntakeRefused:
        return facts, None
    return facts, _outcome(check, path)


def _together(path):
    found = _outcome(examine_upload, path, ISSUING)
    return (found.facts, found.conformity) if hasattr(found, "facts") else (None, found)


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_both_ways_say_the_same_of_every_violation(tmp_path, rule):
    for index, breaker in enumerate(VIOLATIONS[rule]):
        path = tmp_path / f"{index}.pdf"
        path.write_bytes(make(breaker))
        apart, together = _apart(path), _together(path)
        assert together[1] == apart[1]
        assert together[0] in (apart[0], None)


def test_a_good_document_is_admitted_and_conforms(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(decision())
    found = examine_upload(path, ISSUING)
    assert (found.facts, found.conformity) == _apart(path)
    assert found.conformity.conforms
    assert wire.loads(wire.dumps(found)) == found


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1, SandboxLimits(wall_seconds=PATIENCE)) as pool:
        yield pool


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_what_intake_refuses_is_not_checked_further(tmp_path, sandbox, name):
    path = tmp_path / "a.pdf"
    hostile.MAKERS[name](path)
    found = sandbox.call("signer.document.upload:examine_upload", path, ISSUING)
    assert found.facts == sandbox.call("signer.document.intake:examine_file", path, ISSUING.limits)
    assert found.conformity is None
    with pytest.raises(IntakeRefused):
        decide(found.facts, ISSUING)
