"""Signing in and out, and what happens when a session ends under somebody's hands."""

from __future__ import annotations

import pytest

from api.identity import COOKIE, token_hash
from api.store import accounts
from tests.service import AUDITOR, CLERK, LEADER

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


def fill(desk, name: str, password: str) -> None:
    desk.page.get_by_label("Tên đăng nhập").fill(name)
    desk.page.get_by_label("Mật khẩu").fill(password)
    desk.page.locator("main").get_by_role("button", name="Đăng nhập").click()


def test_wrong_password_then_right_then_out(visit, size, site):
    desk = visit(None, size)
    page = desk.go("/sign-in")
    desk.look("sign-in")
    fill(desk, LEADER, "không phải")
    desk.seen(page.get_by_role("alert"))
    assert page.get_by_text("Tên đăng nhập hoặc mật khẩu không đúng.").is_visible()
    assert page.get_by_label("Tên đăng nhập").input_value() == LEADER
    assert page.get_by_label("Mật khẩu").input_value() == ""
    desk.look("sign-in-wrong")
    fill(desk, LEADER, site.passwords[LEADER])
    desk.heading("Văn bản chờ ký")
    [cookie] = [one for one in desk.context.cookies() if one["name"] == COOKIE]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    desk.press("Đăng xuất")
    desk.heading("Kiểm tra văn bản điện tử")
    desk.go("/desk/inbox")
    page.wait_for_url("**/sign-in?next=*")


@pytest.mark.parametrize(
    ("who", "title"), [(CLERK, "Văn bản đi"), (LEADER, "Văn bản chờ ký"), (AUDITOR, "Kiểm soát")]
)
def test_everybody_comes_to_the_own_desk(visit, site, who, title):
    desk = visit()
    desk.go("/sign-in")
    fill(desk, who.upper() + " ", site.passwords[who])
    desk.heading(title)


def test_an_ended_session_leads_to_sign_in_and_back(visit, size, site):
    desk = visit(None, size)
    desk.go("/sign-in")
    fill(desk, CLERK, site.passwords[CLERK])
    desk.heading("Văn bản đi")
    [cookie] = [one for one in desk.context.cookies() if one["name"] == COOKIE]
    with site.services.transactions.write() as conn:
        accounts.close_session(conn, token_hash(cookie["value"]))
    page = desk.go("/desk/clerk?tab=issue&q=số hóa")
    page.wait_for_url("**/sign-in?next=*")
    assert page.get_by_text("Đăng nhập để tiếp tục").is_visible()
    desk.look("sign-in-again")
    fill(desk, CLERK, site.passwords[CLERK])
    page.wait_for_url("**/desk/clerk?tab=issue**")
    assert page.get_by_role("searchbox").input_value() == "số hóa"


def test_next_never_leads_to_another_host(visit, site):
    desk = visit()
    for evil in ("//evil.example/x", "https://evil.example/", "/\\evil.example"):
        page = desk.go("/sign-in")
        page.locator("[name=next]").evaluate("(one, value) => { one.value = value; }", evil)
        fill(desk, LEADER, site.passwords[LEADER])
        desk.heading("Văn bản chờ ký")


def test_the_wrong_desk_is_refused_and_the_own_one_offered(visit, size, site):
    desk = visit(AUDITOR, size)
    page = desk.go("/desk/inbox")
    page.get_by_role("alert").wait_for()
    assert page.get_by_text("Hoàng Văn Em").is_visible()  # still signed in
    desk.look("wrong-desk")
    page.get_by_role("link", name="Về trang đầu").click()
    desk.heading("Kiểm soát")
