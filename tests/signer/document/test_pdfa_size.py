"""Beyond 2 GiB nothing is PDF/A, and whoever claims it is told. Sparse files: the holes cost nothing."""

from __future__ import annotations

import pytest

from policies.reasons import verification as reasons
from policies.vocabulary import Indication, Severity
from signer.document.pdfa import check
from signer.document.pdfa_size import MOST_BYTES, beyond_pdfa
from signer.document.reader import PdfFile
from signer.trust.anchors import TrustAnchors
from signer.validation.process import run
from signer.validation.report import to_json
from tests.factories.large_pdf import write_large
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    return {
        "large": write_large(
            folder / "large.pdf", MOST_BYTES + 30_000, pictures=2, sparse=True, claims_pdfa=True
        ),
        "below": write_large(
            folder / "below.pdf", MOST_BYTES - 20_000, pictures=2, sparse=True, claims_pdfa=True
        ),
        "silent": write_large(folder / "silent.pdf", MOST_BYTES + 30_000, pictures=2, sparse=True),
    }


def size_rule(path):
    return [found.text for found in check(path).findings if found.rule == "6.1.13-1"]


def test_the_check_names_the_size(files):
    (text,) = size_rule(files["large"])
    assert str(files["large"].stat().st_size) in text
    assert size_rule(files["below"]) == []


def test_the_limit_is_the_largest_integer(files):
    with PdfFile.open(files["large"]) as pdf:
        assert beyond_pdfa(pdf, MOST_BYTES) == ""
        assert beyond_pdfa(pdf, MOST_BYTES + 1) == "2B"


def test_verification_says_so_when_the_file_claims_it(files):
    found = {name: run(path, TrustAnchors(()), NOW, AGENCY) for name, path in files.items()}
    told = {
        name: [each for each in report.findings if each.reason == reasons.BEYOND_PDFA]
        for name, report in found.items()
    }
    assert told["below"] == told["silent"] == []
    (finding,) = told["large"]
    assert finding.severity is Severity.WARNING
    assert "PDF/A-2B" in finding.text("vi") and "2,147,483,647" in finding.text("en")
    assert found["large"].verdict.indication is Indication.NO_SIGNATURE
    assert reasons.BEYOND_PDFA.id in [row["id"] for row in to_json(found["large"])["findings"]]


def test_a_claim_that_cannot_be_read_is_none(tmp_path):
    path = write_large(tmp_path / "a.pdf", MOST_BYTES + 30_000, pictures=2, sparse=True, claims_pdfa=True)
    with path.open("r+b") as file:
        head = file.read(4_000)
        file.seek(head.index(b"/Subtype/XML/Length ") + len(b"/Subtype/XML/Length "))
        file.write(b"9")  # leads nowhere
    with PdfFile.open(path) as pdf:
        assert beyond_pdfa(pdf, pdf.size) == ""
