"""Signatures that carry their signer's certificate alone, and a real server that has the issuer's: over HTTP and on
the command line it is asked when its name was given, and only then; what it answers is worth no more than its bytes.

The shared site names `localhost` (`tests.service.start`) and not 127.0.0.1, which is the same server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from api.wiring import trust
from signer.keys.development import DevelopmentKey
from signer.trust.issuers import MAX_ANSWER, HttpCertificateSource
from tests.engines.ports import free_port
from tests.service import PATIENCE
from tests.signer.trust.forge import Party, issue
from tests.signer.trust.test_http_revocation import Site as Server
from tests.signer.validation.office import Office

pytestmark = pytest.mark.xdist_group("site")
ANTIN = str(Path(sys.executable).with_name("antin"))
NAMED, UNNAMED = "localhost", "127.0.0.1"


@pytest.fixture
def server(site):
    """Has the demo's intermediate certificate."""
    found = Server()
    found.reply = lambda handler: handler.send(200, site.services.demo.issuing)
    yield found
    found.server.shutdown()
    found.server.server_close()


def signed_by_a_leaf(site, folder, *addresses):
    """A decision whose one signature carries one certificate, which says that its issuer's lies at these addresses."""
    demo, now = site.services.demo, site.services.clock()
    location = x509.UniformResourceIdentifier
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location(each)) for each in addresses
    ]
    point = x509.DistributionPoint([location(f"{site.url}/demo/crl/issuing.crl")], None, None, None)
    issuing = demo.identity("issuing")
    leaf = issue(
        "DEMO Người ký mang một chứng thư",
        Party(issuing.certificate, issuing.private_key),
        since=now - timedelta(days=1),
        until=now + timedelta(days=300),
        extensions=[
            (x509.AuthorityInformationAccess(access), False),
            (x509.CRLDistributionPoints([point]), False),
        ],
    )
    key = DevelopmentKey(leaf.key, leaf.der, (), demo.signing_key("ecdsa-p256").algorithm)
    office = Office(demo, folder, now)
    return office.sign(office.prepared(), key=key)


def at(server, host, path="/ca.crt"):
    return f"http://{host}:{server.server.server_port}{path}"


def checked(site, path):
    files = {"file": ("van-ban.pdf", path.read_bytes(), "application/pdf")}
    with httpx.Client(base_url=site.url, timeout=PATIENCE, trust_env=False) as client:
        answer = client.post("/api/v1/verifications", files=files)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["indication"], found["sub_indication"]


PASSED = ("TOTAL-PASSED", None)
NO_PATH = ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


@contextmanager
def asking(site, issuers):
    """The site with another source of certificates."""
    usual, site.services.issuers = site.services.issuers, issuers
    try:
        yield
    finally:
        site.services.issuers = usual


def test_over_http_a_named_host_completes_the_path(site, server, tmp_path):
    path = signed_by_a_leaf(site, tmp_path, at(server, NAMED))
    assert checked(site, path) == PASSED
    assert checked(site, path) == PASSED
    assert server.asked == [("GET", "/ca.crt")], "once, for both"
    with asking(site, None):
        assert checked(site, path) == NO_PATH, "it was believed for this validation, and by no store"


def test_over_http_a_host_that_nobody_named_is_never_asked(site, server, tmp_path):
    path = signed_by_a_leaf(site, tmp_path, at(server, UNNAMED), at(server, f"{NAMED}@{UNNAMED}"))
    assert checked(site, path) == NO_PATH
    assert server.asked == []


def test_of_several_addresses_those_of_named_hosts_are_asked(site, server, tmp_path):
    other = at(server, UNNAMED, "/not-this")
    path = signed_by_a_leaf(site, tmp_path, other, "ldap://localhost/ca", at(server, NAMED))
    assert checked(site, path) == PASSED
    assert server.asked == [("GET", "/ca.crt")]


def late(handler, _good):
    time.sleep(3)
    handler.send(200, b"too late")


