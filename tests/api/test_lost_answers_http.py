"""Every write whose answer was lost after its act was committed: its retry is told what the first try did."""

from __future__ import annotations

import itertools
import json
import uuid

import pytest
from sqlalchemy import select

from api import work
from api.archiving import carry_out_event
from api.demo.documents import decision
from api.jobs import BACKGROUND
from api.owed import Owed
from api.routes import context
from api.store import audit
from api.store.tables import operations
from archive.errors import ArchiveUnavailable
from policies.numbering import civil_date
from tests.service import AUDITOR, CLERK, INITIAL, LEADER, current, seen_sha256, until

pytestmark = pytest.mark.xdist_group("site")
REASON = {"reason": "Thanh tra tỉnh yêu cầu"}
HOLD = {**REASON, "basis": "CV 12/TTr-NV1 ngày 05/03/2026"}
numbers = itertools.count(1)


@pytest.fixture
def lost(monkeypatch):
    """Runs a request whose answer is lost: the act is committed, and what keeps its answer fails. That answer."""

    def run(act):
        answers = []

        def fails(_conn, _asked, status, headers, body, _at):
            answers.append((status, headers, body))
            raise ArchiveUnavailable("the database is gone")

        with monkeypatch.context() as patch:
            patch.setattr(context.idempotency, "keep", fails)
            assert act().status_code == 503
        (answer,) = answers
        return answer

    return run


def fields(site, **values):
    day = civil_date(site.services.clock())
    notation = f"L{next(numbers):03d}.{uuid.uuid4().hex[:6]}"
    said = {"catalog_year": day.year, "notation": notation, "title": "Hồ sơ thử", "start_date": f"{day}"}
    return {**said, **values}


def made(answer, status=201):
    assert answer.status_code == status, answer.text
    return str(answer.json()["id"])


def dossier(site):
    return made(site.post(CLERK, "/dossiers", json=fields(site)))


def a_file(n=0):
    form = {"subject": "Công văn của Sở Nội vụ"}
    return {"data": form, "files": {"file": ("Công văn.pdf", b"%%PDF-1.7 %d" % n, "application/pdf")}}


def filled(site):
    found = dossier(site)
    made(site.post(CLERK, f"/dossiers/{found}/files", **a_file(next(numbers))), 200)
    return found


def closing(site):
    return {"code": "06", "work_ended": f"{civil_date(site.services.clock())}"}


def hold(site):
    return made(site.post(AUDITOR, "/holds", json={"dossier": dossier(site), **HOLD}))


def asked_back(site):
    found = hold(site)
    made(site.post(CLERK, f"/holds/{found}/release-request", json=REASON), 200)
    return found


def stopped(site):
    document = site.archived()
    with site.services.transactions.write() as conn:
        deposit = Owed(site.services)._stop(conn, document, "ý kiến thứ hai khác")
    carry_out_event(site.services, deposit)
    return document


def returned(site):
    document = site.prepared()
    made(site.post(CLERK, f"/documents/{document}/return", json=REASON), 200)
    return document


def draft(site):
    return made(site.upload())


def numbered(site):
    document = site.signed()
    made(site.post(CLERK, f"/documents/{document}/number", json={}), 200)
    return document


def batch(site):
    documents = [site.prepared() for _ in range(2)]
    seen = [{"id": one, "sha256": seen_sha256(site.document(one))} for one in documents]
    return {"json": {"documents": seen}}


def upload_form(subject="Quyết định thử nghiệm"):
    form = {"subject": subject, "kind": "QĐ", "leaders": LEADER}
    return {"data": form, "files": {"file": ("quyet-dinh.pdf", decision(current()), "application/pdf")}}


def known_file(site):
    from_one = filled(site)
    (entry,) = site.get(CLERK, f"/dossiers/{from_one}/entries")["entries"]
    return {"json": {"file": entry["file"]["id"]}}


def signing(site, document):
    return {"json": {"sha256": seen_sha256(site.document(document))}}


def closed(site):
    found = filled(site)
    made(site.post(CLERK, f"/dossiers/{found}/closing", json=closing(site)), 200)
    return found


def says(body):
    return lambda *_: {"json": body}


