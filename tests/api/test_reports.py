"""Sealed reports as people and programs get them: over HTTP, from the page, on the command line."""

from __future__ import annotations

import hashlib
import html
import json
import re
import subprocess
import sys
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pypdfium2
import pytest
from cryptography import x509
from signxml import SignatureConfiguration, XMLVerifier

from api.demo.documents import decision
from api.kept_reports import LASTS, KeptReports
from api.keyring import REPORT, KeyRing
from api.store import audit
from api.tickets import LIFETIME, Tickets
from signer.document import pdfa
from signer.errors import SigningRefused
from signer.reporting.values import ReportedFile
from tests.conftest import need_tool
from tests.service import AUDITOR, CLERK, PATIENCE, Site
from tests.signer.reporting.reading import every, objects, read, text

pytestmark = pytest.mark.xdist_group("site")
ANTIN = str(Path(sys.executable).with_name("antin"))


@pytest.fixture(scope="module")
def issued(site: Site):
    document = site.issued(subject="Cho báo cáo")
    return document, site.file(document, "seal-timestamped")


@pytest.fixture
def stranger(site: Site):
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        yield client


def seal_of(site):
    return site.services.keys.report.certificate


def genuine(site, data):
    """The report, once signxml has found the service's seal on all of it."""
    certificate = x509.load_der_x509_certificate(seal_of(site))
    expected = SignatureConfiguration(expect_references=2)
    XMLVerifier().verify(data, x509_cert=certificate, expect_config=expected)
    return read(data)


def printed(data, path, site):
    """The text of a PDF report that is sealed, PDF/A, and valid to pdfsig."""
    path.write_bytes(data)
    told = subprocess.run([need_tool("pdfsig"), "-nocert", path], capture_output=True, text=True).stdout
    assert "Signature is Valid." in told and "Total document signed" in told, told
    assert "DEMO Dịch vụ kiểm tra chữ ký An Tín" in told
    report = pdfa.check(path)
    assert report.conforms, report.findings
    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def upload(stranger, data, accept, name="quyet-dinh.pdf"):
    return stranger.post(
        "/api/v1/verifications", files={"file": (name, data, "application/pdf")}, headers={"accept": accept}
    )


def test_an_upload_as_xml(site, stranger, issued):
    _, data = issued
    answer = upload(stranger, data, "application/xml")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    root = genuine(site, answer.content)
    assert [each.text for each in every(root, "vr:SignatureValidationReport//vr:MainIndication")] == [
        "urn:etsi:019102:mainindication:total-passed"
    ] * 2
    stated = text(
        root, "//vr:ValidationObject[@id='file']//vr:DigestAlgAndValue/*[local-name()='DigestValue']"
    )
    assert b64decode(stated) == hashlib.sha256(data).digest()
    assert (
        objects(root, "OCSPResponse")
        and objects(root, "certificate")
        and len(objects(root, "timestamp")) == 2
    )
    assert b64decode(text(root, "vr:SignatureValidator/vr:DigitalId/tsl:X509Certificate")) == seal_of(site)


def test_an_upload_as_pdf(site, stranger, issued, tmp_path):
    _, data = issued
    answer = upload(stranger, data, "application/pdf")
    assert answer.status_code == 200, answer.text
    shown = printed(answer.content, tmp_path / "report.pdf", site)
    for wanted in (
        "Báo cáo kiểm tra chữ ký số",
        "Chữ ký số hợp lệ",
        "DEMO Nguyễn Văn An",
        "DEMO Ủy ban nhân dân tỉnh Sông Hồng",
        "(+07:00)",
        "Công vụ (agency, phiên bản 1): TT 15/2025/TT-BKHCN",
        "Miền tin cậy thử nghiệm (DEMO)",
        "Kho chứng thư tin cậy demo v",
        "quyet-dinh.pdf",
        "Bằng chứng đã dùng",
        "Trang 1/",
    ):
        assert wanted in shown, wanted


def altered(data):
    spoilt = bytearray(data)
    spoilt[spoilt.index(b"stream", 200) + 40] ^= 1
    return bytes(spoilt)


