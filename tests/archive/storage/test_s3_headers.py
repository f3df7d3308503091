"""Headers read by `archive.storage.s3_headers`: the same as the standard library's, whatever a server sends."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.storage import s3_headers
from archive.storage.s3_headers import parse_headers, pool_manager

ANSWER = (
    b"Accept-Ranges: bytes\r\nContent-Length: 11\r\nContent-Type: application/octet-stream\r\n"
    b'Etag: "d41d8cd98f00b204e9800998ecf8427e"\r\nX-Amz-Version-Id: 98f1\r\nX-Amz-Meta-Name: v\xe0o\r\n'
    b"x-amz-object-lock-mode:COMPLIANCE\r\nDate:  Sat, 28 Nov 2026 09:00:00 GMT \r\n\r\n"
)


def both(sent: bytes):
    try:
        usual = http.client.parse_headers(BytesIO(sent)).items()
    except http.client.HTTPException as exc:
        usual = type(exc)
    try:
        ours = parse_headers(BytesIO(sent)).items()
    except http.client.HTTPException as exc:
        ours = type(exc)
    return usual, ours


def test_a_usual_answer_goes_without_the_parser_for_mail(monkeypatch):
    monkeypatch.setattr(s3_headers, "Parser", None)
    found = parse_headers(BytesIO(ANSWER))
    assert found["x-amz-version-id"] == "98f1"
    assert found["X-Amz-Object-Lock-Mode"] == "COMPLIANCE"
    assert len(found) == 8


LINES = st.one_of(
    st.sampled_from(ANSWER.splitlines(keepends=True)),
    st.binary(max_size=20),
    st.builds(
        lambda name, colon, value, end: name + colon + value + end,
        st.sampled_from([b"Etag", b"x-y", b"a b", b"", b"\xe0", b" folded"]),
        st.sampled_from([b":", b": ", b":\t", b" :", b""]),
        st.sampled_from([b"", b"v", b"a\0b", b"a\rb", b"v\xe0o", b" v ", b"\x7f", b"\x1b", b"=?utf-8?q?x?="]),
        st.sampled_from([b"\r\n", b"\n", b"\r"]),
    ),
)


@given(st.lists(LINES, max_size=8).map(b"".join), st.sampled_from([b"\r\n", b"\n", b"", b"\r\nbody"]))
def test_it_reads_what_the_standard_library_reads(lines, end):
    usual, ours = both(lines + end)
    assert ours == usual


@pytest.mark.parametrize(
    "sent", [ANSWER, b"\r\n", b"", b"X: 1\r\n" * 101 + b"\r\n", b"X: " + b"a" * 70_000 + b"\r\n\r\n"]
)
def test_the_same_limits(sent):
    usual, ours = both(sent)
    assert ours == usual


@pytest.mark.parametrize("line", [b"X:" + b" " * 60_000 + b"\x01", b"X" * 60_000, b"X:" + b"\t " * 30_000])
def test_a_long_line_takes_no_time(line):
    begun = time.process_time()
    usual, ours = both(line + b"\r\n\r\n")
    assert ours == usual
    assert time.process_time() - begun < 1


def test_a_real_answer_over_a_real_socket():
    """The class is the one that urllib3 opens, and what it reads goes on to be urllib3's."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            peer, _ = server.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + ANSWER + b"hello world")

        thread = threading.Thread(target=answer)
        thread.start()
        host, port = server.getsockname()
        pool = pool_manager(num_pools=1)
        answered = pool.request("GET", f"http://{host}:{port}/x")
        thread.join()
        pool.clear()
    assert answered.status == 200
    assert answered.data == b"hello world"
    assert answered.headers["x-amz-version-id"] == "98f1"
