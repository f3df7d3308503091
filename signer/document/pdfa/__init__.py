"""Our own check of PDF/A-2b, for everything that this product writes into a file.

    report = check(path)
    report.conforms, report.findings

Rules carry the numbers that veraPDF gives them (clause and test of ISO 19005-2:2011); the code and the
judgement are ours. One module for each group of clauses.
"""

from signer.document.pdfa.check import check, check_open
from signer.document.pdfa.context import PdfaLimits
from signer.document.pdfa.report import PdfaFinding, PdfaReport

__all__ = ["PdfaFinding", "PdfaLimits", "PdfaReport", "check", "check_open"]