@pytest.mark.parametrize("made", [lambda data: data, altered], ids=["sound", "altered"])
def test_all_four_forms_say_the_same(site, stranger, issued, tmp_path, made):
    """Of one validation: verdicts, policy, trust store, and every piece of evidence."""
    shown = stranger.post("/verify", files={"file": ("a.pdf", made(issued[1]), "application/pdf")}).text
    told = json.loads(html.unescape(re.search(r'<pre id="report-json"[^>]*>(.*?)</pre>', shown, re.S)[1]))
    facts = html.unescape(re.sub(r'<pre id="report-json".*?</pre>', "", shown, flags=re.S))

    def report(form):
        return stranger.post("/verify/report", data={"ticket": ticket_of(shown), "form": form}).content

    pdf = printed(report("pdf"), tmp_path / "report.pdf", site)
    genuine(site, xml := report("xml"))
    forms = {"xml": xml.decode(), "pdf": pdf, "page": re.sub(r"<[^>]*>", "", facts)}
    forms = {name: re.sub(r"\s", "", said) for name, said in forms.items()}
    assert len(told["evidence"]) >= 3
    wanted = [told["policy"]["id"], told["trust"].replace(" ", "")]
    wanted += [piece["sha256"] for piece in told["evidence"]]
    for name, said in forms.items():
        assert [each for each in wanted if each not in said] == [], name
    for signature in told["signatures"]:
        words = signature["indication"], signature["sub_indication"] or ""
        assert "/".join(words).rstrip("/") in forms["pdf"] and "/".join(words).rstrip("/") in forms["page"]
        assert words[0].lower() in forms["xml"] and words[1] in forms["xml"]


def test_what_was_archived_and_never_issued_is_called_in_force_by_none(site, stranger, tmp_path):
    document = site.archived(subject="Lưu rồi hủy")
    data, code = site.file(document, "seal-timestamped"), site.document(document)["code"]
    for state, words in (("archived", "Chưa phát hành:"), ("voided", "Đã hủy:")):
        if state == "voided":
            answer = site.post(CLERK, f"/documents/{document}/void", json={"reason": "Ban hành nhầm"})
            assert answer.status_code == 200, answer.text
        known = upload(stranger, data, "").json()["archive"]
        assert (known["state"], known["in_force"]) == (state, False)
        page = stranger.post("/verify", files={"file": ("a.pdf", data, "application/pdf")}).text
        pdf = printed(upload(stranger, data, "application/pdf").content, tmp_path / f"{state}.pdf", site)
        xml = genuine(site, answer := upload(stranger, data, "application/xml").content)
        assert xml is not None
        for said in (page, pdf):
            assert words in said and "Chưa bị thu hồi" not in said
        assert "thu hồi hoặc thay thế" not in answer.decode()  # it speaks of signatures alone
        assert f"/v/{code}" not in page
        assert stranger.get(f"/v/{code}").status_code == 404


def test_in_english_when_that_is_asked_for(site, stranger, issued, tmp_path):
    answer = stranger.post(
        "/api/v1/verifications?lang=en",
        files={"file": ("d.pdf", issued[1], "application/pdf")},
        headers={"accept": "application/pdf"},
    )
    shown = printed(answer.content, tmp_path / "report.pdf", site)
    assert "Report on digital signatures" in shown and "Page 1 of" in shown


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/json, application/xml", "text/html"]
)
def test_without_another_wish_it_is_the_json_contract(stranger, issued, accept):
    answer = upload(stranger, issued[1], accept)
    assert answer.json()["indication"] == "TOTAL-PASSED"
    kinds = {each["kind"] for each in answer.json()["evidence"]}
    assert kinds == {"certificate", "ocsp", "crl", "timestamp"}
    assert {each["trust_domain"] for each in answer.json()["signatures"]} == {"demo"}


