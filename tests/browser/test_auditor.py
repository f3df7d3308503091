"""The auditor: how things stand, verify, the log, a check of the archive with its report, the trail."""

from __future__ import annotations

import re

import pytest

from api.demo.documents import decision
from tests.service import AUDITOR, CLERK

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def issued(site) -> str:
    return site.issued(subject="Để kiểm soát")


def check_again(desk) -> None:
    """Starts a check, and comes to the page that tells of it: the one before tells of the check before."""
    desk.go("/desk/audit/fsck")
    with desk.page.expect_navigation():
        desk.press("Kiểm tra lại")


def test_how_things_stand(visit, size, issued):
    desk = visit(AUDITOR, size)
    page = desk.go("/desk/audit")
    desk.heading("Kiểm soát")
    assert page.get_by_text("Chuỗi dấu vết thao tác liền mạch").is_visible()
    desk.look("audit")
    page.get_by_role("link", name="Nhật ký công khai").click()
    desk.heading("Nhật ký công khai")
    page.get_by_role("link", name="Kiểm tra", exact=True).click()
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": decision()})
    desk.press("Kiểm tra chữ ký")
    desk.heading("Không có chữ ký số")
    assert page.get_by_text("Hoàng Văn Em").is_visible()  # the frame stays the auditor's


def test_a_check_of_the_archive_and_its_report(visit, size, issued):
    desk = visit(AUDITOR, size)
    page = desk.page
    check_again(desk)
    page.get_by_text("Không có sai lệch").wait_for()  # the page looks again by itself
    desk.look("fsck")
    facts = page.locator(".facts").first.inner_text()
    for part in ("Tệp lưu trữ", "Mục trong danh mục", "Mục trong nhật ký", "Số đã cấp", "Dấu vết thao tác"):
        assert part in facts


def test_the_trail_names_everybody_and_is_searched(visit, size, site, issued):
    desk = visit(AUDITOR, size)
    number = site.document(issued)["number"]
    page = desk.go("/desk/audit/trail")
    desk.look("trail", whole=False)
    for act in ("Ký số", "Ký số cơ quan", "Phát hành"):
        assert page.get_by_role("cell").filter(has_text=re.compile(f"^{act}$")).first.is_visible()
    page.get_by_role("searchbox").fill(f"phạm thị dung phát hành {number}")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/trail?q=*")
    assert page.locator("tbody tr").count() == 1
    assert "Phạm Thị Dung" in page.locator("tbody tr").inner_text()
    desk.look("trail-found")
    page.get_by_role("link", name=number).click()
    desk.document("Để kiểm soát")
    assert page.get_by_role("button", name="Thu hồi").count() == 0  # looks, and does not act
    desk.look("audit-document")


def test_damage_is_named_where_it_is(visit, size, site, issued):
    """A number changed in the register is found, and said where."""
    from sqlalchemy import text

    change = text("update numbers set text = :text where document = :document")
    number = site.document(issued)["number"]
    try:
        with site.services.transactions.write() as conn:
            assert conn.execute(change, {"text": "99/QĐ-UBND", "document": issued}).rowcount == 1
        desk = visit(AUDITOR, size)
        page = desk.page
        check_again(desk)
        page.get_by_role("alert").wait_for()
        desk.look("fsck-damage")
        assert page.get_by_role("cell").filter(has_text="Số đã cấp bị thay đổi").first.is_visible()
    finally:
        with site.services.transactions.write() as conn:
            conn.execute(change, {"text": number, "document": issued})


def test_other_roles_see_none_of_it(visit, issued):
    desk = visit(CLERK)
    for path in ("/desk/audit", "/desk/audit/trail", "/desk/audit/fsck"):
        assert desk.go(path).get_by_role("alert").is_visible()
