"""Both suites, whole: importing this enters every generator."""

from __future__ import annotations

from policies.refusals import Refused
from policies.validation import PASSED
from signer.validation.values import DocumentReport
from tests.attacks.pdf import (
    actions,
    answers,
    authorities,
    buttons,
    cases,
    certificates,
    certification,
    field_roles,
    fills,
    forgery,
    genuine_files,
    genuine_keys,
    hiding,
    key_parameters,
    later,
    limits,
    outside,
    overlays,
    permissions,
    readers,
    repainting,
    replay,
    roles,
    saving,
    shadow,
    stamps,
    substitution,
    tails,
    wrapping,
)

MODULES = (
    field_roles,
    fills,
    forgery,
    saving,
    wrapping,
    shadow,
    certification,
    actions,
    buttons,
    tails,
    hiding,
    later,
    limits,
    outside,
    overlays,
    roles,
    readers,
    substitution,
    permissions,
    repainting,
    replay,
    stamps,
    certificates,
    authorities,
    key_parameters,
    answers,
    genuine_files,
    genuine_keys,
)
ATTACKS = tuple(cases.ATTACKS)
GENUINE = tuple(cases.GENUINE)


def accepted(answer: DocumentReport | Refused) -> bool:
    """Whether this answer is a yes: to the document, and to each of its signatures."""
    if isinstance(answer, Refused) or answer.verdict != PASSED or not answer.signatures:
        return False
    return all(each.verdict == PASSED for each in answer.signatures)


def word(answer: DocumentReport | Refused) -> str:
    """A document's verdict as `cases.Found` names it."""
    if isinstance(answer, Refused):
        return answer.id
    verdict = answer.verdict
    return f"{verdict.indication}/{verdict.sub_indication}" if verdict.sub_indication else verdict.indication


def broken(answer: DocumentReport | Refused) -> tuple[str, ...]:
    """The fields of the signatures that do not pass, oldest first."""
    if isinstance(answer, Refused):
        return ()
    return tuple(each.field for each in answer.signatures if each.verdict != PASSED)


def told(answer: DocumentReport | Refused) -> set[str]:
    """The ids of all findings and changes."""
    if isinstance(answer, Refused):
        return {answer.id}
    found = {each.reason.id for each in answer.findings}
    for signature in answer.signatures:
        found.update(each.reason.id for each in signature.findings)
        found.update(each.reason.id for each in signature.change_items)
    return found
