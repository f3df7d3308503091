"""The values that the PDF/A check hands over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PdfaFinding:
    """One violated rule. `rule` is clause and test as veraPDF numbers them for the part that the file was judged
    by, such as "6.2.11.4.1-1"; "reader" where the strict reader refused an object. `object` is the object number, 0
    for the file itself. `text` is English, for operators; `area` is what the rule is about, such as "fonts"."""

    rule: str
    text: str
    object: int = 0
    area: str = ""


@dataclass(frozen=True, slots=True)
class PdfaReport:
    """What the check found. `claims` is what the metadata say ("2B", "" for nothing), `against` what the file was
    judged by: level B of the part that it claims, of part 2 where it claims none that is known, "" where there was no
    check. `complete` is False when a limit ended the check early. `unexamined` names what the file holds, or
    claims, that the check does not look into (`words.UNEXAMINED`). `conforms` only when the file claims a
    part, nothing was found and the check was complete. It is our own check of the rules listed in
    `docs/pdfa.md`, not a certificate."""

    claims: str
    findings: tuple[PdfaFinding, ...]
    complete: bool
    unexamined: tuple[str, ...] = ()
    against: str = "2B"

    @property
    def conforms(self) -> bool:
        return self.complete and not self.findings and bool(self.claims)

    @property
    def rules(self) -> frozenset[str]:
        """The rules that were violated."""
        return frozenset(finding.rule for finding in self.findings)


UNDONE = PdfaReport("", (), complete=False, against="")  # there was no check: no time, no worker
