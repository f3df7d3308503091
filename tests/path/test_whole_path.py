"""The legal path of a document through HTTP, from upload to the public page; and every way to leave it."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import replace
from datetime import datetime

import pytest

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import DecisionSpec
from api.identity import AccessRefused
from api.signing import Signing
from api.store import accounts
from archive.catalogue import document_changes, documents
from archive.log.merkle import leaf_hash
from archive.log.tiles import TileId, decode_bundle, encode_bundle
from archive.record import RECORD_SCHEMA, parse
from archive.storage import keys
from policies.reasons import access as reasons
from policies.validation import PASSED, fingerprint
from signer.validation.kept_verdict import answers_of
from signer.validation.process import validate
from tests.archive.log.naive import naive_root
from tests.conftest import need_tool
from tests.service import AUDITOR, CLERK, INITIAL, LEADER, SECOND, Site, until

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def issued(site: Site) -> str:
    return site.issued(subject="Quyết định của cả đường đi")


def long_term(site: Site, document: str) -> bytes:
    site.long_term(document)
    return site.file(document, "long-term")


def test_an_issued_document_tells_its_whole_way(site, issued):
    document = site.document(issued)
    assert document["state"] == "issued"
    assert document["number"].endswith("/QĐ-UBND")
    roles = [version["role"] for version in document["versions"]]
    assert roles[:6] == [
        "uploaded",
        "prepared",
        "leader-signed",
        "leader-timestamped",
        "sealed",
        "seal-timestamped",
    ]


def records(site: Site, document: str) -> list[dict]:
    """The records of its versions in the object store, oldest first."""
    store, prefix = site.services.store, keys.document_prefix(document)
    found = []
    for key in store.list(prefix):
        if key.endswith(".record.json"):
            with store.open(key) as file:
                found.append(parse(file.read(), RECORD_SCHEMA, key))
    return sorted(found, key=lambda record: record["recorded_at"])


def test_the_archive_keeps_each_verdict_with_its_material(site, issued, tmp_path):
    """Whoever has record and file finds the same verdict, asking nobody."""
    long_term(site, issued)
    profile, trust = site.services.profiles["agency"], site.services.trust
    told = records(site, issued)
    assert [record["content"]["role"] for record in told] == ["seal-timestamped", "long-term"]
    for record in told:
        path = tmp_path / f"{record['content']['role']}.pdf"
        path.write_bytes(site.file(issued, record["content"]["role"]))
        kept = record["facts"]["validation"]
        at = datetime.fromisoformat(kept["at"])
        found = validate(path, trust=trust, at=at, profile=profile, evidence=answers_of(kept))
        assert found.verdict == PASSED
        assert kept["policy_sha256"] == fingerprint(profile).hex()
        assert kept["trust"] == trust.label


def test_each_version_is_appended_to_the_one_before(site, issued):
    """Signed bytes are never transformed; only the token goes into the newest signature's own hole."""
    uploaded, prepared = site.file(issued, "uploaded"), site.file(issued, "prepared")
    signed, stamped = site.file(issued, "leader-signed"), site.file(issued, "leader-timestamped")
    sealed, final = site.file(issued, "sealed"), site.file(issued, "seal-timestamped")
    assert prepared.startswith(uploaded)
    assert signed.startswith(prepared)
    assert sealed.startswith(stamped)
    assert len(signed) == len(stamped)
    assert len(sealed) == len(final)
    assert long_term(site, issued).startswith(final)
    differing = [i for i, (a, b) in enumerate(zip(signed, stamped, strict=True)) if a != b]
    assert len(prepared) < differing[0] <= differing[-1] < len(stamped)


def test_pdfsig_and_mutool_and_qpdf_agree(site, issued, tmp_path):
    pdf = tmp_path / "decision.pdf"
    pdf.write_bytes(site.file(issued, "seal-timestamped"))
    told = subprocess.run([need_tool("pdfsig"), "-nocert", pdf], capture_output=True, text=True).stdout
    assert told.count("Signature Validation: Signature is Valid.") == 2
    assert told.count("Total document signed") == 1
    assert told.rindex("Total document signed") > told.index("Not total document signed")
    shown = subprocess.run([need_tool("mutool"), "sign", "-v", pdf], capture_output=True, text=True)
    told = shown.stdout + shown.stderr
    assert "valid but there have been edits since signing" in told
    assert "The document is unchanged since signing" in told
    assert subprocess.run([need_tool("qpdf"), "--check", pdf], capture_output=True).returncode == 0


