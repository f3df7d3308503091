"""How much may come to which place, and that what is too much is told as any other refusal."""

from __future__ import annotations

import httpx
import pytest
from fastapi import UploadFile
from fastapi.routing import APIRoute

from api.app import API, PAGES
from api.demo.documents import decision
from api.identity import COOKIE, csrf_token
from api.limits import takes_file, upload_paths
from tests.service import CLERK, PATIENCE, Site, current

pytestmark = pytest.mark.xdist_group("site")
LARGE = 2 << 20
TAKE_FILES = {
    "/api/v1/documents",
    "/api/v1/dossiers/{dossier_id}/files",
    "/api/v1/verifications",
    "/desk/documents",
    "/desk/dossiers/{dossier_id}/files",
    "/verify",
}


def routes() -> list[APIRoute]:
    return [route for router in (*API, *PAGES) for route in router.routes if isinstance(route, APIRoute)]


def browser(site: Site, who: str) -> tuple[httpx.Client, str]:
    """A browser that is signed in, and the token of its forms."""
    token = site.client(who).headers["authorization"].removeprefix("Bearer ")
    client = httpx.Client(
        base_url=site.url, timeout=PATIENCE, trust_env=False, headers={"accept": "text/html"}
    )
    client.cookies.set(COOKIE, token)
    return client, csrf_token(token)


def dossier(site: Site, notation: str) -> str:
    day = site.services.clock().date()
    body = {
        "catalog_year": day.year,
        "notation": notation,
        "title": "Hồ sơ lớn",
        "start_date": f"{day.year}-01-01",
    }
    answer = site.post(CLERK, "/dossiers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def padded(size: int = LARGE) -> bytes:
    return decision(current()) + b"\n%" + b"x" * size


def test_these_places_take_files_and_no_others():
    """Whoever adds one sees it here, and thinks of what it may cost."""
    assert {route.path for route in routes() if takes_file(route)} == TAKE_FILES
    asks = {
        route.path
        for route in routes()
        if any("UploadFile" in str(kind) for kind in getattr(route.endpoint, "__annotations__", {}).values())
    }
    assert asks == TAKE_FILES, UploadFile


@pytest.mark.parametrize("path", sorted(TAKE_FILES))
def test_each_of_them_is_known_to_the_limit_by_its_address(path):
    where = path.replace("{dossier_id}", "0192f0c1")
    assert any(known.match(where) for known in upload_paths(routes()))
    assert not any(known.match(f"{where}/x") for known in upload_paths(routes()))


def test_a_dossier_takes_a_file_of_two_megabytes(site: Site):
    place = f"/dossiers/{dossier(site, 'LON.1')}/files"
    answer = site.post(CLERK, place, data={"subject": "Bản quét lớn"}, files={"file": ("lon.pdf", padded())})
    assert answer.status_code == 200, answer.text


def test_the_desk_of_dossiers_takes_it_too(site: Site):
    place = f"/desk/dossiers/{dossier(site, 'LON.2')}/files"
    client, csrf = browser(site, CLERK)
    form = {"csrf": csrf, "subject": "Bản quét lớn"}
    answer = client.post(place, data=form, files={"file": ("lon.pdf", padded(LARGE + 1))})
    assert answer.status_code == 303, answer.text[-500:]


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_what_is_too_large_is_a_page_for_a_browser(site: Site, announced):
    client, _ = browser(site, CLERK)
    body = b"name=" + b"x" * LARGE
    answer = client.post(
        "/sign-in",
        content=body if announced else iter([body[:LARGE], body[LARGE:]]),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert "access.too-large" in answer.text
