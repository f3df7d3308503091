"""Everybody's journeys: is this file genuine, what does this code open, what stands in the log."""

from __future__ import annotations

import json

import pytest

from api.demo.documents import DecisionSpec, decision
from archive import receipt as receipts
from tests.service import CLERK, Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def issued(site: Site) -> str:
    return site.issued(
        subject=DecisionSpec().subject,
        recipients="Như Điều 3; Thường trực Tỉnh ủy; Lưu: VT",
    )


@pytest.fixture(scope="module")
def pdf(site: Site, issued: str) -> bytes:
    return site.file(issued, "seal-timestamped")


def check(desk, content: bytes, name: str = "quyet-dinh.pdf") -> None:
    desk.go("/")
    desk.page.set_input_files("#file", {"name": name, "mimeType": "application/pdf", "buffer": content})
    desk.press("Kiểm tra chữ ký")


def test_the_first_page_in_two_languages(visit, size):
    desk = visit(None, size)
    desk.go("/")
    desk.look("home")
    desk.page.get_by_label("English").click()
    desk.heading("Check an electronic document")
    assert desk.page.locator("html").get_attribute("lang") == "en"
    desk.look("home-en")
    desk.go("/log")
    desk.heading("Public log")  # the choice is remembered
    desk.page.get_by_label("Tiếng Việt").click()
    desk.heading("Nhật ký công khai")


def test_our_own_document_is_valid_archived_and_in_force(visit, size, site, issued, pdf):
    desk = visit(None, size)
    check(desk, pdf)
    desk.heading("Chữ ký số hợp lệ")
    number = site.document(issued)["number"]
    page = desk.page
    assert page.get_by_text(f"văn bản số {number} đang lưu trữ").is_visible()
    assert page.get_by_text("Chưa bị thu hồi hoặc thay thế").is_visible()
    assert page.get_by_text("Chữ ký thứ 1").is_visible()
    desk.look("verify-ours")
    page.get_by_role("link", name="Mở trang của văn bản").click()
    desk.heading(number)


@pytest.mark.parametrize("script", [True, False])
def test_sealed_reports_are_taken_home_from_the_result(visit, size, pdf, tmp_path, script):
    desk = visit(None, size, script=script)
    check(desk, pdf)
    desk.heading("Chữ ký số hợp lệ")
    for button, begins in (
        ("Tải báo cáo XML (ETSI TS 119 102-2)", b"<?xml"),
        ("Tải báo cáo PDF", b"%PDF-1.7"),
    ):
        with desk.page.expect_download() as taken:
            desk.press(button)
        home = tmp_path / taken.value.suggested_filename
        taken.value.save_as(home)
        assert home.read_bytes().startswith(begins)
        desk.heading("Chữ ký số hợp lệ")  # the page is still there


@pytest.mark.parametrize("script", [True, False])
def test_another_policy_is_chosen_out_of_the_way(visit, size, pdf, script):
    desk = visit(None, size, script=script)
    page = desk.go("/")
    chosen = page.get_by_label("Chính sách kiểm tra", exact=True)
    assert not chosen.is_visible()
    page.locator("summary", has_text="Chọn chính sách kiểm tra khác").click()
    assert chosen.input_value() == "agency"
    assert page.get_by_text("ký bằng chứng thư số chuyên dùng công vụ").is_visible()
    desk.look("home-policy")
    chosen.select_option(label="Lịch sử")
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf})
    desk.press("Kiểm tra chữ ký")
    desk.heading("Chữ ký số hợp lệ")
    assert page.get_by_text("theo một chính sách được chọn riêng").is_visible()
    assert page.get_by_text("urn:antin:validation-policy:historical:").first.is_visible()
    desk.look("verify-policy")


def test_another_policy_is_chosen_by_keyboard_alone(visit, pdf):
    desk = visit(None, (390, 844))
    page = desk.go("/")
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf})
    page.locator("summary", has_text="Chọn chính sách kiểm tra khác").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "profile"
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("Chính sách kiểm tra", exact=True).input_value() == "public"
    page.get_by_role("button", name="Kiểm tra chữ ký").focus()
    page.keyboard.press("Enter")
    desk.heading("Chữ ký số hợp lệ")
    assert page.get_by_text("theo một chính sách được chọn riêng").is_visible()


def test_the_policy_is_a_page_of_the_site(visit, size):
    desk = visit(None, size)
    page = desk.go("/")
    page.locator("footer").get_by_role("link", name="Chính sách ký số và kiểm tra").click()
    desk.heading("Chính sách ký số và kiểm tra")
    page.locator("summary", has_text="Thuật toán và mã kiểm tra").first.click()
    desk.look("policy")


