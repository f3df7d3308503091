"""Verify, sign in, sign and return are plain forms: they work with JavaScript switched off."""

from __future__ import annotations

import pytest

from api.demo.documents import decision
from tests.service import CLERK, LEADER, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.fixture
def desk(visit):
    return visit(None, (390, 844), script=False)


def sign_in(desk, site, who: str) -> None:
    desk.go("/sign-in")
    desk.page.get_by_label("Tên đăng nhập").fill(who)
    desk.page.get_by_label("Mật khẩu").fill(site.passwords[who])
    desk.page.locator("main").get_by_role("button", name="Đăng nhập").click()
    desk.heading("Văn bản đi" if who == CLERK else "Văn bản chờ ký")


def test_verify(desk, site):
    page = desk.go("/")
    pdf = site.file(site.issued(subject="Không cần JavaScript"), "seal-timestamped")
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf})
    desk.press("Kiểm tra chữ ký")
    desk.heading("Chữ ký số hợp lệ")
    desk.look("no-script-verify")


def test_sign_in_sign_and_return(desk, site):
    signed = site.prepared(subject="Ký không cần JavaScript", urgency="3")
    returned = site.prepared(subject="Trả lại không cần JavaScript", urgency="3")
    sign_in(desk, site, LEADER)
    page = desk.page
    page.get_by_role("link", name="Ký không cần JavaScript", exact=True).click()
    desk.look("no-script-review")
    page.get_by_role("button", name="Ký số").click()
    page.get_by_role("status").filter(has_text="Đã ký số").wait_for()
    desk.go(f"/desk/documents/{returned}/review")
    page.locator("summary", has_text="Trả lại").click()
    page.get_by_label("Lý do").fill("Sửa lại trích yếu")
    page.get_by_role("button", name="Trả lại").click()
    page.get_by_role("status").filter(has_text="Đã trả lại").wait_for()
    assert site.document(signed)["state"] != "prepared"
    assert site.document(returned)["state"] == "returned"
    desk.press("Đăng xuất")
    desk.heading("Kiểm tra văn bản điện tử")


def test_many_at_once(desk, site):
    subjects = [f"Nhiều văn bản, không JavaScript {n}" for n in (1, 2)]
    documents = [site.prepared(subject=subject, urgency="3") for subject in subjects]
    sign_in(desk, site, LEADER)
    page = desk.page
    for subject in subjects:
        page.get_by_label(f"Chọn: {subject}", exact=True).check()
    desk.press("Xem các văn bản đã chọn")
    desk.heading("Xem và ký 2 văn bản")
    for box in page.get_by_label("Tôi đã xem và đồng ý ký văn bản này").all():
        box.check()
    page.get_by_role("button", name="Ký số các văn bản đã đánh dấu").click()
    desk.heading("Kết quả ký nhiều văn bản")

    def both() -> bool:
        page.reload()
        return page.get_by_text("Đã ký 2 văn bản").is_visible()

    until(both, "both signatures")
    assert all(site.document(one)["state"] != "prepared" for one in documents)


def test_the_clerk_too(desk, site):
    sign_in(desk, site, CLERK)
    page = desk.page
    page.get_by_text("Đưa dự thảo vào hệ thống").click()
    page.get_by_label("Trích yếu", exact=True).fill("Dự thảo, không JavaScript")
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": decision()})
    for box in page.get_by_role("group", name="Người ký").get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_label("Nguyễn Văn An, Phó Chủ tịch").first.check()
    desk.press("Tải lên và chuẩn bị ký")
    desk.heading("Chuẩn bị các ô ký")
    left = page.locator("[data-fields='0'] [name$=-left]")
    left.fill(f"{float(left.input_value()) - 3:.1f}")
    desk.press("Trình ký")
    desk.document("Dự thảo, không JavaScript")
    page.get_by_text("Chờ ký", exact=True).first.wait_for()
