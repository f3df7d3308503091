"""The leader, on the phone first: what waits, every page from the very bytes, sign or return, one or many."""

from __future__ import annotations

import pytest

from api.demo.agency import DEMO_AGENCY
from api.demo.documents import DecisionSpec
from tests.service import CLERK, INITIAL, LEADER, SECOND, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


def state(site: Site, document: str) -> str:
    return str(site.document(document)["state"])


def open_review(desk, subject: str) -> None:
    page = desk.go("/desk/inbox")
    page.get_by_role("link", name=subject, exact=True).click()
    desk.document(subject)


def again(site: Site, document: str) -> None:
    """The clerk takes the document back and submits it again with its signature elsewhere: other bytes."""
    assert site.post(CLERK, f"/documents/{document}/withdrawal").status_code == 200
    boxes = site.get(CLERK, f"/documents/{document}/proposal")["boxes"]
    leader = next(box for box in boxes if box["role"] == "leader")
    moved = {**leader, "x0": leader["x0"] - 9, "x1": leader["x1"] - 9}
    answer = site.post(CLERK, f"/documents/{document}/preparation", json={"boxes": [moved]})
    assert answer.status_code == 200, answer.text


def test_read_every_page_then_sign(visit, size, site):
    subject = {
        390: "Phê duyệt Kế hoạch số hóa hồ sơ thủ tục hành chính năm 2027",
        1280: "Ban hành Quy chế quản lý văn bản điện tử",
    }[size[0]]
    document = site.prepared(
        DecisionSpec(appendix_pages=1), subject=subject, urgency="2", recipients="Như Điều 4; Lưu: VT"
    )
    desk = visit(LEADER, size)
    page = desk.go("/desk/inbox")
    item = page.get_by_role("listitem").filter(has_text=subject)
    assert item.get_by_text("Thượng khẩn").is_visible()
    desk.look("inbox")
    open_review(desk, subject)
    pages = page.locator("figure img")
    assert pages.count() == 2
    for number in range(2):
        pages.nth(number).scroll_into_view_if_needed()
        page.wait_for_function(
            "(n) => { const one = document.images[n]; return one.complete && one.naturalWidth > 900; }",
            arg=number + 1,  # the first image is the mark
        )
    desk.look("review")
    desk.look("review-top", whole=False)
    sha256 = site.document(document)["sha256"]
    assert page.locator("code.digest").inner_text().replace("\n", "") == sha256
    button = page.get_by_role("button", name="Ký số")
    assert button.is_visible()  # under the thumb, wherever the page is scrolled to
    button.click()
    page.get_by_role("status").filter(has_text="Đã ký số").wait_for()
    assert state(site, document) in ("signed", "leader-timestamped")


def test_return_with_a_reason(visit, size, site):
    subject = f"Trả lại kèm lý do {size[0]}"
    document = site.prepared(subject=subject)
    desk = visit(LEADER, size)
    open_review(desk, subject)
    page = desk.page
    page.locator("summary", has_text="Trả lại").click()
    page.get_by_role("button", name="Trả lại").click()
    assert page.get_by_label("Lý do").evaluate("(one) => !one.validity.valid")  # a reason is asked for
    page.get_by_label("Lý do").fill("Đề nghị bổ sung căn cứ pháp lý tại Điều 2")
    desk.look("review-return", whole=False)
    page.get_by_role("button", name="Trả lại").click()
    page.get_by_role("status").filter(has_text="Đã trả lại").wait_for()
    assert site.document(document)["reason"] == "Đề nghị bổ sung căn cứ pháp lý tại Điều 2"


def test_sign_and_next(visit, site):
    first = site.prepared(subject="Ký xong sang tiếp, một", urgency="3")
    second = site.prepared(subject="Ký xong sang tiếp, hai", urgency="3")
    desk = visit(LEADER, (390, 844))
    page = desk.go(f"/desk/documents/{first}/review")
    assert page.get_by_text("và sang văn bản tiếp theo").is_visible()
    page.get_by_role("button", name="Ký số").click()
    desk.seen(page.get_by_role("status").filter(has_text="Văn bản tiếp theo ở dưới đây"))
    desk.document("Ký xong sang tiếp, hai")
    desk.look("review-next", whole=False)
    assert state(site, first) != "prepared"
    assert state(site, second) == "prepared"


def choose(desk, subjects: list[str]) -> None:
    page = desk.go("/desk/inbox")
    for subject in subjects:
        page.get_by_label(f"Chọn: {subject}", exact=True).check()
    desk.press("Xem các văn bản đã chọn")
    desk.heading(f"Xem và ký {len(subjects)} văn bản")  # what comes next does not wait for the page by itself


