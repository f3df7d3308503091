"""The doors of the desks by plain HTTP: forms of other sites, foreign tokens, sessions that ended."""

from __future__ import annotations

import re
import socket

import httpx
import pytest

from api.identity import COOKIE, csrf_token
from api.routes import audits, clerk_desk, desks, leader_desk
from tests.service import AUDITOR, CLERK, LEADER, PATIENCE

pytestmark = pytest.mark.xdist_group("site")
HTML = {"accept": "text/html"}


def browser(site, who: str | None) -> httpx.Client:
    client = httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False, headers=HTML)
    if who is not None:
        site.client(who)
        token = site.clients[who].headers["authorization"].removeprefix("Bearer ")
        client.cookies.set(COOKIE, token)
    return client


def token(client: httpx.Client) -> str:
    return csrf_token(client.cookies[COOKIE])


@pytest.fixture
def waiting(site):
    document = site.prepared(subject="Không ai ký hộ được")
    return document, site.document(document)["sha256"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(site, waiting, headers):
    document, sha256 = waiting
    client = browser(site, LEADER)
    form = {"csrf": token(client), "digest": sha256}
    answer = client.post(f"/desk/documents/{document}/sign", data=form, headers=headers)
    assert answer.status_code == 403
    assert "access.cross-site" in answer.text
    assert site.document(document)["state"] == "prepared"


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
def test_a_form_without_the_session_s_token_is_refused(site, waiting, csrf):
    document, sha256 = waiting
    answer = browser(site, LEADER).post(
        f"/desk/documents/{document}/sign", data={"csrf": csrf, "digest": sha256}
    )
    assert answer.status_code == 403
    assert site.document(document)["state"] == "prepared"


def test_the_token_of_another_session_is_no_token(site, waiting):
    document, sha256 = waiting
    stolen = token(browser(site, CLERK))
    answer = browser(site, LEADER).post(
        f"/desk/documents/{document}/sign", data={"csrf": stolen, "digest": sha256}
    )
    assert answer.status_code == 403


def test_signing_in_from_another_site_is_refused(site):
    form = {"name": LEADER, "password": site.passwords[LEADER]}
    answer = browser(site, None).post("/sign-in", data=form, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert COOKIE not in answer.cookies


def test_every_form_of_the_desks_asks_for_the_token(site):
    """No POST under /desk does anything for a session whose form lacks the token."""
    rooms = (desks, leader_desk, clerk_desk, audits)
    posts = {route.path for room in rooms for route in room.router.routes if "POST" in route.methods}
    assert len(posts) >= 14
    file = {"file": ("a.pdf", b"%PDF-1.7", "application/pdf")}
    fields = {"reason": "x", "digest": "x", "subject": "x"}
    for path in posts:
        for who in (LEADER, CLERK, AUDITOR):
            where = re.sub(r"\{.*?\}", "nowhere", path)
            answer = browser(site, who).post(
                where, data=fields, files=file if path == "/desk/documents" else None
            )
            assert answer.status_code == 403, (path, who, answer.status_code)


@pytest.mark.parametrize("path", ["/desk/inbox", "/desk/clerk?tab=issue", "/desk/audit/trail?q=k%C3%BD"])
def test_without_a_session_a_page_leads_to_sign_in_and_back(site, path):
    client = browser(site, None)
    client.cookies.set(COOKIE, "ended")
    answer = client.get(path)
    assert answer.status_code == 303
    where = httpx.URL(answer.headers["location"])
    assert (where.path, where.params["next"]) == ("/sign-in", path)
    form = {"name": CLERK, "password": site.passwords[CLERK], "next": where.params["next"]}
    assert client.post("/sign-in", data=form).headers["location"] == path


def test_without_a_session_a_form_is_refused_and_the_api_says_401(site, waiting):
    document, sha256 = waiting
    answer = browser(site, None).post(f"/desk/documents/{document}/sign", data={"digest": sha256})
    assert answer.status_code in (401, 403)
    api = site.client(None).get("/documents", headers=HTML)
    assert api.status_code == 401
    assert api.json()["id"] == "access.not-signed-in"


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/desk?x=//evil.example",
        "javascript:alert(1)",
    ],
)
def test_sign_in_leads_nowhere_else(site, evil):
    form = {"name": CLERK, "password": site.passwords[CLERK], "next": evil}
    assert browser(site, None).post("/sign-in", data=form).headers["location"] == "/desk"


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/%5Cevil.example/x", "/%09/evil.example/x", "/.//evil.example", "/%0A/evil"]
)
def test_no_page_links_to_another_host_whatever_its_address_says(site, path):
    with socket.create_connection(("127.0.0.1", site.settings.port), PATIENCE) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
    assert " 404 " in answer.partition("\r\n")[0]
    links = re.findall(r'href="([^"]*)"', answer)
    assert any("lang=en" in link for link in links)
    for link in links:
        assert httpx.URL("http://ours.example/").join(link).host == "ours.example", link
        assert not re.match(r"[\s/\\]{2}", link) and "\\" not in link


def test_every_page_carries_the_strict_headers(site):
    for path in ("/", "/log", "/sign-in", "/v/none", "/desk/inbox", "/static/antin.css", "/api/v1/log/key"):
        headers = browser(site, None).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_name_no_other_host(site):
    document = site.issued(subject="Không nạp gì từ nơi khác")
    code = site.document(document)["code"]
    for who, path in ((None, "/"), (None, f"/v/{code}"), (None, "/log"), (CLERK, "/desk/clerk")):
        html = browser(site, who).get(path).text
        loaded = re.findall(
            r"<(?:script|link|img|image|iframe|form|use)\b[^>]*?(?:src|href|action)=\"([^\"]+)\"", html
        )
        assert loaded
        assert all(one.startswith("/") and not one.startswith("//") for one in loaded)
        assert "<style" not in html
        assert not re.search(r"\son\w+=|\sstyle=", html)


def signed_in(site) -> httpx.Client:
    """With a session of its own, which the test may end."""
    client = browser(site, None)
    form = {"name": CLERK, "password": site.passwords[CLERK]}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def test_the_api_ends_the_session_of_the_cookie_that_was_shown(site):
    client = signed_in(site)
    token = client.cookies[COOKIE]
    assert client.delete("/api/v1/sessions/current").status_code == 204
    assert COOKIE not in client.cookies
    old = httpx.get(f"{site.url}/desk/clerk", cookies={COOKIE: token}, headers=HTML, trust_env=False)
    assert old.status_code == 303, "the session has ended, not the cookie alone"


def test_with_a_token_and_a_cookie_the_token_s_session_ends(site):
    client, other = signed_in(site), signed_in(site)
    bearer = {"authorization": f"Bearer {other.cookies[COOKIE]}"}
    assert client.delete("/api/v1/sessions/current", headers=bearer).status_code == 204
    assert client.get("/desk/clerk").status_code == 200
    assert other.get("/desk/clerk").status_code == 303


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_another_site_signs_nobody_out(site, headers):
    client = signed_in(site)
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 403
    assert client.get("/desk/clerk").status_code == 200
