"""What everybody says of a signed file: our validation, pyHanko with its difference analysis, pdfsig, mutool, qpdf.

Each answer is reduced to what can be compared between two files: one word for each signature, oldest first, and
whether the newest covers the whole file. Known wrong answers are listed in `KNOWN_WRONG`, and nowhere else.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from policies.validation import PASSED
from tests.conftest import need_tool
from tests.factories.graphs import Blueprint, Form
from tests.service import PATIENCE
from tests.signer.validation.office import Office, explain

GOOD, BAD = "good", "bad"
_PERMITTED = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
_COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


@dataclass(frozen=True)
class Opinion:
    """One word for each signature, whether the newest covers the whole file, and what was said, for a reader."""

    signatures: tuple[str, ...]
    whole: bool
    said: str = ""

    def approves(self, count: int) -> bool:
        return self.signatures == (GOOD,) * count and self.whole


def ours(path: Path, office: Office) -> Opinion:
    """Our validation, with revocation asked for: TOTAL-PASSED for each signature and for the file."""
    report = office.online(path, at=office.now)
    words = tuple(GOOD if each.verdict == PASSED else BAD for each in report.signatures)
    whole = bool(words) and report.signatures[-1].coverage == "whole" and report.verdict == PASSED
    return Opinion(words, whole, explain(report))


def pyhanko(path: Path, office: Office, *, strict: bool = True, password: str | None = None) -> Opinion:
    """pyHanko's validation with its difference analysis."""
    words: list[str] = []
    with path.open("rb") as file:
        reader = PdfFileReader(file, strict=strict)
        if password is not None:
            reader.decrypt(password)
        newest = None
        for embedded in reader.embedded_regular_signatures:
            context = ValidationContext(
                trust_roots=[x509.Certificate.load(office.pki.root)],
                moment=office.now,
                revocation_mode="soft-fail",
                allow_fetching=False,
            )
            newest = validate_pdf_signature(embedded, signer_validation_context=context)
            sound = newest.intact and newest.valid and newest.trusted and newest.docmdp_ok
            permitted = newest.modification_level in _PERMITTED and newest.coverage in _COVERED
            words.append(GOOD if sound and permitted else BAD)
    whole = newest is not None and newest.coverage is SignatureCoverageLevel.ENTIRE_FILE
    return Opinion(tuple(words), whole, str(newest and newest.summary()))


def pdfsig(path: Path, password: str | None = None) -> Opinion:
    """poppler; the trust of the certificate is not asked for."""
    given = ("-upw", password) if password else ()
    said = _run("pdfsig", "-nocert", *given, path).stdout
    blocks = [b for b in re.split(r"^Signature #\d+:$", said, flags=re.M)[1:] if "is not signed" not in b]
    by_end = sorted(
        blocks, key=lambda block: max(map(int, re.findall(r"\d+", _line(block, "Signed Ranges"))))
    )
    words = tuple(GOOD if "Signature Validation: Signature is Valid." in b else BAD for b in by_end)
    return Opinion(words, bool(by_end) and "Total document signed" in by_end[-1], said)


def mutool(path: Path, password: str | None = None) -> Opinion:
    """MuPDF; it names signatures by their objects, so its words are sorted: the unchanged one last."""
    given = ("-p", password) if password else ()
    said = _run("mutool", "sign", "-v", *given, path).stdout
    blocks = [b for b in said.split("Verifying signature ")[1:] if "Signature is not signed" not in b]
    unchanged = sum("The document is unchanged since signing." in block for block in blocks)
    edited = sum("valid but there have been edits since signing" in block for block in blocks)
    words = (BAD,) * (len(blocks) - unchanged - edited) + (GOOD,) * (edited + unchanged)
    return Opinion(words, unchanged == 1, said)


def qpdf(path: Path, password: str | None = None) -> tuple[int, str]:
    """The exit status of `qpdf --check`: 0 without a warning."""
    given = (f"--password={password}",) if password else ()
    result = _run("qpdf", "--check", *given, path)
    return result.returncode, result.stdout + result.stderr


def _line(block: str, name: str) -> str:
    found = re.search(rf"{name}: (.*)", block)
    return found[1] if found else "0"


def _run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [need_tool(name), *(str(each) for each in arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
    )


KNOWN_WRONG: dict[str, tuple[type[Exception], str]] = {
    "pyhanko-strict-hybrid": (
        SignatureValidationError,
        "strict mode judges no signature of a hybrid file, which the standard allows (7.5.8.4)",
    ),
    "pyhanko-strict-hybrid-update": (
        PdfError,
        "strict mode refuses that an update hides an object in a table, by a free entry (7.5.8.4)",
    ),
    "pyhanko-plain-metadata": (
        ValueError,
        "the difference analysis decrypts metadata that are not encrypted (/EncryptMetadata false)",
    ),
}
"""Wrong answers of foreign tools: what is raised, and why that is wrong. Whoever uses one asks again otherwise, or
has the other judges; one that no longer occurs fails the test."""


def is_known_wrong(name: str, ask: Callable[[], Opinion]) -> bool:
    """Whether the tool fails as it is known to. Raises AssertionError when it no longer does."""
    error, why = KNOWN_WRONG[name]
    try:
        ask()
    except error:
        return True
    raise AssertionError(f"no longer needed: {why}")


def strict_or_known(path: Path, office: Office, blueprint: Blueprint) -> Opinion:
    """pyHanko in strict mode; of a hybrid file its known refusal, and then its lenient answer."""
    strict = blueprint.form is not Form.HYBRID or not is_known_wrong(
        "pyhanko-strict-hybrid", lambda: pyhanko(path, office)
    )
    return pyhanko(path, office, strict=strict)