def halting(handler, good):
    """Begins with what would be right, and does not end."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(good)))
    handler.end_headers()
    handler.wfile.write(good[:-1])
    handler.wfile.flush()
    time.sleep(3)


def moved(handler, _good):
    handler.send_response(302)
    handler.send_header("Location", "/moved.crt")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def namesake(handler, good):
    """The right name, another key."""
    subject = x509.load_der_x509_certificate(good).subject
    handler.send(200, issue("x", ca=True, subject=subject).der)


BAD = {
    "late": late,
    "halting": halting,
    "moved": moved,
    "namesake": namesake,
    "rubbish": lambda handler, _good: handler.send(200, b"<html>" * 1000),
    "endless DER": lambda handler, _good: handler.send(200, b"\x30\x80" * 4000),
    "too much": lambda handler, good: handler.send(200, good + bytes(MAX_ANSWER)),
    "nothing": lambda handler, _good: handler.send(200, b""),
    "missing": lambda handler, good: handler.send(404, good),
    "silent": lambda _handler, _good: None,
}


@pytest.mark.parametrize("how", sorted(BAD))
def test_what_a_named_host_answers_wrongly_is_no_pass(site, server, tmp_path, how):
    good = site.services.demo.issuing
    server.reply = lambda handler: BAD[how](handler, good)
    source = HttpCertificateSource([NAMED], seconds=0.4)
    with asking(site, source):
        assert checked(site, signed_by_a_leaf(site, tmp_path, at(server, NAMED))) == NO_PATH
    assert server.asked == [("GET", "/ca.crt")]
    source.close()


def test_a_named_host_that_is_not_there_is_no_pass(site, tmp_path):
    source = HttpCertificateSource([NAMED], seconds=5)
    with asking(site, source):
        address = f"http://{NAMED}:{free_port()}/ca.crt"
        assert checked(site, signed_by_a_leaf(site, tmp_path, address)) == NO_PATH
    source.close()


@pytest.mark.parametrize("port", ["0", "99999", "abc", "-1"])
def test_an_address_whose_port_is_none_is_no_pass(site, tmp_path, port):
    source = HttpCertificateSource([NAMED], seconds=5)
    with asking(site, source):
        path = signed_by_a_leaf(site, tmp_path, f"http://{NAMED}:{port}/ca.crt")
        assert checked(site, path) == NO_PATH
    source.close()


def test_the_wiring_names_whom_the_settings_name_and_nobody_offline(site):
    assert site.services.issuers is not None
    assert trust.issuers((), offline=False) is None
    assert trust.issuers((NAMED,), offline=True) is None
    found = trust.issuers((NAMED,), offline=False)
    assert isinstance(found, HttpCertificateSource)
    found.close()


def command_line(site, folder, path, *options):
    anchors = folder / "trust.pem"
    anchors.write_bytes(site.services.demo.trust_pem)
    command = [ANTIN, "verify", str(path), "--trust", str(anchors), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    found = json.loads(done.stdout) if done.stdout else {}
    return done, (found.get("indication"), found.get("sub_indication"))


def test_on_the_command_line_a_named_host_completes_the_path(site, server, tmp_path):
    path = signed_by_a_leaf(site, tmp_path, at(server, NAMED))
    done, found = command_line(site, tmp_path, path, "--issuer-host", NAMED, "--issuer-host", "ca.gov.vn")
    assert (done.returncode, found, server.asked) == (0, PASSED, [("GET", "/ca.crt")])


@pytest.mark.parametrize("options", [(), ("--issuer-host", "ca.gov.vn")])
def test_on_the_command_line_a_host_that_nobody_named_is_never_asked(site, server, tmp_path, options):
    path = signed_by_a_leaf(site, tmp_path, at(server, NAMED))
    done, found = command_line(site, tmp_path, path, *options)
    assert (done.returncode, found, server.asked) == (2, NO_PATH, [])


def test_on_the_command_line_offline_asks_nobody(site, server, tmp_path):
    path = signed_by_a_leaf(site, tmp_path, at(server, NAMED))
    done, found = command_line(site, tmp_path, path, "--issuer-host", NAMED, "--offline")
    assert (done.returncode, found, server.asked) == (2, NO_PATH, [])


@pytest.mark.parametrize("name", ["https://ca.gov.vn", "ca.gov.vn:80", "127.0.0.1", "*"])
def test_on_the_command_line_what_is_no_name_is_wrong_usage(site, tmp_path, name):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    done, _ = command_line(site, tmp_path, tmp_path / "a.pdf", "--issuer-host", name)
    assert done.returncode == 64
    assert "--issuer-host" in done.stderr and "names of hosts" in done.stderr
