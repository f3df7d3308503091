"""Dossiers, retention and holds over HTTP: acts, keys, versions, roles, refusals."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from datetime import timedelta

import pytest

from api.checking import Checking
from api.holding import Holding
from archive.catalogue import dossier_rows, log_rows
from policies.numbering import civil_date
from policies.reasons import keeping
from tests.service import AUDITOR, CLERK, LEADER, until

pytestmark = pytest.mark.xdist_group("site")
SCAN = b"%PDF-1.7 an incoming scan"
REASON = {"reason": "Thanh tra tỉnh yêu cầu"}
HOLD = {**REASON, "basis": "CV 12/TTr-NV1 ngày 05/03/2026"}
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def issued(site):
    return [site.issued(subject=f"Văn bản để lưu {n}") for n in range(2)]


def today(site):
    return civil_date(site.services.clock())


def fields(site, **values):
    day = today(site)
    notation = f"{next(numbers):03d}.{uuid.uuid4().hex[:6]}"
    said = {"catalog_year": day.year, "notation": notation, "title": "Hồ sơ thử", "start_date": f"{day}"}
    return {**said, **values}


def opened(site, **values):
    answer = site.post(CLERK, "/dossiers", json=fields(site, **values))
    assert answer.status_code == 201, answer.text
    return answer.json()


def good(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer, reason, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["id"] == reason.id
    assert set(answer.json()["text"]) == {"vi", "en"}


def upload(site, dossier, content=SCAN, name="Công văn đến.pdf", **form):
    body = {"subject": "Công văn của Sở Nội vụ", "number": "15/SNV", "pages": "3", **form}
    return site.post(
        CLERK, f"/dossiers/{dossier}/files", data=body, files={"file": (name, content, "application/pdf")}
    )


def test_a_dossier_from_opening_to_closing(site, issued):
    dossier = opened(site, planned_code="06")
    path = f"/dossiers/{dossier['id']}"
    assert dossier["code"].startswith(f"{site.settings.agency_code}.{today(site).year}.")
    assert dossier["creator"]
    good(site.post(CLERK, f"{path}/documents", json={"documents": issued, "note": "Bản chính"}))
    good(upload(site, dossier["id"]))
    lines = site.get(CLERK, f"{path}/entries?limit=2")
    assert [line["document"]["id"] for line in lines["entries"]] == sorted(issued)
    (scan,) = site.get(CLERK, f"{path}/entries?after={lines['next']}")["entries"]
    assert (scan["number"], scan["pages"], scan["subject"]) == ("15/SNV", 3, "Công văn của Sở Nội vụ")
    assert site.document(issued[0])["state"] == "filed"
    closed = good(site.post(CLERK, f"{path}/closing", json={"code": "06", "work_ended": f"{today(site)}"}))
    assert closed["state"] == "closed"
    assert closed["retention"]["basis"].startswith("Luật Lưu trữ")
    assert closed["retention"]["last_day"] == f"{today(site).year + 10}-12-31"
    whole = site.get(AUDITOR, path)
    assert [act["act"] for act in whole["acts"]] == ["opened", "filed", "filed", "closed"]
    assert whole["kept"] == {"last_day": closed["retention"]["last_day"], "because": "period"}
    told = site.document(issued[0])
    assert told["dossiers"] == [{"id": dossier["id"], "code": dossier["code"], "title": "Hồ sơ thử"}]
    assert told["retention"]["last_day"] == closed["retention"]["last_day"]
    refused(upload(site, dossier["id"], b"%PDF-1.7 more"), keeping.WRONG_DOSSIER_STATE, 409)
    refused(site.post(CLERK, f"{path}/entries/1/removal", json=REASON), keeping.WRONG_DOSSIER_STATE, 409)
    again = good(site.post(CLERK, f"{path}/reopening", json={"reason": "Bổ sung"}))
    assert again["state"] == "open"
    refused(site.post(CLERK, f"{path}/entries/1/removal", json=REASON), keeping.ENTRY_LISTED, 409)
    refused(
        site.post(CLERK, f"{path}/closing", json={"code": "07.05", "work_ended": f"{today(site)}"}),
        keeping.RETENTION_SHORTER,
        422,
    )


def test_everything_that_was_done_is_archived_and_in_the_log(site):
    dossier = opened(site)
    good(upload(site, dossier["id"], b"%PDF-1.7 for the log"))
    with site.services.transactions.read() as conn:
        versions = dossier_rows.versions(conn, dossier["id"])
        assert dossier_rows.deposits_left(conn) == ()
    store = site.services.store
    assert len(list(store.list(f"dossiers/{dossier['id']}/"))) == 3

    def numbered():
        with site.services.transactions.read() as conn:
            found = [log_rows.leaf(conn, version.leaf) for version in versions]
        return all(leaf is not None and leaf.log_index is not None for leaf in found)

    until(numbered, "the log")


def test_a_document_is_filed_from_its_own_page_into_several_dossiers_at_once(site):
    document = site.issued(subject="Vào nhiều hồ sơ")
    one, two = opened(site), opened(site)
    path = f"/documents/{document}/filing"
    changed = good(site.post(CLERK, path, json={"dossiers": [one["id"], two["id"]]}))
    assert changed["state"] == "filed"
    assert {found["id"] for found in site.document(document)["dossiers"]} == {one["id"], two["id"]}
    refused(site.post(CLERK, path, json={"dossiers": [one["id"]]}), keeping.FILED_ALREADY, 409)
    assert site.post(CLERK, path, json={"dossiers": []}).status_code == 422
    assert site.post(CLERK, path, json={"dossiers": ["nothing"]}).status_code == 404
    good(site.post(CLERK, f"/dossiers/{one['id']}/entries/1/removal", json=REASON))
    assert site.document(document)["state"] == "filed"
    good(site.post(CLERK, f"/dossiers/{two['id']}/entries/1/removal", json=REASON))
    assert site.document(document)["state"] == "issued"


def test_what_is_not_issued_is_not_filed(site):
    document, dossier = site.prepared(subject="Chưa phát hành"), opened(site)
    answer = site.post(CLERK, f"/documents/{document}/filing", json={"dossiers": [dossier["id"]]})
    refused(answer, keeping.NOT_FILEABLE, 409)


def test_the_same_key_opens_one_dossier(site):
    body, key = fields(site), uuid.uuid4().hex
    first = site.post(CLERK, "/dossiers", key, json=body)
    second = site.post(CLERK, "/dossiers", key, json=body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replay"] == "true"
    assert first.headers["location"] == f"/api/v1/dossiers/{first.json()['id']}"
    refused(site.post(CLERK, "/dossiers", json=body), keeping.DOSSIER_EXISTS, 409)


def test_an_act_on_something_else_than_was_seen_is_refused(site):
    dossier = opened(site)
    path, seen = f"/dossiers/{dossier['id']}", f'"{dossier["id"]}-1"'
    client = site.client(CLERK)
    body = fields(site, notation=dossier["notation"], title="Tên mới")

    def put(match):
        return client.put(path, json=body, headers={"idempotency-key": uuid.uuid4().hex, "if-match": match})

    changed = put(seen)
    assert changed.status_code == 200
    assert changed.headers["etag"] == f'"{dossier["id"]}-2"'
    refused(put(seen), keeping.DOSSIER_CHANGED, 412)
    assert put("*").status_code == 200


@pytest.mark.parametrize("name", ["tệp.exe", "không đuôi", ".pdf", "a/b.pdf"])
def test_files_of_unknown_kinds_and_names_are_not_taken(site, name):
    dossier = opened(site)
    answer = upload(site, dossier["id"], name=name)
    assert answer.status_code == 422
    assert answer.json()["id"] in (keeping.UNKNOWN_FILE_KIND.id, keeping.BAD_FILE_NAME.id)


def test_a_file_whose_bytes_are_of_another_kind_is_not_taken(site):
    dossier = opened(site)
    refused(upload(site, dossier["id"], b"MZ\x90\x00 a program"), keeping.FILE_KIND_DIFFERS, 422)
    refused(upload(site, dossier["id"], b""), keeping.EMPTY_FILE, 422)


def test_a_file_is_not_of_tomorrow(site):
    """It would keep the dossier from being closed until then, and nothing that was listed goes out again."""
    dossier, day = opened(site)["id"], today(site)
    refused(upload(site, dossier, date=f"{day + timedelta(days=1)}"), keeping.FILE_DATE_IN_FUTURE, 422)
    refused(upload(site, dossier, date="2099-01-01"), keeping.FILE_DATE_IN_FUTURE, 422)
    assert upload(site, dossier, date=f"{day}").status_code == 200


def test_a_file_comes_back_as_it_was_to_be_saved_and_never_shown(site):
    one, two = opened(site), opened(site)
    content = b"%PDF-1.7 <script>alert(1)</script>"
    good(upload(site, one["id"], content, name='Công văn «đến» "1".pdf'))
    (line,) = site.get(CLERK, f"/dossiers/{one['id']}/entries")["entries"]
    answer = site.client(AUDITOR).get(f"/dossiers/{one['id']}/files/{line['file']['id']}")
    assert answer.content == content
    assert hashlib.sha256(content).hexdigest() == line["file"]["sha256"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert "%C4%91%E1%BA%BFn" in disposition
    missing = site.client(CLERK).get(f"/dossiers/{two['id']}/files/{line['file']['id']}")
    refused(missing, keeping.NO_FILE, 404)
    good(site.post(CLERK, f"/dossiers/{two['id']}/known-files", json={"file": line["file"]["id"]}))
    assert site.client(CLERK).get(f"/dossiers/{two['id']}/files/{line['file']['id']}").content == content
    assert len(list(site.services.store.list(f"dossiers/{two['id']}/files/"))) == 0


def test_a_file_comes_from_the_archive_when_the_work_area_is_cleared_and_never_damaged(site):
    dossier = opened(site)
    content = b"%PDF-1.7 a letter from outside"
    good(upload(site, dossier["id"], content))
    (line,) = site.get(CLERK, f"/dossiers/{dossier['id']}/entries")["entries"]
    file, area = line["file"], site.services.work_area
    where = f"/dossiers/{dossier['id']}/files/{file['id']}"
    area.remove_work(file["sha256"])
    assert site.client(CLERK).get(where).content == content
    area.remove_work(file["sha256"])
    (stored,) = [path for path in site.settings.data_dir.rglob(file["sha256"]) if dossier["id"] in path.parts]
    stored.chmod(0o600)
    stored.write_bytes(content.replace(b"outside", b"nowhere"))
    answer = site.client(CLERK).get(where)
    stored.write_bytes(content)
    assert answer.status_code >= 500
    assert b"letter" not in answer.content


def test_lists_are_searched_and_paged(site):
    word = uuid.uuid4().hex[:10]
    made = [opened(site, title=f"Hồ sơ {word} {n}")["id"] for n in range(3)]
    first = site.get(LEADER, f"/dossiers?q={word}&limit=2")
    rest = site.get(LEADER, f"/dossiers?q={word}&limit=2&cursor={first['next']}")
    assert [one["id"] for one in (*first["dossiers"], *rest["dossiers"])] == made[::-1]
    assert rest["next"] is None
    assert site.get(LEADER, f"/dossiers?q={word}&state=closed")["dossiers"] == []


def shut(site, code, **values):
    dossier = opened(site, **values)["id"]
    good(upload(site, dossier, b"%PDF-1.7 " + uuid.uuid4().bytes))
    closed = good(
        site.post(CLERK, f"/dossiers/{dossier}/closing", json={"code": code, "work_ended": f"{today(site)}"})
    )
    return dossier, closed["retention"]["last_day"]


def test_dossiers_that_end_by_a_day_are_listed_the_oldest_period_first(site):
    word = uuid.uuid4().hex[:10]
    ten, last = shut(site, "06", title=f"Mười năm {word}")
    five, first = shut(site, "07.05", title=f"Năm năm {word}")
    shut(site, "01", title=f"Vĩnh viễn {word}")
    opened(site, title=f"Đang mở {word}")
    path = f"/dossiers?q={word}&ending="
    page = site.get(AUDITOR, f"{path}{last}&limit=1")
    rest = site.get(AUDITOR, f"{path}{last}&limit=1&cursor={page['next']}")
    found = [(one["id"], one["kept"]) for one in (*page["dossiers"], *rest["dossiers"])]
    assert found == [
        (five, {"last_day": first, "because": "period"}),
        (ten, {"last_day": last, "because": "period"}),
    ]
    assert rest["next"] is None
    assert [one["id"] for one in site.get(LEADER, f"{path}{first}")["dossiers"]] == [five]
    assert site.get(CLERK, f"{path}{first[:4]}-12-30")["dossiers"] == []
    assert [one["id"] for one in site.get(CLERK, f"{path}{first}&state=closed")["dossiers"]] == [five]
    assert site.get(CLERK, f"{path}{last}&state=open")["dossiers"] == []
    good(site.post(CLERK, "/holds", json={"dossier": five, **HOLD}), 201)
    assert site.get(CLERK, f"{path}{first}")["dossiers"] == []


@pytest.mark.parametrize("day", ["31/12/2031", "2031-13-01", "soon", ""])
def test_a_day_that_is_none_is_a_problem(site, day):
    answer = site.client(CLERK).get("/dossiers", params={"ending": day})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert site.client(None).get("/dossiers?ending=2031-12-31").status_code == 401


def test_the_table_tells_codes_names_and_laws(site):
    dossier = opened(site)
    for path in ("/retention-codes", f"/retention-codes?dossier={dossier['id']}"):
        rows = {row["code"]: row for row in site.get(LEADER, path)["codes"]}
        assert rows["01"]["years"] is None and rows["02"]["years"] == 70
        assert all(row["basis"] and row["text"]["vi"] for row in rows.values())


WRITES = [
    ("post", "/dossiers", CLERK),
    ("put", "/dossiers/{d}", CLERK),
    ("post", "/dossiers/{d}/documents", CLERK),
    ("post", "/dossiers/{d}/known-files", CLERK),
    ("post", "/dossiers/{d}/entries/1/removal", CLERK),
    ("post", "/dossiers/{d}/closing", CLERK),
    ("post", "/dossiers/{d}/reopening", CLERK),
]
BODIES = {
    "documents": {"documents": ["x"]},
    "known-files": {"file": "x"},
    "removal": REASON,
    "reopening": REASON,
    "closing": {"code": "06", "work_ended": "2026-01-01"},
}


@pytest.mark.parametrize(("method", "path", "_who"), WRITES, ids=[row[1] for row in WRITES])
def test_only_clerks_write_dossiers(site, method, path, _who):
    dossier = opened(site)
    body = BODIES.get(path.rpartition("/")[2], fields(site))
    for name in (LEADER, AUDITOR):
        answer = site.client(name).request(
            method.upper(),
            path.format(d=dossier["id"]),
            json=body,
            headers={"idempotency-key": uuid.uuid4().hex},
        )
        assert (answer.status_code, answer.json()["id"]) == (403, "access.wrong-role")
    assert site.client(None).get(f"/dossiers/{dossier['id']}").status_code == 401


# Holds.


def test_a_hold_is_placed_and_released_by_two_people(site):
    document = site.issued(subject="Bị tạm giữ")
    hold = good(site.post(CLERK, "/holds", json={"documents": [document], **HOLD}), 201)
    assert hold["state"] == "placed"
    told = site.document(document)
    assert told["holds"] == [hold["id"]]
    assert told["retention"] == {"last_day": None, "because": "held"}
    held_in_the_store(site, document)
    path = f"/holds/{hold['id']}"
    refused(site.post(AUDITOR, f"{path}/release-confirmation"), keeping.HOLD_WRONG_STATE, 409)
    asked = good(site.post(AUDITOR, f"{path}/release-request", json={"reason": "Đã kết luận"}))
    assert asked["asked"]["reason"] == "Đã kết luận"
    refused(site.post(AUDITOR, f"{path}/release-confirmation"), keeping.SECOND_PERSON, 403)
    assert site.post(CLERK, f"{path}/release-confirmation").status_code == 403
    held_in_the_store(site, document)
    over = good(site.post(LEADER, f"{path}/release-confirmation"))
    assert over["state"] == "released"
    assert not any(flags(site, document))
    assert site.document(document)["holds"] == []
    acts = [act["act"] for act in site.document(document)["acts"]]
    assert [act for act in acts if act in ("hold", "ask-release", "release")] == [
        "hold",
        "ask-release",
        "release",
    ]
    rows = [row for row in site.get(AUDITOR, "/audit?limit=50")["rows"] if row["subject"] == hold["id"]]
    assert [row["act"] for row in rows] == ["release", "ask-release", "hold"]
    assert [row["actor"] for row in rows] == [LEADER, AUDITOR, CLERK]


def held_in_the_store(site, document):
    """Each object of it; one that was just on its way when the hold came gets it with the next round."""
    until(lambda: all(flags(site, document)), "a hold on every object")


def flags(site, document):
    store = site.services.store
    return [store.head(key).hold for key in store.list(f"documents/{document}/")]


def test_a_refused_release_is_on_record_and_the_hold_stays(site):
    document = site.issued(subject="Không đồng ý")
    hold = good(site.post(AUDITOR, "/holds", json={"documents": [document], **HOLD}), 201)
    path = f"/holds/{hold['id']}"
    good(site.post(CLERK, f"{path}/release-request", json={"reason": "Hết hạn"}))
    kept = good(site.post(LEADER, f"{path}/release-refusal", json={"reason": "Chưa kết luận"}))
    assert (kept["state"], kept["asked"]) == ("placed", None)
    held_in_the_store(site, document)


def test_what_comes_to_a_held_document_later_is_held_too(site):
    document = site.issued(subject="Tạm giữ rồi bổ sung")
    good(site.post(CLERK, "/holds", json={"documents": [document], **HOLD}), 201)
    site.long_term(document)
    Holding(site.services).enforce()
    assert len(flags(site, document)) == 6
    held_in_the_store(site, document)


def test_a_dossier_is_held_with_what_is_filed_into_it_later(site):
    dossier = opened(site)
    hold = good(site.post(CLERK, "/holds", json={"dossier": dossier["id"], **HOLD}), 201)
    document = site.issued(subject="Vào hồ sơ bị tạm giữ")
    good(site.post(CLERK, f"/dossiers/{dossier['id']}/documents", json={"documents": [document]}))
    held_in_the_store(site, document)
    assert site.document(document)["holds"] == [hold["id"]]
    answer = site.post(CLERK, f"/dossiers/{dossier['id']}/entries/1/removal", json=REASON)
    refused(answer, keeping.UNDER_HOLD, 409)


@pytest.mark.parametrize(
    "body",
    [
        {**HOLD},
        {"dossier": "x", "documents": ["y"], **HOLD},
        {"documents": ["x"], "reason": " ", "basis": "CV"},
        {"documents": ["x"], "reason": "Thanh tra", "basis": ""},
    ],
)
def test_a_hold_needs_reason_basis_and_one_thing_to_hold(site, body):
    assert site.post(CLERK, "/holds", json=body).status_code == 422


def test_leaders_decide_and_do_not_place(site):
    assert site.post(LEADER, "/holds", json={"documents": ["x"], **HOLD}).status_code == 403
    assert site.client(LEADER).get("/holds").status_code == 200
    assert site.client(None).get("/holds").status_code == 401
    assert site.client(CLERK).get("/holds/nothing").status_code == 404


def test_holds_are_listed_by_state(site):
    found = site.get(AUDITOR, "/holds?state=released&limit=200")["holds"]
    assert found
    assert {hold["state"] for hold in found} == {"released"}


def test_the_archive_is_clean_after_all_of_this(site):
    Holding(site.services).enforce()
    report = Checking(site.services).report()
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    assert report.read["dossiers"] > 5 and report.read["holds"] > 3
