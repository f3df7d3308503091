"""Headless Chromium before the running service. Each visit is watched: console, foreign requests, access, width."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    sync_playwright,
)

from api.identity import COOKIE
from tests.conftest import need_tool
from tests.service import Site

LAUNCH, PATIENCE = 240_000, 120_000  # milliseconds; only against hanging: the machine may be busy
# A folder for pictures of every page. Taken out: the service's own settings begin like this and refuse strangers.
PICTURES = os.environ.pop("ANTIN_SCREENSHOTS", "")
PHONE, DESKTOP = (390, 844), (1280, 900)
NARROW = 360
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = {"runOnly": {"type": "tag", "values": RULES}, "rules": {"target-size": {"enabled": True}}}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What Chromium itself writes when a page answers 4xx: the refusal is the test's business.
ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Visit:
    """One browser window and everything that it complained about."""

    site: Site
    context: BrowserContext
    page: Page
    scripted: bool
    name: str
    trouble: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not ANSWERED.match(message.text):
            self.trouble.append(f"{message.type}: {message.text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.site.url).netloc:
            self.trouble.append(f"foreign request: {url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.trouble.append(f"{response.status}: {response.url}")

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path)
        return self.page

    def heading(self, text: str) -> None:
        """Waits for the page of that title."""
        self.seen(self.page.get_by_role("heading", name=text))

    def document(self, subject: str) -> None:
        """Waits for the page of that document; lists have headings of the same words."""
        self.seen(self.page.locator(".document-head h1", has_text=subject))

    def state(self, words: str) -> None:
        """Waits for a document's page to show this state; it looks again by itself."""
        self.seen(self.page.locator(".document-head .state", has_text=words))

    def seen(self, sign: Locator) -> None:
        """Waits for what only the awaited page shows, and for the rest of that page: a press does not, and the
        first words are shown before the last are read."""
        sign.first.wait_for()
        self.page.wait_for_load_state()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def look(self, name: str = "", *, whole: bool = True) -> None:
        """Judge the page as it stands: accessible by axe, no sideways scrolling; kept as a picture when asked."""
        self.page.wait_for_load_state()
        self.picture(name, whole=whole)
        if not self.scripted:
            return
        self._narrow()
        with self._unwatched():
            found = Axe().run(self.page, options=AXE).response
        judged = {
            rule["id"]
            for part in ("passes", "violations", "incomplete", "inapplicable")
            for rule in found[part]
        }
        assert "target-size" in judged
        assert [
            (one["id"], [node["html"][:160] for node in one["nodes"]][:4]) for one in found["violations"]
        ] == []

    @contextlib.contextmanager
    def _unwatched(self) -> Iterator[None]:
        """A page in the background does not look again by itself: it stays as it is."""
        self.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        yield
        self.page.evaluate("delete document.hidden")

    def _narrow(self) -> None:
        size = self.page.viewport_size
        assert size is not None
        for width in {NARROW, size["width"]}:
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{self.page.url} is {wide} px wide in a window of {width}"

    def picture(self, name: str, *, whole: bool = True) -> None:
        """Kept beside the others, not judged."""
        if PICTURES and name:
            path = Path(PICTURES) / f"{self.name}-{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._settle()
            self.page.screenshot(path=path, full_page=whole)
            if self.scripted:
                self.page.evaluate("scrollTo(0, 0)")
                self.page.wait_for_timeout(100)
            self.page.screenshot(path=path.with_suffix(".top.png"))

    def _settle(self) -> None:
        """Pictures below the fold are lazy; a photograph of the page wants them."""
        if self.scripted:
            self.page.evaluate(
                """async () => { const all = [...document.images];
                const drawn = [...document.querySelectorAll("svg image")].map((one) => { const copy = new Image();
                    copy.src = one.href.baseVal; return copy; });
                all.forEach((one) => { one.loading = "eager"; });
                await Promise.all([...all, ...drawn].map((one) => one.decode().catch(() => 0))); }"""
            )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = need_tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=LAUNCH)
        yield browser
        browser.close()


ON_THE_PHONE = ("test_leader", "test_public")  # whose readers come by phone first; the others sit at a desk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both sizes at which a journey is made: the one that its people use, and in the long run the other."""
    if "size" in metafunc.fixturenames:
        by_phone = metafunc.module.__name__.endswith(ON_THE_PHONE)
        sizes = {"phone": (PHONE, by_phone), "desktop": (DESKTOP, not by_phone)}
        metafunc.parametrize(
            "size",
            [
                pytest.param(size, id=name, marks=() if usual else pytest.mark.long)
                for name, (size, usual) in sizes.items()
            ],
        )


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens windows, signed in as `who`; at the end nothing may have complained."""
    visits: list[Visit] = []

    def opened(
        who: str | None = None, size: tuple[int, int] = DESKTOP, *, script: bool = True, **options: Any
    ) -> Visit:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            has_touch=size == PHONE,
            java_script_enabled=script,
            **options,
        )
        context.set_default_timeout(PATIENCE)
        if who is not None:
            site.client(who)
            token = site.clients[who].headers["authorization"].removeprefix("Bearer ")
            context.add_cookies([{"name": COOKIE, "value": token, "url": site.url}])
        made = Visit(site, context, context.new_page(), script, "phone" if size == PHONE else "desktop")
        made.watch()
        visits.append(made)
        return made

    yield opened
    for one in visits:
        one.context.close()
    assert [line for one in visits for line in one.trouble] == []
