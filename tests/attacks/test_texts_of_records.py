"""What is written into registers and archives is seen, and means what is seen: over the API and at the desks."""

from __future__ import annotations

import json
import unicodedata

import pytest

from api.demo.documents import decision
from tests.attacks.test_body_limits import browser
from tests.service import CLERK, LEADER, Site, current

pytestmark = pytest.mark.xdist_group("site")
PDF = b"%PDF-1.7 scan"
UNSEEN = [" ", "\u200b", "\u200d\ufeff"]
BAD = ["a\x01b", "a\u202eb", "a\u2066b", "a\ufffeb", "a\x0bb"]


def dossier_fields(site: Site, notation: str, **values):
    day = site.services.clock().date()
    said = {
        "catalog_year": day.year,
        "notation": notation,
        "title": "Hồ sơ",
        "start_date": f"{day.year}-01-01",
    }
    return {**said, **values}


@pytest.mark.parametrize("subject", [*UNSEEN, *BAD, "ộ" * 501])
def test_no_such_subject_is_registered(site: Site, subject):
    answer = site.upload(subject=subject)
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"].startswith("written.")
    assert "Trích yếu" in answer.json()["text"]["vi"] and "Điều 15" in answer.json()["basis"]


@pytest.mark.parametrize("subject", [" ", "a\u202eb", "ộ" * 501])
def test_nor_at_the_desk(site: Site, subject):
    client, csrf = browser(site, CLERK)
    form = {"csrf": csrf, "subject": subject, "leader": LEADER}
    answer = client.post("/desk/documents", data=form, files={"file": ("a.pdf", decision(current()))})
    assert answer.status_code == 422
    assert "Trích yếu" in answer.text


def test_a_subject_is_one_line_of_composed_letters(site: Site):
    answer = site.upload(subject=unicodedata.normalize("NFD", "  Quyết định\r\n về  việc nâng lương "))
    assert answer.status_code == 201, answer.text
    assert answer.json()["subject"] == "Quyết định về việc nâng lương"


@pytest.mark.parametrize("reason", [*UNSEEN, *BAD])
def test_what_nobody_sees_is_no_reason(site: Site, reason):
    document = site.upload().json()["id"]
    headers = {"content-type": "application/json", "idempotency-key": f"why {document}"}
    body = json.dumps({"reason": reason})
    answer = site.client(CLERK).post(f"/documents/{document}/void", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"] in ("issuing.reason-needed", "written.bad-character")
    client, csrf = browser(site, CLERK)
    answer = client.post(f"/desk/documents/{document}/void", data={"csrf": csrf, "reason": reason})
    assert answer.status_code == 422
    assert site.document(document)["state"] == "draft"


@pytest.mark.parametrize("name", ["title", "heading", "creator", "description"])
def test_fields_of_dossiers(site: Site, name):
    answer = site.post(CLERK, "/dossiers", json=dossier_fields(site, "BAD.1", **{name: "a\x01b"}))
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"] == "written.bad-character"


@pytest.mark.parametrize("name", ["subject", "author", "number", "note"])
def test_what_is_said_of_a_file(site: Site, name):
    opened = site.post(CLERK, "/dossiers", json=dossier_fields(site, f"BAD.{name}")).json()["id"]
    form = {"subject": "Công văn đến", name: "a\u202eb"}
    answer = site.post(CLERK, f"/dossiers/{opened}/files", data=form, files={"file": ("a.pdf", PDF)})
    assert answer.status_code == 422, answer.text
    assert answer.json()["id"] == "written.bad-character"
    named = {"file": ("a\u202efdp.pdf", PDF)}
    answer = site.post(CLERK, f"/dossiers/{opened}/files", data={"subject": "Công văn"}, files=named)
    assert answer.json()["id"] == "keeping.bad-file-name"


@pytest.mark.parametrize("name", ["reason", "basis"])
def test_words_of_a_hold(site: Site, name):
    for text, ids in (
        ("\u200b", ("keeping.reason-needed", "keeping.hold-basis-needed")),
        ("a\u202eb", ("written.bad-character",)),
    ):
        body = {"documents": ["x"], "reason": "Thanh tra", "basis": "CV 12", name: text}
        answer = site.post(CLERK, "/holds", json=body)
        assert answer.json()["id"] in ids, answer.text


def test_recipients(site: Site):
    assert site.upload(recipients="Sở Nội vụ; a\u202eb").json()["id"] == "written.bad-character"
