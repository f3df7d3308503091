"""What RFC 9110 asks of every answer: HEAD as GET, what is allowed beside a 405, the challenge of a 401."""

from __future__ import annotations

import httpx
import pytest

from tests.attacks.test_body_limits import browser
from tests.service import CLERK, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def places(site: Site):
    document = site.issued(subject="Chỉ hỏi phần đầu")
    code = site.document(document)["code"]
    return [
        *(f"/v/{code}{end}" for end in ("", "/file", "/receipt", "/pages/0")),
        *(f"/api/v1/documents/{document}{end}" for end in ("", "/file", "/pages/0")),
        *(
            "/",
            "/log",
            "/policy",
            "/desk/clerk",
            "/api/v1/documents",
            "/static/antin.css",
            "/api/v1/openapi.json",
        ),
    ]


def test_head_is_get_without_the_body(site: Site, places):
    client, _ = browser(site, CLERK)
    for place in places:
        whole, head = client.get(place), client.head(place)
        assert (head.status_code, head.content) == (whole.status_code, b""), place
        for name in ("content-type", "content-length", "etag", "cache-control"):
            assert head.headers.get(name) == whole.headers.get(name), (place, name)


def test_head_is_told_of_refusals_too(site: Site):
    assert httpx.head(f"{site.url}/api/v1/documents", trust_env=False).status_code == 401
    assert httpx.head(f"{site.url}/nowhere", trust_env=False).status_code == 404
    assert httpx.head(f"{site.url}/desk/sign", trust_env=False).status_code == 405


ALLOWED = {
    ("DELETE", "/api/v1/documents"): "GET, HEAD, POST",
    ("PUT", "/api/v1/documents/x"): "GET, HEAD",
    ("OPTIONS", "/api/v1/dossiers/x"): "GET, HEAD, PUT",
    ("GET", "/desk/sign"): "POST",
    ("HEAD", "/desk/sign"): "POST",
    ("TRACE", "/v/x"): "GET, HEAD",
    ("DELETE", "/sign-in"): "GET, HEAD, POST",
    ("POST", "/static/antin.css"): "GET, HEAD",
}


@pytest.mark.parametrize(("method", "path"), ALLOWED)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_another_method_is_told_which_there_are(site: Site, method, path, accept):
    answer = httpx.request(
        method, site.url + path, headers={"accept": accept}, timeout=PATIENCE, trust_env=False
    )
    assert answer.status_code == 405
    assert answer.headers["allow"] == ALLOWED[method, path]


def test_a_401_says_how_to_sign_in(site: Site):
    wrong = {"name": "nobody", "password": "x"}
    for answer in (
        httpx.get(f"{site.url}/api/v1/documents", trust_env=False),
        httpx.post(f"{site.url}/api/v1/sessions", json=wrong, trust_env=False),
        httpx.post(f"{site.url}/sign-in", data=wrong, headers={"accept": "text/html"}, trust_env=False),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")
