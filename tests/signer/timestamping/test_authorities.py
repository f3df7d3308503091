"""A time-stamp authority that is slow, wrong, huge or down never yields a token; each call asks once."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import subprocess
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from api.demo import certificates, tsa
from api.demo.roles import ROLES
from policies.algorithms import SignatureAlgorithm
from policies.reasons import signing as reasons
from signer import der
from signer.creation import cms
from signer.errors import TimestampRefused, TimestampUnavailable
from signer.keys import primitives
from signer.timestamping.direct import DirectTimestampAuthority
from signer.timestamping.rfc3161 import HttpLimits, HttpTimestampAuthority
from signer.timestamping.token import TokenRules, accept, new_request
from signer.timestamping.twin import FailingTimestampAuthority, Failure
from signer.trust.anchors import TrustAnchors
from tests.conftest import need_tool
from tests.demo_pki import AT, demo_pki, timestamp_authority, trust
from tests.service import PATIENCE, until

IMPRINT = hashlib.sha256(b"signature value").digest()
RULES = TokenRules(trust(demo_pki()))


def answer(request, identity="tsa", at=AT):
    return tsa.respond(demo_pki(), request, at, identity=identity)


def rejects(bend, rules=RULES):
    """The reason with which a bent answer is refused. `bend` gets the Request, returns response bytes."""
    request = new_request(IMPRINT, "sha256", rules.policy)
    with pytest.raises(TimestampRefused) as refusal:
        accept(bend(request), request, rules)
    assert refusal.value.text("vi") and refusal.value.text("en")
    return refusal.value.reason


def resigned(request, change, identity="tsa"):
    """An answer whose TSTInfo was changed before the authority signed it: only the content is wrong."""
    token = tsp.TimeStampResp.load(answer(request.der))["time_stamp_token"]
    info = token["content"]["encap_content_info"]["content"].parsed.copy()
    change(info)
    forged = cms.build_encapsulated(cms.TST_INFO, info.dump(force=True), demo_pki().signing_key(identity))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0)), forged)


# -- what is right


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_the_token(digest, tmp_path):
    openssl = need_tool("openssl")
    (tmp_path / "root.pem").write_bytes(demo_pki().trust_pem)
    imprint = hashlib.new(digest, b"value").digest()
    token = timestamp_authority(demo_pki()).token(imprint, digest)
    (tmp_path / "token.der").write_bytes(token)
    command = [openssl, "ts", "-verify", "-digest", imprint.hex(), "-in", tmp_path / "token.der", "-token_in"]
    command += ["-CAfile", tmp_path / "root.pem", "-attime", str(int(AT.timestamp()))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout, done.stderr


def test_openssl_reads_our_request_and_the_whole_answer(tmp_path):
    openssl = need_tool("openssl")
    request = new_request(IMPRINT, "sha256", tsa.POLICY)
    (tmp_path / "query").write_bytes(request.der)
    (tmp_path / "reply").write_bytes(answer(request.der))
    (tmp_path / "root.pem").write_bytes(demo_pki().trust_pem)
    command = [openssl, "ts", "-verify", "-queryfile", tmp_path / "query", "-in", tmp_path / "reply"]
    command += ["-CAfile", tmp_path / "root.pem", "-attime", str(int(AT.timestamp()))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout, done.stderr


def test_our_authority_answers_openssls_request(tmp_path):
    openssl = need_tool("openssl")
    query = tmp_path / "query"
    made = [openssl, "ts", "-query", "-digest", IMPRINT.hex(), "-sha256", "-cert", "-out", query]
    subprocess.run(made, check=True, capture_output=True)
    response = tsp.TimeStampResp.load(answer(query.read_bytes()))
    assert response["status"]["status"].native == "granted"


def test_the_token_is_handed_over_as_received():
    request = new_request(IMPRINT, "sha256")
    response = answer(request.der)
    assert response.endswith(accept(response, request, RULES))


def test_requests_never_repeat_a_nonce():
    assert len({new_request(IMPRINT, "sha256").nonce for _ in range(100)}) == 100


@pytest.mark.parametrize(("imprint", "digest"), [(b"", "sha256"), (IMPRINT, "sha512"), (IMPRINT, "sha1")])
def test_a_wrong_imprint_is_never_sent(imprint, digest):
    with pytest.raises(ValueError, match="imprint"):
        new_request(imprint, digest)


def test_the_reserve_is_learned_from_tokens():
    authority = timestamp_authority(demo_pki())
    assert authority.reserve == 8192
    token = authority.token(IMPRINT, "sha256")
    assert len(token) < authority.reserve < 8192


def test_no_anchor_no_authority():
    with pytest.raises(ValueError, match="anchor"):
        TokenRules(TrustAnchors(()))


# -- what is wrong, by name


def test_wrong_nonce():
    other = new_request(IMPRINT, "sha256")
    assert rejects(lambda _request: answer(other.der)) is reasons.TIMESTAMP_WRONG_NONCE


def test_missing_nonce():
    def drop(info):
        info["nonce"] = None

    assert rejects(lambda request: resigned(request, drop)) is reasons.TIMESTAMP_WRONG_NONCE


def test_wrong_imprint():
    def swap(request):
        return answer(request.der.replace(IMPRINT, bytes(32)))

    assert rejects(swap) is reasons.TIMESTAMP_WRONG_IMPRINT


def test_imprint_of_another_algorithm():
    def rename(info):
        info["message_imprint"]["hash_algorithm"] = {"algorithm": "sha3_256"}

    assert rejects(lambda request: resigned(request, rename)) is reasons.TIMESTAMP_WRONG_IMPRINT


def test_wrong_policy():
    rules = TokenRules(trust(demo_pki()), policy=tsa.POLICY)

    def bend(info):
        info["policy"] = "1.2.3.4"

    assert rejects(lambda request: resigned(request, bend), rules) is reasons.TIMESTAMP_WRONG_POLICY


def test_a_policy_that_the_authority_does_not_have():
    rules = TokenRules(trust(demo_pki()), policy="1.2.3.4")
    assert rejects(lambda request: answer(request.der), rules) is reasons.TIMESTAMP_REJECTED


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_time_far_from_our_clock(hours):
    rules = TokenRules(trust(demo_pki()), now=lambda: AT + dt.timedelta(hours=hours))
    assert rejects(lambda request: answer(request.der), rules) is reasons.TIMESTAMP_WRONG_TIME


@pytest.mark.parametrize("identity", ["plain-tsa", "leader", "other-tsa", "expired-tsa"])
def test_wrong_certificate(identity):
    assert rejects(lambda request: answer(request.der, identity)) is reasons.TIMESTAMP_WRONG_CERTIFICATE


class WeakKey:
    """RSA 1024 with a certificate of the very CA that issues the genuine TSA's; no loader would take it."""

    algorithm = SignatureAlgorithm()

    def __init__(self):
        authority = demo_pki().identity("issuing")
        self.key = rsa.generate_private_key(65537, 1024)  # noqa: S505 (to be refused)
        issued = certificates.issue(
            ROLES["tsa"], self.key.public_key(), authority.private_key, authority.certificate, AT, "http://x"
        )
        self.certificate = issued.public_bytes(serialization.Encoding.DER)
        self.chain = (authority.der,)

    def sign(self, digest):
        return primitives.sign(self.key, self.algorithm, digest)


