"""What a browser on a shared machine, or a proxy, may keep of an answer: only what its route says."""

from __future__ import annotations

import httpx
import pytest

from tests.attacks.test_body_limits import browser
from tests.service import AUDITOR, CLERK, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def issued(site: Site):
    document = site.issued(subject="Không để lại trên máy")
    return document, site.document(document)["code"]


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (CLERK, "/documents"),
        (CLERK, "/documents/{id}"),
        (CLERK, "/documents/none"),
        (CLERK, "/documents/{id}/receipt"),
        (CLERK, "/registers/outgoing"),
        (AUDITOR, "/audit"),
        (None, "/documents"),
    ],
)
def test_private_answers_are_kept_nowhere(site: Site, issued, who, path):
    answer = site.client(who).get(path.replace("{id}", issued[0]))
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/clerk", "/desk/documents/{id}", "/desk/register", "/v/{code}", "/nowhere"]
)
def test_pages_with_a_name_in_their_frame_are_kept_nowhere(site: Site, issued, path):
    client, _ = browser(site, CLERK)
    answer = client.get(path.replace("{id}", issued[0]).replace("{code}", issued[1]))
    assert answer.headers["cache-control"] == "no-store"


def test_files_are_asked_for_again(site: Site, issued):
    document, code = issued
    own = site.client(CLERK).get(f"/documents/{document}/file")
    assert own.headers["cache-control"] == "private, no-cache"
    public = httpx.get(f"{site.url}/v/{code}/file", timeout=PATIENCE, trust_env=False)
    assert public.headers["cache-control"] == "public, no-cache"


def test_what_never_changes_is_kept(site: Site):
    tile = httpx.get(f"{site.url}/api/v1/log/tile/0/000.p/1", timeout=PATIENCE, trust_env=False)
    assert "immutable" in tile.headers["cache-control"]
    style = httpx.get(f"{site.url}/static/antin.css", timeout=PATIENCE, trust_env=False)
    assert "no-store" not in style.headers.get("cache-control", "")


def test_a_picture_is_kept_under_its_digest_alone(site: Site, issued):
    """It is signed by sight: under an address without the digest, tomorrow's bytes would look like today's."""
    document = issued[0]
    site.long_term(document)  # after it the bytes stay as they are
    sha256 = site.document(document)["sha256"]
    for shown, kept in (
        ("", False),
        (f"?v={sha256[:1]}", False),
        (f"?v={sha256[:16]}", True),
        (f"?v={sha256}", True),
    ):
        answer = site.client(CLERK).get(f"/documents/{document}/pages/0{shown}")
        assert answer.status_code == 200, answer.text
        assert ("max-age" in answer.headers["cache-control"]) is kept
