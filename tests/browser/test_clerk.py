"""The clerk's way with a document: bring in, place, submit, number and seal, issue, register, void, recall."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from api.demo.documents import Anchors, DecisionSpec, decision
from signer.errors import TimestampUnavailable
from tests.service import CLERK, LEADER, Site, current

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]
SUBJECTS = {
    390: "Thành lập Tổ công tác số hóa hồ sơ thủ tục hành chính năm 2027",
    1280: "Phê duyệt Kế hoạch số hóa và lưu trữ điện tử hồ sơ thủ tục hành chính năm 2027",
}


def draft(site: Site, subject: str) -> str:
    answer = site.upload(subject=subject)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def open_item(desk, tab: str, subject: str) -> None:
    page = desk.go(f"/desk/clerk?tab={tab}")
    page.get_by_role("link", name=subject).click()
    desk.document(subject)


def test_from_draft_to_issued(visit, size, site):
    desk = visit(CLERK, size)
    page, subject = desk.page, SUBJECTS[size[0]]

    desk.go("/desk/clerk")
    page.get_by_text("Đưa dự thảo vào hệ thống").click()
    page.get_by_label("Loại văn bản").select_option(label="Quyết định")
    page.get_by_label("Độ khẩn").select_option(label="Khẩn")
    page.get_by_label("Trích yếu", exact=True).fill(subject)
    page.get_by_label("Nơi nhận").fill("Như Điều 4; Bộ Nội vụ; Lưu: VT, KSTT")
    people = page.get_by_role("group", name="Người ký")
    for box in people.get_by_role("checkbox").all():
        box.uncheck()
    people.get_by_label("Nguyễn Văn An, Phó Chủ tịch").check()
    desk.look("clerk-upload")
    page.set_input_files(
        "#file", {"name": "Dự thảo QĐ.pdf", "mimeType": "application/pdf", "buffer": decision(current())}
    )
    desk.press("Tải lên và chuẩn bị ký")

    desk.heading("Chuẩn bị các ô ký")
    labels = page.locator(".box text").all_text_contents()
    assert {"Số", "Ngày", "Tháng", "Chữ ký Nguyễn Văn An", "Dấu cơ quan"} <= set(labels)
    desk.look("prepare")
    document = re.search(r"/documents/([^/]+)/prepare", page.url)[1]
    page.get_by_label("In mã QR").check()
    desk.press("Trình ký")
    desk.document(subject)
    shown = page.locator("figure .page-text").first.text_content()
    assert urlsplit(site.url).netloc in shown  # the QR's host is printed beside it
    desk.look("work-prepared")
    page = desk.go("/desk/clerk?tab=circulating")
    item = page.get_by_role("listitem").filter(has_text=subject)
    assert item.get_by_text("Nguyễn Văn An").is_visible()
    assert item.get_by_text("Khẩn", exact=True).is_visible()
    desk.look("clerk-circulating")

    site.done(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    open_item(desk, "number", subject)
    page.get_by_role("link", name="Cấp số và ký số cơ quan").click()
    desk.heading("Cấp số và ký số cơ quan")
    number = page.locator(".big-number").inner_text()
    assert re.fullmatch(r"\d{2,}/QĐ-UBND", number)
    assert page.get_by_text("Nguyễn Văn An, Phó Chủ tịch").is_visible()
    desk.look("number-and-seal")
    desk.press("Cấp số và ký số cơ quan")

    desk.state("Chờ phát hành")  # seen by itself
    assert site.document(document)["number"] == number
    desk.look("work-archived")
    desk.press("Phát hành")
    desk.state("Đã phát hành")
    desk.look("work-issued")

    page = desk.go(f"/desk/register?q={number}")
    row = page.locator("tbody tr").filter(has_text=number)
    assert row.count() == 1
    for told in (subject, "Nguyễn Văn An", "Bộ Nội vụ"):
        assert told in row.inner_text()
    desk.look("register")
    page.emulate_media(media="print")
    assert page.locator("header.top").is_hidden()
    assert page.locator("table.register thead").is_visible()
    desk.picture("register-print")


@pytest.fixture
def silent(site, monkeypatch):
    """The time-stamp authority does not answer, until it is told to."""

    class Silent:
        reserve = site.services.tsa.reserve

        def token(self, _imprint: bytes, _digest: str) -> bytes:
            raise TimestampUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(site.services, "tsa", Silent())
        patch.setattr(site.services, "pause", lambda _seconds: None)
        yield patch


def test_a_document_waits_for_its_time_stamp_and_is_tried_again(visit, size, site, silent):
    subject = f"Chờ dấu thời gian {size[0]}"
    document = site.prepared(subject=subject)
    ended = site.wait(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    assert ended["state"] == "failed"
    desk = visit(CLERK, size)
    page = desk.go("/desk/clerk?tab=timestamp")
    item = page.get_by_role("listitem").filter(has_text=subject)
    assert item.get_by_text("không trả lời").is_visible()
    desk.look("clerk-timestamp")
    open_item(desk, "timestamp", subject)
    assert page.locator(".document-head .state").inner_text() == "Chờ dấu thời gian"
    desk.look("work-waiting")
    silent.undo()
    desk.press("Thử lại ngay")
    desk.state("Chờ cấp số")


def numbers(page, n: int) -> tuple[float, float]:
    return tuple(float(page.locator(f"[name=box-{n}-{part}]").input_value()) for part in ("left", "top"))


def dropped(page, n: int, left: float) -> tuple[float, float]:
    """Where the box is when it was let go, more than 5 mm further left: the page handles a touch when it can."""
    page.wait_for_function(
        "([n, left]) => !document.querySelector('.held')"
        " && Number(document.querySelector(`[name=box-${n}-left]`).value) < left - 5",
        arg=[n, left],
    )
    return numbers(page, n)


def test_a_box_is_moved_by_mouse(visit, site):
    document = draft(site, "Di chuyển bằng chuột")
    desk = visit(CLERK)
    page = desk.go(f"/desk/documents/{document}/prepare")
    box = page.locator(".box-seal rect")
    n = int(page.locator("g.box-seal").get_attribute("data-box"))
    left, top = numbers(page, n)
    box.scroll_into_view_if_needed()
    at = box.bounding_box()
    middle = (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] - 30, steps=5)
    page.mouse.up()
    moved = dropped(page, n, left)
    assert moved[1] < top - 2
    desk.press("Trình ký")
    desk.document("Di chuyển bằng chuột")
    assert prepared_rect(site, document, "seal")[0] == pytest.approx(moved[0] / 25.4 * 72, abs=0.5)


def prepared_rect(site: Site, document: str, role: str) -> list[float]:
    """Where the field really is, in points of user space (the sample's pages are A4, upright, from 0, 0)."""
    from archive.catalogue import documents as rows

    with site.services.transactions.read() as conn:
        boxes = rows.get(conn, document).boxes
    return next(row["rect"] for row in boxes if row["role"] == role)


def test_a_box_is_moved_by_touch_and_by_keys(visit, site):
    document = draft(site, "Di chuyển bằng tay")
    desk = visit(CLERK, (390, 844))
    page = desk.go(f"/desk/documents/{document}/prepare")
    box = page.locator(".box-leader rect")
    n = int(page.locator("g.box-leader").get_attribute("data-box"))
    box.evaluate("(one) => one.scrollIntoView({block: 'center'})")  # clear of the bar at the foot
    left, top = numbers(page, n)
    at = box.bounding_box()
    x, y = at["x"] + 0.6 * at["width"], at["y"] + at["height"] / 2  # right of the seal, which lies over it
    touch = desk.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x - 8 * step, "y": y - 4 * step}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    moved = dropped(page, n, left)
    assert moved[1] < top - 2
    page.locator("g.box-leader").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert numbers(page, n) == (pytest.approx(moved[0] + 2), pytest.approx(moved[1] + 0.5))
    desk.look("prepare-moved")
    desk.press("Trình ký")
    desk.document("Di chuyển bằng tay")
    rect = prepared_rect(site, document, "leader")
    assert rect[0] == pytest.approx((moved[0] + 2) / 25.4 * 72, abs=0.5)


