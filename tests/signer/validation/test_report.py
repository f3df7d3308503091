"""The report as the versioned contract, in both languages."""

from __future__ import annotations

import json
from datetime import datetime

import jsonschema
import pytest

from policies.validation import AGENCY
from policies.vocabulary import Indication, SubIndication
from signer import wire
from signer.errors import DocumentRefused
from signer.validation.process import validate
from signer.validation.report import headline, refusal_to_json, to_json
from tests.signer.validation.contract import SCHEMA


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


def test_a_refusal_is_an_answer_too(tmp_path, shelf):
    path = tmp_path / "empty.pdf"
    path.write_bytes(b"")
    office = shelf.office
    with pytest.raises(DocumentRefused) as caught:
        office.validate(path)
    made = refusal_to_json(caught.value)
    jsonschema.validate(made, SCHEMA)
    assert made["refusal"]["id"] == "document.empty"
    assert made["indication"] != "TOTAL-PASSED"


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
