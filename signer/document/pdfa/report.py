"""The values that the PDF/A check hands over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PdfaFinding:
    """One violated rule. `rule` is clause and test as veraPDF numbers them for ISO 19005-2, such as
    "6.2.11.4.1-1"; "reader" where the strict reader refused an object. `object` is the object number, 0 for
    the file itself. `text` is English, for operators."""

    rule: str
    text: str
    object: int = 0


@dataclass(frozen=True, slots=True)
class PdfaReport:
    """What the check found. `claims` is what the metadata say ("2B", "" for nothing). `complete` is False when
    a limit ended the check early. `unexamined` names what the file holds that the check does not look into
    (nothing that this product writes). `conforms` only when the file claims PDF/A-2, nothing was found and
    the check was complete. It is our own check of the rules listed in `docs/pdfa.md`, not a certificate."""

    claims: str
    findings: tuple[PdfaFinding, ...]
    complete: bool
    unexamined: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        return self.complete and not self.findings

    @property
    def rules(self) -> frozenset[str]:
        """The rules that were violated."""
        return frozenset(finding.rule for finding in self.findings)
