"""How much may come to which place, and that what is too much is told as any other refusal."""

from __future__ import annotations

import socket

import httpx
import pytest
from fastapi import UploadFile
from fastapi.routing import APIRoute

from api.app import API, PAGES
from api.demo.documents import decision
from api.identity import COOKIE, csrf_token
from api.limits import takes_file, upload_paths
from api.tickets import LONGEST
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


def test_each_of_them_bounds_its_form():
    for route in filter(takes_file, routes()):
        limits = route.form_limits
        assert limits["max_files"] == 1, route.path
        assert limits["max_fields"] * limits["max_part_size"] <= 8 << 20, route.path


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


MANY = {
    "long fields": [(f"f{n}", (None, "x" * (1 << 20))) for n in range(3)],
    "many fields": [(f"f{n}", (None, "")) for n in range(500)],
    "many files": [("file", (f"{n}.pdf", b"%PDF-1.7")) for n in range(2)],
}


@pytest.mark.parametrize("path", ["/verify", "/api/v1/verifications"])
@pytest.mark.parametrize("name", MANY)
def test_a_form_of_more_than_a_form_of_ours_holds_is_refused(site: Site, path, name):
    """Each field of it would be held in memory, by anybody's wish: hundreds of megabytes for one request."""
    answer = httpx.post(site.url + path, files=MANY[name], timeout=PATIENCE, trust_env=False)
    assert answer.status_code == 400, answer.text
    assert answer.json()["id"] == "access.unreadable-body"
    assert answer.json()["basis"]


@pytest.mark.parametrize("path", sorted(TAKE_FILES - {"/verify", "/api/v1/verifications"}))
@pytest.mark.parametrize("head", ["", "Authorization: Bearer none\r\n", f"Cookie: {COOKIE}=none\r\n"])
def test_a_stranger_is_refused_before_his_file_is_read(site: Site, path, head):
    where = path.replace("{dossier_id}", "x")
    begun = (
        f"POST {where} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Idempotency-Key: x\r\nContent-Length: {LARGE}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.settings.port), PATIENCE) as connection:
        connection.sendall(begun.encode())  # and no more of it
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 401 ")


def test_the_largest_form_of_ours_is_taken(site: Site):
    """Two hundred documents under one hold, and a reason as long as it may be."""
    client, csrf = browser(site, CLERK)
    form = {"csrf": csrf, "reason": "ồ" * 2000, "basis": "x", "document": [f"{n:036d}" for n in range(200)]}
    answer = client.post("/desk/holds", data=form)
    assert answer.status_code in (404, 422)
    assert "unreadable" not in answer.text


def test_a_ticket_of_the_longest_kind_is_read(site: Site):
    form = {"ticket": "A" * LONGEST, "form": "xml"}
    answer = httpx.post(f"{site.url}/verify/report", data=form, timeout=PATIENCE, trust_env=False)
    assert answer.json()["id"] == "reporting.result-expired"
