"""Where an issuer's certificate is fetched from: named hosts alone, once, bounded, and nothing of it is believed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import cms, x509

from signer.errors import RevocationUnavailable
from signer.trust.certificates import certificates_in, parse
from signer.trust.issuers import KEPT, MAX_ANSWER, REST, HttpCertificateSource
from signer.trust.locations import issuer_urls
from signer.trust.paths import dead_ends
from tests.signer.trust.forge import NOW, family, issue
from tests.signer.trust.test_http_revocation import Site, people


def bundle(*parties):
    """A SignedData of nothing but certificates, as authorities publish them (.p7c)."""
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v1",
                "digest_algorithms": [],
                "encap_content_info": {"content_type": "data"},
                "certificates": [
                    cms.CertificateChoices({"certificate": x509.Certificate.load(each.der)})
                    for each in parties
                ],
                "signer_infos": [],
            },
        }
    ).dump()


@pytest.fixture
def site():
    found = Site()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def source():
    found = HttpCertificateSource(["127.0.0.1"])
    yield found
    found.close()


def test_it_is_fetched_once(site, source):
    ca, leaf = people(site.url)
    site.reply = lambda handler: handler.send(200, ca.der)
    for hours in (0, 1, 11):
        assert source.issuer(issuer_urls(leaf.parsed), NOW + timedelta(hours=hours)) == ca.der
    assert site.asked == [("GET", "/ca.crt")]
    source.issuer(issuer_urls(leaf.parsed), NOW + KEPT + timedelta(seconds=1))
    assert len(site.asked) == 2


@pytest.mark.parametrize("hosts", [(), ("ca.gov.vn",), ("127.0.0.1.evil.example",), ("localhost",)])
def test_a_host_that_nobody_named_is_never_asked(site, hosts):
    """The address comes from a stranger's certificate: it must not make the service ask inside its own network."""
    _, leaf = people(site.url)
    source = HttpCertificateSource(hosts)
    assert source.issuer(issuer_urls(leaf.parsed), NOW) is None
    assert site.asked == []
    source.close()


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1@evil.example/ca", "ftp://127.0.0.1/"]
)
def test_what_only_looks_like_a_permitted_host(source, address, site):
    _, leaf = people(address)
    assert source.issuer(issuer_urls(leaf.parsed), NOW) is None


@pytest.mark.parametrize("reply", [(404, b"no"), (200, b""), (302, b""), (200, bytes(MAX_ANSWER + 1))])
def test_no_answer_is_an_error_and_rests(site, source, reply):
    _, leaf = people(site.url)
    site.reply = lambda handler: handler.send(*reply)
    for _ in range(2):
        with pytest.raises(RevocationUnavailable):
            source.issuer(issuer_urls(leaf.parsed), NOW)
    assert len(site.asked) == 1
    with pytest.raises(RevocationUnavailable):
        source.issuer(issuer_urls(leaf.parsed), NOW + REST)
    assert len(site.asked) == 2


def test_a_certificate_that_names_no_place(source):
    _, _, leaf = family()
    assert source.issuer(issuer_urls(leaf.parsed), NOW) is None
    assert issuer_urls(leaf.parsed) == ()


def test_a_bundle_is_as_good_as_a_certificate():
    root, ca, _ = family()
    assert certificates_in(ca.der) == (ca.parsed,)
    assert certificates_in(bundle(ca, root)) == (ca.parsed, root.parsed)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x00", b"x" * 1000, bytes(1 << 20)])
def test_what_is_neither_is_nothing(data):
    assert certificates_in(data) == ()


def test_a_bundle_of_thousands_is_cut():
    _, ca, _ = family()
    many = [issue(str(number), ca) for number in range(30)]
    assert len(certificates_in(bundle(*many))) == 20


def test_where_a_path_ends():
    root, ca, leaf = family()
    r, c, x = (parse(each.der) for each in (root, ca, leaf))
    assert dead_ends(x, (), ()) == (x,)
    assert dead_ends(x, (c,), ()) == (c,)
    assert dead_ends(x, (c, r), ()) == (), "a root is its own issuer, trusted or not"
    namesake = parse(issue("CA", ca=True).der)
    assert dead_ends(x, (namesake,), ()) == (x,), "the right name is not the right key"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ca.crt",
        "http://",
        "http://[::1",
        "http://127.0.0.1:abc/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1/đ",
        "http://127.0.0.1/" + "a" * 3000,
        "javascript:127.0.0.1",
    ],
)
def test_what_is_no_address_asks_nobody_and_raises_nothing(source, address):
    """What the HTTP client would stumble over is left out before it is asked."""
    assert source.issuer((address,), NOW) is None


def test_a_host_that_does_not_answer_is_left_alone_whatever_is_asked_of_it(site):
    """A file may name any number of addresses; who waits for its verdict waits for one of them."""
    source = HttpCertificateSource(["127.0.0.1", "localhost"])
    site.reply = lambda _handler: None  # ends the connection without a word
    ca, one = people(site.url)
    _, other = people(site.url + "/another")
    for leaf in (one, other, one):
        with pytest.raises(RevocationUnavailable):
            source.issuer(issuer_urls(leaf.parsed), NOW)
    assert site.asked == [("GET", "/ca.crt")]
    site.reply = lambda handler: handler.send(200, ca.der)
    _, elsewhere = people(site.url.replace("127.0.0.1", "localhost"))
    assert source.issuer(issuer_urls(elsewhere.parsed), NOW) == ca.der, "another host is another matter"
    assert source.issuer(issuer_urls(other.parsed), NOW + REST) == ca.der
    source.close()


def test_a_host_that_says_no_is_asked_for_the_next(site, source):
    _, one = people(site.url)
    ca, other = people(site.url + "/another")
    site.reply = lambda handler: handler.send(404, b"")
    with pytest.raises(RevocationUnavailable):
        source.issuer(issuer_urls(one.parsed), NOW)
    site.reply = lambda handler: handler.send(200, ca.der)
    assert source.issuer(issuer_urls(other.parsed), NOW) == ca.der