def test_verification_of_every_archived_version(site, issued):
    for version, level in (("seal-timestamped", "B-T"), ("long-term", "B-LT")):
        long_term(site, issued)
        pdf = site.file(issued, version)
        answer = site.client(None).post("/verifications", files={"file": ("a.pdf", pdf, "application/pdf")})
        report = answer.json()
        assert report["indication"] == "TOTAL-PASSED", json.dumps(report, ensure_ascii=False)
        assert report["schema"] == "antin.verify/1"
        leader, seal = report["signatures"]
        assert (leader["changes"], leader["coverage"]) == ("form-fill", "revision")
        assert leader["level"] == seal["level"] == level
        assert report["archive"]["in_force"] is True
    assert seal["changes"] == "long-term-data"


def test_one_changed_byte_is_never_a_yes(site, issued):
    pdf = bytearray(site.file(issued, "seal-timestamped"))
    pdf[200] ^= 1
    answer = site.client(None).post(
        "/verifications", files={"file": ("a.pdf", bytes(pdf), "application/pdf")}
    )
    report = answer.json()
    assert report.get("indication") != "TOTAL-PASSED"
    assert report.get("archive") is None


def test_the_receipt_holds_and_is_of_this_file_alone(site, issued, tmp_path):
    from archive import receipt as receipts
    from archive.errors import ProofRefused

    pdf = tmp_path / "decision.pdf"
    pdf.write_bytes(site.file(issued, "seal-timestamped"))
    given = site.client(CLERK).get(f"/documents/{issued}/receipt").content
    vkey = site.client(None).get("/log/key").text.strip()
    assert receipts.verify(pdf, given, vkey).checkpoint.origin == site.settings.origin
    pdf.write_bytes(site.file(issued, "sealed"))
    with pytest.raises(ProofRefused):
        receipts.verify(pdf, given, vkey)


def test_a_public_receipt_opens_only_the_pdf(site, issued):
    code = site.document(issued)["code"]
    public = site.client(None).get(f"{site.url}/v/{code}/receipt")
    assert "record" not in public.json()
    assert "record" in site.client(CLERK).get(f"/documents/{issued}/receipt").json()


def test_numbers_follow_each_other_and_a_retry_gets_the_own_one(site):
    first, second = site.signed(), site.signed()
    one = site.post(CLERK, f"/documents/{first}/number", json={}).json()
    two = site.post(CLERK, f"/documents/{second}/number", json={}).json()
    again = site.post(CLERK, f"/documents/{first}/number", json={}).json()
    assert again["number"] == one["number"]
    assert int(two["number"].split("/")[0]) == int(one["number"].split("/")[0]) + 1
    register = site.get(CLERK, "/registers/outgoing?limit=500")
    assert [one["number"], two["number"]] == [row["cells"][0] for row in register["rows"]][-2:]


def test_a_number_already_taken_is_refused(site):
    taken, document = site.signed(), site.signed()
    number = site.post(CLERK, f"/documents/{taken}/number", json={}).json()["number"]
    answer = site.post(CLERK, f"/documents/{document}/number", json={"number": int(number.split("/")[0])})
    assert answer.status_code == 409
    assert answer.json()["id"] == "issuing.number-taken"
    assert site.document(document)["number"] is None


@pytest.mark.parametrize(
    ("act", "body", "who"),
    [
        ("leader-signature", None, LEADER),
        ("number", {}, CLERK),
        ("seal", None, CLERK),
        ("issue", None, CLERK),
    ],
)
def test_acts_out_of_order_are_refused_with_their_article(site, act, body, who):
    document = site.upload().json()["id"]
    answer = site.post(who, f"/documents/{document}/{act}", **({"json": body} if body is not None else {}))
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["id"] == "issuing.wrong-order"
    assert "NĐ 30/2020/NĐ-CP" in problem["basis"]
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert site.document(document)["state"] == "draft"


def test_the_seal_needs_the_number(site):
    document = site.signed()
    answer = site.post(CLERK, f"/documents/{document}/seal")
    assert answer.status_code in (409, 422)
    assert answer.json()["id"] == "issuing.no-number"


