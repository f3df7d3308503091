"""Our own output is judged thrice in one call of a worker, and nobody is asked after the first that does not agree."""

from __future__ import annotations

import hashlib

import pytest

from api.demo.documents import decision
from policies.vocabulary import Indication
from signer.crosscheck.independent import Expectation, ExpectedSignature
from signer.errors import CrossCheckFailed, DocumentRefused
from signer.own_output import PARTS, OwnOutput, judge
from signer.sandbox import Sandbox
from signer.validation.values import NO_EVIDENCE
from tests.profiles import AGENCY


@pytest.fixture(scope="module")
def evidence(shelf):
    return shelf.office.online(shelf.issued, at=shelf.now).evidence


@pytest.fixture(scope="module")
def pool():
    with Sandbox(1) as sandbox:
        yield sandbox


def expected(shelf, number=15):
    fingerprint = [
        hashlib.sha256(key.certificate).hexdigest()
        for key in (shelf.office.pki.signing_key("leader"), shelf.office.pki.signing_key("seal"))
    ]
    signatures = tuple(
        ExpectedSignature(field, value, True)
        for field, value in zip(("leader-1", "seal-1"), fingerprint, strict=True)
    )
    return Expectation(signatures, number, shelf.now.date())


def asked(shelf, known, path=None, number=15, conformity=True):
    office = shelf.office
    return (
        path or shelf.issued,
        office.trust,
        shelf.now,
        AGENCY,
        known,
        (),
        expected(shelf, number),
        conformity,
    )


def test_all_three_are_heard(shelf, evidence, pool):
    output = pool.call("signer.own_output:judge", *asked(shelf, evidence), parts=PARTS)
    assert isinstance(output, OwnOutput) and output.agreed
    assert output.report.verdict.indication is Indication.TOTAL_PASSED
    assert output.conformity is not None and output.conformity.conforms


def test_pdfa_is_checked_only_where_it_is_asked_for(shelf, evidence):
    output = judge(*asked(shelf, evidence, conformity=False))
    assert output.agreed and output.conformity is None


def test_without_a_pass_nobody_else_is_asked(shelf):
    output = judge(*asked(shelf, NO_EVIDENCE, number=16))
    assert output.report.verdict.indication is Indication.INDETERMINATE
    assert (output.agreed, output.conformity) == (False, None)


def test_a_second_opinion_that_differs_is_a_refusal(shelf, evidence, pool):
    with pytest.raises(CrossCheckFailed):
        pool.call("signer.own_output:judge", *asked(shelf, evidence, number=16))


def test_a_file_that_broke_pdfa_is_told(shelf, evidence, office, monkeypatch):
    """The same decision, whose metadata claims a part that there is not, signed and sealed all the same."""

    def draft():
        path = office.path()
        good = decision()
        assert good.count(b"<pdfaid:part>2<") == 1
        path.write_bytes(good.replace(b"<pdfaid:part>2<", b"<pdfaid:part>7<"))
        return path

    monkeypatch.setattr(office, "draft", draft)
    issued = office.issued()
    known = office.online(issued).evidence
    path, _, _, *rest = asked(shelf, known, issued)
    output = judge(path, office.trust, office.now, *rest)
    assert output.agreed and output.conformity is not None
    assert not output.conformity.conforms


def test_what_is_no_pdf_is_refused(shelf, evidence, tmp_path, pool):
    path = tmp_path / "none.pdf"
    path.write_bytes(b"none")
    with pytest.raises(DocumentRefused):
        pool.call("signer.own_output:judge", *asked(shelf, evidence, path))