def test_a_weak_key_of_the_right_authority():
    def weakly(request):
        token = tsp.TimeStampResp.load(answer(request.der))["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed.dump()
        forged = cms.build_encapsulated(cms.TST_INFO, info, WeakKey())
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0)), forged)

    assert rejects(weakly) is reasons.TIMESTAMP_WRONG_CERTIFICATE


def test_the_right_certificate_beside_the_signature_of_another_key():
    """The signer swaps the embedded certificate for the genuine TSA's: ESSCertID and sid still name his own."""
    genuine = demo_pki().tsa.certificate

    def swap(request):
        response = tsp.TimeStampResp.load(answer(request.der, "other-tsa"))
        response["time_stamp_token"]["content"]["certificates"] = [
            asn1_cms.CertificateChoices("certificate", asn1_cms.Certificate.load(genuine))
        ]
        return response.dump()

    assert rejects(swap) is reasons.TIMESTAMP_WRONG_CERTIFICATE


def test_a_token_without_certificates():
    def strip(request):
        response = tsp.TimeStampResp.load(answer(request.der))
        response["time_stamp_token"]["content"]["certificates"] = None
        return response.dump()

    assert rejects(strip) in (reasons.TIMESTAMP_WRONG_CERTIFICATE, reasons.TIMESTAMP_UNREADABLE)