def test_a_draft_that_cannot_be_taken_is_refused_in_place(visit, size, site):
    desk = visit(CLERK, size)
    page = desk.go("/desk/clerk")
    page.get_by_text("Đưa dự thảo vào hệ thống").click()
    page.get_by_label("Trích yếu", exact=True).fill("Còn nguyên sau khi bị từ chối")
    page.get_by_label("Nguyễn Văn An, Phó Chủ tịch").first.check()
    secret = decision(DecisionSpec(secrecy="MẬT"))
    page.set_input_files("#file", {"name": "mat.pdf", "mimeType": "application/pdf", "buffer": secret})
    desk.press("Tải lên và chuẩn bị ký")
    desk.seen(page.get_by_role("alert"))
    desk.look("clerk-refused")
    assert page.get_by_label("Trích yếu", exact=True).input_value() == "Còn nguyên sau khi bị từ chối"
    assert page.get_by_label("Nguyễn Văn An, Phó Chủ tịch").first.is_checked()


def test_void_with_a_reason_stays_in_the_register(visit, size, site):
    subject = f"Sẽ bị hủy {size[0]}"
    document = site.signed(subject=subject)
    number = site.post(CLERK, f"/documents/{document}/number", json={}).json()["number"]
    desk = visit(CLERK, size)
    open_item(desk, "number", subject)
    page = desk.page
    page.locator("summary", has_text="Hủy văn bản").click()
    page.get_by_label("Lý do").fill("Ban hành nhầm thẩm quyền")
    desk.look("work-void")
    page.get_by_role("button", name="Hủy văn bản").click()
    desk.state("Đã hủy")
    row = desk.go(f"/desk/register?q={number}").locator("tbody tr").filter(has_text=number)
    assert "Ban hành nhầm thẩm quyền" in row.inner_text()
    desk.look("register-voided")