def test_an_altered_file_is_reported_as_such(site, stranger, issued, tmp_path):
    data = bytearray(issued[1])
    data[2000] ^= 1
    root = genuine(site, upload(stranger, bytes(data), "application/xml").content)
    first = every(root, "vr:SignatureValidationReport")[0]
    assert text(first, ".//vr:SubIndication") == "urn:etsi:019102:subindication:HASH_FAILURE"
    shown = printed(upload(stranger, bytes(data), "application/pdf").content, tmp_path / "r.pdf", site)
    assert "Không hợp lệ: nội dung đã bị sửa" in shown


def test_an_unsigned_file_has_no_xml_report_and_a_pdf_that_says_so(site, stranger, tmp_path):
    answer = upload(stranger, decision(), "application/xml")
    assert answer.status_code == 422 and answer.json()["id"] == "reporting.nothing-signed"
    shown = printed(upload(stranger, decision(), "application/pdf").content, tmp_path / "r.pdf", site)
    assert "Không có chữ ký số" in shown


@contextmanager
def without_seal(site):
    kept = site.services.keys
    site.services.keys = KeyRing({name: key for name, key in kept.keys.items() if name != REPORT})
    try:
        yield
    finally:
        site.services.keys = kept


@pytest.mark.parametrize("accept", ["application/xml", "application/pdf"])
def test_without_its_seal_no_report_leaves(site, stranger, issued, accept):
    with without_seal(site):
        answer = upload(stranger, issued[1], accept)
        page = stranger.post("/verify", files={"file": ("d.pdf", issued[1], "application/pdf")}).text
    assert answer.status_code == 503
    problem = answer.json()
    assert problem["id"] == "reporting.no-seal" and "report_key" in problem["text"]["vi"]
    assert b"ValidationReport" not in answer.content and b"%PDF" not in answer.content
    assert 'name="ticket"' not in page


def audited(site):
    with site.services.transactions.read() as conn:
        rows = audit.page(conn, site.services.settings.agency_code, None, 1000)
    return [row for row in reversed(rows) if row.act == "report"]


def test_each_use_of_the_seal_is_audited_and_a_strangers_file_is_not_named(site, stranger, issued):
    altered = issued[1] + b"\n"
    before = len(audited(site))
    made = upload(stranger, altered, "application/xml").content
    intent, result = audited(site)[before:]
    assert (intent.phase, result.phase) == ("intent", "result")
    assert json.loads(result.detail)["sha256"] == hashlib.sha256(made).hexdigest()
    assert hashlib.sha256(altered).hexdigest() not in intent.detail + result.detail + result.subject


@pytest.mark.parametrize("form", ["xml", "pdf"])
def test_whoever_asks_the_same_again_neither_uses_the_seal_nor_writes_the_audit(site, stranger, form):
    """It is the public that asks: each use would be a row of the chain, and time of the key."""
    place = f"/v/{site.document(site.issued(subject='Ai cũng hỏi'))['code']}/report.{form}"
    first = stranger.get(place)
    assert first.status_code == 200, first.text
    before = len(audited(site))
    site.issued(subject="Sổ nhật ký dài thêm")
    assert stranger.get(place).content == first.content
    assert len(audited(site)) == before


def test_what_a_report_says_differently_is_sealed_anew(site, stranger, tmp_path):
    document = site.issued(subject="Sẽ thu hồi")
    place = f"/v/{site.document(document)['code']}/report.pdf"
    first = stranger.get(place).content
    assert stranger.get(f"{place}?lang=en").content != first
    assert (
        site.post(CLERK, f"/documents/{document}/recall", json={"reason": "Ban hành nhầm"}).status_code == 200
    )
    recalled = stranger.get(place).content
    assert recalled != first
    assert "thuhồi" in "".join(printed(recalled, tmp_path / "r.pdf", site).split()).casefold()


def test_of_a_strangers_upload_nothing_is_kept(site, stranger, issued):
    kept = len(site.services.sealed._kept)
    assert upload(stranger, issued[1] + b"\n", "application/pdf").status_code == 200
    assert len(site.services.sealed._kept) == kept