D, O, H = "/documents/{}/", "/dossiers/{}", "/holds/{}/"  # noqa: E741
# Route → who acts, on what, with which body.
ACTS = {
    "post /documents": (CLERK, None, lambda *_: upload_form()),
    f"post {D}preparation": (CLERK, draft, says({})),
    f"post {D}initials": (INITIAL, lambda site: site.prepared(initials=INITIAL), signing),
    f"post {D}leader-signature": (LEADER, lambda site: site.prepared(), signing),
    "post /batches/leader-signatures": (LEADER, None, lambda site, _: batch(site)),
    f"post {D}number": (CLERK, lambda site: site.signed(), says({})),
    f"post {D}seal": (CLERK, numbered, None),
    f"post {D}continuation": (CLERK, lambda site: site.archived(), None),
    f"post {D}issue": (CLERK, lambda site: site.archived(), None),
    f"post {D}filing": (
        CLERK,
        lambda site: site.issued(),
        lambda site, _: {"json": {"dossiers": [dossier(site), dossier(site)]}},
    ),
    f"post {D}return": (LEADER, lambda site: site.prepared(), says(REASON)),
    f"post {D}void": (CLERK, numbered, says(REASON)),
    f"post {D}recall": (CLERK, lambda site: site.issued(), says(REASON)),
    f"post {D}resumption": (CLERK, stopped, says(REASON)),
    f"post {D}withdrawal": (CLERK, lambda site: site.prepared(), None),
    f"post {D}resubmission": (CLERK, returned, None),
    "post /dossiers": (CLERK, None, lambda site, _: {"json": fields(site)}),
    f"put {O}": (CLERK, dossier, lambda site, _: {"json": fields(site, title="Tên mới")}),
    f"post {O}/documents": (CLERK, dossier, lambda site, _: {"json": {"documents": [site.issued()]}}),
    f"post {O}/files": (CLERK, dossier, lambda *_: a_file(next(numbers))),
    f"post {O}/known-files": (CLERK, dossier, lambda site, _: known_file(site)),
    f"post {O}/entries/1/removal": (CLERK, filled, says(REASON)),
    f"post {O}/closing": (CLERK, filled, lambda site, _: {"json": closing(site)}),
    f"post {O}/reopening": (CLERK, closed, says(REASON)),
    "post /holds": (AUDITOR, None, lambda site, _: {"json": {"dossier": dossier(site), **HOLD}}),
    f"post {H}release-request": (CLERK, hold, says(REASON)),
    f"post {H}release-refusal": (LEADER, asked_back, says(REASON)),
    f"post {H}release-confirmation": (LEADER, asked_back, None),
}


def test_no_write_is_left_out(site):
    """Every route that asks for a key is tried below."""
    paths = site.client(None).get("/openapi.json").json()["paths"]
    keyed = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, item in paths.items()
        for method, operation in item.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    }
    names = {"/documents/": "{document_id}", "/dossiers/": "{dossier_id}", "/holds/": "{hold_id}"}

    def full(route):
        for place, name in names.items():
            route = route.replace(place + "{}", place + name)
        return route.replace("/entries/1/", "/entries/{entry}/")

    assert {full(route) for route in ACTS} == keyed


@pytest.mark.parametrize("route", ACTS)
def test_the_retry_is_told_what_the_first_try_did(site, lost, route):
    who, on, body_of = ACTS[route]
    method, _, place = route.partition(" ")
    subject = on(site) if on else ""
    body = body_of(site, subject) if body_of else {}
    key = uuid.uuid4().hex

    def ask():
        headers = {"idempotency-key": key}
        return site.client(who).request(method, place.format(subject), headers=headers, **body)

    status, headers, first = lost(ask)
    if "done" in (told := json.loads(first)):
        until(lambda: site.get(CLERK, f"/operations/{told['id']}")["state"] == "succeeded", "the operation")
    acts = acts_of_people(site)
    for _ in range(2):
        again = ask()
        assert again.status_code == status, again.text
        assert again.headers["idempotent-replay"] == "true"
        assert again.headers.get("location") == headers.get("location")
        assert ("etag" in again.headers) is ("etag" in headers)
        assert settled(again.json()) == settled(told)
    assert acts_of_people(site) == acts, "something was done twice"


def settled(told):
    """Of an answer, what does not go on by itself."""
    moving = {"updated_at"}
    if "done" in told:
        moving |= {"state", "done", "result"}
    if "leader_token_time" in told:
        moving |= {"version", "sha256"}
    return {name: value for name, value in told.items() if name not in moving}