def test_recall_with_a_reason(visit, size, site):
    subject = f"Sẽ thu hồi {size[0]}"
    document = site.issued(subject=subject)
    desk = visit(CLERK, size)
    open_item(desk, "issued", subject)
    page = desk.page
    page.locator("summary", has_text="Thu hồi").click()
    page.get_by_label("Lý do").fill("Sai căn cứ pháp lý")
    page.get_by_role("button", name="Thu hồi").click()
    desk.state("Đã thu hồi")
    desk.look("work-recalled")
    public = desk.go(f"/v/{site.document(document)['code']}")
    assert public.get_by_text("Sai căn cứ pháp lý").is_visible()


def test_take_back_and_revise(visit, site):
    document = site.prepared(subject="Rút lại để sửa")
    desk = visit(CLERK)
    page = desk.go(f"/desk/documents/{document}")
    desk.press("Rút lại")
    desk.state("Dự thảo")
    page.get_by_role("link", name="Trình ký").click()
    desk.heading("Chuẩn bị các ô ký")
    desk.press("Trình ký")
    desk.state("Chờ ký")
    site.post(LEADER, f"/documents/{document}/return", json={"reason": "Bổ sung căn cứ"})
    open_item(desk, "draft", "Rút lại để sửa")
    desk.press("Soạn lại")
    desk.state("Dự thảo")


def test_a_page_without_anchors_gets_boxes_to_be_placed_by_hand(visit, size, site):
    subject = f"Bản quét, không có chữ {size[0]}"
    scan = decision(DecisionSpec(anchors=Anchors.NONE))
    document = str(site.upload(scan, subject=subject).json()["id"])
    desk = visit(CLERK, size)
    page = desk.go(f"/desk/documents/{document}/prepare")
    assert page.get_by_text("Không tìm thấy").is_visible()
    assert page.locator("g.box").count() >= 5
    desk.look("prepare-by-hand")
    desk.press("Trình ký")
    desk.document(subject)
    site.done(LEADER, site.post(LEADER, f"/documents/{document}/leader-signature"))
    site.post(CLERK, f"/documents/{document}/number", json={})
    site.done(CLERK, site.post(CLERK, f"/documents/{document}/seal"))
    assert site.document(document)["state"] == "archived"


def test_a_symbol_that_is_not_the_agency_s_is_refused_at_the_desk(visit, site):
    """Boxes that were not moved leave the printed symbol to be read and compared."""
    document = str(site.upload(kind="TB", subject="Thông báo mang ký hiệu quyết định").json()["id"])
    desk = visit(CLERK)
    page = desk.go(f"/desk/documents/{document}/prepare")
    desk.press("Trình ký")
    page.get_by_role("alert").filter(has_text="QĐ-UBND").wait_for()
    assert site.document(document)["state"] == "draft"
