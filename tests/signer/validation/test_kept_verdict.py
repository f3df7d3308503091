"""What the archive keeps of a verdict is enough to find the same verdict again, from nobody else's answers."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace

import pytest

from policies.validation import PASSED
from signer.validation import kept_verdict
from signer.validation.kept_verdict import answers_of, as_kept
from signer.validation.pieces import pieces
from signer.validation.process import validate
from signer.validation.values import NO_EVIDENCE
from tests.profiles import AGENCY


@pytest.fixture
def report(shelf):
    return shelf.office.online(shelf.issued, at=shelf.now)


def again(shelf, path, evidence):
    return validate(path, trust=shelf.office.trust, at=shelf.now, profile=AGENCY, evidence=evidence)


def test_the_same_verdict_is_found_with_what_is_kept_alone(shelf, report):
    kept = json.loads(json.dumps(as_kept(report)))
    assert report.verdict == PASSED
    assert again(shelf, shelf.issued, NO_EVIDENCE).verdict != PASSED
    assert again(shelf, shelf.issued, answers_of(kept)).verdict == PASSED


@pytest.mark.parametrize("version", ["issued", "long_term", "archived"])
def test_every_piece_is_named(shelf, version):
    found = shelf.office.online(getattr(shelf, version), at=shelf.now)
    kept = as_kept(found)
    assert [(each["kind"], each["sha256"]) for each in kept["used"]] == [
        (each.kind, each.sha256) for each in pieces(found)
    ]
    assert {each["kind"] for each in kept["used"]} >= {"certificate", "ocsp", "timestamp"}


def test_policy_trust_and_time_are_named(report):
    kept = as_kept(report)
    assert kept["policy"] == "urn:antin:validation-policy:agency:1"
    assert kept["policy_sha256"] == report.policy.fingerprint.hex()
    assert (kept["trust"], kept["at"]) == ("demo", report.at.isoformat())


def test_what_a_file_carries_is_not_kept_twice(shelf):
    found = shelf.office.online(shelf.long_term, at=shelf.now)
    kept = as_kept(found)
    assert not any("der" in each for each in kept["used"])
    assert again(shelf, shelf.long_term, answers_of(kept)).verdict == PASSED


def test_the_answer_about_the_last_time_stamp_is_kept_with_it(shelf):
    found = shelf.office.online(shelf.archived, at=shelf.now)
    assert again(shelf, shelf.archived, answers_of(as_kept(found))).verdict == PASSED


def test_a_list_that_is_too_long_is_named_and_the_shorter_answers_are_kept(report):
    long = b"\x30" + bytes(kept_verdict.MOST_BYTES)
    given = replace(report, evidence=replace(report.evidence, crls=(long, *report.evidence.crls)))
    kept = as_kept(given)
    found = answers_of(kept)
    assert long not in found.crls
    assert set(found.ocsp) == set(report.evidence.ocsp)
    assert sum(each["kind"] == "crl" for each in kept["used"]) == len(report.evidence.crls) + 1


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"used": None},
        {"used": [{"kind": "ocsp", "sha256": "0" * 64, "der": "no base64!"}]},
        {"used": [{"kind": "ocsp", "sha256": "0" * 64, "der": b64encode(b"another").decode()}]},
        {"used": [{"kind": "nothing", "sha256": "0" * 64, "der": ""}]},
    ],
)
def test_another_shape_is_refused(broken):
    with pytest.raises(ValueError, match="not "):
        answers_of(broken)