def acts_of_people(site):
    """As the audit has them, and the operations that they waited for."""
    with site.services.transactions.read() as conn:
        rows = audit.page(conn, site.settings.agency_code, None, 10_000)
        waited = conn.execute(select(operations.c.id).where(operations.c.kind.not_in(BACKGROUND))).all()
    return [(row.act, row.phase, row.subject) for row in rows if row.actor != "system"], len(waited)


def test_with_prefer_the_retry_waits_for_the_outcome(site, lost):
    document, key = site.prepared(), uuid.uuid4().hex
    headers = {"idempotency-key": key, "prefer": "wait=20"}
    body, place = signing(site, document), f"/documents/{document}/leader-signature"
    lost(lambda: site.client(LEADER).post(place, headers=headers, **body))
    again = site.client(LEADER).post(place, headers=headers, **body)
    assert again.status_code == 200
    assert again.headers["preference-applied"] == "wait=20"
    assert again.json()["state"] == "succeeded"


def test_another_request_under_the_key_of_a_lost_answer_is_refused(site, lost):
    document, key = site.signed(), uuid.uuid4().hex
    place = f"/documents/{document}/number"
    lost(lambda: site.post(CLERK, place, key, json={}))
    for other in (
        site.post(CLERK, place, key, json={"number": 9}),
        site.post(CLERK, f"/documents/{document}/withdrawal", key),
    ):
        assert (other.status_code, other.json()["id"]) == (422, "access.idempotency-key-reused")
    assert site.post(CLERK, place, key, json={}).status_code == 200


def test_what_was_refused_is_judged_anew_under_the_same_key(site):
    document, key = site.prepared(), uuid.uuid4().hex
    assert site.post(CLERK, f"/documents/{document}/number", key, json={}).status_code == 409
    site.done(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    numbered = site.post(CLERK, f"/documents/{document}/number", key, json={})
    assert numbered.status_code == 200
    assert "idempotent-replay" not in numbered.headers


def test_an_act_that_was_taken_back_is_not_told_as_done(site, monkeypatch):
    """It fails after it said in its transaction that it is done."""
    document, key = site.signed(), uuid.uuid4().hex
    real = work.audit_event

    def fails(*arguments, **facts):
        real(*arguments, **facts)
        raise ArchiveUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(work, "audit_event", fails)
        assert site.post(CLERK, f"/documents/{document}/number", key, json={}).status_code == 503
    assert site.document(document)["number"] is None
    again = site.post(CLERK, f"/documents/{document}/number", key, json={})
    assert again.status_code == 200
    assert "idempotent-replay" not in again.headers
    assert again.json()["number"]


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "answer lost"])
def test_a_retry_names_the_version_that_its_first_try_changed(site, lost, answered):
    document, key = site.prepared(), uuid.uuid4().hex
    seen = site.client(CLERK).get(f"/documents/{document}").headers["etag"]

    def take_back(key):
        headers = {"idempotency-key": key, "if-match": seen}
        return site.client(CLERK).post(f"/documents/{document}/withdrawal", headers=headers)

    if answered:
        assert take_back(key).status_code == 200
    else:
        lost(lambda: take_back(key))
    again = take_back(key)
    assert (again.status_code, again.json()["state"]) == (200, "draft")
    assert take_back(uuid.uuid4().hex).json()["id"] == "access.changed-meanwhile"


def test_acts_that_found_it_done_are_told_so_after_it_moved_on(site, lost):
    """A number that was there already, a question that was asked already: told again when both are long over."""
    document = site.signed()
    made(site.post(CLERK, f"/documents/{document}/number", json={}), 200)
    numbered, went_on = uuid.uuid4().hex, uuid.uuid4().hex
    lost(lambda: site.post(CLERK, f"/documents/{document}/number", numbered, json={}))
    sealed = site.post(CLERK, f"/documents/{document}/seal")
    _, _, joined = lost(lambda: site.post(CLERK, f"/documents/{document}/continuation", went_on))
    site.done(CLERK, sealed)
    assert site.post(CLERK, f"/documents/{document}/number", numbered, json={}).json()["state"] == "archived"
    again = site.post(CLERK, f"/documents/{document}/continuation", went_on)
    assert again.json()["id"] == json.loads(joined)["id"]
