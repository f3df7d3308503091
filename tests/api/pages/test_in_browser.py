"""The pages in headless Chromium: no sideways scrolling, accessible by axe, small scripts that do what they say."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from api.limits import SECURITY_HEADERS
from api.pages.rendering import STATIC, render
from tests.api.pages import kept_samples, samples
from tests.conftest import need_tool

PAGES = samples.PAGES | kept_samples.PAGES | kept_samples.filed(samples.PAGES)

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="1240" height="1754"></svg>'
CHEAP = (
    "home",
    "verification bad",
    "verification seen",
    "document",
    "inbox",
    "review",
    "clerk",
    "prepare",
    "work done",
    "fsck trouble",
    "policy",
    "dossier",
    "dossier close",
    "holds",
)

LAUNCH, PATIENCE = 240_000, 120_000  # milliseconds; only against hanging: the machine may be busy
posted = []


class Site(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in SECURITY_HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = unquote(self.path.split("?")[0])
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            self.answer(file.read_bytes(), KINDS[file.suffix])
        elif path.startswith("/page-"):
            self.answer(DRAWING, "image/svg+xml")
        elif path[1:] in PAGES:
            self.page(path[1:])
        else:
            self.send_error(404)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        posted.append(self.path)
        self.page("verification good")

    def page(self, case):
        template, path, viewer, context = PAGES[case]
        self.answer(
            render(template, "vi", path=path, viewer=viewer, **context).encode(), "text/html; charset=utf-8"
        )


@pytest.fixture(scope="module")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=need_tool("chromium"), args=["--no-sandbox"], timeout=LAUNCH
        )
        yield launched
        launched.close()


@pytest.fixture
def open_page(site, browser):
    """Opens a case; every message on the console (a blocked script or style too) fails the test."""
    contexts, messages = [], []

    def opened(case, width=360, **options):
        context = browser.new_context(viewport={"width": width, "height": 780}, locale="vi-VN", **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(f"{site}/{quote(case)}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert messages == []


def violations(page):
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true })"
    )  # so it is not renewed meanwhile
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]


@pytest.mark.parametrize("case", CHEAP)
def test_pages_are_accessible_on_a_phone(open_page, case):
    page = open_page(case)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("case", ["verification unsure", "clerk", "prepare", "document"])
def test_pages_are_accessible_in_the_dark(open_page, case):
    assert violations(open_page(case, 1280, color_scheme="dark")) == []


@pytest.mark.parametrize(("width", "beside"), [(360, False), (1280, True)])
def test_the_page_as_signed_stands_beside_the_page_as_now(open_page, width, beside):
    """One above the other on a phone; each picture as large as there is room, and the words over the whole width."""
    page = open_page("verification seen", width)
    section = page.locator("section.pictures")
    room = section.locator("h2").bounding_box()["width"]
    signed, now = (section.locator("figure").nth(number).bounding_box() for number in (0, 1))
    assert (signed["y"] == now["y"]) is beside
    assert signed["width"] == now["width"] > room * (0.4 if beside else 0.9)
    assert room > 0.8 * section.bounding_box()["width"]


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("case", PAGES)
def test_every_page_is_accessible(open_page, case, width, scheme):
    page = open_page(case, width, color_scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("case", ["home", "inbox", "review", "clerk", "sign-in"])
def test_targets_are_large_enough_for_a_thumb(open_page, case):
    small = open_page(case).evaluate("""() => [...document.querySelectorAll(
            'button, .button, nav a, summary, select, input')]
        .filter((one) => one.checkVisibility() && one.type !== 'hidden' && one.type !== 'checkbox')
        .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.height && (box.height < 43.5 || box.width < 43.5)).map(([html]) => html)""")
    assert small == []


def test_fields_move_by_keys_by_numbers_and_by_pointer(open_page):
    page = open_page("prepare", 1280)
    box, left = page.locator("[data-box='0']"), page.locator("[name=box-0-left]")
    rect = box.locator("rect")
    box.focus()
    page.keyboard.press("ArrowRight")
    assert (left.input_value(), rect.get_attribute("x")) == ("42.5", "42.5")
    page.keyboard.press("Shift+ArrowDown")
    assert page.locator("[name=box-0-height]").input_value() == "6.5"
    left.fill("60")
    assert rect.get_attribute("x") == "60"
    before = rect.bounding_box()
    page.mouse.move(before["x"] + 8, before["y"] + 4)
    page.mouse.down()
    page.mouse.move(before["x"] + 58, before["y"] + 34, steps=4)
    page.mouse.up()
    after = rect.bounding_box()
    assert after["x"] - before["x"] == pytest.approx(50, abs=2)
    assert after["y"] - before["y"] == pytest.approx(30, abs=2)
    assert float(left.input_value()) > 60
    page.locator("[name=box-0-page]").fill("2")
    assert page.locator("[data-page='2'] [data-box='0']").count() == 1


def test_fields_stay_on_their_page(open_page):
    page = open_page("prepare", 1280)
    box = page.locator("[data-box='3']")
    box.focus()
    for _ in range(260):
        page.keyboard.press("ArrowRight")
    assert page.locator("[name=box-3-left]").input_value() == "174.0"


def test_selecting_counts_and_opens_the_button(open_page):
    page = open_page("inbox")
    button = page.get_by_role("button", name="Xem các văn bản đã chọn")
    assert button.is_disabled()
    page.get_by_label("Chọn tất cả").check()
    assert page.get_by_text("Đã chọn 3 văn bản").is_visible()
    page.locator("[name=id]").first.uncheck()
    assert page.get_by_text("Đã chọn 2 văn bản").is_visible()
    assert button.is_enabled()


def test_a_batch_is_signed_only_for_what_was_ticked(open_page):
    page = open_page("review many")
    button = page.get_by_role("button", name="Ký số các văn bản đã đánh dấu")
    assert button.is_disabled()
    page.get_by_label("Tôi đã xem và đồng ý ký văn bản này").first.check()
    assert button.is_enabled()
    assert page.get_by_text("Đã chọn 1 văn bản").is_visible()


def test_an_upload_shows_its_result_in_place(open_page):
    page = open_page("home")
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    assert page.get_by_text("a.pdf").is_visible()
    page.get_by_role("button", name="Kiểm tra chữ ký").click()
    page.get_by_role("heading", name="Chữ ký số hợp lệ").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải báo cáo JSON").click()
    assert download.value.suggested_filename == "antin-verify.json"


def test_a_form_is_sent_once(open_page):
    page = open_page("review")
    posted.clear()
    with page.expect_navigation():
        stopped = page.evaluate("""() => { const form = document.querySelector("form[data-once]"), stopped = [];
            form.addEventListener("submit", (event) => stopped.push(event.defaultPrevented));
            form.requestSubmit(); form.requestSubmit(); return stopped; }""")
    assert stopped == [False, True]
    assert len(posted) == 1


def test_an_answer_that_comes_late_replaces_nothing_under_the_hands(open_page):
    """The area looks again by itself; who begins to work there while the answer is on its way keeps the place."""
    page = open_page("work")
    area, held = page.locator("[data-live]"), []
    summary = area.locator("summary").first
    shown = page.content()
    page.route(page.url, lambda route: held.append(route))

    def answer(word):
        with page.expect_event("requestfinished"):
            held.pop().fulfill(body=shown.replace("<h1>", f"<h1>{word} "), content_type="text/html")
        page.wait_for_timeout(100)

    def until_asked():
        while not held:
            page.wait_for_timeout(20)

    until_asked()
    summary.focus()
    answer("Late")
    assert summary.evaluate("(one) => one === document.activeElement")
    assert "Late" not in area.inner_text()
    summary.blur()
    until_asked()
    answer("Free")
    area.get_by_text("Free").wait_for()


def test_everything_works_without_scripts(open_page):
    page = open_page("home", java_script_enabled=False)
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Kiểm tra chữ ký").click()
    page.get_by_role("heading", name="Chữ ký số hợp lệ").wait_for()


def test_the_register_prints_as_a_table(open_page):
    page = open_page("register")
    page.emulate_media(media="print")
    assert page.locator("table.register thead").is_visible()
    assert not page.locator("header.top").is_visible()
    assert (
        page.locator("table.register tbody td").first.evaluate("(cell) => getComputedStyle(cell).display")
        == "table-cell"
    )
