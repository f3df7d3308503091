"""The client against witnesses that answer in every way: statuses, types, sizes, silence, redirects, drips."""

from __future__ import annotations

import re
import socket
import threading
import time

import pytest

from api.witness.client import HttpWitness
from archive.errors import ArchiveUnavailable, ProofRefused, StaleSize


class Server(threading.Thread):
    """Answers every connection with the same bytes, then closes it; remembers what was asked."""

    def __init__(self, answer, pause=0.0):
        super().__init__(daemon=True)
        self.answer, self.pause = answer, pause
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/w/"

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            with conn:
                self.asked.append(_request(conn))
                for byte in [self.answer] if not self.pause else [bytes([each]) for each in self.answer]:
                    try:
                        conn.sendall(byte)
                    except OSError:
                        break
                    time.sleep(self.pause)


def _request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        data += conn.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(re.search(rb"Content-Length: (\d+)", head)[1]) if head.startswith(b"POST") else 0
    while len(body) < size:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def http(status, body=b"", kind="text/plain", **headers):
    lines = [
        f"HTTP/1.1 {status} x",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def asked():
    made = []

    def ask(answer, seconds=20.0, pause=0.0):
        server = Server(answer, pause)
        made.append(server)
        return HttpWitness(server.url, "w.example", seconds), server

    yield ask
    for server in made:
        server.listener.close()


def test_a_line_is_given_as_it_came_and_the_request_is_the_specifications(asked):
    client, server = asked(http(200, b"line\n"))
    assert client.add_checkpoint(b"old 0\n\nnote") == b"line\n"
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /w/add-checkpoint HTTP/1.1") and body == b"old 0\n\nnote"
    client.close()


@pytest.mark.parametrize("kind", ["text/x.tlog.size", "text/x.tlog.size; charset=utf-8"])
def test_another_size_is_told_by_its_type(asked, kind):
    client, _ = asked(http(409, b"20852163\n", kind))
    with pytest.raises(StaleSize) as caught:
        client.add_checkpoint(b"")
    assert caught.value.size == 20_852_163


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(409, b"20\n"), "proof.forked"),
        (http(409, b"-1\n", "text/x.tlog.size"), "proof.submission-malformed"),
        (http(422), "proof.not-consistent"),
        (http(400), "proof.witness-refuses"),
        (http(403), "proof.witness-refuses"),
        (http(404), "proof.witness-refuses"),
    ],
)
def test_refusals(asked, answer, reason):
    client, _ = asked(answer)
    with pytest.raises(ProofRefused) as caught:
        client.add_checkpoint(b"")
    assert caught.value.id == reason


@pytest.mark.parametrize(
    "answer",
    [
        http(500),
        http(429),
        http(408),
        http(302, b"", Location="http://127.0.0.1:1/"),
        http(204),
        b"",
        b"not http at all",
        b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nshort",
        http(200, b"x" * 200_000),
    ],
)
def test_no_answer_is_no_answer(asked, answer):
    client, server = asked(answer)
    with pytest.raises(ArchiveUnavailable, match=r"w\.example"):
        client.add_checkpoint(b"")
    with pytest.raises(ArchiveUnavailable):
        client.head("a.example/log")
    assert len(server.asked) == 2  # nothing is tried twice


def test_a_head_is_asked_for_by_the_digest_of_the_origin(asked):
    client, server = asked(http(200, b"note"))
    assert client.head("a") == b"note"
    digest = b"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # SHA-256 of "a"
    assert server.asked[0].startswith(b"GET /w/" + digest + b"/checkpoint ")


@pytest.mark.parametrize("status", [404, 405, 410, 501])
def test_one_that_shows_no_heads_shows_none(asked, status):
    client, _ = asked(http(status))
    assert client.head("a") is None


def test_an_answer_that_drips_is_cut_off(asked):
    client, _ = asked(http(200, b"x" * 1000), seconds=0.5, pause=0.05)
    started = time.monotonic()
    with pytest.raises(ArchiveUnavailable):
        client.add_checkpoint(b"")
    assert time.monotonic() - started < 20


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ArchiveUnavailable):
        HttpWitness(f"http://127.0.0.1:{port}", "w.example", 5.0).head("a")