def test_a_second_seal_is_refused(site, issued):
    answer = site.post(CLERK, f"/documents/{issued}/seal")
    assert answer.json()["id"] == "issuing.wrong-order"


@pytest.mark.parametrize(
    ("who", "act", "status"),
    [
        (CLERK, "leader-signature", 422),
        (LEADER, "seal", 403),
        (AUDITOR, "number", 403),
        (LEADER, "issue", 403),
        (None, "seal", 401),
    ],
)
def test_the_wrong_role_is_refused(site, who, act, status):
    document = site.prepared()
    body = {"json": {}} if act == "number" else {}
    answer = site.post(who, f"/documents/{document}/{act}", **body)
    assert answer.status_code == status, answer.text
    assert site.document(document)["state"] == "prepared"


def test_another_leader_cannot_sign(site):
    document = site.prepared()
    answer = site.post(SECOND, f"/documents/{document}/leader-signature")
    assert answer.json()["id"] == "issuing.not-your-turn"


def test_return_with_a_reason_and_revise(site):
    document = site.prepared()
    assert site.post(LEADER, f"/documents/{document}/return", json={"reason": " "}).status_code == 422
    returned = site.post(LEADER, f"/documents/{document}/return", json={"reason": "Sai căn cứ"}).json()
    assert (returned["state"], returned["reason"]) == ("returned", "Sai căn cứ")


def test_take_back_before_anybody_signed(site):
    document = site.prepared()
    taken = site.post(CLERK, f"/documents/{document}/withdrawal").json()
    assert taken["state"] == "draft"
    assert site.post(CLERK, f"/documents/{document}/preparation", json={}).json()["state"] == "prepared"


def test_void_keeps_the_number_in_the_register(site):
    document = site.signed()
    number = site.post(CLERK, f"/documents/{document}/number", json={}).json()["number"]
    voided = site.post(CLERK, f"/documents/{document}/void", json={"reason": "Ban hành nhầm"}).json()
    assert voided["state"] == "voided"
    rows = {row["cells"][0]: row["cells"] for row in site.get(CLERK, "/registers/outgoing?limit=500")["rows"]}
    assert "Ban hành nhầm" in rows[number][-1]


