"""Characters and figures that a database refuses: PostgreSQL takes no NUL, no half of a surrogate pair, no figure
beyond a column's. Each is the caller's fault and is told so, on either engine."""

from __future__ import annotations

import json

import pytest

from api.demo.documents import decision
from tests.service import AUDITOR, CLERK, LEADER, Site, current

pytestmark = pytest.mark.xdist_group("site")

NUL, HALF, LONG = "a\0b", "a\ud800b", "x" * 10_000
HUGE = str(10**30)
ADDRESSES = {
    "document": (CLERK, "/documents/a%00b"),
    "operation": (CLERK, "/operations/a%00b"),
    "long document": (CLERK, f"/documents/{LONG[:3000]}"),
    "cursor": (CLERK, "/documents?cursor=a%00b"),
    "file": (CLERK, "/documents/a%00b/file"),
    "audit before": (AUDITOR, f"/audit?before={HUGE}"),
    "audit before, below": (AUDITOR, f"/audit?before=-{HUGE}"),
    "audit before, a little too much": (AUDITOR, f"/audit?before={1 << 40}"),
    "year of the register": (CLERK, f"/registers/outgoing?year={HUGE}"),
    "year of the register, a little too much": (CLERK, f"/registers/outgoing?year={1 << 40}"),
    "register after": (CLERK, f"/registers/outgoing?year=2026&after={HUGE}"),
    "checkpoint": (None, f"/log/checkpoint?size={HUGE}"),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_in_an_address(site: Site, name):
    who, path = ADDRESSES[name]
    answer = site.client(who).get(path)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "path", ["/v/a%00b", "/v/a%00b/download", "/v/a%00b/receipt", "/?code=a%00b", "/v?code=a%00b"]
)
def test_in_the_address_of_a_page(site: Site, path):
    answer = site.client(None).get(site.url + path)
    assert answer.status_code < 500, answer.text


FORMS = {
    "subject": {"subject": NUL},
    "recipients": {"recipients": f"Sở Nội vụ;{NUL}"},
    "leaders": {"leaders": NUL},
    "unit": {"unit": NUL},
    "kind": {"kind": NUL},
    "long kind": {"kind": LONG},
    "long unit": {"unit": "x" * 30},
    "long leader": {"leaders": LONG},
    "file name": {"file_name": "a\0b.pdf"},
    "metadata": {"metadata": json.dumps({"note": NUL})},
    "metadata, half a pair": {"metadata": json.dumps({"note": HALF})},
    "urgency": {"urgency": HUGE},
}


@pytest.mark.parametrize("name", FORMS)
def test_in_the_form_of_an_upload(site: Site, name):
    answer = site.upload(decision(current()), **FORMS[name])
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("text", [NUL, HALF], ids=["NUL", "half a pair"])
def test_in_a_sign_in(site: Site, text):
    body = json.dumps({"name": text, "password": text})
    answer = site.client(None).post("/sessions", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("text", [NUL, HALF], ids=["NUL", "half a pair"])
def test_in_a_reason(site: Site, text):
    document = site.prepared()
    body = json.dumps({"reason": text})
    for who, act in ((LEADER, "return"), (CLERK, "void")):
        headers = {"content-type": "application/json", "idempotency-key": act + document}
        answer = site.client(who).post(f"/documents/{document}/{act}", content=body, headers=headers)
        assert answer.status_code < 500, answer.text


def test_a_number_that_no_column_holds(site: Site):
    document = site.signed()
    answer = site.post(CLERK, f"/documents/{document}/number", json={"number": 10**30})
    assert 400 <= answer.status_code < 500, answer.text