def test_wrong_signature():
    def flip(request):
        response = answer(request.der)
        return response[:-1] + bytes((response[-1] ^ 1,))

    assert rejects(flip) is reasons.TIMESTAMP_WRONG_SIGNATURE


def test_a_time_changed_after_signing():
    def later(request):
        response = answer(request.der)
        return response.replace(b"20261120030405Z", b"20271120030405Z")

    assert rejects(later) is reasons.TIMESTAMP_WRONG_SIGNATURE


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_status_that_is_not_granted(status):
    def bend(_request):
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(status)))

    assert rejects(bend) is reasons.TIMESTAMP_REJECTED


def test_a_rejection_that_carries_a_good_token():
    def bend(request):
        token = accept(answer(request.der), request, RULES)
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(2)), token)

    assert rejects(bend) is reasons.TIMESTAMP_REJECTED


GARBAGE = {
    "empty": b"",
    "html": b"<html>503 Service Unavailable</html>",
    "granted without a token": der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0))),
    "data instead of signed data": der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.integer(0)),
        der.encode(der.SEQUENCE, der.oid(cms.ID_DATA)),
    ),
    "deep": b"\x30\x80" * 1000,
    "nested a thousand times": None,
    "too large": b"\x30\x83\x01\x00\x10" + bytes(0x10010),
}


def _nested(levels):
    inner = b""
    for _ in range(levels):
        inner = der.encode(der.SEQUENCE, inner)
    return inner


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(name):
    body = GARBAGE[name] if GARBAGE[name] is not None else _nested(1000)
    assert rejects(lambda _request: body) is reasons.TIMESTAMP_UNREADABLE


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_bent_answer_is_refused_or_holds_the_very_same_facts(data):
    request = new_request(IMPRINT, "sha256")
    response = bytearray(answer(request.der))
    where = data.draw(st.integers(0, len(response) - 1))
    response[where] ^= data.draw(st.integers(1, 255))
    try:
        token = accept(bytes(response), request, RULES)
    except TimestampRefused:
        return
    info = asn1_cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
    assert info["gen_time"].native == AT
    assert info["message_imprint"]["hashed_message"].native == IMPRINT


# -- over HTTP