def test_recall_shows_on_the_public_page_and_in_verification(site):
    document = site.issued(subject="Sẽ bị thu hồi")
    pdf = site.file(document, "seal-timestamped")
    site.post(CLERK, f"/documents/{document}/recall", json={"reason": "Sai nội dung"})
    code = site.document(document)["code"]
    page = site.client(None).get(f"{site.url}/v/{code}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "Sai nội dung" in page.text
    report = site.client(None).post("/verifications", files={"file": ("a.pdf", pdf)}).json()
    assert report["indication"] == "TOTAL-PASSED"
    assert report["archive"]["in_force"] is False


def test_a_second_recall_is_refused_and_the_same_one_asked_again_is_not(site):
    """Its time and its reason are what the public was told."""
    document = site.issued(subject="Thu hồi hai lần")
    path, key = f"/documents/{document}/recall", f"recall {document}"
    first = site.post(CLERK, path, key, json={"reason": "Sai nội dung"})
    again = site.post(CLERK, path, key, json={"reason": "Sai nội dung"})
    assert (again.status_code, again.content) == (200, first.content)
    refused = site.post(CLERK, path, json={"reason": "Lý do khác"})
    assert (refused.status_code, refused.json()["id"]) == (409, "issuing.recalled-already")
    assert "Điều 18" in refused.json()["basis"]
    found = site.document(document)
    assert (found["recalled_at"], found["reason"]) == (first.json()["recalled_at"], "Sai nội dung")
    assert [act["act"] for act in found["acts"]].count("recall") == 1


def test_initials_and_two_leaders(site):
    spec = DecisionSpec(leaders=DEMO_AGENCY.leaders, appendix_pages=1)
    document = site.prepared(spec, leaders=f"{LEADER},{SECOND}", initials=INITIAL)
    early = site.post(LEADER, f"/documents/{document}/leader-signature")
    assert early.json()["id"] == "issuing.not-your-turn"
    site.done(INITIAL, site.post(INITIAL, f"/documents/{document}/initials"))
    site.done(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    assert site.document(document)["state"] == "prepared"
    site.done(SECOND, site.post(SECOND, f"/documents/{document}/leader-signature"))
    assert site.post(CLERK, f"/documents/{document}/number", json={}).status_code == 200
    site.done(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
    pdf = site.file(document, "seal-timestamped")
    report = site.client(None).post("/verifications", files={"file": ("a.pdf", pdf)}).json()
    assert report["indication"] == "TOTAL-PASSED", json.dumps(report, ensure_ascii=False)
    assert len(report["signatures"]) == 4


def test_other_bytes_than_were_looked_at_are_not_signed(site):
    document = site.prepared()
    uploaded = site.document(document)["versions"][0]["sha256"]
    answer = site.post(LEADER, f"/documents/{document}/leader-signature", json={"sha256": uploaded})
    assert answer.status_code == 412
    rows = [{"id": document, "sha256": uploaded}]
    batch = site.client(LEADER).post(
        "/batches/leader-signatures", headers={"idempotency-key": "unseen"}, json={"documents": rows}
    )
    assert batch.status_code == 412
    without = site.client(LEADER).post(
        f"/documents/{document}/leader-signature", headers={"idempotency-key": "nothing seen"}
    )
    assert without.json()["id"] == "access.invalid-request"
    assert site.document(document)["state"] == "prepared"


def test_a_batch_signs_each_for_itself(site):
    ready = [site.prepared() for _ in range(3)]
    refused = site.upload().json()["id"]
    answer = site.post(LEADER, "/batches/leader-signatures", json={"documents": [*ready, refused]})
    operation = site.done(LEADER, answer)
    lines = operation["result"]["documents"]
    assert [line["document"] for line in lines] == [*ready, refused]
    assert [line.get("state") for line in lines[:3]] == ["signed"] * 3
    assert lines[3]["problem"]["id"] == "issuing.wrong-order"


def test_a_batch_does_not_call_signed_what_is_only_on_its_way(site):
    """A ký nháy in a batch goes on in the background, and may fail there."""
    document = site.prepared(DecisionSpec(), initials=INITIAL)
    answer = site.post(INITIAL, "/batches/leader-signatures", json={"documents": [document]})
    (line,) = site.done(INITIAL, answer)["result"]["documents"]
    assert line["state"] == "prepared"
    assert site.get(INITIAL, f"/operations/{line['operation']}")["kind"] == "initial"
    until(lambda: site.document(document)["signers"][0]["signed_at"], "the ký nháy")


def test_a_batch_calls_signed_what_it_signed_and_nothing_that_was_signed_before(site):
    """Who gave a ký nháy and leads as well: bytes that came since were not seen, and are not signed."""
    document = site.prepared(DecisionSpec(), initials=LEADER)
    site.done(LEADER, site.post(LEADER, f"/documents/{document}/initials"))
    with site.services.transactions.read() as conn:
        leader = accounts.by_name(conn, LEADER)[0]
        row = documents.get(conn, document)
    stale = Signing(site.services).sign_batch([replace(row, version=-1)], leader)
    operation = until(lambda: _ended(site, stale.id), "the batch")
    (line,) = operation["result"]["documents"]
    assert line["problem"]["id"] == "access.changed-meanwhile"
    assert site.document(document)["state"] == "prepared"


def _ended(site, operation):
    found = site.get(LEADER, f"/operations/{operation}")
    return found if found["state"] in ("succeeded", "failed") else None


def test_idempotency_key_replays_and_refuses_another_body(site):
    document = site.signed()
    first = site.post(CLERK, f"/documents/{document}/number", "same-key", json={})
    again = site.post(CLERK, f"/documents/{document}/number", "same-key", json={})
    other = site.post(CLERK, f"/documents/{document}/number", "same-key", json={"number": 9})
    assert again.content == first.content
    assert again.headers["idempotent-replay"] == "true"
    assert other.json()["id"] == "access.idempotency-key-reused"
    missing = site.client(CLERK).post(f"/documents/{document}/number", json={})
    assert missing.json()["id"] == "access.idempotency-key-missing"


def test_if_match_refuses_a_stale_view(site):
    document = site.prepared()
    answer = site.client(CLERK).post(
        f"/documents/{document}/withdrawal", headers={"idempotency-key": "stale", "if-match": '"old"'}
    )
    assert answer.status_code == 412
    etag = site.client(CLERK).get(f"/documents/{document}").headers["etag"]
    fresh = site.client(CLERK).get(f"/documents/{document}", headers={"if-none-match": etag})
    assert fresh.status_code == 304


def test_audit_has_intent_before_and_result_after_each_use_of_a_key(site, issued):
    acts = [(row["act"], row["phase"]) for row in site.document(issued)["acts"]]
    for act in ("sign", "seal"):
        assert acts.index((act, "intent")) < acts.index((act, "result"))


def test_a_use_of_a_key_is_told_when_its_act_did_not_come_about(site):
    document = site.prepared(initials=INITIAL)
    with site.services.transactions.read() as conn:
        row, (actor, _) = documents.get(conn, document), accounts.by_name(conn, INITIAL)

    def record(conn, sha256):
        document_changes.change(conn, row, site.services.clock(), reason=sha256)
        raise AccessRefused(reasons.CHANGED_MEANWHILE)

    with pytest.raises(AccessRefused):
        Signing(site.services).initial(row, actor, record)
    found = site.document(document)
    assert (found["state"], found["reason"]) == ("prepared", None)
    phases = [act["phase"] for act in found["acts"] if act["act"] == "initial"]
    assert phases == ["intent", "result"]


def test_fsck_is_clean_after_all_this(site, issued):
    from api.checking import Checking

    report = Checking(site.services).report()
    assert report.clean, report.findings


def test_anybody_can_read_the_whole_log_over_http(site, issued):
    """A C2SP client: the head, its full tiles, its tail; nothing wider than the head, nothing that is no tile."""
    reader = site.client(AUDITOR)

    def get(path):
        answer = reader.get(f"/log/{path}")
        return answer.content if answer.status_code == 200 else answer.status_code

    _, size, root = get("checkpoint").split(b"\n")[:3]
    full, width = divmod(int(size), 256)
    bundles = [TileId(None, n) for n in range(full)] + ([TileId(None, full, width)] if width else [])
    entries = [entry for tile in bundles for entry in decode_bundle(get(tile.path), tile.width)]
    assert len(entries) >= 5
    assert naive_root(entries) == base64.b64decode(root)
    if width:
        assert get(TileId(0, full, width).path) == b"".join(
            leaf_hash(entry) for entry in entries[full * 256 :]
        )
        assert get(TileId(None, full, 1).path) == encode_bundle(entries[full * 256 :][:1])
    far = TileId(0, full + 1, 255)
    assert [get(path) for path in (far.path, TileId(None, 70).path, "tile/0/000.p/256", "tile/x")] == [
        404
    ] * 4


def test_pdfa_in_pdfa_out(site, issued, tmp_path):
    from signer.document.pdfa import check

    assert site.document(issued)["metadata"]["pdfa"] == {"claims": "2B", "conforms": True, "rules": []}
    for version in ("uploaded", "seal-timestamped"):
        path = tmp_path / f"{version}.pdf"
        path.write_bytes(site.file(issued, version))
        assert check(path).findings == ()
    path = tmp_path / "lt.pdf"
    path.write_bytes(long_term(site, issued))
    assert check(path).findings == ()


def test_the_leader_who_signs_is_the_one_whose_name_is_printed(site):
    document = site.upload(leaders=SECOND).json()["id"]
    answer = site.post(CLERK, f"/documents/{document}/preparation", json={})
    assert answer.status_code == 422
    assert answer.json()["id"].startswith(("placement.", "document."))
    assert site.document(document)["state"] == "draft"


def test_a_returned_document_is_revised_and_submitted_again(site):
    document = site.prepared()
    site.post(LEADER, f"/documents/{document}/return", json={"reason": "Sai căn cứ"})
    assert site.post(CLERK, f"/documents/{document}/resubmission").json()["state"] == "draft"
    assert site.post(CLERK, f"/documents/{document}/preparation", json={}).json()["state"] == "prepared"


def test_no_receipt_before_the_archive(site):
    answer = site.client(CLERK).get(f"/documents/{site.prepared()}/receipt")
    assert answer.status_code == 409
    assert answer.json()["id"] == "archive.no-receipt-yet"


@pytest.mark.parametrize("name", ["nobody", CLERK, AUDITOR])
def test_only_leaders_of_the_agency_can_be_asked_to_sign(site, name):
    answer = site.upload(leaders=name)
    assert answer.status_code == 422
    assert answer.json()["id"] == "issuing.no-such-signer"