def test_reports_are_kept_for_minutes_and_within_bounds():
    at = datetime(2026, 3, 5, 8, tzinfo=UTC)
    kept = KeptReports(most=10)
    kept.keep("a", b"12345", at)
    assert kept.find("a", at + LASTS) == b"12345"
    assert kept.find("b", at) is None
    kept.keep("b", b"12345", at)
    kept.keep("c", b"1", at)
    assert (kept.find("a", at), kept.find("b", at), kept.find("c", at)) == (None, b"12345", b"1")
    assert kept.find("b", at + LASTS + timedelta(seconds=1)) is None
    assert kept.find("c", at - timedelta(seconds=1)) is None, "a clock was set back"
    kept.keep("d", b"x" * 11, at)
    assert kept.find("d", at) is None and kept._size == 0


# From the page


def ticket_of(page):
    return re.search(r'name="ticket" value="([^"]+)"', page)[1]


@pytest.fixture
def page(stranger, issued):
    return stranger.post("/verify", files={"file": ("quyết định.pdf", issued[1], "application/pdf")}).text


def test_the_page_offers_both_reports_of_what_it_shows(site, stranger, page, tmp_path):
    assert "Tải báo cáo XML (ETSI TS 119 102-2)" in page and "Tải báo cáo PDF" in page
    checked_at = json.loads(
        re.search(r'<pre id="report-json"[^>]*>(.*?)</pre>', page, re.S)[1].replace("&#34;", '"')
    )["at"]
    ticket = ticket_of(page)
    answer = stranger.post("/verify/report", data={"ticket": ticket, "form": "xml"})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    root = genuine(site, answer.content)
    told = {each.text for each in every(root, "//vr:ValidationTime")}
    assert told == {checked_at.partition(".")[0].removesuffix("Z") + "Z"}, "the very validation of the page"
    assert every(root, "//antin:File/@name") == ["quyết định.pdf"]
    assert objects(root, "OCSPResponse")
    answer = stranger.post("/verify/report", data={"ticket": ticket, "form": "pdf"})
    shown = "".join(printed(answer.content, tmp_path / "r.pdf", site).split())
    assert "quyếtđịnh.pdf" in shown
    for each in every(root, "//vr:ValidationObject/@id"):
        assert each == "file" or each.partition("-")[2] in shown, "the fingerprint of each piece of evidence"


def test_the_page_tells_profile_trust_and_evidence(page):
    assert "Chính sách kiểm tra" in page and "Kho chứng thư tin cậy" in page
    assert re.search(r"Bằng chứng đã dùng \(\d+\)", page)
    assert "Dấu thời gian của DEMO An Tin TSA" in page


def bent(ticket, position):
    data = bytearray(urlsafe_b64decode(ticket))
    data[position] ^= 1
    return urlsafe_b64encode(data).decode()


@pytest.mark.parametrize("how", ["code", "content", "end", "empty", "junk", "other-secret"])
def test_a_result_that_this_service_did_not_hand_out_is_sealed_by_nobody(site, stranger, page, how):
    ticket = ticket_of(page)
    file, report, _ = site.services.tickets.redeem(ticket, site.services.clock())
    forged = {
        "code": bent(ticket, 0),
        "content": bent(ticket, 40),
        "end": bent(ticket, -1),
        "empty": "AAAA",
        "junk": "không phải",
        "other-secret": Tickets(b"other").issue(file, report),
    }[how]
    answer = stranger.post("/verify/report", data={"ticket": forged, "form": "xml"})
    assert answer.status_code == 410
    assert b"ValidationReport" not in answer.content


def test_a_result_is_sealed_for_a_day(site, page):
    ticket, now = ticket_of(page), site.services.clock()
    assert isinstance(site.services.tickets.redeem(ticket, now)[0], ReportedFile)
    for at in (now + LIFETIME + timedelta(minutes=10), now - timedelta(hours=1)):
        with pytest.raises(SigningRefused) as refused:
            site.services.tickets.redeem(ticket, at)
        assert refused.value.id == "reporting.result-expired"


# Of our own documents


