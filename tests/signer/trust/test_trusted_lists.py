"""Trusted lists: what is granted is read; what was wrapped, swapped or left out of the signature is not."""

from __future__ import annotations

import copy
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from signer.errors import TrustRefused
from signer.trust.trusted_lists import CA_QC, SERVICE_TYPE, read
from tests.conftest import need_tool
from tests.factories.trusted_list import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    OLD_STATUS,
    SINCE,
    STATUS,
    TSL,
    Scheme,
    Service,
    sign_again,
    signed,
    unsigned,
    use,
)
from tests.signer.trust.forge import NOW, announcing, issue, rewritten

SIGNER = issue("List Signer", key=rsa.generate_private_key(65537, 2048))
MALLORY = issue("List Signer", key=rsa.generate_private_key(65537, 2048))
CA, OTHER = issue("Granted CA", ca=True), issue("Other CA", ca=True)
PIN = SIGNER.parsed.fingerprint.hex()


def scheme(*services, **values):
    return Scheme(services=list(services or (Service(CA.der),)), **values)


def refused(data, word, pin=PIN):
    with pytest.raises(TrustRefused) as caught:
        read(data, pin)
    assert caught.value.id == f"trust-{word}", caught.value
    assert caught.value.text("vi") and caught.value.text("en")


@pytest.mark.parametrize("c14n", [EXCLUSIVE, INCLUSIVE])
@pytest.mark.parametrize("xades", [True, False])
def test_a_signed_list_is_read(c14n, xades):
    found = read(signed(unsigned(scheme()), SIGNER, c14n=c14n, xades=xades), PIN)
    assert (found.name, found.sequence, found.signer) == ("XX Example Authority", 7, PIN)
    assert found.next_update == NOW + timedelta(days=90)
    (service,) = found.services
    assert (service.certificate, service.type, service.granted_since) == (CA.der, CA_QC, SINCE)


def test_a_list_signed_with_ecdsa_is_read():
    signer = issue("EC Signer")
    assert read(signed(unsigned(scheme()), signer), signer.parsed.fingerprint.hex()).services


def test_only_granted_services_of_the_asked_types_are_taken():
    found = scheme(
        Service(CA.der, status=STATUS + "withdrawn"),
        Service(OTHER.der, kind="TSA/QTST"),
        Service(SIGNER.der, kind="Certstatus/OCSP/QC"),
    )
    data = signed(unsigned(found), SIGNER)
    assert read(data, PIN).services == ()
    (stamper,) = read(data, PIN, (SERVICE_TYPE + "TSA/QTST",)).services
    assert stamper.certificate == OTHER.der


WEB, SIGNATURES, OTHER_USE = (
    f"http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/{each}"
    for each in ("ForWebSiteAuthentication", "ForeSignatures", "RootCA-QC")
)


@pytest.mark.parametrize(
    ("extensions", "taken"),
    [
        ([use(SIGNATURES)], True),
        ([use(WEB), use(SIGNATURES)], True),
        ([use(OTHER_USE)], True),
        ([("true", "<Qualifications/>")], True),
        ([("false", "<Unknown/>")], True),
        ([use(WEB)], False),
        ([use(WEB, critical="false")], False),
        ([("true", "<Unknown/>")], False),
    ],
)
def test_a_service_for_web_sites_or_with_unknown_conditions_is_not_taken(extensions, taken):
    """TS 119 612, 5.5.9."""
    data = signed(unsigned(scheme(Service(CA.der, extensions=tuple(extensions)))), SIGNER)
    assert bool(read(data, PIN).services) == taken


def test_one_certificate_for_both_ends_is_one_for_signers():
    both = [Service(CA.der, kind="TSA/QTST"), Service(CA.der, since=SINCE + timedelta(days=1))]
    for services in (both, both[::-1]):
        data = signed(unsigned(scheme(*services)), SIGNER)
        (service,) = read(data, PIN, (CA_QC, SERVICE_TYPE + "TSA/QTST")).services
        assert service.type == CA_QC


def test_a_service_is_good_back_to_where_its_history_breaks():
    year = lambda number: datetime(number, 7, 1, tzinfo=UTC)  # noqa: E731
    history = (
        (OLD_STATUS + "undersupervision", year(2016)),
        (STATUS + "withdrawn", year(2014)),
        (OLD_STATUS + "accredited", year(2010)),
    )
    data = signed(unsigned(scheme(Service(CA.der, history=history))), SIGNER)
    assert read(data, PIN).services[0].granted_since == year(2016)


