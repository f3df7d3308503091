"""The report as the versioned contract, in both languages."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from policies.reasons.catalogue import all_reasons
from policies.vocabulary import Indication, SubIndication
from signer import wire
from signer.validation.process import validate
from signer.validation.report import headline, to_json
from tests.profiles import AGENCY

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = json.loads((DOCS / "antin.verify-1.schema.json").read_text("utf-8"))


@pytest.fixture(params=["led", "issued", "long_term", "archived"])
def report(request, shelf):
    return shelf.office.online(getattr(shelf, request.param), at=shelf.now)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_it_keeps_the_contract(report, language):
    made = to_json(report, language)
    jsonschema.validate(made, SCHEMA)
    assert json.loads(json.dumps(made, ensure_ascii=False)) == made


def test_it_travels_through_the_sandbox(report):
    assert wire.loads(wire.dumps(report)) == report


def test_what_the_circular_demands_is_in_it(shelf):
    made = to_json(shelf.office.online(shelf.issued, at=shelf.now))
    leader = made["signatures"][0]
    assert made["text"] == "Chữ ký số hợp lệ"
    certificate = leader["certificate"]
    assert certificate["issuer"] == "DEMO An Tin Issuing CA"
    assert leader["signer"] == "DEMO Nguyễn Văn An"
    assert certificate["managing_organisation"] == "UBND tỉnh DEMO Sông Hồng"
    assert leader["signing_time"] == "2026-11-20T03:00:00Z"
    assert leader["signing_time_text"] == "20/11/2026 10:00:00 (+07:00)"
    assert leader["signing_time_source"] == "timestamp"
    assert leader["integrity_text"] == "Nội dung được ký còn nguyên vẹn."
    assert certificate["status_text"] == "còn hiệu lực khi ký"
    assert certificate["not_before"] < leader["signing_time"] < certificate["not_after"]


def test_an_unsigned_file(office):
    made = to_json(office.validate(office.draft()))
    jsonschema.validate(made, SCHEMA)
    assert made["indication"] == "NO-SIGNATURE"
    assert made["text"] == "Không có chữ ký số"
    assert made["signatures"] == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_verdict_has_words(language):
    for indication in Indication:
        for sub in (None, *SubIndication):
            assert headline(indication, sub, language)


def test_the_time_must_be_aware(shelf):
    office = shelf.office
    with pytest.raises(ValueError, match="aware"):
        validate(
            shelf.led,
            trust=office.trust,
            at=datetime(2026, 1, 1),  # noqa: DTZ001
            profile=AGENCY,
        )


def test_the_guide_explains_every_change_and_sub_indication():
    guide = (DOCS / "verification.md").read_text("utf-8")
    changes = [key for key in all_reasons() if key.startswith("change.")]
    missing = [key for key in (*changes, *SubIndication) if f"`{key}`" not in guide]
    assert missing == []
