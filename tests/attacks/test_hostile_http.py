"""Requests that no client makes: what HTTP forbids is refused, and nobody is made to hold endless heads."""

from __future__ import annotations

import contextlib
import socket

import pytest

from tests.service import CLERK, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")
HOST = "Host: 127.0.0.1\r\n"
HEALTH = f"GET /api/v1/health HTTP/1.1\r\n{HOST}"
CHUNKED = f"POST /api/v1/sessions HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n"
ENDLESS = 4 << 20  # bytes; far more than any buffer on the way takes


@pytest.fixture
def says(site: Site):
    """What the service answers to these bytes, until it closes the connection."""

    def ask(sent: str | bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", site.settings.port), PATIENCE) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent.encode("latin-1") if isinstance(sent, str) else sent)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while block := connection.recv(1 << 16):
                    answer += block
        return answer

    return ask


FORBIDDEN = {
    "no host": "GET /api/v1/health HTTP/1.1\r\n\r\n",
    "two hosts": f"{HEALTH}{HOST}\r\n",
    "two lengths": f"{HEALTH}Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "negative length": f"{HEALTH}Content-Length: -1\r\n\r\n",
    "signed length": f"{HEALTH}Content-Length: +1\r\n\r\nx",
    "length that is no number": f"{HEALTH}Content-Length: 1x\r\n\r\nx",
    "space before the colon": f"{HEALTH}Content-Length : 1\r\n\r\nx",
    "header without a name": f"{HEALTH}: value\r\n\r\n",
    "header without a colon": f"{HEALTH}value\r\n\r\n",
    "null in a header": f"{HEALTH}X-A: a\0b\r\n\r\n",
    "lone return in a header": f"{HEALTH}X-A: a\rX-B: b\r\n\r\n",
    "chunk of no size": f"{CHUNKED}\r\nx\r\n",
    "chunk of negative size": f"{CHUNKED}\r\n-1\r\nx\r\n",
    "unknown coding": f"{HEALTH}Transfer-Encoding: gzip\r\n\r\n",
    "another protocol": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "version of the future": f"GET /api/v1/health HTTP/9.9\r\n{HOST}\r\n",
    "no version": f"GET /api/v1/health\r\n{HOST}\r\n",
    "space in the path": f"GET /api/v1/ health HTTP/1.1\r\n{HOST}\r\n",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_http_forbids_is_refused_and_the_connection_ends(says, name):
    answer = says(FORBIDDEN[name])
    assert answer.split(b" ", 2)[1] in (b"400", b"501"), answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_length_and_chunks_are_never_two_requests(says):
    """One reader sees the length, another one the chunks: what the first calls the next request is smuggled in."""
    inner = f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n"
    answer = says(f"{CHUNKED}Content-Length: {len(inner) + 5}\r\nConnection: close\r\n\r\n0\r\n\r\n{inner}")
    assert b"smuggled" not in answer
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "begun",
    [
        "GET /" + "a" * ENDLESS,
        f"{HEALTH}X-A: " + "a" * ENDLESS,
        f"{HEALTH}" + "a" * ENDLESS,
        HEALTH + "X-A: b\r\n" * (ENDLESS // 8),
    ],
    ids=["path", "value", "name", "many"],
)
def test_an_endless_head_is_refused(says, begun):
    """Without this the service would wait for the end, and hold all of it."""
    answer = says(begun)
    assert answer[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 431 ", b""), answer


@pytest.mark.parametrize(
    "begun", ["5;" + "a" * ENDLESS, "0\r\nX-A: " + "a" * ENDLESS, "0\r\n" + "X-A: b\r\n" * (ENDLESS // 8)]
)
def test_what_stands_beside_a_body_is_not_endless(says, begun):
    answer = says(f"{CHUNKED}Content-Type: application/json\r\n\r\n{begun}")
    assert b"HTTP/1.1 2" not in answer


def test_what_follows_a_body_is_no_header(site, says):
    """A gateway that looks at the headers has not seen it."""
    token = site.client(CLERK).headers["authorization"]
    chunked = f"POST /api/v1/documents/x/number HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n"
    body = "Content-Type: application/json\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n"
    key = "Idempotency-Key: trailing\r\n"
    assert b"HTTP/1.1 404 " in says(f"{chunked}Authorization: {token}\r\n{key}{body}\r\n")
    assert b"HTTP/1.1 401 " in says(f"{chunked}{key}{body}Authorization: {token}\r\n\r\n")


def test_requests_that_come_together_are_answered_in_their_order(says):
    first, second = (f"GET /api/v1/{name} HTTP/1.1\r\n{HOST}" for name in ("none", "health"))
    answer = says(f"{first}\r\n{second}Connection: close\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200"]


def test_a_head_of_many_kilobytes_is_still_taken(says):
    """As large cookies and signed addresses are."""
    answer = says(f"{HEALTH}X-A: {'a' * (48 << 10)}\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