# Attacks


def test_a_signature_that_the_signers_key_forbids():
    """RFC 4055, 1.2: a key that is announced for RSASSA-PSS alone makes no other signatures."""
    restricted = rewritten(SIGNER, SIGNER, announcing(None))
    data = signed(unsigned(scheme()), restricted)
    refused(data, "list.signature", restricted.parsed.fingerprint.hex())


def test_another_signer_of_the_same_name():
    refused(signed(unsigned(scheme()), MALLORY), "list.signer")


def test_a_certificate_that_only_lies_in_it_did_not_sign():
    """The pinned certificate is carried, another key made the value."""
    root = unsigned(scheme())
    signed(root, MALLORY)
    carried = signed(unsigned(scheme()), SIGNER)
    mine, theirs = (tree.find(f".//{{{DS}}}X509Certificate") for tree in (root, etree.fromstring(carried)))
    mine.text = theirs.text
    refused(etree.tostring(root), "list.signature")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("TSLSequenceNumber", "8"),
        ("dateTime", "2099-01-01T00:00:00Z"),
        ("ServiceStatus", STATUS + "recognisedatnationallevel"),
        ("StatusStartingTime", "1999-01-01T00:00:00Z"),
    ],
)
def test_whatever_is_changed_afterwards_breaks_it(path, text):
    root = etree.fromstring(signed(unsigned(scheme()), SIGNER))
    root.find(f".//{{{TSL}}}{path}").text = text
    refused(etree.tostring(root), "list.signature")


def test_an_anchor_swapped_under_the_signature():
    data = signed(unsigned(scheme()), SIGNER)
    root, other = etree.fromstring(data), unsigned(scheme(Service(OTHER.der)))
    mine, theirs = (tree.find(f".//{{{TSL}}}X509Certificate") for tree in (root, other))
    mine.text = theirs.text
    refused(etree.tostring(root), "list.signature")


def wrapped_inside():
    """The signed list put into a list of the attacker's, its signature still below the inner one."""
    inner = etree.fromstring(signed(unsigned(scheme()), SIGNER))
    outer = unsigned(scheme(Service(OTHER.der)))
    outer.append(inner)
    return etree.tostring(outer)


def wrapped_signature_lifted():
    """The same with the signature moved to where it belongs, and a reference by Id to the inner list."""
    whole = unsigned(scheme())
    inner = copy.deepcopy(whole)
    outer = unsigned(scheme(Service(OTHER.der)))
    outer.set("Id", "outer")
    outer.append(inner)
    return signed(outer, SIGNER, uri="#tl", over=whole, transforms=(EXCLUSIVE,))


def two_signatures():
    root = etree.fromstring(signed(unsigned(scheme()), SIGNER))
    root.append(copy.deepcopy(root.find(f"{{{DS}}}Signature")))
    return etree.tostring(root)


def signature_in_a_corner():
    root = unsigned(scheme())
    return signed(root, SIGNER, into=root.find(f"{{{TSL}}}SchemeInformation"))


def only_a_part_is_referenced():
    root = unsigned(scheme())
    part = root.find(f"{{{TSL}}}SchemeInformation")
    part.set("Id", "part")
    return signed(root, SIGNER, uri="#part", over=part, transforms=(EXCLUSIVE,))


def reference_to_a_file():
    return signed(unsigned(scheme()), SIGNER, uri="file:///etc/passwd")


def a_transform_that_picks():
    """XPath or XSLT may leave out whatever the attacker adds."""
    xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    return signed(unsigned(scheme()), SIGNER, transforms=(ENVELOPED, xpath, EXCLUSIVE))


def without_the_enveloped_transform():
    return signed(unsigned(scheme()), SIGNER, transforms=(EXCLUSIVE, EXCLUSIVE))


def properties_by_an_id_that_is_there_twice():
    root = etree.fromstring(signed(unsigned(scheme()), SIGNER))
    twin = etree.SubElement(root.find(f"{{{DS}}}Signature/{{{DS}}}Object"), "twin")
    twin.set("Id", "props")
    return etree.tostring(root)


def a_third_reference():
    root = etree.fromstring(signed(unsigned(scheme()), SIGNER))
    info = root.find(f".//{{{DS}}}SignedInfo")
    info.append(copy.deepcopy(info.findall(f"{{{DS}}}Reference")[1]))
    sign_again(root.find(f"{{{DS}}}Signature"), SIGNER)
    return etree.tostring(root)


def sha1_digest():
    return signed(unsigned(scheme()), SIGNER, digest="sha1")