def test_an_altered_document_is_invalid(visit, size, pdf):
    altered = pdf.replace(b"/Type /Catalog", b"/Type /Cataloh", 1)
    if altered == pdf:
        altered = pdf[:300] + bytes([pdf[300] ^ 1]) + pdf[301:]
    desk = visit(None, size)
    check(desk, altered)
    desk.seen(desk.page.locator("#verdict, [role=alert]"))
    assert desk.page.get_by_text("Chữ ký số hợp lệ").count() == 0
    desk.look("verify-altered")


def test_an_unsigned_document_says_so(visit, size):
    desk = visit(None, size)
    check(desk, decision())
    desk.heading("Không có chữ ký số")
    desk.look("verify-unsigned")


def test_a_file_that_is_no_pdf_is_refused_kindly(visit, size):
    desk = visit(None, size)
    check(desk, b"PK\x03\x04 not a PDF at all", "bang-tinh.pdf")
    desk.page.get_by_role("alert").wait_for()
    desk.look("verify-not-pdf")


@pytest.mark.parametrize("written", ["{code}", " {spaced} ", "{capitals}"])
def test_a_code_opens_its_document_however_it_is_typed(visit, site, issued, written):
    code = site.document(issued)["code"]
    groups = "-".join(code[start : start + 4] for start in range(0, 26, 4))
    spaced = code[:10] + " " + code[10:]
    desk = visit()
    desk.go("/")
    typed = written.format(code=code, spaced=spaced, capitals=groups.upper())
    desk.page.get_by_label("Mã tra cứu").fill(typed)
    desk.press("Tra cứu")
    desk.page.wait_for_url(f"**/v/{code}")


def test_an_unknown_code_is_answered_with_help(visit, size):
    desk = visit(None, size)
    desk.go("/")
    desk.page.get_by_label("Mã tra cứu").fill("aaaa bbbb cccc")
    desk.press("Tra cứu")
    desk.page.get_by_role("alert").wait_for()
    desk.look("lookup-unknown")


def test_the_document_page_shows_and_asks_to_compare(visit, size, site, issued):
    document = site.document(issued)
    desk = visit(None, size)
    page = desk.go(f"/v/{document['code']}")
    desk.heading(document["number"])
    desk.look("document")
    assert page.get_by_text("Hãy so sánh với bản bạn đang có").is_visible()
    page.wait_for_function(
        "() => { const one = document.querySelector('figure img'); return one.complete && one.naturalWidth > 600; }"
    )
    text = page.inner_text("main").casefold()
    for word in ("bản này là thật", "xác thực thành công", "văn bản thật", "authentic"):
        assert word not in text
    names = page.locator(".signature h3").all_inner_texts()
    assert "Nguyễn Văn An" in names[0]  # in order of time: leader first, then the agency
    assert len(names) == 2
    english = desk.go(f"/v/{document['code']}?lang=en").inner_text("main").casefold()
    assert "compare with the copy that you hold" in english
    assert "authentic" not in english


def test_receipt_and_pdf_are_taken_home_and_hold(visit, site, issued, pdf, tmp_path):
    desk = visit()
    page = desk.go(f"/v/{site.document(issued)['code']}")
    with page.expect_download() as file:
        page.get_by_role("link", name="Tải văn bản PDF").click()
    with page.expect_download() as proof:
        page.get_by_role("link", name="Tải biên nhận lưu trữ").click()
    home = tmp_path / file.value.suggested_filename
    file.value.save_as(home)
    assert home.read_bytes() == pdf
    assert home.suffix == ".pdf"
    taken = tmp_path / "receipt.json"
    proof.value.save_as(taken)
    assert "record" not in json.loads(taken.read_bytes())
    vkey = site.client(None).get("/log/key").text.strip()
    assert receipts.verify(home, taken.read_bytes(), vkey).checkpoint.origin == site.settings.origin


def test_the_log_page_shows_the_newest_checkpoint(visit, size, site, issued):
    desk = visit(None, size)
    page = desk.go("/log")
    desk.look("log")
    assert site.settings.origin in page.inner_text("main")
    assert page.get_by_text("chưa cơ quan nào khác đồng ký").is_visible()
    shown = page.locator("pre").first.inner_text()
    assert shown.splitlines()[0] == site.settings.origin
    assert int(shown.splitlines()[1]) >= 1


def test_an_address_that_does_not_exist_says_so(visit, size):
    desk = visit(None, size)
    desk.go("/v/" + "a" * 26)
    desk.look("missing")
    assert desk.page.get_by_role("heading", name="Không tìm thấy").is_visible()


def test_a_recalled_document_says_so_first(visit, size, site):
    document = site.issued(subject="Sẽ bị thu hồi trên trang công khai")
    site.post(CLERK, f"/documents/{document}/recall", json={"reason": "Sai nội dung Điều 2"})
    desk = visit(None, size)
    page = desk.go(f"/v/{site.document(document)['code']}")
    assert page.get_by_text("Sai nội dung Điều 2").is_visible()
    desk.look("document-recalled")
