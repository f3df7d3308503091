"""No attack is accepted, and it is found as what it is; every genuine twin and every genuine file passes."""

from __future__ import annotations

import pytest

from policies.refusals import Refused
from signer.document.pdfa import check as conformity
from signer.document.reader import PdfFile
from tests.attacks.pdf.suite import ATTACKS, GENUINE, accepted, broken, told, word
from tests.signer.validation.office import explain, understood

NAMES = {
    "universal signature forgery",
    "incremental saving attack",
    "signature wrapping",
    "shadow attack: hide",
    "shadow attack: replace",
    "shadow attack: hide and replace",
    "evil annotation attack",
    "sneaky signature attack",
    "insecure forms and actions",
    "object that comes later",
    "data of another file",
    "one object in two roles",
    "two readers, two documents",
    "byte tail",
    "signature hiding",
    "font and content substitution",
    "DocMDP violation",
    "FieldMDP violation",
    "cross-document replay of a signature",
    "cross-document replay of a time-stamp",
    "valid time-stamp over other bytes",
    "claimed time",
    "certificate with the right name from the wrong issuer",
    "certificate that may not sign",
    "certificate substitution",
    "issuer that is no CA",
    "signature that its key forbids",
    "answer that is none",
}


def said(answer) -> str:
    return str(answer) if isinstance(answer, Refused) else explain(answer)


def test_every_attack_has_its_name_once():
    assert {each.name for each in ATTACKS} == NAMES
    ids = [each.id for each in (*ATTACKS, *GENUINE)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_is_found_and_never_accepted(desk, attack):
    answer, _ = desk.judge(attack.make(desk))
    assert not accepted(answer), said(answer)
    assert (word(answer), broken(answer)) == (attack.found.verdict, attack.found.broken), said(answer)
    assert set(attack.found.ids) <= told(answer), said(answer)
    assert isinstance(answer, Refused) or understood(answer), said(answer)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_its_genuine_twin_passes(desk, attack):
    made, twin = attack.make(desk), attack.twin(desk)
    assert made != twin
    answer, _ = desk.judge(twin)
    assert accepted(answer), said(answer)


@pytest.mark.parametrize("genuine", GENUINE, ids=lambda genuine: genuine.id)
def test_a_genuine_file_passes(desk, genuine):
    answer, _ = desk.judge(genuine.make(desk))
    assert accepted(answer), said(answer)
    assert set(genuine.ids) <= told(answer), said(answer)
    assert understood(answer)


@pytest.mark.parametrize("genuine", GENUINE, ids=lambda genuine: genuine.id)
def test_the_pdfa_check_of_a_genuine_file_ends_in_a_report(desk, genuine):
    """What the product issued conforms; nothing else here is made to."""
    made = genuine.make(desk)
    report = conformity(desk.write(made), password=made.password or "")
    assert report.complete
    assert report.conforms == (genuine.name == "issued by the product")


def test_what_the_attackers_make_can_be_opened(desk):
    """A suite of files that nobody can read would be found out by anything: nearly all of these open."""
    opened = 0
    for attack in ATTACKS:
        if attack.found.verdict.startswith("document."):
            continue
        with PdfFile.of(attack.make(desk).data) as pdf:
            opened += pdf.page(0) is not None
    assert opened > 250
