"""Raw requests: signed as the SDK signs, bounded, and sent to nobody who is not the server meant."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from minio import Minio

from archive.errors import StoreUnavailable
from archive.storage import s3_raw
from archive.storage.canary.attempts.doors import FILER, INNER, MASTER, RGW_ADMIN
from archive.storage.canary.values import Trouble
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_doors import Doors
from archive.storage.s3_probe import ProbeAccess, S3Probe
from archive.storage.s3_raw import Keys, RawS3
from tests.archive.storage.canary.places import checked

AT = datetime(2026, 3, 5, 7, 5, 9, tzinfo=UTC)
KEYS = Keys("access", "secret")


class Heard(BaseHTTPRequestHandler):
    """Answers everybody alike and remembers who asked for what."""

    def _answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.heard.append((self.command, self.path))
        self.server.say(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def log_message(self, *_):
        pass


def plainly(status=200, body=b"<Anything/>", **headers):
    def say(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return say


@pytest.fixture
def listener():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    server.heard, server.say = [], plainly()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def place(listener):
    return f"127.0.0.1:{listener.server_address[1]}"


def raw(listener, **more):
    return RawS3(S3Connection(place(listener), "b", "access", "secret", tls=False, **more), lambda: AT)


def test_a_request_is_signed_as_the_sdk_signs_it(listener, monkeypatch):
    """`sign_v4_s3`, `presign_v4` and `BaseURL` of minio 7.2.20 are what is relied on."""
    seen = []
    monkeypatch.setattr(RawS3, "fetch", lambda _self, method, url, **given: seen.append((method, url, given)))
    raw(listener).send("PUT", "b", "a/key", query={"retention": "", "versionId": "v/1"}, body=b"x", keys=KEYS)
    (method, url, _given), headers = seen[0], seen[0][2]["headers"]
    client = Minio(place(listener), "access", "secret", secure=False, region="us-east-1")
    sdk = []
    monkeypatch.setattr(
        client._http,
        "urlopen",
        lambda method, url, **given: sdk.append((method, url, given)) or (_ for _ in ()).throw(OSError),
    )
    monkeypatch.setattr("minio.time.utcnow", lambda: AT)
    with pytest.raises(OSError):
        client._execute("PUT", "b", "a/key", body=b"x", query_params={"retention": "", "versionId": "v/1"})
    assert (method, url) == sdk[0][:2]
    theirs = sdk[0][2]["headers"]
    for name in ("x-amz-date", "x-amz-content-sha256", "Host"):
        assert headers[name] == theirs[name]
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date," in headers["Authorization"]
    assert (
        headers["Authorization"].split("Signature=")[0].split("SignedHeaders=")[0]
        == (theirs["Authorization"].split("SignedHeaders=")[0])
    )


def test_secrets_are_not_shown():
    assert "secret" not in repr(Keys("access", "secret", "token")).replace("secret=", "")
    access = ProbeAccess(S3Connection("e", "b", "a", "hidden-one"), Keys("w", "hidden-two"))
    assert "hidden" not in repr(access)


@pytest.mark.parametrize("door", [FILER, MASTER, INNER])
@pytest.mark.parametrize("name", ["nginx", "", "SeaweedFS Volume 8000GB 4.48"])
def test_nobody_is_sent_a_deletion_who_is_not_the_server_meant(listener, door, name):
    listener.say = plainly(200, b"{}", Server=name)
    doors = Doors(raw(listener), "b", KEYS, (f"http://{place(listener)}",))
    doors._raw.url = "http://elsewhere"
    answer = doors.knock(door, "canary/x", "v1")
    assert {method for method, _ in listener.heard} <= {"GET"}
    assert not any("delete" in path for _, path in listener.heard)
    assert (answer is not None) == (door == INNER and name.startswith("SeaweedFS Volume"))


def test_a_filer_is_asked_to_delete_both_forms_of_the_version(listener):
    listener.say = plainly(200, b"{}", Server="SeaweedFS 8000GB 4.48")
    doors = Doors(raw(listener), "b", KEYS, (f"http://{place(listener)}/",))
    doors._raw.url = "http://elsewhere"
    assert doors.knock(FILER, "canary/x", "v1").accepted
    deleted = [path for method, path in listener.heard if method == "DELETE"]
    assert deleted == ["/buckets/b/canary/x.versions/v_v1", "/buckets/b/canary/x"]


def test_an_object_of_the_name_of_the_admin_interface_is_not_deleted(listener):
    """Elsewhere than at RGW, /admin/bucket is an object in somebody's bucket."""
    listener.say = plainly(200, b"%PDF-1.7")
    assert Doors(raw(listener), "b", KEYS, ()).knock(RGW_ADMIN, "canary/x", "v1").status == 200
    assert [method for method, _ in listener.heard] == ["GET"]


def drip(handler):
    handler.send_response(200)
    handler.send_header("Date", "Thu, 05 Mar 2026 07:05:09 GMT")
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


HOSTILE = {
    "not-xml": (plainly(200, b"<html>hello", Date="Thu, 05 Mar 2026 07:05:09 GMT"), Trouble.STRANGE),
    "no-date": (lambda handler: handler.send_response_only(200) or handler.end_headers(), Trouble.STRANGE),
    "endless": (plainly(200, b"x" * (s3_raw.MOST_BYTES + 1)), Trouble.STRANGE),
    "slow": (drip, Trouble.STRANGE),
    "busy": (
        plainly(503, b"<Error><Code>SlowDown</Code></Error>", Date="Thu, 05 Mar 2026 07:05:09 GMT"),
        None,
    ),
    "cut": (lambda handler: handler.connection.close(), Trouble.UNREACHABLE),
    "entities": (
        plainly(
            200,
            b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>',
            Date="Thu, 05 Mar 2026 07:05:09 GMT",
        ),
        None,
    ),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_an_answer_that_is_none_leaves_it_unknown(listener, how):
    listener.say, expected = HOSTILE[how]
    connection = S3Connection(place(listener), "b", "access", "secret", tls=False, read_seconds=1.0)
    began = time.monotonic()
    report = checked(S3Probe(ProbeAccess(connection), lambda: AT))
    assert report.conclusion.value in ("no-answer", "unusable")
    found = report.failing()[0]
    assert found.sentence.vi
    if expected is not None:
        assert found.detail.startswith(expected)
    assert time.monotonic() - began < 8


def test_redirects_are_not_followed(listener):
    listener.say = plainly(307, b"", Location=f"http://{place(listener)}/stolen")
    assert raw(listener).send("GET", "b", keys=KEYS).status == 307
    assert len(listener.heard) == 1


def test_a_ca_file_that_cannot_be_read_is_told(tmp_path):
    for name, text in (("missing.pem", None), ("empty.pem", "no certificate")):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(StoreUnavailable) as told:
            RawS3(S3Connection("e", "b", "a", "s", ca=tmp_path / name), lambda: AT)
        assert told.value.reason.id == "store.certificate"
