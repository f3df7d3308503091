"""A file cut inside its last update opens as the earlier revision: never a pass without an error."""

from __future__ import annotations

import pytest

from policies.validation import PASSED
from policies.vocabulary import Severity
from signer.document.history import History
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from tests.signer.validation.office import explain

ERRORS = {"hidden-bytes", "no-end-mark"}


@pytest.fixture(scope="module")
def bounds(shelf):
    with PdfFile.open(shelf.issued) as pdf:
        last = History(pdf).revisions[-1]
        return last.start, last.mark


def test_every_cut_is_seen(shelf, bounds):
    """Each byte near both ends of the seal's revision, every seventh between."""
    start, mark = bounds
    data = shelf.issued.read_bytes()
    for cut in {*range(start + 1, start + 80), *range(start, mark, 7), *range(mark - 300, mark)}:
        if not data[start:cut].strip():
            continue  # nothing but the earlier revision
        try:
            found = {finding.id for finding in History(PdfFile.of(data[:cut])).findings}
        except DocumentRefused:
            continue
        assert found & ERRORS, (cut, data[start:cut][-60:])


@pytest.mark.parametrize("share", [0.0003, 0.001, 0.01, 0.3, 0.9, 0.99, 0.999])
def test_no_cut_file_passes_without_an_error(shelf, bounds, tmp_path, share):
    """The leader's signature is good; what followed it is lost, and that is said."""
    start, mark = bounds
    path = tmp_path / "cut.pdf"
    path.write_bytes(shelf.issued.read_bytes()[: start + max(1, int((mark - start) * share))])
    try:
        report = shelf.office.online(path, at=shelf.now)
    except DocumentRefused as refusal:
        assert refusal.reason.id == "document.cut-in-half"  # noqa: PT017
        return
    assert report.verdict != PASSED, explain(report)
    assert any(each.severity is Severity.ERROR for each in report.findings), explain(report)


def test_the_earlier_revision_itself_is_whole(shelf, bounds, tmp_path):
    path = tmp_path / "earlier.pdf"
    path.write_bytes(shelf.issued.read_bytes()[: bounds[0]])
    assert shelf.office.online(path, at=shelf.now).verdict == PASSED
