"""Our own check of PDF/A-1b, -2b and -3b, for everything that this product writes into a file.

    report = check(path)
    report.conforms, report.findings

A file is judged by the part that it claims. Rules carry the numbers that veraPDF gives them (clause and test of
that part of ISO 19005); the code and the judgement are ours. One module for each group of clauses; what differs
from part to part is data (`parts`).
"""

from signer.document.pdfa.check import check, check_open
from signer.document.pdfa.context import PdfaLimits
from signer.document.pdfa.report import UNDONE, PdfaFinding, PdfaReport

__all__ = ["UNDONE", "PdfaFinding", "PdfaLimits", "PdfaReport", "check", "check_open"]
