"""The clerk's way with a dossier, from opening to closing; a hold and its release by two people."""

from __future__ import annotations

import re
import uuid
from datetime import date

import pytest

from policies.numbering import civil_date
from tests.service import AUDITOR, CLERK, LEADER, Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]
SCAN = {"name": "Công văn đến 15.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 incoming"}


@pytest.fixture(scope="module")
def issued(site):
    word = uuid.uuid4().hex[:6]
    return word, [site.issued(subject=f"Kế hoạch số hóa {word} đợt {n}") for n in (1, 2)]


def opened(site: Site, title: str, **values: str) -> str:
    day = civil_date(site.services.clock())
    body = {
        "catalog_year": day.year,
        "notation": uuid.uuid4().hex[:8],
        "title": title,
        "start_date": f"{day}",
        **values,
    }
    answer = site.post(CLERK, "/dossiers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_dossier_from_opening_to_closing(visit, size, site, issued):
    desk = visit(CLERK, size)
    page, (word, documents) = desk.page, issued
    notation, title = f"{size[0]}.TCCB", f"Hồ sơ triển khai kế hoạch số hóa {word}"

    desk.go("/desk/dossiers")
    page.get_by_text("Mở hồ sơ mới").click()
    page.get_by_label("Số, ký hiệu hồ sơ", exact=True).fill(notation)
    page.get_by_label("Tiêu đề hồ sơ", exact=True).fill(title)
    page.get_by_label("Đề mục trong danh mục hồ sơ").fill("Tổ chức cán bộ")
    page.get_by_label("Thời hạn bảo quản dự kiến").select_option("06")
    desk.look("dossier-open")
    desk.press("Mở hồ sơ")
    desk.document(title)
    desk.state("Đang mở")
    assert page.get_by_text("Đã mở hồ sơ.").is_visible()
    address = page.url.partition("?")[0].removeprefix(site.url)
    desk.look("dossier-empty")

    page.get_by_role("link", name="Đưa văn bản vào hồ sơ").click()
    desk.heading("Đưa văn bản vào hồ sơ")
    page.get_by_role("searchbox").fill(word)
    desk.press("Tìm văn bản đã phát hành")
    for subject in (f"Kế hoạch số hóa {word} đợt 1", f"Kế hoạch số hóa {word} đợt 2"):
        page.get_by_label(f"Chọn: {subject}").check()
    assert page.get_by_text("Đã chọn 2 văn bản").is_visible()
    desk.look("dossier-add")
    page.locator(".bar").get_by_role("button", name="Đưa vào hồ sơ").click()
    desk.document(title)
    assert page.locator("tbody tr").count() == 2
    assert site.document(documents[0])["state"] == "filed"

    page.get_by_text("Đưa tệp khác vào hồ sơ").click()
    page.set_input_files("#file", SCAN)
    page.get_by_label("Trích yếu nội dung").fill("Công văn đến của Sở Nội vụ")
    page.get_by_label("Số, ký hiệu (nếu có)").fill("15/SNV-VTLT")
    desk.look("dossier-file")
    page.get_by_role("button", name="Đưa vào hồ sơ", exact=True).click()
    desk.seen(page.locator("tbody tr").nth(2))
    assert "15/SNV-VTLT" in page.locator("tbody tr").nth(2).inner_text()
    desk.look("dossier-filled")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Công văn đến của Sở Nội vụ").click()
    assert saved.value.path().read_bytes() == SCAN["buffer"]

    row = page.locator("tbody tr").nth(1)
    row.locator("summary").click()
    row.get_by_label("Lý do").fill("Lưu nhầm hồ sơ")
    row.get_by_role("button", name="Rút khỏi hồ sơ").click()
    desk.seen(page.get_by_text("Lưu nhầm hồ sơ"))
    assert page.locator("tbody tr").count() == 2

    page.get_by_role("link", name="Kết thúc hồ sơ").click()
    desk.heading("Kết thúc hồ sơ")
    assert page.get_by_label(re.compile("06 · 10 năm")).is_checked()
    page.get_by_label(re.compile("02 · 70 năm")).check()
    desk.look("dossier-close")
    desk.press("Kết thúc hồ sơ")
    desk.state("Đã kết thúc")
    last = civil_date(site.services.clock()).year + 70
    assert page.get_by_text(f"Đến hết ngày 31/12/{last}").is_visible()
    assert page.get_by_text("Luật Lưu trữ 33/2024/QH15").first.is_visible()
    assert page.get_by_role("link", name="Đưa văn bản vào hồ sơ").count() == 0
    desk.look("dossier-closed")
    page.emulate_media(media="print")
    assert page.locator("table.register thead").is_visible()
    desk.picture("dossier-print")
    page.emulate_media(media="screen")

    desk.go(f"{address}/close")
    desk.press("Kết thúc hồ sơ")
    desk.seen(page.get_by_role("alert"))
    assert "Đã kết thúc" in page.get_by_role("alert").inner_text()


def shut(site: Site, title: str, code: str, ended: date) -> date:
    """A dossier of work that ended on that day, closed today; the last day on which it is kept."""
    dossier = opened(site, title, start_date=f"{ended}")
    scan = {"file": (SCAN["name"], b"%PDF-1.7 " + uuid.uuid4().bytes, SCAN["mimeType"])}
    site.post(CLERK, f"/dossiers/{dossier}/files", data={"subject": "Bản quét"}, files=scan)
    closing = {"code": code, "work_ended": f"{ended}"}
    answer = site.post(CLERK, f"/dossiers/{dossier}/closing", json=closing)
    assert answer.status_code == 200, answer.text
    return date.fromisoformat(answer.json()["retention"]["last_day"])


def test_dossiers_whose_period_ends_are_listed_with_their_last_day(visit, size, site):
    word, year = uuid.uuid4().hex[:6], civil_date(site.services.clock()).year
    five, ten, kept = (f"Hồ sơ {name} {word}" for name in ("năm năm", "mười năm", "còn giữ"))
    last = shut(site, five, "07.05", date(year - 6, 3, 5))
    first = shut(site, ten, "06", date(year - 12, 3, 5))
    shut(site, kept, "05", date(year - 12, 3, 5))
    desk = visit(CLERK, size)
    page = desk.go("/desk/dossiers")
    page.get_by_role("link", name="Sắp hết thời hạn lưu giữ").click()
    desk.seen(page.get_by_text("Hệ thống không tự hủy bất kỳ hồ sơ nào."))
    page.get_by_role("searchbox").fill(word)
    desk.press("Tìm theo mã, tiêu đề hồ sơ")
    page.wait_for_url(f"**q={word}")
    rows = page.locator("li.item")
    desk.seen(rows.filter(has_text=five))
    assert [rows.nth(n).locator("h2").inner_text() for n in range(rows.count())] == [ten, five]
    for n, day in enumerate((first, last)):
        assert f"Lưu giữ đến hết ngày {day:%d/%m/%Y}" in rows.nth(n).inner_text()
        assert rows.nth(n).get_by_text("Đã hết thời hạn").is_visible()
    assert page.get_by_role("button", name=re.compile("Hủy|Xóa")).count() == 0
    desk.look("dossiers-ending")
    page.get_by_role("link", name=five).click()
    desk.document(five)
    assert page.get_by_text(f"Đến hết ngày {last:%d/%m/%Y}").is_visible()


def test_a_document_is_filed_from_its_own_page(visit, size, site):
    subject = f"Lưu từ trang văn bản {size[0]}"
    document = site.issued(subject=subject)
    one, two = f"Hồ sơ thứ nhất {size[0]}", f"Hồ sơ thứ hai {size[0]}"
    for title in (one, two):
        opened(site, title)
    desk = visit(CLERK, size)
    page = desk.go(f"/desk/documents/{document}")
    page.get_by_role("link", name="Lưu hồ sơ").click()
    desk.heading("Lưu hồ sơ")
    for title in (one, two):
        page.get_by_label(re.compile(f"Chọn: .* · {title}")).check()
    desk.look("file-away")
    desk.press("Lưu vào hồ sơ đã chọn")
    desk.state("Đã lưu hồ sơ")
    for title in (one, two):
        assert page.get_by_role("link", name=re.compile(title)).is_visible()
    assert page.get_by_text("Chưa xác định: giữ cho đến khi").is_visible()
    desk.look("work-filed")


def test_a_form_that_cannot_be_taken_keeps_what_was_entered(visit, site):
    title = "Hồ sơ đã có"
    dossier = opened(site, title)
    notation = site.get(CLERK, f"/dossiers/{dossier}")["notation"]
    desk = visit(CLERK, (1280, 900))
    page = desk.go("/desk/dossiers")
    page.get_by_text("Mở hồ sơ mới").click()
    page.get_by_label("Số, ký hiệu hồ sơ", exact=True).fill(notation)
    page.get_by_label("Tiêu đề hồ sơ", exact=True).fill("Tiêu đề đã nhập")
    desk.press("Mở hồ sơ")
    desk.seen(page.get_by_role("alert"))
    assert "Đã có hồ sơ mang mã" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Tiêu đề hồ sơ", exact=True).input_value() == "Tiêu đề đã nhập"


def test_fields_are_changed_by_keys_alone(visit, site):
    dossier = opened(site, "Tiêu đề cũ")
    desk = visit(CLERK, (1280, 900))
    page = desk.go(f"/desk/dossiers/{dossier}")
    page.get_by_role("link", name="Sửa thông tin hồ sơ").focus()
    page.keyboard.press("Enter")
    desk.heading("Sửa thông tin hồ sơ")
    page.get_by_label("Tiêu đề hồ sơ", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Tiêu đề mới")
    desk.look("dossier-change")
    page.get_by_role("button", name="Lưu thay đổi").focus()
    page.keyboard.press("Enter")
    desk.document("Tiêu đề mới")


def test_a_hold_is_placed_by_one_and_released_by_two(visit, size, site):
    subject = f"Tạm giữ theo yêu cầu {size[0]}"
    document = site.issued(subject=subject)
    clerk = visit(CLERK, size)
    page = clerk.go(f"/desk/documents/{document}")
    page.locator(".acts").get_by_role("link", name="Tạm giữ").click()
    clerk.heading("Tạm giữ tài liệu")
    page.get_by_label("Căn cứ").fill("CV 12/TTr-NV1 ngày 05/03/2026 của Thanh tra tỉnh")
    page.get_by_label("Lý do").fill(f"Thanh tra tỉnh yêu cầu {size[0]}")
    clerk.look("hold-new")
    clerk.press("Tạm giữ")
    clerk.heading("Tạm giữ theo yêu cầu pháp lý")
    card = page.locator("li.card").filter(has_text=subject)
    assert card.get_by_text("Đang tạm giữ").is_visible()
    card.locator("summary", has_text="Đề nghị gỡ tạm giữ").click()
    card.get_by_label("Lý do").fill("Đã có kết luận thanh tra")
    clerk.look("holds")
    card.get_by_role("button", name="Đề nghị gỡ tạm giữ").click()
    clerk.seen(page.get_by_text("Đã gửi đề nghị gỡ tạm giữ."))
    assert card.get_by_text("cần một người khác xác nhận").is_visible()
    assert card.get_by_role("button", name="Xác nhận gỡ tạm giữ").count() == 0

    leader = visit(LEADER, size)
    page = leader.go("/desk/holds")
    card = page.locator("li.card").filter(has_text=subject)
    assert card.get_by_text("Đã có kết luận thanh tra").is_visible()
    leader.look("holds-to-confirm")
    card.get_by_role("button", name="Xác nhận gỡ tạm giữ").click()
    leader.seen(page.get_by_text("Đã xác nhận gỡ tạm giữ."))
    assert page.locator("li.card").filter(has_text=subject).count() == 0
    page = leader.go("/desk/holds?over=1")
    assert page.locator("li.card").filter(has_text=subject).get_by_text("Đã gỡ", exact=True).is_visible()
    leader.look("holds-released")
    assert site.document(document)["holds"] == []


def test_an_auditor_sees_dossiers_and_opens_none(visit, site):
    dossier = opened(site, "Người kiểm tra xem")
    desk = visit(AUDITOR, (1280, 900))
    page = desk.go("/desk/dossiers")
    assert page.get_by_text("Mở hồ sơ mới").count() == 0
    page = desk.go(f"/desk/dossiers/{dossier}")
    desk.document("Người kiểm tra xem")
    assert page.get_by_role("link", name="Đưa văn bản vào hồ sơ").count() == 0
    assert page.locator(".acts").get_by_role("link", name="Tạm giữ").is_visible()
    desk.look("dossier-auditor")