class Site(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    connections = closed = 0

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def close_request(self, request):
        super().close_request(request)
        self.closed += 1

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


class Asked(list):
    """The requests as they came; `server` counts the connections, and those that it has closed."""


@contextmanager
def site(reply):
    """A real HTTP server; `reply(handler, body)` writes the response. Yields URL and the list of requests."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.client_address, dict(self.headers), body))
            reply(self, body)

        def log_message(self, *_):
            pass

    server = Site(("127.0.0.1", 0), Handler)
    asked.server = server
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa", asked
    finally:
        server.shutdown()
        server.server_close()


def send(handler, body, status=200, length=None):
    handler.send_response(status)
    handler.send_header("Content-Type", "application/timestamp-reply")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def authority(url, seconds=PATIENCE, rules=RULES):
    client = HttpTimestampAuthority(url, rules, HttpLimits(seconds=seconds))
    try:
        yield client
    finally:
        client.close()


def test_tokens_over_one_kept_connection():
    with site(lambda handler, body: send(handler, answer(body))) as (url, asked), authority(url) as client:
        for _ in range(3):
            assert client.token(IMPRINT, "sha256")
        assert len(asked) == 3
        assert len({peer for peer, _, _ in asked}) == 1
        assert asked[0][1]["Content-Type"] == "application/timestamp-query"
        assert client.name == url
        assert client.reserve < 8192


def test_one_after_the_other_is_one_connection():
    with site(lambda handler, body: send(handler, answer(body))) as (url, asked), authority(url) as client:
        for _ in range(40):
            client.token(IMPRINT, "sha256")
        assert asked.server.connections == 1
        assert len(asked) == 40


def test_forty_tokens_at_once_share_their_connections():
    """Four questions are really out together: nobody is answered before the fourth has come."""
    together = threading.Barrier(4)

    def reply(handler, body):
        together.wait(PATIENCE)
        send(handler, answer(body))

    with site(reply) as (url, asked), authority(url) as client:
        with ThreadPoolExecutor(40) as pool:
            tokens = list(pool.map(lambda _: client.token(IMPRINT, "sha256"), range(40)))
        assert len(tokens) == len(asked) == 40
        assert 4 <= asked.server.connections < 8  # one may be given up while another thread takes it


def test_a_connection_that_the_authority_closed_is_replaced():
    def reply(handler, body):
        send(handler, answer(body))
        handler.close_connection = True

    with site(reply) as (url, asked), authority(url) as client:
        for number in range(1, 4):
            assert client.token(IMPRINT, "sha256")
            until(lambda number=number: asked.server.closed == number, "the other side's close")
        assert (asked.server.connections, len(asked)) == (3, 3)


def test_a_connection_that_was_silent_for_long_is_not_trusted(monkeypatch):
    """A firewall forgets it without telling: a question on it would wait for its whole limit."""
    monkeypatch.setattr("signer.web.IDLE_SECONDS", 0.05)
    with site(lambda handler, body: send(handler, answer(body))) as (url, asked), authority(url) as client:
        client.token(IMPRINT, "sha256")
        time.sleep(0.1)
        client.token(IMPRINT, "sha256")
        assert (asked.server.connections, len(asked)) == (2, 2)


def test_closing_the_session_ends_the_question_that_waits():
    came, go = threading.Event(), threading.Event()

    def reply(_handler, _body):
        came.set()
        go.wait(PATIENCE)

    with site(reply) as (url, _), authority(url) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.token, IMPRINT, "sha256")
        assert came.wait(PATIENCE)
        client.close()
        try:
            with pytest.raises(TimestampUnavailable) as unavailable:
                waiting.result(PATIENCE)
        finally:
            go.set()
        assert not unavailable.value.late


@pytest.mark.parametrize("status", [400, 403, 404, 301, 204])
def test_http_errors_are_refusals(status):
    with site(lambda handler, _body: send(handler, b"", status)) as (url, asked), authority(url) as client:
        with pytest.raises(TimestampRefused) as refusal:
            client.token(IMPRINT, "sha256")
        assert refusal.value.reason is reasons.TIMESTAMP_HTTP
        assert len(asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_busy_servers_are_unavailable_and_asked_once(status):
    with site(lambda handler, _body: send(handler, b"", status)) as (url, asked), authority(url) as client:
        with pytest.raises(TimestampUnavailable):
            client.token(IMPRINT, "sha256")
        assert len(asked) == 1


def flood(handler, _body):
    handler.send_response(200)
    handler.send_header("Content-Length", str(50 << 20))
    handler.end_headers()
    handler.server.sent = 0
    chunk = bytes(1 << 16)
    try:
        for _ in range(800):
            handler.wfile.write(chunk)
            handler.server.sent += len(chunk)
    except OSError:
        handler.close_connection = True


def test_fifty_megabytes_are_cut_off_with_memory_bounded():
    with site(flood) as (url, asked), authority(url) as client:
        tracemalloc.start()
        with pytest.raises(TimestampRefused) as refusal:
            client.token(IMPRINT, "sha256")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert refusal.value.reason is reasons.TIMESTAMP_TOO_LARGE
        assert peak < 8 << 20  # of 50; a service of other tests may do something meanwhile in this process
        assert len(asked) == 1


def test_fifty_megabytes_without_a_length():
    def endless(handler, _body):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            for _ in range(800):
                handler.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
        except OSError:
            handler.close_connection = True

    with site(endless) as (url, _), authority(url) as client:
        with pytest.raises(TimestampRefused) as refusal:
            client.token(IMPRINT, "sha256")
        assert refusal.value.reason is reasons.TIMESTAMP_TOO_LARGE


def silent(handler, _body):
    time.sleep(PATIENCE)


def drip_headers(handler, _body):
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 5000:
        try:
            handler.wfile.write(bytes((byte,)))
        except OSError:
            return
        time.sleep(0.05)


def drip_body(handler, body):
    response = answer(body)
    send(handler, b"", length=len(response))
    for byte in response:
        try:
            handler.wfile.write(bytes((byte,)))
        except OSError:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("slow", [silent, drip_headers, drip_body], ids=lambda reply: reply.__name__)
def test_the_limit_is_on_the_whole_exchange(slow):
    with site(slow) as (url, asked), authority(url, seconds=0.5) as client:
        started = time.monotonic()
        with pytest.raises(TimestampUnavailable) as unavailable:
            client.token(IMPRINT, "sha256")
        assert unavailable.value.late  # it may still be at it
        assert time.monotonic() - started < 60, "the answers take minutes"
        until(lambda: asked, "the server to read the question")
        assert len(asked) == 1


def hang_up(handler, _body):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def hang_up_halfway(handler, body):
    response = answer(body)
    send(handler, response[:100], length=len(response))
    hang_up(handler, body)


def not_http(handler, _body):
    handler.wfile.write(b"220 mail.example ESMTP\r\n" * 3)
    handler.close_connection = True


@pytest.mark.parametrize("broken", [hang_up, hang_up_halfway, not_http], ids=lambda reply: reply.__name__)
def test_a_broken_connection_is_unavailable_and_never_tried_again(broken):
    with site(broken) as (url, asked), authority(url) as client:
        with pytest.raises(TimestampUnavailable) as unavailable:
            client.token(IMPRINT, "sha256")
        assert not unavailable.value.late  # nobody is at it any more
        assert len(asked) == 1


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with authority(f"http://127.0.0.1:{port}/") as client, pytest.raises(TimestampUnavailable):
            client.token(IMPRINT, "sha256")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "nonsense"])
def test_an_address_that_is_none(url):
    with authority(url, seconds=1) as client, pytest.raises(TimestampUnavailable):
        client.token(IMPRINT, "sha256")


def test_parallel_calls_each_get_their_own_token():
    with site(lambda handler, body: send(handler, answer(body))) as (url, asked), authority(url) as client:
        tokens = {}

        def ask(number):
            imprint = hashlib.sha256(bytes((number,))).digest()
            tokens[number] = (imprint, client.token(imprint, "sha256"))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tokens) == len(asked) == 12
        assert all(imprint in token for imprint, token in tokens.values())


# -- the twin


def twin():
    return FailingTimestampAuthority(answer, RULES, lambda request: answer(request, "plain-tsa"))


REFUSALS = {
    Failure.REJECTS: reasons.TIMESTAMP_REJECTED,
    Failure.GARBAGE: reasons.TIMESTAMP_UNREADABLE,
    Failure.HUGE: reasons.TIMESTAMP_TOO_LARGE,
    Failure.HTTP_ERROR: reasons.TIMESTAMP_HTTP,
    Failure.WRONG_NONCE: reasons.TIMESTAMP_WRONG_NONCE,
    Failure.WRONG_IMPRINT: reasons.TIMESTAMP_WRONG_IMPRINT,
    Failure.WRONG_CERTIFICATE: reasons.TIMESTAMP_WRONG_CERTIFICATE,
    Failure.WRONG_SIGNATURE: reasons.TIMESTAMP_WRONG_SIGNATURE,
}


@pytest.mark.parametrize("failure", REFUSALS)
def test_the_twin_gives_wrong_answers_on_command(failure):
    failing = twin()
    failing.fail_next(failure)
    with pytest.raises(TimestampRefused) as refusal:
        failing.token(IMPRINT, "sha256")
    assert refusal.value.reason is REFUSALS[failure]
    assert failing.asked == 1
    assert failing.token(IMPRINT, "sha256")


@pytest.mark.parametrize(("failure", "asked"), [(Failure.DOWN, 0), (Failure.SLOW, 1)])
def test_the_twin_is_down_or_slow_on_command(failure, asked):
    failing = twin()
    failing.fail_next(failure)
    with pytest.raises(TimestampUnavailable):
        failing.token(IMPRINT, "sha256")
    assert failing.asked == asked


def test_every_failure_has_its_test():
    assert set(REFUSALS) | {Failure.DOWN, Failure.SLOW} == set(Failure)


def test_the_direct_authority_checks_as_strictly():
    wrong = DirectTimestampAuthority(lambda request: answer(request, "plain-tsa"), RULES)
    with pytest.raises(TimestampRefused):
        wrong.token(IMPRINT, "sha256")