def test_three_documents_reviewed_then_one_confirmation(visit, size, site):
    subjects = [f"Một lượt {size[0]}, văn bản {n}" for n in (1, 2, 3)]
    documents = [site.prepared(subject=subject) for subject in subjects]
    desk = visit(LEADER, size)
    choose(desk, subjects)
    page = desk.page
    sign = page.get_by_role("button", name="Ký số các văn bản đã đánh dấu")
    assert sign.is_disabled()
    for box in page.get_by_label("Tôi đã xem và đồng ý ký văn bản này").all():
        box.check()
    desk.look("batch")
    sign.click()
    desk.seen(page.get_by_text("Đã ký 3 văn bản"))  # the page looks again by itself
    desk.look("batch-done")
    assert all(state(site, document) != "prepared" for document in documents)


def test_a_document_of_a_batch_that_fails_is_named_with_its_reason(visit, size, site):
    subjects = [f"Lẫn lộn {size[0]}, {n}" for n in ("một", "hai")]
    good, changed = (site.prepared(subject=subject) for subject in subjects)
    desk = visit(LEADER, size)
    choose(desk, subjects)
    page = desk.page
    for box in page.get_by_label("Tôi đã xem và đồng ý ký văn bản này").all():
        box.check()
    again(site, changed)
    page.get_by_role("button", name="Ký số các văn bản đã đánh dấu").click()
    desk.seen(page.get_by_role("alert").filter(has_text="1 văn bản chưa ký được"))
    line = page.get_by_role("listitem").filter(has_text=subjects[1])
    assert line.get_by_text("Văn bản đã được người khác cập nhật").is_visible()
    desk.look("batch-failed")
    assert state(site, good) != "prepared"
    assert state(site, changed) == "prepared"
    desk.go("/desk/inbox")
    assert page.get_by_text("1 chưa ký được").is_visible()  # still told when he comes back
    desk.look("inbox-after-failure")
    page.get_by_role("link", name="Xem từng văn bản").click()
    page.get_by_role("link", name=subjects[1]).click()
    desk.document(subjects[1])
    page.get_by_role("button", name="Ký số").click()
    page.get_by_role("status").filter(has_text="Đã ký số").wait_for()


def test_bytes_that_changed_meanwhile_are_not_signed(visit, size, site):
    """What he signs is the digest that he saw."""
    subject = f"Đổi trong lúc xem {size[0]}"
    document = site.prepared(subject=subject)
    desk = visit(LEADER, size)
    open_review(desk, subject)
    page = desk.page
    before = page.locator("code.digest").inner_text()
    again(site, document)
    page.get_by_role("button", name="Ký số").click()
    desk.seen(page.get_by_role("alert").filter(has_text="Văn bản đã thay đổi sau khi bạn mở"))
    desk.look("review-changed", whole=False)
    assert state(site, document) == "prepared"
    assert page.locator("code.digest").inner_text() != before  # the current pages, to be looked at
    page.get_by_role("button", name="Ký số").click()
    page.get_by_role("status").filter(has_text="Đã ký số").wait_for()


def test_a_document_taken_back_meanwhile(visit, site):
    document = site.prepared(subject="Bị rút lại trong lúc xem")
    desk = visit(LEADER, (390, 844))
    open_review(desk, "Bị rút lại trong lúc xem")
    site.post(CLERK, f"/documents/{document}/withdrawal")
    desk.page.get_by_role("button", name="Ký số").click()
    desk.page.get_by_role("alert").wait_for()
    assert state(site, document) == "draft"
    desk.look("review-taken-back")


def test_initials_then_two_leaders_each_in_turn(visit, site):
    subject = "Ký nháy rồi hai lãnh đạo"
    spec = DecisionSpec(leaders=DEMO_AGENCY.leaders)
    document = site.prepared(spec, subject=subject, leaders=f"{LEADER},{SECOND}", initials=INITIAL)
    early = visit(LEADER, (390, 844))
    assert early.go("/desk/inbox").get_by_role("link", name=subject, exact=True).count() == 0
    for who, button in ((INITIAL, "Ký nháy"), (LEADER, "Ký số"), (SECOND, "Ký số")):
        desk = visit(who, (390, 844))
        open_review(desk, subject)
        desk.page.get_by_role("button", name=button).click()
        desk.seen(desk.page.get_by_role("status"))
        assert desk.page.get_by_role("link", name=subject, exact=True).count() == 0  # it waits for others now
        desk.look(f"after-{who}")
        settled(site, document)
    assert state(site, document) == "leader-timestamped"


def settled(site: Site, document: str) -> None:
    """Until nothing works on the document in the background."""
    from api.store import operations

    def ended() -> bool:
        with site.services.transactions.read() as conn:
            latest = operations.latest(conn, document)
        return latest is None or latest.ended

    until(ended, "the operation to end")
