"""The revocation port over a real HTTP server on loopback, and its failing twin."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from signer.errors import RevocationUnavailable
from signer.trust import ocsp
from signer.trust.revocation import FailingRevocationSource, Failure, HttpRevocationSource, RevocationLimits
from tests.signer.trust.forge import NOW, answer, crl, issue

LIMITS = RevocationLimits(ocsp_seconds=60, crl_seconds=60, crl_bytes=1 << 20, ocsp_bytes=64 << 10)


class Site:
    """A responder whose behaviour is set by each test."""

    def __init__(self):
        self.asked = []
        self.reply = lambda handler: handler.send(404, b"")
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                site.asked.append(("POST", self.path))
                site.reply(self)

            def do_GET(self):
                site.asked.append(("GET", self.path))
                site.reply(self)

            def send(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def site():
    found = Site()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def source():
    found = HttpRevocationSource(LIMITS)
    yield found
    found.close()


def people(url):
    location = x509.UniformResourceIdentifier
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location(url + "/ca.crt")),
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location(url + "/ocsp")),
        ]
    )
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([location("ldap://x/y"), location(url + "/ca.crl")], None, None, None)]
    )
    root = issue("Root", ca=True)
    ca = issue("CA", root, ca=True)
    return ca, issue("Leaf", ca, extensions=[(access, False), (points, False)])


def test_ocsp_is_asked_about_the_right_certificate(site, source):
    ca, leaf = people(site.url)

    def reply(handler):
        request = x509_ocsp.load_der_ocsp_request(handler.body)
        assert request.serial_number == leaf.certificate.serial_number
        handler.send(200, answer(leaf, ca))

    site.reply = reply
    found = source.ocsp(leaf.der, ca.der, NOW)
    assert ocsp.answer(found, leaf.parsed, ca.parsed).revoked_at is None
    assert site.asked == [("POST", "/ocsp")]


def test_an_answer_is_kept_until_its_next_update(site, source):
    ca, leaf = people(site.url)
    site.reply = lambda handler: handler.send(200, answer(leaf, ca))
    for hours in (0, 1, 23):
        assert source.ocsp(leaf.der, ca.der, NOW + timedelta(hours=hours))
    assert len(site.asked) == 1
    source.ocsp(leaf.der, ca.der, NOW + timedelta(hours=25))
    assert len(site.asked) == 2


def test_a_fresh_view_asks_anew_and_keeps_for_all(site, source):
    ca, leaf = people(site.url)
    site.reply = lambda handler: handler.send(200, crl(ca))
    source.crl(leaf.der, ca.der, NOW)
    source.fresh().crl(leaf.der, ca.der, NOW)
    assert len(site.asked) == 2
    source.crl(leaf.der, ca.der, NOW)
    assert len(site.asked) == 2


def test_what_is_not_authentic_is_handed_over_but_never_kept(site, source):
    ca, leaf = people(site.url)
    forged = answer(leaf, ca, issue("CA", ca=True))
    site.reply = lambda handler: handler.send(200, forged)
    assert source.ocsp(leaf.der, ca.der, NOW) == forged
    assert source.ocsp(leaf.der, ca.der, NOW) == forged
    assert len(site.asked) == 2


def test_the_crl_is_fetched_over_http_only(site, source):
    ca, leaf = people(site.url)
    listed = crl(ca)
    site.reply = lambda handler: handler.send(200, listed)
    assert source.crl(leaf.der, ca.der, NOW) == listed
    assert site.asked == [("GET", "/ca.crl")]


def test_a_certificate_that_names_no_service(source):
    root = issue("Root", ca=True)
    leaf = issue("Leaf", root)
    assert source.ocsp(leaf.der, root.der, NOW) is None
    assert source.crl(leaf.der, root.der, NOW) is None


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "http://", "http://[::bad"]
)
def test_other_schemes_are_never_followed(source, scheme):
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(scheme)], None, None, None)]
    )
    root = issue("Root", ca=True)
    leaf = issue("Leaf", root, extensions=[(points, False)])
    assert source.crl(leaf.der, root.der, NOW) is None


def test_a_redirect_is_not_followed(site, source):
    ca, leaf = people(site.url)

    def reply(handler):
        handler.send_response(302)
        handler.send_header("Location", site.url + "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.reply = reply
    with pytest.raises(RevocationUnavailable):
        source.crl(leaf.der, ca.der, NOW)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [204, 400, 404, 500, 503])
def test_an_error_page_is_no_answer(site, source, status):
    ca, leaf = people(site.url)
    site.reply = lambda handler: handler.send(status, b"" if status == 204 else b"sorry")
    with pytest.raises(RevocationUnavailable):
        source.ocsp(leaf.der, ca.der, NOW)


def test_nobody_listens(source):
    ca, leaf = people("http://127.0.0.1:9")
    with pytest.raises(RevocationUnavailable):
        source.ocsp(leaf.der, ca.der, NOW)


def test_a_slow_responder_is_cut_off(site):
    source = HttpRevocationSource(replace(LIMITS, ocsp_seconds=1))
    ca, leaf = people(site.url)

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1000):
            try:
                handler.wfile.write(b"0")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    site.reply = drip
    started = time.perf_counter()
    with pytest.raises(RevocationUnavailable):
        source.ocsp(leaf.der, ca.der, NOW)
    assert time.perf_counter() - started < 60, "the answer takes minutes"
    source.close()


def test_a_crl_of_50_mb_is_not_read_to_its_end(site, source):
    ca, leaf = people(site.url)
    sent = []

    def flood(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(50 << 20))
        handler.end_headers()
        for _ in range(50):
            try:
                handler.wfile.write(bytes(1 << 20))
            except OSError:
                return
            sent.append(1)

    site.reply = flood
    with pytest.raises(RevocationUnavailable):
        source.crl(leaf.der, ca.der, NOW)
    assert len(sent) < 40


def test_a_dead_responder_is_left_alone_for_a_while(site, source):
    ca, leaf = people("http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(RevocationUnavailable) as caught:
            source.ocsp(leaf.der, ca.der, NOW)
    assert "a moment ago" in str(caught.value)
    with pytest.raises(RevocationUnavailable) as caught:
        source.ocsp(leaf.der, ca.der, NOW + timedelta(minutes=1))
    assert "a moment ago" not in str(caught.value)


def test_one_list_serves_every_certificate_of_its_issuer(site, source):
    ca, leaf = people(site.url)
    other = issue("Other", ca, extensions=[(e.value, False) for e in leaf.certificate.extensions][2:])
    site.reply = lambda handler: handler.send(200, crl(ca))
    assert source.crl(leaf.der, ca.der, NOW) == source.crl(other.der, ca.der, NOW)
    assert len(site.asked) == 1


def test_the_cache_is_bounded(site):
    source = HttpRevocationSource(RevocationLimits(kept_bytes=2000))
    filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.9"), b"\x04\x82\x04\x00" + bytes(1024))
    for _ in range(3):
        ca, leaf = people(site.url)
        listed = crl(ca, extensions=[(filling, False)])
        site.reply = lambda handler, listed=listed: handler.send(200, listed)
        assert source.crl(leaf.der, ca.der, NOW) == listed
    assert 0 < source._cache._size <= 2000
    source.close()


class Inner:
    def ocsp(self, *_):
        return b"good"

    def crl(self, *_):
        return b"list"


@pytest.mark.parametrize("failure", [Failure.DOWN, Failure.SLOW, Failure.HUGE])
def test_the_twin_fails_on_command(failure):
    twin = FailingRevocationSource(Inner(), old=b"old", foreign=b"foreign")
    twin.fail_next(failure, Failure.GARBAGE, Failure.OLD, Failure.WRONG_ISSUER, Failure.NOTHING)
    with pytest.raises(RevocationUnavailable):
        twin.ocsp(b"", b"", NOW)
    assert b"<html>" in twin.ocsp(b"", b"", NOW)
    assert twin.ocsp(b"", b"", NOW) == b"old"
    assert twin.crl(b"", b"", NOW) == b"foreign"
    assert twin.crl(b"", b"", NOW) is None
    assert twin.crl(b"", b"", NOW) == b"list"
    assert twin.asked == 5
