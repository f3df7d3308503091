"""What pages are given of a checked file and its signatures: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.pages.proofs import Proof
from policies.vocabulary import (
    Changes,
    Coverage,
    Indication,
    Integrity,
    Level,
    Severity,
    State,
    SubIndication,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of a validation."""

    id: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One signature or time-stamp, with what TT 15/2025/TT-BKHCN wants shown to whoever checks it."""

    field: str
    indication: Indication
    sub_indication: SubIndication | None
    integrity: Integrity
    coverage: Coverage
    changes: Changes
    level: Level
    signer: str
    title: str = ""
    organisation: str = ""
    issuer: str = ""
    managing_body: str = ""
    trust_domain: str = ""  # in words, of the reader's language
    signing_time: datetime | None = None
    time_is_stamped: bool = False
    valid_at_signing: bool | None = None
    certificate_from: datetime | None = None
    certificate_to: datetime | None = None
    change_items: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Standing(StrEnum):
    """What is to be said first of a document of ours; all but the first is a warning."""

    IN_FORCE = "in-force"
    RECALLED = "recalled"
    REPLACED = "replaced"
    STOPPED = "stopped"
    VOIDED = "voided"
    NOT_ISSUED = "not-issued"


_OF_STATE = {
    State.ISSUED: Standing.IN_FORCE,
    State.FILED: Standing.IN_FORCE,
    State.STOPPED: Standing.STOPPED,
    State.VOIDED: Standing.VOIDED,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive knows of a file that was checked: ours, and in which state. Issued, it has a public page."""

    code: str
    number: str
    state: State
    archived_at: datetime
    issued_at: datetime | None
    recalled_at: datetime | None = None
    replaced_by: str | None = None
    proof: Proof | None = None

    @property
    def standing(self) -> Standing:
        if self.recalled_at is not None:
            return Standing.RECALLED
        if self.replaced_by is not None:
            return Standing.REPLACED
        return _OF_STATE.get(self.state, Standing.NOT_ISSUED)


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page that looks different; pictures are data addresses, None where there was, or is, no such page."""

    number: int
    signed: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class SeenState:
    """What changed to the eye after the signatures of `fields`; `problem` says why there are no pictures."""

    fields: str
    pages: tuple[SeenPage, ...]
    different: int = 0
    compared: int = 0
    total: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One certificate, answer or time-stamp that was used: `kind` as `signer.validation.pieces` names it."""

    kind: str
    subject: str
    time: datetime | None
    sha256: str


@dataclass(frozen=True, slots=True)
class ConformityFinding:
    """One rule of PDF/A that is broken, with what it is about; `object` is 0 for the file itself. `text` is English."""

    rule: str
    area: str
    object: int
    text: str


@dataclass(frozen=True, slots=True)
class ConformityView:
    """Whether the file is the PDF/A that it says it is; `against` is what it was judged by, such as "2B"."""

    told: str
    against: str
    complete: bool
    findings: tuple[ConformityFinding, ...]
    unexamined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A checked upload. `kept` is None when the archive does not hold these bytes.

    `ticket` brings the result back for a sealed report; empty when there is none to be had. `policy`: the legal basis
    of the profile; `usual_policy`: nobody chose another than the one that counts for the agency's documents.
    """

    file_name: str
    size: int
    sha256: str
    checked_at: datetime
    indication: Indication
    sub_indication: SubIndication | None
    signatures: tuple[SignatureView, ...]
    findings: tuple[Finding, ...]
    kept: Kept | None
    report_json: str
    seen: tuple[SeenState, ...] = ()
    profile: str = ""
    policy: str = ""
    policy_id: str = ""
    policy_version: int = 0
    usual_policy: bool = True
    trust: str = ""
    evidence: tuple[Evidence, ...] = ()
    ticket: str = ""
    pdfa: ConformityView | None = None