def test_the_public_page_of_a_document_has_its_reports(site, stranger, issued, tmp_path):
    document, _ = issued
    code = site.client(CLERK).get(f"/documents/{document}").json()["code"]
    assert f"/v/{code}/report.pdf" in stranger.get(f"/v/{code}").text
    root = genuine(site, stranger.get(f"/v/{code}/report.xml").content)
    assert every(root, "//antin:File/@size")
    shown = printed(stranger.get(f"/v/{code}/report.pdf").content, tmp_path / "r.pdf", site)
    assert "Trong kho lưu trữ của cơ quan" in shown and "Chưa bị thu hồi hoặc thay thế." in shown
    assert stranger.get(f"/v/{'a' * 26}/report.xml").status_code == 404
    assert stranger.get(f"/v/{code}/report.exe").status_code in (404, 422)


def test_staff_get_them_by_id(site, issued, tmp_path):
    document, _ = issued
    client = site.client(AUDITOR)
    place = f"/documents/{document}/verification"
    assert client.get(place, headers={"accept": "application/json"}).json()["indication"] == "TOTAL-PASSED"
    genuine(site, client.get(place, headers={"accept": "application/xml"}).content)
    printed(client.get(place, headers={"accept": "application/pdf"}).content, tmp_path / "r.pdf", site)


def test_a_stranger_gets_none_by_id(stranger, issued):
    assert stranger.get(f"/api/v1/documents/{issued[0]}/verification").status_code == 401


# On the command line


@pytest.fixture(scope="module")
def files(site: Site, issued, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    (folder / "decision.pdf").write_bytes(issued[1])
    (folder / "draft.pdf").write_bytes(decision())
    (folder / "trust.pem").write_bytes(site.services.demo.trust_pem)
    site.services.demo.write_pkcs12("report", folder / "report.p12", "mat khau")
    (folder / "password").write_text("mat khau\n")
    return folder


def antin(files, *arguments, source="decision.pdf", key=True):
    command = [ANTIN, "verify", files / source, "--trust", files / "trust.pem", *arguments]
    if key:
        command += ["--report-key", files / "report.p12", "--report-password-file", files / "password"]
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, timeout=PATIENCE)


def test_the_command_line_writes_both(site, files, tmp_path):
    xml, pdf = tmp_path / "report.xml", tmp_path / "report.pdf"
    done = antin(files, "--report", xml, "--report-pdf", pdf)
    assert done.returncode == 0, done.stderr
    root = genuine(site, xml.read_bytes())
    assert every(root, "//antin:Trust/@store")[0] == "trust.pem"
    shown = printed(pdf.read_bytes(), tmp_path / "copy.pdf", site)
    assert "decision.pdf" in shown and "trust.pem" in shown and "kho lưu trữ của cơ quan" not in shown
    assert {path.name for path in tmp_path.iterdir()} == {"report.xml", "report.pdf", "copy.pdf"}


def test_the_exit_code_stays_the_verdict(files, tmp_path):
    done = antin(files, "--offline", "--report", tmp_path / "report.xml", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["indication"] == "INDETERMINATE"
    assert (tmp_path / "report.xml").exists()


def test_without_a_key_nothing_is_written(files, tmp_path):
    done = antin(files, "--report", tmp_path / "report.xml", key=False)
    assert done.returncode == 64 and "never written unsigned" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_password_writes_nothing(files, tmp_path):
    (tmp_path / "wrong").write_text("sai\n")
    done = antin(
        files, "--report", tmp_path / "r.xml", "--report-key", files / "report.p12",
        "--report-password-file", tmp_path / "wrong", key=False,
    )  # fmt: skip
    assert done.returncode == 3 and not (tmp_path / "r.xml").exists()


def test_what_is_there_is_never_written_over(files, tmp_path):
    there = tmp_path / "report.xml"
    there.write_text("của người khác")
    done = antin(files, "--report", there)
    assert done.returncode == 64
    assert there.read_text() == "của người khác"


def test_an_unsigned_file_is_refused_and_leaves_nothing(files, tmp_path):
    done = antin(files, "--report", tmp_path / "r.xml", "--json", source="draft.pdf")
    assert done.returncode == 3
    assert json.loads(done.stdout)["refusal"]["id"] == "reporting.nothing-signed"
    assert list(tmp_path.iterdir()) == []


def test_a_key_without_a_report_is_wrong_usage(files):
    assert antin(files).returncode == 64