@pytest.mark.parametrize(
    "attack",
    [
        wrapped_inside,
        wrapped_signature_lifted,
        two_signatures,
        signature_in_a_corner,
        only_a_part_is_referenced,
        reference_to_a_file,
        a_transform_that_picks,
        without_the_enveloped_transform,
        properties_by_an_id_that_is_there_twice,
        a_third_reference,
        sha1_digest,
    ],
)
def test_a_signature_that_does_not_cover_the_whole_is_none(attack):
    refused(attack(), "list.signature")


def test_no_signature_is_no_list():
    refused(etree.tostring(unsigned(scheme())), "list.signature")


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
        BOMB,
    ],
    ids=["XXE", "external DTD", "parameter entity", "billion laughs"],
)
def test_no_dtd_is_ever_read(head):
    body = signed(unsigned(scheme()), SIGNER).decode().partition("?>")[2]
    refused((head + body).encode(), "list.malformed")


def test_another_encoding_hides_no_dtd():
    body = signed(unsigned(scheme()), SIGNER).decode().partition("?>")[2]
    refused(('<?xml version="1.0" encoding="UTF-16"?>' + BOMB + body).encode("utf-16"), "list.malformed")


@pytest.mark.parametrize(
    "data",
    [b"", b"<x", b"{}", b"<x/>" + b" " * (33 << 20), b"<a>" * 100_000, b"<a " + b"b='c' " * 9 + b"/>"],
    ids=["empty", "cut", "JSON", "large", "deep", "double attributes"],
)
def test_what_is_no_xml(data):
    refused(data, "list.malformed")


def test_a_signed_document_of_another_kind():
    refused(signed(etree.fromstring("<order><pay/></order>"), SIGNER), "list.malformed")


def test_a_closed_list_has_no_next_update():
    refused(signed(unsigned(scheme(until=None)), SIGNER), "list.malformed")


def test_comments_split_no_text():
    """`1<!-- -->0` is ten for whoever signed it, and for us."""
    root = unsigned(scheme())
    number = root.find(f".//{{{TSL}}}TSLSequenceNumber")
    number.text = "1"
    number.append(etree.Comment("x"))
    number[0].tail = "0"
    assert read(signed(root, SIGNER), PIN).sequence == 10


def test_a_namespace_without_a_canonical_form_is_refused():
    """Found by mutation: lxml raises an error of its own for a relative one."""
    refused(
        signed(unsigned(scheme()), SIGNER, c14n=INCLUSIVE).replace(b"urn:extra", b"rel/extra"),
        "list.signature",
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_altered_byte_gives_another_answer(data):
    """Every mutation is refused, or reads as the list that was signed."""
    whole = signed(unsigned(scheme()), SIGNER)
    position = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255))
    mutated = whole[:position] + bytes([value]) + whole[position + 1 :]
    good = read(whole, PIN)
    try:
        found = read(mutated, PIN)
    except TrustRefused:
        return
    assert (found.name, found.sequence, found.next_update) == (good.name, good.sequence, good.next_update)
    assert found.services == good.services


@pytest.mark.parametrize("c14n", [EXCLUSIVE, INCLUSIVE])
def test_another_tool_signs_and_verifies_the_same(tmp_path, c14n):
    """xmlsec1 verifies what our generator signed; what xmlsec1 signed is read."""
    need_tool("xmlsec1")
    ours, blank, theirs = (tmp_path / name for name in ("ours.xml", "blank.xml", "theirs.xml"))
    ours.write_bytes(signed(unsigned(scheme()), SIGNER, c14n=c14n))
    certificate, key = tmp_path / "signer.pem", tmp_path / "signer.key"
    certificate.write_bytes(SIGNER.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    ids = ("--id-attr:Id", "SignedProperties")
    verify = ["xmlsec1", "--verify", "--pubkey-cert-pem", certificate, *ids, ours]
    assert subprocess.run(verify, capture_output=True).returncode == 0
    template = etree.fromstring(signed(unsigned(scheme(sequence=8)), SIGNER, c14n=c14n, xades=False))
    for name in ("DigestValue", "SignatureValue"):
        template.find(f".//{{{DS}}}{name}").text = ""
    blank.write_bytes(etree.tostring(template))
    sign = ["xmlsec1", "--sign", "--privkey-pem", key, "--output", theirs, blank]
    assert subprocess.run(sign, capture_output=True).returncode == 0
    assert read(theirs.read_bytes(), PIN).sequence == 8
